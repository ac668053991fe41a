/* SPDX-License-Identifier: MIT */
#include "experiment/winner_table.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/sweep_axis.h"
#include "experiment/sweep_table.h"

/* --- cells --- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether `key` has more than one value, and always the same where `of` has. */
static bool varies_with(json_t *points, const char *key, const char *of)
{
    json_t *seen = json_object(), *point;
    const char *first = json_string_value(json_object_get(json_array_get(points, 0), key));
    bool follows = true, varies = false;
    size_t i;
    json_array_foreach(points, i, point)
    {
        const char *by = json_text_of(point, of);
        const char *value = json_string_value(json_object_get(point, key));
        json_t *before = json_object_get(seen, by);
        follows = follows && (!before || same_text(json_string_value(before), value));
        varies = varies || !same_text(first, value);
        json_object_set_new(seen, by, value ? json_string(value) : json_null());
    }
    json_decref(seen);
    return follows && varies;
}

static bool has_twin(json_t *keys, const char *key)
{
    const char *other;
    json_t *value;
    json_object_foreach(keys, other, value)
    {
        if (strcmp(other, key) != 0 && strcmp(sweep_axis_short(other), sweep_axis_short(key)) == 0)
            return true;
    }
    return false;
}

json_t *winner_cell_keys(json_t *points, const char *of)
{
    json_t *keys = json_object(), *point, *value;
    const char *key;
    size_t i;
    json_array_foreach(points, i, point)
    {
        json_object_foreach(point, key, value)
        {
            if (strcmp(key, of) != 0 && !json_object_get(keys, key) &&
                !varies_with(points, key, of))
                json_object_set_new(keys, key, json_true());
        }
    }
    json_object_foreach(keys, key, value)
    {
        json_object_set_new(keys, key,
                            json_string(has_twin(keys, key) ? key : sweep_axis_short(key)));
    }
    return keys;
}

char *winner_cell(json_t *point, json_t *keys)
{
    struct text text = {0};
    const char *key;
    json_t *label;
    json_object_foreach(keys, key, label)
    {
        const char *value = json_string_value(json_object_get(point, key));
        if (value)
            text_add(&text, "%s%s %s", text.len ? ", " : "", json_string_value(label), value);
    }
    return text.data ? text.data : xstrdup(WINNER_ONLY_CELL);
}

/* --- values --- */

static bool value_of(const struct sweep_record *r, const char *metric, double *ret)
{
    _cleanup_(freep) char *mean = xasprintf("%s_mean", metric);
    json_t *value = json_object_get(r->measures, mean);
    if (!value)
        value = json_object_get(r->measures, metric);
    *ret = json_number_value(value);
    return json_is_number(value) && isfinite(*ret);
}

static void take_runs(const struct sweep_book *b, const char *point, const char *metric,
                      bool only_trusted, struct winner_value *v)
{
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        struct winner_run run = {.repeat = r->repeat};
        if (strcmp(r->point, point) != 0 || !value_of(r, metric, &run.value) ||
            (only_trusted && r->verdict != VERDICT_TRUSTED))
            continue;
        v->emulated = v->emulated || r->emulated;
        v->runs = array_grow(v->runs, v->run_count, sizeof(*v->runs));
        v->runs[v->run_count++] = run;
    }
}

static struct stats stats_of_runs(const struct winner_value *v)
{
    _cleanup_(freep) double *values = xcalloc(v->run_count + 1, sizeof(*values));
    for (size_t i = 0; i < v->run_count; i++)
        values[i] = v->runs[i].value;
    return stats_of(values, v->run_count);
}

static unsigned count_again(const struct sweep_book *b, const char *point)
{
    unsigned count = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        count += r->failed && strcmp(r->point, point) == 0 &&
                 sweep_book_find(b, point, r->repeat) != NULL;
    }
    return count;
}

static void fill_value(const struct sweep_book *b, const char *point, const char *metric,
                       unsigned repeat, struct winner_value *v)
{
    struct sweep_cell cell = sweep_summarise(b, point, NULL);
    unsigned known = cell.done + cell.failed;
    v->asked = known > repeat ? known : repeat;
    v->failed = cell.failed;
    v->doubted = cell.marked ? 0 : cell.done - cell.trusted;
    v->again = count_again(b, point);
    v->marked = cell.done > 0 && cell.marked;
    take_runs(b, point, metric, !cell.marked, v);
    v->stats = stats_of_runs(v);
    v->cv = v->stats.sd / fabs(v->stats.mean);
}

