/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "experiment/sweep_axis.h"
#include "experiment/sweep_table.h"
#include "report/plot.h"

enum { LINES_MAX = 12 };

/* Where a value lies on its axis: as a number if it is one, else by its order. */
static double position(const struct sweep_axis *axis, unsigned value)
{
    double number;
    return sweep_axis_number(axis->values[value], &number) ? number : value;
}

static int by_x(const void *a, const void *b)
{
    double x = ((const struct plot_point *)a)->x, y = ((const struct plot_point *)b)->x;
    return x < y ? -1 : x > y;
}

struct line {
    char *name;
    struct plot_point *points, *marked;
    size_t count, marked_count;
};

/* All points that differ from `first` in nothing but the axis. */
static struct line make_line(const struct sweep *w, const char *measure, size_t axis, size_t first)
{
    const struct scenario *s = w->scenario;
    struct line line = {.name = sweep_line_name(s, first, SWEEP_AXIS(axis))};
    if (!*line.name) {
        free(line.name);
        line.name = xstrdup("mean with 95 % confidence interval");
    }
    line.points = xcalloc(s->point_count, sizeof(*line.points));
    line.marked = xcalloc(s->point_count, sizeof(*line.marked));
    for (size_t p = first; p < s->point_count; p++) {
        unsigned value = s->points[p * s->sweep_count + axis];
        if (value == SWEEP_AS_FILE || !sweep_same_line(s, p, first, SWEEP_AXIS(axis)))
            continue;
        struct sweep_cell cell = sweep_summarise(&w->book, w->points[p], measure);
        if (cell.stats.count == 0)
            continue;
        bool has_interval = !isnan(cell.stats.ci.low);
        struct plot_point point = {
            .x = position(&s->sweep[axis], value),
            .y = cell.stats.mean,
            .low = has_interval ? cell.stats.ci.low : cell.stats.mean,
            .high = has_interval ? cell.stats.ci.high : cell.stats.mean,
        };
        if (cell.marked)
            line.marked[line.marked_count++] = point;
        else
            line.points[line.count++] = point;
    }
    qsort(line.points, line.count, sizeof(*line.points), by_x);
    return line;
}

static size_t make_lines(const struct sweep *w, const char *measure, size_t axis,
                         struct line lines[LINES_MAX])
{
    const struct scenario *s = w->scenario;
    size_t count = 0;
    for (size_t p = 0; p < s->point_count && count < LINES_MAX; p++) {
        bool seen = s->points[p * s->sweep_count + axis] == SWEEP_AS_FILE;
        for (size_t k = 0; k < p && !seen; k++)
            seen = sweep_same_line(s, p, k, SWEEP_AXIS(axis)) &&
                   s->points[k * s->sweep_count + axis] != SWEEP_AS_FILE;
        if (!seen)
            lines[count++] = make_line(w, measure, axis, p);
    }
    return count;
}

static void find_range(const struct sweep_axis *a, double *low, double *high)
{
    *low = *high = position(a, 0);
    for (unsigned i = 1; i < a->value_count; i++) {
        *low = fmin(*low, position(a, i));
        *high = fmax(*high, position(a, i));
    }
}

static int draw(const struct sweep *w, const char *measure, size_t axis, const struct line *lines,
                size_t line_count, struct error *err)
{
    const struct sweep_axis *a = &w->scenario->sweep[axis];
    struct plot_series series[2 * LINES_MAX];
    size_t count = 0;
    double low, high;
    find_range(a, &low, &high);
    for (size_t i = 0; i < line_count; i++)
        series[count++] =
            (struct plot_series){lines[i].name, PLOT_LINES, lines[i].points, lines[i].count};
    for (size_t i = 0; i < line_count; i++)
        if (lines[i].marked_count > 0)
            series[count++] = (struct plot_series){"not trusted", PLOT_HOLLOW, lines[i].marked,
                                                   lines[i].marked_count};
    _cleanup_(freep) char *title = xasprintf("%s: %s", w->scenario->name, measure);
    _cleanup_(freep) char *label =
        xasprintf("%s%s", a->key, sweep_axis_is_frequency(a) ? " (per minute)" : "");
    _cleanup_(freep) char *path =
        xasprintf("%s/plots/%s-by-%s.svg", w->book.folder, measure, a->key);
    _cleanup_(freep) char *y_label =
        xasprintf("%s (%s)", measure, sweep_unit(w, w->workload->main_metric));
    struct plot plot = {
        .title = title,
        .x_label = label,
        .y_label = y_label,
        .log_x = low > 0 && high / low >= 20,
        .series = series,
        .series_count = count,
    };
    return plot_write(&plot, path, err);
}

static int plot_axis(const struct sweep *w, const char *measure, size_t axis, struct error *err)
{
    struct line lines[LINES_MAX];
    size_t count = make_lines(w, measure, axis, lines);
    int r = draw(w, measure, axis, lines, count, err);
    for (size_t i = 0; i < count; i++) {
        free(lines[i].name);
        free(lines[i].points);
        free(lines[i].marked);
    }
    return r;
}

int sweep_plot_all(const struct sweep *w, struct error *err)
{
    _cleanup_(freep) char *plots = xasprintf("%s/plots", w->book.folder);
    _cleanup_(freep) char *measure = sweep_main_measure(w);
    int r = file_make_dirs(plots, err);
    for (size_t axis = 0; measure && axis < w->scenario->sweep_count && r == 0; axis++)
        r = plot_axis(w, measure, axis, err);
    return r;
}
