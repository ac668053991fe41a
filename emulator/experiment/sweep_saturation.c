/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_saturation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/quantity.h"
#include "experiment/sweep_estimate.h"
#include "report/progress.h"
#include "report/table.h"

static const struct workload_parameter *parameter_of(const struct sweep *w)
{
    const char *of = w->scenario->saturation.of;
    return workload_find_parameter(w->workload, strrchr(of, '.') + 1);
}

/* A value in the unit in which it is searched: per minute, or as it is. */
static int read_value(const struct workload_parameter *p, const char *text, double *ret,
                      struct error *err)
{
    struct quantity q;
    int r = quantity_check(p, text, NULL, err);
    if (r == 0)
        r = quantity_parse(p->type, text, &q, err);
    if (r == 0)
        *ret = p->type == WORKLOAD_FREQUENCY ? q.real * 60 : (double)q.whole;
    return r;
}

char *sweep_search_value(enum workload_type type, double value)
{
    if (type == WORKLOAD_INTEGER)
        return xasprintf("%.0f", value);
    return value >= 1000 ? xasprintf("%.0f/min", value) : xasprintf("%.4g/min", value);
}

static int find_range(const struct sweep *w, double *ret_low, double *ret_high, struct error *err)
{
    const struct scenario *s = w->scenario;
    const struct workload_parameter *p = parameter_of(w);
    double low = INFINITY, high = 0, value;
    for (size_t i = 0; i < s->sweep_count; i++) {
        for (size_t v = 0; v < s->sweep[i].value_count; v++) {
            if (strcmp(s->sweep[i].key, s->saturation.of) != 0)
                continue;
            int r = read_value(p, s->sweep[i].values[v], &value, err);
            if (r < 0)
                return r;
            low = fmin(low, value);
            high = fmax(high, value);
        }
    }
    int r = s->saturation.from ? read_value(p, s->saturation.from, &low, err) : 0;
    if (r == 0 && s->saturation.to)
        r = read_value(p, s->saturation.to, &high, err);
    if (r == 0 && !(low > 0 && low < high))
        r = error_input(err,
                        "found no range to search in, expected 'from' and 'to', above zero, or "
                        "several values in the sweep");
    *ret_low = low;
    *ret_high = high;
    return r;
}

int sweep_check_saturation(const struct sweep *w, struct error *err)
{
    const struct saturation_choice *c = &w->scenario->saturation;
    double low, high;
    if (!c->of)
        return error_input(err,
                           "%s:1:1: the scenario has no 'saturation' (e.g. "
                           "'saturation: {of: rate, from: 60/min, to: 60000/min}')",
                           w->options->file);
    _cleanup_(freep) char *nominal = xasprintf("%s_nominal", w->workload->main_metric);
    bool has_nominal = false;
    for (size_t i = 0; i < w->workload->metric_count; i++)
        has_nominal = has_nominal || strcmp(w->workload->metrics[i].name, nominal) == 0;
    const struct workload_parameter *p = parameter_of(w);
    int r = 0;
    if (!has_nominal)
        r = error_input(err, "workload '%s' does not say what is nominal: it has no metric '%s'",
                        w->workload->name, nominal);
    else if (!p || (p->type != WORKLOAD_FREQUENCY && p->type != WORKLOAD_INTEGER))
        r = error_input(err, "'%s' is no frequency and no integer of workload '%s'", c->of,
                        w->workload->name);
    else
        r = find_range(w, &low, &high, err);
    return r < 0 ? yaml_wrap(err, &c->mark) : 0;
}

static double excess_of(const struct sweep *w, const struct sweep_record *r)
{
    _cleanup_(freep) char *nominal = xasprintf("%s_nominal", w->workload->main_metric);
    _cleanup_(freep) char *slowest = xasprintf("%s_max", w->workload->main_metric);
    json_t *asked = json_object_get(r->measures, nominal);
    json_t *took = json_object_get(r->measures, slowest);
    if (!json_is_number(asked) || !json_is_number(took) || !(json_number_value(asked) > 0))
        return INFINITY;
    return json_number_value(took) / json_number_value(asked) - 1;
}

