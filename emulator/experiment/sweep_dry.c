/* SPDX-License-Identifier: MIT
 *
 * `wanlab sweep --dry-run`: what a sweep would do.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/host.h"
#include "experiment/sweep.h"
#include "experiment/sweep_estimate.h"
#include "experiment/sweep_order.h"
#include "experiment/sweep_saturation.h"
#include "report/table.h"

struct forecast {
    char *point;
    double seconds;
    uint64_t memory;
};

static void print_warning(const char *line)
{
    log_warn("%s", line);
}

/* The workload's lint says what it needs with these parameters, and warns. */
static int forecast_resolved(const struct scenario *s, struct workload *w,
                             const struct workload_value *values, struct forecast *ret,
                             struct error *err)
{
    struct plan *plan;
    int r = plan_new(s, ENGINE_DELAYLINE, &plan, err);
    if (r < 0)
        return r;
    r = host_lint(w, values, plan, print_warning, err);
    plan_free(plan);
    if (r < 0)
        return r;
    ret->seconds = estimate_time(s, w, values);
    ret->memory = estimate_memory(s, w);
    return 0;
}

/* Consumes `point`. */
static int forecast_point(const struct sweep_options *o, json_t *point, struct forecast *ret,
                          struct error *err)
{
    struct scenario *at_point;
    struct workload *w = NULL;
    struct workload_value *values;
    ret->point = sweep_point_text(point);
    int r = sweep_open_point(o, point, NULL, &at_point, err);
    json_decref(point);
    if (r < 0)
        return r;
    r = workload_open(&at_point->workload, &w, err);
    if (r == 0)
        r = workload_resolve(w, &at_point->workload, &values, err);
    if (r == 0) {
        r = forecast_resolved(at_point, w, values, ret, err);
        workload_values_free(values, w->parameter_count);
    }
    workload_free(w);
    scenario_free(at_point);
    return r < 0 ? error_wrap(err, "point '%s'", ret->point) : 0;
}

static void print_order(const struct scenario *s, const struct forecast *forecasts, uint64_t have)
{
    static const char *const columns[] = {">run", "point", ">repetition", ">time", ">memory", ""};
    struct sweep_turn *all;
    size_t count = sweep_order(s->point_count, 1, s->repeat, s->seed, &all);
    _cleanup_(freep) struct sweep_turn *turns = all;
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    char wait[UNITS_TEXT_MAX];
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct forecast *f = &forecasts[turns[i].point];
        table_add(t, "%zu", i + 1);
        table_add(t, "%s", f->point);
        table_add(t, "%u", turns[i].repeat);
        table_add(t, "%.1f s", f->seconds);
        table_add(t, "%llu MiB", (unsigned long long)f->memory >> 20);
        table_add(t, "%s", f->memory > have ? "does not fit" : "");
        total += f->seconds;
    }
    if (count > 0)
        total += s->warmup * forecasts[turns[0].point].seconds;
    table_print(t, stdout, "  ");
    table_free(t);
    printf("\n  %zu points, %zu runs and %u to warm up, about %s; the machine has %llu MiB\n",
           s->point_count, count, s->warmup, units_format_wait(wait, total),
           (unsigned long long)have >> 20);
    if (s->precision > 0)
        printf("  more runs until the mean is known to ± %g %%, at most %u of a point\n",
               s->precision * 100, s->repeat_max);
}

/* The first that does not fit the machine is the error. */
static int check_fit(const struct forecast *forecasts, size_t count, uint64_t have,
                     struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (forecasts[i].memory > have)
            return error_machine(err, ENOMEM,
                                 "point '%s' needs %llu MiB and the machine has %llu MiB left: use "
                                 "fewer nodes",
                                 forecasts[i].point, (unsigned long long)forecasts[i].memory >> 20,
                                 (unsigned long long)have >> 20);
    return 0;
}

static void free_forecasts(struct forecast *forecasts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(forecasts[i].point);
    free(forecasts);
}

static int forecast_sweep(const struct sweep *w, struct error *err)
{
    const struct scenario *s = w->scenario;
    uint64_t have = host_available_memory();
    struct forecast *forecasts = xcalloc(s->point_count, sizeof(*forecasts));
    int r = 0;
    for (size_t i = 0; i < s->point_count && r == 0; i++)
        r = forecast_point(w->options, sweep_point(s, i), &forecasts[i], err);
    if (r == 0) {
        print_order(s, forecasts, have);
        r = check_fit(forecasts, s->point_count, have, err);
    }
    free_forecasts(forecasts, s->point_count);
    return r;
}

static void print_searches(const struct sweep *w, const struct sweep_search *searches,
                           const struct forecast *forecasts, size_t count, uint64_t have)
{
    static const char *const columns[] = {">search", "point", ">from",   ">to",
                                          ">runs",   ">time", ">memory", ""};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    char wait[UNITS_TEXT_MAX];
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sweep_search *search = &searches[i];
        double seconds = search->expected * forecasts[i].seconds;
        _cleanup_(freep) char *name = sweep_point_text(search->point);
        _cleanup_(freep) char *from = sweep_search_value(search->type, search->low);
        _cleanup_(freep) char *to = sweep_search_value(search->type, search->high);
        table_add(t, "%zu", search->number);
        table_add(t, "%s", name);
        table_add(t, "%s", from);
        table_add(t, "%s", to);
        table_add(t, "about %u", search->expected);
        table_add(t, "%s", units_format_wait(wait, seconds));
        table_add(t, "%llu MiB", (unsigned long long)forecasts[i].memory >> 20);
        table_add(t, "%s", forecasts[i].memory > have ? "does not fit" : "");
        total += seconds;
    }
    if (count > 0)
        total += w->scenario->warmup * forecasts[0].seconds;
    table_print(t, stdout, "  ");
    table_free(t);
    printf("\n  %zu searches and %u runs to warm up, about %s; the machine has %llu MiB\n", count,
           w->scenario->warmup, units_format_wait(wait, total), (unsigned long long)have >> 20);
}

/* Each search by a run at the upper end of its range, which needs the most memory. */
static int forecast_saturation(struct sweep *w, struct error *err)
{
    uint64_t have = host_available_memory();
    struct sweep_search *searches;
    size_t count = sweep_searches(w, &searches);
    struct forecast *forecasts = xcalloc(count, sizeof(*forecasts));
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        _cleanup_(freep) char *value = sweep_search_value(searches[i].type, searches[i].high);
        json_t *point = json_copy(searches[i].point);
        json_object_set_new(point, w->scenario->saturation.of, json_string(value));
        r = forecast_point(w->options, point, &forecasts[i], err);
    }
    if (r == 0) {
        print_searches(w, searches, forecasts, count, have);
        r = check_fit(forecasts, count, have, err);
    }
    free_forecasts(forecasts, count);
    sweep_searches_free(searches, count);
    return r;
}

int sweep_dry_run(const struct sweep_options *o, struct error *err)
{
    struct sweep w;
    int r = sweep_open(o, &w, err);
    if (r == 0)
        r = o->saturation ? forecast_saturation(&w, err) : forecast_sweep(&w, err);
    sweep_close(&w);
    return r;
}
