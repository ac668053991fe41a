/* SPDX-License-Identifier: MIT */
#include "experiment/compare.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "experiment/measures.h"
#include "experiment/sweep_table.h"
#include "report/table.h"

static const double LEVEL = 0.05;

static enum compare_finding judge(const struct compare_row *row)
{
    if (row->a.count < 2 || row->b.count < 2)
        return COMPARE_UNKNOWN;
    if (isnan(row->difference.p)) /* no spread at all: any difference is one */
        return row->difference.difference == 0 ? COMPARE_NOISE : COMPARE_REAL;
    return row->difference.p < LEVEL ? COMPARE_REAL : COMPARE_NOISE;
}

static void add_row(struct comparison *c, const char *point, const char *measure,
                    const struct stats *a, const struct stats *b, bool marked)
{
    struct compare_row row = {
        .point = xstrdup(point), .measure = xstrdup(measure), .a = *a, .b = *b, .marked = marked};
    row.difference = stats_compare(a, b);
    double scale = a->mean != 0 ? fabs(a->mean) : NAN;
    row.change = row.difference.difference / scale;
    row.ci = (struct interval){row.difference.ci.low / scale, row.difference.ci.high / scale};
    row.finding = judge(&row);
    c->rows = array_grow(c->rows, c->count, sizeof(*c->rows));
    c->rows[c->count++] = row;
}

/* --- runs --- */

static bool is_trusted(json_t *run)
{
    const char *verdict = json_string_value(json_object_get(run, "verdict"));
    return verdict && strcmp(verdict, verdict_name(VERDICT_TRUSTED)) == 0;
}

static int read_done_run(const char *folder, json_t **ret, struct error *err)
{
    int r = measures_read_run(folder, ret, err);
    if (r < 0)
        return r;
    const char *outcome = json_string_value(json_object_get(*ret, "outcome"));
    if (outcome && strcmp(outcome, "done") == 0)
        return 0;
    const char *why = json_string_value(json_object_get(*ret, "error"));
    r = error_input(err, "the run in '%s' failed: %s", folder, why ? why : "?");
    json_decref(*ret);
    *ret = NULL;
    return r;
}

static void compare_measures(json_t *a, json_t *b, struct comparison *c)
{
    json_t *first = measures_of(a), *value;
    json_t *second = measures_of(b);
    const char *measure;
    json_object_foreach(first, measure, value)
    {
        json_t *other = json_object_get(second, measure);
        double x = json_number_value(value), y = json_number_value(other);
        struct stats xs = stats_of(&x, 1), ys = stats_of(&y, 1);
        if (other)
            add_row(c, "", measure, &xs, &ys, !is_trusted(a) || !is_trusted(b));
    }
    json_decref(first);
    json_decref(second);
}

static int compare_runs(const char *a, const char *b, struct comparison *c, struct error *err)
{
    json_t *first = NULL, *second = NULL;
    int r = read_done_run(a, &first, err);
    if (r == 0)
        r = read_done_run(b, &second, err);
    if (r == 0)
        compare_measures(first, second, c);
    json_decref(first);
    json_decref(second);
    return r;
}

/* --- sweeps --- */

static bool has_point(const struct sweep_book *b, const char *text)
{
    json_t *points = json_object_get(b->about, "points"), *point;
    size_t i;
    bool found = false;
    json_array_foreach(points, i, point)
    {
        _cleanup_(freep) char *other = sweep_point_text(point);
        found = found || strcmp(text, other) == 0;
    }
    return found;
}

static int check_points(const struct sweep_book *a, const struct sweep_book *b, struct error *err)
{
    json_t *points = json_object_get(a->about, "points"), *point;
    size_t i;
    json_array_foreach(points, i, point)
    {
        _cleanup_(freep) char *text = sweep_point_text(point);
        if (!has_point(b, text))
            return error_input(err, "the sweeps have other points: '%s' has '%s' and '%s' has not",
                               a->folder, text, b->folder);
    }
    return 0;
}

/* The names of all measures on record, in order of appearance. */
static json_t *measures_on_record(const struct sweep_book *b)
{
    json_t *all = json_object(), *value;
    const char *measure;
    for (size_t i = 0; i < b->record_count; i++) {
        json_object_foreach(b->records[i].measures, measure, value)
        {
            json_object_set_new(all, measure, json_true());
        }
    }
    return all;
}