/* One run that is not on record yet. */
static int run(struct sweep_search *search, json_t *point, const char *value, unsigned repeat,
               struct error *err)
{
    struct sweep *w = search->sweep;
    _cleanup_(freep) char *name = sweep_point_text(point);
    _cleanup_(freep) char *label =
        xasprintf("%03zu-%.*s", search->number, (int)strcspn(value, "/"), value);
    _cleanup_(freep) char *step =
        xasprintf("search %zu, run %u of about %u", search->number, search->made, search->expected);
    _cleanup_(freep) char *what = xasprintf("%s, repetition %u", name, repeat);
    double run_s = estimate_from_records(&w->book, name, search->guess_s);
    double left_s = (search->expected - search->made + 1) * run_s + search->left_s;
    int r = w->is_warm ? 0 : sweep_warm_up(w, point, run_s, left_s, err);
    if (r < 0)
        return r;
    sweep_show(w, (double)(search->made - 1) / search->expected, left_s, step, what);
    return sweep_run_once(w, point, repeat, label, err);
}

static int measure(double value, unsigned repeat, double *ret, void *arg, struct error *err)
{
    struct sweep_search *search = arg;
    struct sweep *w = search->sweep;
    _cleanup_(freep) char *text = sweep_search_value(search->type, value);
    json_t *point = json_copy(search->point);
    json_object_set_new(point, w->scenario->saturation.of, json_string(text));
    _cleanup_(freep) char *name = sweep_point_text(point);
    const struct sweep_record *record = sweep_book_find(&w->book, name, repeat);
    int r = 0;
    if (!record && sweep_book_failures(&w->book, name, repeat, true) == 0) {
        if (++search->made > search->expected)
            search->expected = search->made;
        r = run(search, point, text, repeat, err);
        record = sweep_book_find(&w->book, name, repeat);
    }
    json_decref(point);
    if (r < 0)
        return r;
    *ret = record ? excess_of(w, record) : INFINITY;
    search->trusted = search->trusted && record && record->verdict == VERDICT_TRUSTED;
    return 0;
}

static struct saturation_search how_to_search(struct sweep_search *search)
{
    const struct saturation_choice *c = &search->sweep->scenario->saturation;
    return (struct saturation_search){.low = search->low,
                                      .high = search->high,
                                      .within = c->within,
                                      .resolution = c->resolution,
                                      .repeat = c->repeat,
                                      .measure = measure,
                                      .arg = search};
}

static int run_search(struct sweep_search *search, struct error *err)
{
    struct saturation_search s = how_to_search(search);
    int r = saturation_find(&s, &search->found, err);
    search->finished = r == 0;
    return r;
}

/* --- output --- */

static struct table *make_table(const struct sweep_search *searches, size_t count, bool for_people)
{
    static const char *const sides[] = {"found", "below the range", "above the range"};
    static const char *const columns[] = {"point",   ">highest", ">too_much", ">excess",
                                          "outcome", "trusted",  ">runs"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++) {
        const struct sweep_search *s = &searches[i];
        if (!s->finished)
            continue;
        _cleanup_(freep) char *point = sweep_point_text(s->point);
        _cleanup_(freep) char *highest = sweep_search_value(s->type, s->found.highest);
        _cleanup_(freep) char *lowest = sweep_search_value(s->type, s->found.lowest);
        table_add(t, "%s", point);
        table_add(t, "%s", isnan(s->found.highest) ? "" : highest);
        table_add(t, "%s", isnan(s->found.lowest) ? "" : lowest);
        if (isnan(s->found.excess))
            table_add(t, "%s", "");
        else if (for_people)
            table_add(t, "%+.1f %%", s->found.excess * 100);
        else
            table_add(t, "%.9g", s->found.excess);
        table_add(t, "%s", sides[s->found.side]);
        table_add(t, "%s", s->trusted ? "yes" : "no");
        table_add(t, "%u", s->found.runs);
    }
    return t;
}

