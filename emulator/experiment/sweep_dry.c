/* SPDX-License-Identifier: MIT
 *
 * `wanlab sweep --dry-run`: what a sweep would do.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "experiment/host.h"
#include "experiment/sweep.h"
#include "experiment/sweep_estimate.h"
#include "experiment/sweep_order.h"
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

static int forecast_point(const struct sweep_options *o, const struct scenario *s, size_t number,
                          struct forecast *ret, struct error *err)
{
    struct scenario *at_point;
    struct workload *w = NULL;
    struct workload_value *values;
    json_t *point = sweep_point(s, number);
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
    printf("\n  %zu points, %zu runs and %u to warm up, about %.1f min; the machine has %llu MiB\n",
           s->point_count, count, s->warmup, total / 60, (unsigned long long)have >> 20);
    if (s->precision > 0)
        printf("  more runs until the mean is known to ± %g %%, at most %u of a point\n",
               s->precision * 100, s->repeat_max);
}

static int forecast_all(const struct sweep_options *o, const struct scenario *s,
                        struct forecast *forecasts, struct error *err)
{
    uint64_t have = host_available_memory();
    const struct forecast *unfit = NULL;
    for (size_t i = 0; i < s->point_count; i++) {
        int r = forecast_point(o, s, i, &forecasts[i], err);
        if (r < 0)
            return r;
        if (!unfit && forecasts[i].memory > have)
            unfit = &forecasts[i];
    }
    print_order(s, forecasts, have);
    if (!unfit)
        return 0;
    return error_machine(err, ENOMEM,
                         "point '%s' needs %llu MiB and the machine has %llu MiB left: use fewer "
                         "nodes",
                         unfit->point, (unsigned long long)unfit->memory >> 20,
                         (unsigned long long)have >> 20);
}

int sweep_dry_run(const struct sweep_options *o, struct error *err)
{
    struct scenario *s;
    int r = scenario_open(o->file, o->sets, o->set_count, &s, err);
    if (r < 0)
        return r;
    r = sweep_check(o, s, err);
    if (r == 0) {
        struct forecast *forecasts = xcalloc(s->point_count, sizeof(*forecasts));
        r = forecast_all(o, s, forecasts, err);
        for (size_t i = 0; i < s->point_count; i++)
            free(forecasts[i].point);
        free(forecasts);
    }
    scenario_free(s);
    return r;
}