static bool told_apart(const struct stats *a, const struct stats *b)
{
    if (isnan(a->ci.low) || isnan(b->ci.low))
        return false;
    return a->ci.low > b->ci.high || b->ci.low > a->ci.high;
}

/* Among all values, without `to`, or among some. */
static bool takes_part(const struct winner_value *v, const char *without, json_t *among)
{
    json_t *name;
    size_t i;
    if (v->stats.count == 0 || (without && strcmp(v->name, without) == 0))
        return false;
    json_array_foreach(among, i, name)
    {
        if (strcmp(json_string_value(name), v->name) == 0)
            return true;
    }
    return !among;
}

/* `wins` is the place of the answer in a value. */
static void decide_among(struct winner_value *values, size_t count, const char *without,
                         json_t *among, bool less_is_better, size_t wins)
{
    const struct winner_value *best = NULL;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        const struct winner_value *v = &values[i];
        if (!takes_part(v, without, among))
            continue;
        known++;
        if (!best ||
            (less_is_better ? v->stats.mean < best->stats.mean : v->stats.mean > best->stats.mean))
            best = v;
    }
    for (size_t i = 0; known > 1 && i < count; i++) {
        struct winner_value *v = &values[i];
        *(bool *)((char *)v + wins) =
            takes_part(v, without, among) && !told_apart(&v->stats, &best->stats);
    }
}

void winner_decide(struct winner_value *values, size_t count, const char *to, bool less_is_better)
{
    decide_among(values, count, NULL, NULL, less_is_better, offsetof(struct winner_value, wins));
    decide_among(values, count, to, NULL, less_is_better, offsetof(struct winner_value, wins_rest));
}

int winner_side(const struct winner_metric *m, const struct winner_value *v,
                const struct winner_value *to)
{
    bool is_more = v->stats.mean > to->stats.mean, differs;
    if (isnan(v->ratio.ci.low)) {
        differs = !(v->stats.mean > 0 && to->stats.mean > 0) && told_apart(&v->stats, &to->stats);
    } else {
        is_more = v->ratio.ci.low > 1;
        differs = is_more || v->ratio.ci.high < 1;
    }
    return !differs ? 0 : is_more != m->less_is_better ? 1 : -1;
}

const struct winner_value *winner_reference(const struct winner_table *t,
                                            const struct winner_row *r)
{
    for (size_t i = 0; i < t->value_count; i++)
        if (strcmp(r->values[i].name, t->to) == 0)
            return &r->values[i];
    return NULL;
}

/* Runs of the same repetition are neighbours in time (sweep_order.h). */
static struct stats_ratio ratio_of(const struct winner_value *v, const struct winner_value *to)
{
    _cleanup_(freep) double *a = xcalloc(v->run_count + 1, sizeof(*a));
    _cleanup_(freep) double *b = xcalloc(v->run_count + 1, sizeof(*b));
    size_t pairs = 0;
    for (size_t i = 0; i < v->run_count; i++)
        for (size_t k = 0; k < to->run_count; k++)
            if (v->runs[i].repeat == to->runs[k].repeat) {
                a[pairs] = v->runs[i].value;
                b[pairs++] = to->runs[k].value;
                break;
            }
    struct stats_ratio r = stats_ratio_paired(a, b, pairs);
    return isnan(r.ratio) ? stats_ratio(&v->stats, &to->stats) : r;
}

static void judge_row(const struct winner_table *t, struct winner_row *r)
{
    const struct winner_value *to = winner_reference(t, r);
    for (size_t i = 0; i < t->value_count; i++) {
        struct winner_value *v = &r->values[i];
        v->ratio = (struct stats_ratio){NAN, {NAN, NAN}};
        if (v == to && v->stats.count > 0 && v->stats.mean != 0)
            v->ratio.ratio = 1;
        else if (to)
            v->ratio = ratio_of(v, to);
    }
    winner_decide(r->values, t->value_count, t->to, r->metric->less_is_better);
}

/* --- what was published --- */