static int report(const struct sweep *w, const struct sweep_search *searches, size_t count,
                  struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/saturation.csv", w->book.folder);
    FILE *out = fopen(path, "we");
    if (!out)
        return error_errno(err, errno, "cannot write '%s'", path);
    struct table *plain = make_table(searches, count, false);
    struct table *pretty = make_table(searches, count, true);
    table_csv(plain, out);
    putchar('\n');
    table_print(pretty, stdout, "  ");
    printf(
        "\n  highest %s with which %s stays within %g %% of nominal (median); too_much: the next "
        "that does not\n\n",
        w->scenario->saturation.of, w->workload->main_metric, w->scenario->saturation.within * 100);
    table_free(plain);
    table_free(pretty);
    if (fclose(out) < 0)
        return error_set(err, EIO, "cannot write all of '%s': is the disk full?", path);
    return 0;
}

/* What a run in the middle of the range should take. */
static double guess_run(const struct sweep_search *search)
{
    struct sweep *w = search->sweep;
    struct error ignored;
    struct scenario *s;
    double seconds = 0;
    _cleanup_(freep) char *value =
        sweep_search_value(search->type, sqrt(search->low * search->high));
    json_t *point = json_copy(search->point);
    json_object_set_new(point, w->scenario->saturation.of, json_string(value));
    if (sweep_open_point(w->options, point, NULL, &s, &ignored) == 0) {
        seconds = sweep_guess(s);
        scenario_free(s);
    }
    json_decref(point);
    return seconds;
}

static void prepare(struct sweep_search *search, size_t number)
{
    struct error ignored; /* the sweep has been checked */
    search->number = number;
    search->type = parameter_of(search->sweep)->type;
    find_range(search->sweep, &search->low, &search->high, &ignored);
    struct saturation_search s = how_to_search(search);
    search->expected = saturation_expected_runs(&s);
    search->guess_s = guess_run(search);
}

/* The sweep's points without the parameter, each once. */
size_t sweep_searches(struct sweep *w, struct sweep_search **ret)
{
    size_t points = w->scenario->point_count, count = 0;
    struct sweep_search *list = xcalloc(points + 1, sizeof(*list));
    for (size_t i = 0; i < points || i == 0; i++) {
        json_t *point = points > 0 ? sweep_point(w->scenario, i) : json_object();
        bool seen = false;
        json_object_del(point, w->scenario->saturation.of);
        for (size_t k = 0; k < count && !seen; k++)
            seen = json_equal(list[k].point, point);
        if (seen)
            json_decref(point);
        else
            list[count++] = (struct sweep_search){.sweep = w, .point = point, .trusted = true};
    }
    for (size_t i = 0; i < count; i++)
        prepare(&list[i], i + 1);
    *ret = list;
    return count;
}

void sweep_searches_free(struct sweep_search *searches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_decref(searches[i].point);
    free(searches);
}

/* What the searches from `first` on should take, by what runs took until now. */
static double searches_left_s(const struct sweep *w, const struct sweep_search *searches,
                              size_t first, size_t count)
{
    double seconds = 0;
    for (size_t i = first; i < count; i++)
        seconds += searches[i].expected * estimate_from_records(&w->book, "", searches[i].guess_s);
    return seconds;
}

int sweep_saturate(struct sweep *w, struct error *err)
{
    struct sweep_search *searches;
    struct error second;
    size_t count = sweep_searches(w, &searches);
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        searches[i].left_s = searches_left_s(w, searches, i + 1, count);
        r = run_search(&searches[i], err);
    }
    int reported = report(w, searches, count, &second);
    if (reported == 0)
        reported = sweep_saturation_plot(w, searches, count, &second);
    if (r == 0 && reported < 0) {
        *err = second;
        r = reported;
    }
    sweep_searches_free(searches, count);
    return r;
}
