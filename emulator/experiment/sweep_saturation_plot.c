/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/sweep_axis.h"
#include "experiment/sweep_saturation.h"
#include "report/plot.h"

enum { LINES_MAX = 12 };

struct line {
    json_t *others; /* the point without the axis */
    char *name, *marked_name;
    struct plot_point *points, *marked;
    size_t count, marked_count;
};

static json_t *without(json_t *point, const char *key)
{
    json_t *copy = json_copy(point);
    json_object_del(copy, key);
    return copy;
}

static char *name_of(json_t *others)
{
    struct text text = {0};
    const char *key;
    json_t *value;
    json_object_foreach(others, key, value)
    {
        text_add(&text, "%s%s %s", text.len ? ", " : "", sweep_axis_short(key),
                 json_string_value(value));
    }
    return text.data ? text.data : xstrdup("found");
}

/* The line that a search is on; NULL when there are too many. */
static struct line *line_of(json_t *others, size_t searches, struct line *lines, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (json_equal(lines[i].others, others))
            return &lines[i];
    if (*count == LINES_MAX)
        return NULL;
    struct line *line = &lines[(*count)++];
    *line = (struct line){.others = json_incref(others), .name = name_of(others)};
    line->marked_name = xasprintf("%s: not trusted, or the end of the range", line->name);
    line->points = xcalloc(searches, sizeof(*line->points));
    line->marked = xcalloc(searches, sizeof(*line->marked));
    return line;
}

/* The bar goes up to the next value that was too much. One that is not trusted, or that is the end
 * of the range, is hollow. */
static void add_search(struct line *line, const struct sweep_search *s, double x)
{
    const struct saturation *f = &s->found;
    double high = isnan(f->lowest) ? f->highest : f->lowest;
    struct plot_point point = {.x = x, .y = f->highest, .low = f->highest, .high = high};
    if (s->trusted && f->side == SATURATION_FOUND)
        line->points[line->count++] = point;
    else
        line->marked[line->marked_count++] = point;
}

static int by_x(const void *a, const void *b)
{
    double x = ((const struct plot_point *)a)->x, y = ((const struct plot_point *)b)->x;
    return x < y ? -1 : x > y;
}

static size_t make_lines(const struct sweep_axis *axis, const struct sweep_search *searches,
                         size_t count, struct line lines[LINES_MAX])
{
    size_t line_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_object_get(searches[i].point, axis->key));
        double x = 0;
        if (!text || !searches[i].finished || isnan(searches[i].found.highest))
            continue;
        if (!sweep_axis_number(text, &x))
            while (strcmp(axis->values[(size_t)x], text) != 0)
                x++;
        json_t *others = without(searches[i].point, axis->key);
        struct line *line = line_of(others, count, lines, &line_count);
        json_decref(others);
        if (line)
            add_search(line, &searches[i], x);
    }
    for (size_t i = 0; i < line_count; i++)
        qsort(lines[i].points, lines[i].count, sizeof(*lines[i].points), by_x);
    return line_count;
}

static int draw(const struct sweep *w, const struct sweep_axis *axis, bool is_rate,
                const struct line *lines, size_t line_count, struct error *err)
{
    const char *of = sweep_axis_short(w->scenario->saturation.of);
    struct plot_series series[2 * LINES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < line_count; i++) {
        const struct line *l = &lines[i];
        series[count++] = (struct plot_series){l->name, PLOT_LINES, l->points, l->count};
        if (l->marked_count > 0)
            series[count++] =
                (struct plot_series){l->marked_name, PLOT_HOLLOW, l->marked, l->marked_count};
    }
    _cleanup_(freep) char *title =
        xasprintf("%s: highest %s within %g %% of nominal, and the next that is not",
                  w->scenario->name, of, w->scenario->saturation.within * 100);
    _cleanup_(freep) char *y_label = xasprintf("%s%s", of, is_rate ? " (per minute)" : "");
    _cleanup_(freep) char *path =
        xasprintf("%s/plots/saturation-by-%s.svg", w->book.folder, axis->key);
    struct plot plot = {.title = title,
                        .x_label = axis->key,
                        .y_label = y_label,
                        .log_y = true,
                        .series = series,
                        .series_count = count};
    return plot_write(&plot, path, err);
}

static int plot_axis(const struct sweep *w, const struct sweep_axis *axis,
                     const struct sweep_search *searches, size_t count, struct error *err)
{
    struct line lines[LINES_MAX];
    size_t line_count = make_lines(axis, searches, count, lines);
    int r = line_count > 0
                ? draw(w, axis, searches->type == WORKLOAD_FREQUENCY, lines, line_count, err)
                : 0;
    for (size_t i = 0; i < line_count; i++) {
        json_decref(lines[i].others);
        free(lines[i].name);
        free(lines[i].marked_name);
        free(lines[i].points);
        free(lines[i].marked);
    }
    return r;
}

int sweep_saturation_plot(const struct sweep *w, const struct sweep_search *searches, size_t count,
                          struct error *err)
{
    _cleanup_(freep) char *plots = xasprintf("%s/plots", w->book.folder);
    int r = file_make_dirs(plots, err);
    for (size_t i = 0; i < w->scenario->sweep_count && r == 0; i++)
        if (strcmp(w->scenario->sweep[i].key, w->scenario->saturation.of) != 0)
            r = plot_axis(w, &w->scenario->sweep[i], searches, count, err);
    return r;
}