static enum winner_finding judge_published(const struct winner_table *t, const struct winner_row *r)
{
    size_t winners = 0;
    bool is_one = false;
    for (size_t i = 0; i < t->value_count; i++) {
        const struct winner_value *v = &r->values[i];
        if (!v->wins_studied)
            continue;
        winners++;
        is_one = is_one || strcmp(v->name, r->published) == 0;
    }
    if (winners == 0)
        return WINNER_UNKNOWN;
    if (strcmp(r->published, WINNER_TIE) == 0)
        return winners > 1 ? WINNER_AGREES : WINNER_DIFFERS;
    if (!is_one)
        return WINNER_DIFFERS;
    return winners > 1 ? WINNER_TIES : WINNER_AGREES;
}

static void add_published(struct winner_table *t, json_t *published, json_t *among)
{
    json_t *line;
    size_t i;
    t->has_published = json_array_size(published) > 0;
    t->among = among;
    t->published_rest = t->has_published && t->value_count > 2 && !among;
    json_array_foreach(published, i, line)
    {
        if (strcmp(json_text_of(line, "winner"), t->to) == 0)
            t->published_rest = false;
    }
    for (size_t k = 0; k < t->row_count; k++) {
        struct winner_row *r = &t->rows[k];
        decide_among(r->values, t->value_count, t->published_rest ? t->to : NULL, among,
                     r->metric->less_is_better, offsetof(struct winner_value, wins_studied));
        json_array_foreach(published, i, line)
        {
            if (strcmp(json_text_of(line, "cell"), r->cell) != 0 ||
                strcmp(json_text_of(line, "metric"), r->metric->name) != 0)
                continue;
            r->published = json_text_of(line, "winner");
            r->note = json_text_of(line, "note");
            r->finding = judge_published(t, r);
        }
    }
}

/* --- the table --- */

static bool is_reported(const struct sweep_book *b, const char *metric)
{
    double value;
    for (size_t i = 0; i < b->record_count; i++)
        if (value_of(&b->records[i], metric, &value))
            return true;
    return false;
}

/* What the file does not name and no run has is of another form of the workload; as long as no run
 * has anything, nobody knows. */
static void read_metrics(struct winner_table *t, const struct sweep_book *b, json_t *metrics)
{
    json_t *metric;
    size_t i;
    bool any = false;
    t->metrics = xcalloc(json_array_size(metrics) + 1, sizeof(*t->metrics));
    json_array_foreach(metrics, i, metric)
    {
        any = any || is_reported(b, json_text_of(metric, "name"));
    }
    json_array_foreach(metrics, i, metric)
    {
        if (any && json_is_true(json_object_get(metric, "unnamed")) &&
            !is_reported(b, json_text_of(metric, "name")))
            continue;
        t->metrics[t->metric_count++] = (struct winner_metric){
            .name = json_text_of(metric, "name"),
            .unit = json_text_of(metric, "unit"),
            .less_is_better = strcmp(json_text_of(metric, "better"), "less") == 0,
            .because = json_object_get(metric, "because")};
    }
}

/* The place of a cell's first row. */
static size_t find_cell(struct winner_table *t, const char *cell, json_t *values)
{
    size_t first = 0;
    while (first < t->row_count && strcmp(t->rows[first].cell, cell) != 0)
        first += t->metric_count;
    if (first < t->row_count)
        return first;
    for (size_t m = 0; m < t->metric_count; m++) {
        t->rows = array_grow(t->rows, t->row_count, sizeof(*t->rows));
        struct winner_row *r = &t->rows[t->row_count++];
        *r = (struct winner_row){.cell = xstrdup(cell), .metric = &t->metrics[m]};
        r->values = xcalloc(t->value_count + 1, sizeof(*r->values));
        for (size_t i = 0; i < t->value_count; i++)
            r->values[i] =
                (struct winner_value){.name = json_string_value(json_array_get(values, i)),
                                      .stats = stats_of(NULL, 0),
                                      .cv = NAN};
    }
    return first;
}

