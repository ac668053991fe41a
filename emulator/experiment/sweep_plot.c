/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "report/plot.h"

enum { LINES_MAX = 12 };

size_t sweep_point_count(const struct scenario *s)
{
    size_t count = 1;
    for (size_t i = 0; i < s->sweep_count; i++)
        count *= s->sweep[i].value_count;
    return count;
}

/* Where a value lies on its axis: as a number if it is one (rates per minute, as the papers have
 * them), else by its order. */
static double position(const struct sweep_axis *axis, unsigned value)
{
    const char *text = axis->values[value];
    double per_s;
    char *end;
    double number = strtod(text, &end);
    if (end != text && *end == '\0')
        return number;
    if (units_parse_frequency(text, &per_s, NULL) == 0)
        return per_s * 60;
    uint64_t ns;
    if (units_parse_time(text, &ns, NULL) == 0)
        return (double)ns / 1e9;
    return value;
}

static bool is_frequency(const struct sweep_axis *axis)
{
    double per_s;
    return units_parse_frequency(axis->values[0], &per_s, NULL) == 0;
}

/* How far apart point numbers are that differ by one step on an axis. */
static size_t stride_of(const struct scenario *s, size_t axis)
{
    size_t stride = 1;
    for (size_t i = axis + 1; i < s->sweep_count; i++)
        stride *= s->sweep[i].value_count;
    return stride;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Median with spread of one point's runs; false if none has been made. */
static bool summarise(const struct sweep_data *data, size_t point, struct plot_point *ret)
{
    _cleanup_(freep) double *values = xcalloc(data->sample_count, sizeof(*values));
    size_t n = 0;
    for (size_t i = 0; i < data->sample_count; i++)
        if (data->samples[i].point == point && !isnan(data->samples[i].value))
            values[n++] = data->samples[i].value;
    if (n == 0)
        return false;
    qsort(values, n, sizeof(*values), by_value);
    ret->y = n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    ret->low = values[0];
    ret->high = values[n - 1];
    return true;
}

/* The other axes' values at a point: the name of its line. */
static char *line_name(const struct scenario *s, size_t point, size_t without)
{
    struct text text = {0};
    for (size_t i = 0; i < s->sweep_count; i++) {
        const struct sweep_axis *axis = &s->sweep[i];
        const char *dot = strrchr(axis->key, '.');
        if (i != without)
            text_add(&text, "%s%s %s", text.len ? ", " : "", dot ? dot + 1 : axis->key,
                     axis->values[point / stride_of(s, i) % axis->value_count]);
    }
    return text.data ? text.data : xstrdup("median, smallest and largest");
}

static size_t fill_line(const struct scenario *s, const struct sweep_data *data, size_t axis,
                        size_t first, struct plot_point *points)
{
    size_t count = 0;
    for (unsigned v = 0; v < s->sweep[axis].value_count; v++) {
        points[count] = (struct plot_point){.x = position(&s->sweep[axis], v)};
        if (summarise(data, first + v * stride_of(s, axis), &points[count]))
            count++;
    }
    return count;
}

static int plot_axis(const struct scenario *s, const struct sweep_data *data, size_t axis,
                     const char *folder, struct error *err)
{
    const struct sweep_axis *a = &s->sweep[axis];
    size_t stride = stride_of(s, axis), lines = 0;
    struct plot_series series[LINES_MAX];
    struct plot_point *points[LINES_MAX];
    char *names[LINES_MAX];
    for (size_t point = 0; point < sweep_point_count(s) && lines < LINES_MAX; point++) {
        if (point / stride % a->value_count != 0)
            continue;
        points[lines] = xcalloc(a->value_count, sizeof(**points));
        names[lines] = line_name(s, point, axis);
        series[lines] = (struct plot_series){names[lines], PLOT_LINES, points[lines],
                                             fill_line(s, data, axis, point, points[lines])};
        lines++;
    }
    _cleanup_(freep) char *title = xasprintf("%s: %s of the slowest node", s->name, data->metric);
    _cleanup_(freep) char *label =
        xasprintf("%s%s", a->key, is_frequency(a) ? " (per minute)" : "");
    _cleanup_(freep) char *path = xasprintf("%s/plots/%s-by-%s.svg", folder, data->metric, a->key);
    double low = position(a, 0), high = position(a, (unsigned)a->value_count - 1);
    _cleanup_(freep) char *y_label = xasprintf("%s (%s)", data->metric, data->unit);
    struct plot plot = {
        .title = title,
        .x_label = label,
        .y_label = y_label,
        .log_x = low > 0 && high / low >= 20,
        .series = series,
        .series_count = lines,
    };
    int r = plot_write(&plot, path, err);
    for (size_t i = 0; i < lines; i++) {
        free(points[i]);
        free(names[i]);
    }
    return r;
}

int sweep_plot_all(const struct scenario *s, const struct sweep_data *data, const char *folder,
                   struct error *err)
{
    _cleanup_(freep) char *plots = xasprintf("%s/plots", folder);
    int r = file_make_dirs(plots, err);
    for (size_t axis = 0; axis < s->sweep_count && r == 0; axis++)
        r = plot_axis(s, data, axis, folder, err);
    return r;
}
