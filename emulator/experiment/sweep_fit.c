/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/stats.h"
#include "experiment/sweep_axis.h"
#include "experiment/sweep_table.h"
#include "report/table.h"

enum { POINTS_MIN = 3, ROWS_SHOWN_MAX = 40 };

/* The runs of one line along one axis. */
struct runs {
    double *x, *y;
    size_t count;
    unsigned points, left_out;
};

struct fitting {
    const struct sweep *sweep;
    const char *measure, *nominal; /* y is measure / nominal; NULL: the measure itself */
    const char *name;              /* of y */
    unsigned without;              /* axes that tell no lines apart: x, and what follows from it */
    struct table *plain, *pretty;
    bool is_shown;  /* goes into `pretty`, too, while that is not too long */
    unsigned shown; /* its rows */
};

static double number_of(const struct sweep_record *r, const char *measure)
{
    json_t *value = json_object_get(r->measures, measure);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double y_of(const struct fitting *f, const struct sweep_record *r)
{
    double y = number_of(r, f->measure);
    return f->nominal ? y / number_of(r, f->nominal) : y;
}

/* The trusted runs of a point; how many there were. */
static unsigned add_runs(const struct fitting *f, size_t point, double x, struct runs *runs)
{
    const struct sweep_book *b = &f->sweep->book;
    unsigned count = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        if (r->failed || r->verdict != VERDICT_TRUSTED ||
            strcmp(r->point, f->sweep->points[point]) != 0 || !isfinite(y_of(f, r)))
            continue;
        runs->x = array_grow(runs->x, runs->count, sizeof(*runs->x));
        runs->y = array_grow(runs->y, runs->count, sizeof(*runs->y));
        runs->x[runs->count] = x;
        runs->y[runs->count++] = y_of(f, r);
        count++;
    }
    return count;
}

/* All points that differ from `first` in nothing but the axis. */
static struct runs collect(const struct fitting *f, size_t axis, size_t first)
{
    const struct scenario *s = f->sweep->scenario;
    struct runs runs = {0};
    for (size_t p = first; p < s->point_count; p++) {
        unsigned value = s->points[p * s->sweep_count + axis];
        double x;
        if (value == SWEEP_AS_FILE || !sweep_same_line(s, p, first, f->without) ||
            !sweep_axis_number(s->sweep[axis].values[value], &x))
            continue;
        if (add_runs(f, p, x, &runs) > 0)
            runs.points++;
        else
            runs.left_out++;
    }
    return runs;
}

static bool take_logarithms(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        if (!(runs->x[i] > 0 && runs->y[i] > 0))
            return false;
    for (size_t i = 0; i < runs->count; i++) {
        runs->x[i] = log(runs->x[i]);
        runs->y[i] = log(runs->y[i]);
    }
    return true;
}

static void add_number(struct table *t, double value)
{
    if (isfinite(value))
        table_add(t, "%.9g", value);
    else
        table_add(t, "%s", "");
}

struct fit {
    const char *axis, *series;
    bool is_power;
    double a;
    struct stats_line line;
};

static void add_plain(const struct fitting *f, const struct fit *fit, const struct runs *runs)
{
    struct table *t = f->plain;
    table_add(t, "%s", fit->axis);
    table_add(t, "%s", fit->series);
    table_add(t, "%s", f->name);
    table_add(t, "%s", fit->is_power ? "power" : "line");
    table_add(t, "%u", runs->points);
    table_add(t, "%zu", runs->count);
    table_add(t, "%u", runs->left_out);
    add_number(t, fit->a);
    add_number(t, fit->line.slope);
    add_number(t, fit->line.slope_ci.low);
    add_number(t, fit->line.slope_ci.high);
    add_number(t, fit->line.r_squared);
}

static void add_pretty(struct fitting *f, const struct fit *fit, const struct runs *runs)
{
    struct table *t = f->pretty;
    table_add(t, "%s", sweep_axis_short(fit->axis));
    table_add(t, "%s", fit->series);
    table_add(t, "%s", fit->is_power ? "a x^b" : "a + b x");
    table_add(t, "%.4g", fit->a);
    table_add(t, "%.4g ± %.2g", fit->line.slope,
              (fit->line.slope_ci.high - fit->line.slope_ci.low) / 2);
    table_add(t, "%.4f", fit->line.r_squared);
    if (runs->left_out)
        table_add(t, "%u, %u left out", runs->points, runs->left_out);
    else
        table_add(t, "%u", runs->points);
    f->shown++;
}