static void take_point(struct winner_table *t, const struct sweep_book *b, json_t *point,
                       json_t *keys, json_t *about)
{
    _cleanup_(freep) char *cell = winner_cell(point, keys);
    _cleanup_(freep) char *text = sweep_point_text(point);
    const char *name = json_text_of(point, t->of);
    json_t *values = json_object_get(about, "values");
    unsigned repeat = (unsigned)json_integer_value(json_object_get(about, "repeat"));
    size_t first = find_cell(t, cell, values);
    for (size_t m = 0; m < t->metric_count; m++)
        for (size_t i = 0; i < t->value_count; i++) {
            struct winner_value *v = &t->rows[first + m].values[i];
            if (strcmp(v->name, name) == 0)
                fill_value(b, text, t->metrics[m].name, repeat, v);
        }
}

void winner_table_read_metrics(const struct sweep_book *b, json_t *metrics,
                               struct winner_table *ret)
{
    json_t *about = json_object_get(b->about, "comparison"), *point;
    json_t *points = json_object_get(b->about, "points");
    size_t i;
    struct winner_table t = {.of = json_text_of(about, "of"),
                             .to = json_text_of(about, "to"),
                             .value_count = json_array_size(json_object_get(about, "values"))};
    read_metrics(&t, b, metrics);
    json_t *keys = winner_cell_keys(points, t.of);
    json_array_foreach(points, i, point)
    {
        take_point(&t, b, point, keys, about);
    }
    json_decref(keys);
    for (i = 0; i < t.row_count; i++)
        judge_row(&t, &t.rows[i]);
    *ret = t;
}

bool winner_table_read(const struct sweep_book *b, struct winner_table *ret)
{
    json_t *about = json_object_get(b->about, "comparison");
    if (!json_is_object(about) || json_is_true(json_object_get(b->about, "saturation")))
        return false;
    winner_table_read_metrics(b, json_object_get(about, "metrics"), ret);
    add_published(ret, json_object_get(about, "published"), json_object_get(about, "among"));
    return true;
}

void winner_table_done(struct winner_table *t)
{
    for (size_t i = 0; i < t->row_count; i++) {
        free(t->rows[i].cell);
        for (size_t k = 0; k < t->value_count; k++)
            free(t->rows[i].values[k].runs);
        free(t->rows[i].values);
    }
    free(t->rows);
    free(t->metrics);
    *t = (struct winner_table){0};
}

/* --- texts --- */

char *winner_studied(const struct winner_table *t)
{
    struct text text = {0};
    json_t *name;
    size_t i;
    if (t->published_rest)
        return xstrdup(" of the others");
    json_array_foreach(t->among, i, name)
    {
        text_add(&text, "%s%s", i ? ", " : " among ", json_string_value(name));
    }
    return text.data ? text.data : xstrdup("");
}

char *winner_names(const struct winner_table *t, const struct winner_row *r, bool rest)
{
    struct text text = {0};
    for (size_t i = 0; i < t->value_count; i++)
        if (rest ? r->values[i].wins_rest : r->values[i].wins)
            text_add(&text, "%s%s", text.len ? " = " : "", r->values[i].name);
    return text.data ? text.data : xstrdup("");
}

static void note_value(const struct winner_value *v, struct text *text)
{
    const struct {
        unsigned count;
        const char *what;
    } parts[] = {
        {v->failed, "failed"}, {v->doubted, "not trusted"}, {v->again, "failed and made again"}};
    if (v->stats.count == v->asked && v->asked > 0 && v->again == 0)
        return;
    text_add(text, "%s%s: ", text->len ? "; " : "", v->name);
    if (v->asked == 0)
        text_add(text, "not in the sweep");
    else
        text_add(text, "%zu of %u runs", v->stats.count, v->asked);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].count > 0)
            text_add(text, ", %u %s", parts[i].count, parts[i].what);
}

char *winner_note(const struct winner_table *t, const struct winner_row *r)
{
    struct text text = {0};
    for (size_t i = 0; i < t->value_count; i++)
        note_value(&r->values[i], &text);
    return text.data ? text.data : xstrdup("");
}

const char *winner_finding_name(enum winner_finding f)
{
    static const char *const names[] = {"", "unknown", "agrees", "tie", "differs"};
    return names[f];
}

void winner_count_findings(const struct winner_table *t, size_t ret[WINNER_DIFFERS + 1])
{
    memset(ret, 0, (WINNER_DIFFERS + 1) * sizeof(*ret));
    for (size_t i = 0; i < t->row_count; i++)
        ret[t->rows[i].finding]++;
}