static void compare_books(const struct sweep_book *a, const struct sweep_book *b,
                          struct comparison *c)
{
    json_t *measures = measures_on_record(a), *points = json_object_get(a->about, "points");
    json_t *point, *value;
    const char *measure;
    size_t i;
    json_array_foreach(points, i, point)
    {
        _cleanup_(freep) char *text = sweep_point_text(point);
        json_object_foreach(measures, measure, value)
        {
            struct sweep_cell x = sweep_summarise(a, text, measure);
            struct sweep_cell y = sweep_summarise(b, text, measure);
            if (x.stats.count && y.stats.count)
                add_row(c, text, measure, &x.stats, &y.stats, x.marked || y.marked);
        }
    }
    json_decref(measures);
}

static int compare_sweeps(const char *a, const char *b, struct comparison *c, struct error *err)
{
    struct sweep_book first, second;
    int r = sweep_book_read(a, false, &first, err);
    if (r < 0)
        return r;
    r = sweep_book_read(b, false, &second, err);
    if (r == 0) {
        r = check_points(&first, &second, err);
        if (r == 0)
            r = check_points(&second, &first, err);
        if (r == 0)
            compare_books(&first, &second, c);
        if (r == 0)
            compare_winner_tables(&first, &second, c);
        sweep_book_close(&second);
    }
    sweep_book_close(&first);
    return r;
}

static bool is_sweep(const char *folder)
{
    _cleanup_(freep) char *path = xasprintf("%s/sweep.json", folder);
    return file_exists(path);
}

int compare_folders(const char *a, const char *b, struct comparison *ret, struct error *err)
{
    struct comparison c = {0};
    int r;
    if (!file_exists(a) || !file_exists(b))
        return error_input(err, "there is no folder '%s'", file_exists(a) ? b : a);
    if (is_sweep(a) != is_sweep(b))
        return error_input(err, "'%s' is of a sweep and '%s' is not", is_sweep(a) ? a : b,
                           is_sweep(a) ? b : a);
    if (is_sweep(a))
        r = compare_sweeps(a, b, &c, err);
    else
        r = compare_runs(a, b, &c, err);
    if (r == 0)
        *ret = c;
    else
        compare_done(&c);
    return r;
}

void compare_done(struct comparison *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->rows[i].point);
        free(c->rows[i].measure);
    }
    free(c->rows);
    compare_winners_done(c);
    *c = (struct comparison){0};
}

/* --- output --- */

static const char *const findings[] = {
    [COMPARE_UNKNOWN] = "cannot tell", [COMPARE_NOISE] = "noise", [COMPARE_REAL] = "real"};

void compare_print(const struct comparison *c, FILE *out)
{
    static const char *const columns[] = {"point",   "measure",        ">first", ">second",
                                          ">change", ">95 % interval", ">p",     "finding"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < c->count; i++) {
        const struct compare_row *r = &c->rows[i];
        table_add(t, "%s%s", r->point, r->marked ? " *" : "");
        table_add(t, "%s", r->measure);
        table_add(t, "%.4g", r->a.mean);
        table_add(t, "%.4g", r->b.mean);
        if (isnan(r->change))
            table_add(t, "-");
        else
            table_add(t, "%+.2f %%", r->change * 100);
        if (isnan(r->ci.low))
            table_add(t, "-");
        else
            table_add(t, "%+.2f … %+.2f %%", r->ci.low * 100, r->ci.high * 100);
        if (isnan(r->difference.p))
            table_add(t, "-");
        else
            table_add(t, "%.3f", r->difference.p);
        table_add(t, "%s", findings[r->finding]);
    }
    table_print(t, out, "  ");
    table_free(t);
    fputs("\n  real: more than noise by Welch's t-test at the level of 5 % for each row; cannot "
          "tell: less than two runs\n  * not of trusted runs only\n",
          out);
    compare_print_winners(c, out);
}

/* JSON knows no NAN: what is not known is null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *describe_stats(const struct stats *s)
{
    return json_pack("{s:I s:o s:o s:o s:o s:o}", "n", (json_int_t)s->count, "median",
                     number(s->median), "mean", number(s->mean), "sd", number(s->sd), "ci_low",
                     number(s->ci.low), "ci_high", number(s->ci.high));
}

void compare_print_json(const struct comparison *c, FILE *out)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < c->count; i++) {
        const struct compare_row *r = &c->rows[i];
        json_array_append_new(
            rows,
            json_pack("{s:s s:s s:o s:o s:o s:o s:o s:o s:s s:b}", "point", r->point, "measure",
                      r->measure, "first", describe_stats(&r->a), "second", describe_stats(&r->b),
                      "change", number(r->change), "change_ci_low", number(r->ci.low),
                      "change_ci_high", number(r->ci.high), "p", number(r->difference.p), "finding",
                      findings[r->finding], "trusted", !r->marked));
    }
    json_t *all = json_pack("{s:s s:f s:o s:o*}", "test", "welch", "level", LEVEL, "rows", rows,
                            "winners", compare_describe_winners(c));
    json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(all);
}