static void add_fit(struct fitting *f, const char *axis, const char *series, bool is_power,
                    const struct runs *runs)
{
    struct fit fit = {.axis = axis, .series = series, .is_power = is_power};
    fit.line = stats_fit_line(runs->x, runs->y, runs->count);
    fit.a = is_power ? exp(fit.line.intercept) : fit.line.intercept;
    add_plain(f, &fit, runs);
    if (f->is_shown && f->shown < ROWS_SHOWN_MAX)
        add_pretty(f, &fit, runs);
}

static void fit_line(struct fitting *f, size_t axis, size_t first)
{
    const struct scenario *s = f->sweep->scenario;
    _cleanup_(freep) char *series = sweep_line_name(s, first, f->without);
    struct runs runs = collect(f, axis, first);
    if (runs.points >= POINTS_MIN) {
        add_fit(f, s->sweep[axis].key, series, false, &runs);
        if (take_logarithms(&runs))
            add_fit(f, s->sweep[axis].key, series, true, &runs);
    }
    free(runs.x);
    free(runs.y);
}

static void fit_axis(struct fitting *f, size_t axis)
{
    const struct scenario *s = f->sweep->scenario;
    for (size_t p = 0; p < s->point_count; p++) {
        bool seen = false;
        for (size_t k = 0; k < p && !seen; k++)
            seen = sweep_same_line(s, p, k, f->without);
        if (!seen)
            fit_line(f, axis, p);
    }
}

static bool is_measured(const struct sweep *w, const char *measure)
{
    for (size_t i = 0; i < w->book.record_count; i++)
        if (!isnan(number_of(&w->book.records[i], measure)))
            return true;
    return false;
}

static void fit(struct fitting *f)
{
    const struct sweep *w = f->sweep;
    _cleanup_(freep) char *measure = sweep_main_measure(w);
    if (!measure)
        return;
    _cleanup_(freep) char *nominal = xasprintf("%s_nominal", w->workload->main_metric);
    _cleanup_(freep) char *ratio = xasprintf("%s/%s", measure, nominal);
    bool has_ratio = is_measured(w, nominal);
    f->measure = measure;
    for (size_t axis = 0; axis < w->scenario->sweep_count; axis++) {
        f->nominal = NULL;
        f->name = measure;
        f->without = SWEEP_AXIS(axis);
        f->is_shown = !has_ratio;
        fit_axis(f, axis);
        if (!has_ratio)
            continue;
        f->nominal = nominal;
        f->name = ratio;
        f->without = sweep_axis_with_length(w->scenario, axis);
        f->is_shown = true;
        fit_axis(f, axis);
    }
}

static void print_fits(const struct fitting *f)
{
    if (f->shown == 0)
        return;
    table_print(f->pretty, stdout, "  ");
    puts("\n  y: the main measure of the trusted runs, in proportion to nominal where that is "
         "known; least squares,\n  b ± half of its 95 % confidence interval; fits.csv has "
         "all fits\n");
}

int sweep_fit_all(const struct sweep *w, struct error *err)
{
    static const char *const plain[] = {"axis",   "series",   "measure",   "model",
                                        "points", "runs",     "left_out",  "a",
                                        "b",      "b_ci_low", "b_ci_high", "r_squared"};
    static const char *const pretty[] = {"x", "series", "y", ">a", ">b", ">R²", ">points"};
    _cleanup_(freep) char *path = xasprintf("%s/fits.csv", w->book.folder);
    FILE *out = fopen(path, "we");
    if (!out)
        return error_errno(err, errno, "cannot write '%s'", path);
    struct fitting f = {.sweep = w,
                        .plain = table_new(plain, ARRAY_LEN(plain)),
                        .pretty = table_new(pretty, ARRAY_LEN(pretty))};
    fit(&f);
    table_csv(f.plain, out);
    bool failed = ferror(out);
    print_fits(&f);
    table_free(f.plain);
    table_free(f.pretty);
    if (fclose(out) < 0 || failed)
        return error_set(err, EIO, "cannot write all of '%s': is the disk full?", path);
    return 0;
}
