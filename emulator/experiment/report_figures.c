/* SPDX-License-Identifier: MIT
 *
 * The figures of a sweep (figures.h), each by one or two measures: the main metric's ratio to its
 * nominal where the workload reports "ratio", and the main metric itself. The panels of a figure
 * have one range of values, so that they can be compared by eye.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/figures.h"
#include "experiment/report.h"
#include "experiment/sweep_table.h"
#include "report/html.h"
#include "report/page.h"

enum { VIEWS_MAX = 2, PANEL_WIDTH = 640, PANEL_HEIGHT = 400 };

struct view {
    char *measure;
    const char *unit;
    char *axis; /* its name, also on the switch */
    bool is_ratio;
};

/* What all figures are made of. */
struct gallery {
    struct report *report;
    const struct sweep_book *book;
    json_t *points;
    struct figure_points table;
    char **texts; /* of each point, as on record */
    struct view views[VIEWS_MAX];
    size_t view_count;
};

/* --- the points of one line --- */

struct line {
    struct plot_point *good, *marked, *failed;
    size_t good_count, marked_count, failed_count;
};

static char *describe_point(const struct gallery *g, const struct view *v, size_t point,
                            const struct sweep_cell *cell)
{
    char mean[REPORT_VALUE_MAX];
    struct text text = {0};
    for (size_t k = 0; k < g->table.key_count; k++) {
        int value = g->table.values[point * g->table.key_count + k];
        if (value >= 0)
            text_add(&text, "%s%s%s", text.len ? ", " : "", g->table.keys[k].values[value],
                     g->table.keys[k].role == FIGURE_COUNT ? " nodes" : "");
    }
    if (cell->stats.count == 0) {
        text_add(&text, "\nall of its runs failed");
        return text.data;
    }
    text_add(&text, "\n%s%s\n%zu %s%s", report_mean(mean, &cell->stats, v->unit),
             isnan(cell->stats.ci.low) ? "" : " (95 %)", cell->stats.count,
             cell->stats.count == 1 ? "run" : "runs", cell->marked ? ", none trusted" : "");
    if (cell->failed)
        text_add(&text, ", %u failed", cell->failed);
    return text.data;
}

static void add_point(const struct gallery *g, const struct view *v, const struct figure *f,
                      size_t point, struct line *line)
{
    const struct figure_key *x = &g->table.keys[f->x];
    int value = g->table.values[point * g->table.key_count + f->x];
    struct sweep_cell cell = sweep_summarise(g->book, g->texts[point], v->measure);
    if (cell.stats.count == 0 && cell.failed == 0)
        return;
    bool has_interval = !isnan(cell.stats.ci.low);
    struct plot_point p = {
        .x = figure_position(x, (size_t)value),
        .y = cell.stats.mean,
        .low = has_interval ? cell.stats.ci.low : cell.stats.mean,
        .high = has_interval ? cell.stats.ci.high : cell.stats.mean,
        .label = describe_point(g, v, point, &cell),
    };
    if (cell.stats.count == 0)
        line->failed[line->failed_count++] = p;
    else if (cell.marked)
        line->marked[line->marked_count++] = p;
    else
        line->good[line->good_count++] = p;
}

static int by_x(const void *a, const void *b)
{
    double x = ((const struct plot_point *)a)->x, y = ((const struct plot_point *)b)->x;
    return x < y ? -1 : x > y;
}

/* The points of a panel whose line is that of `value`; -1: all. */
static struct line make_line(const struct gallery *g, const struct view *v, const struct figure *f,
                             const struct figure_panel *panel, int value)
{
    struct line line = {.good = xcalloc(panel->count + 1, sizeof(*line.good)),
                        .marked = xcalloc(panel->count + 1, sizeof(*line.marked)),
                        .failed = xcalloc(panel->count + 1, sizeof(*line.failed))};
    for (size_t i = 0; i < panel->count; i++) {
        size_t point = panel->points[i];
        if (value < 0 || g->table.values[point * g->table.key_count + (size_t)f->series] == value)
            add_point(g, v, f, point, &line);
    }
    qsort(line.good, line.good_count, sizeof(*line.good), by_x);
    return line;
}

static void free_points(struct plot_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)points[i].label);
    free(points);
}

static void line_done(struct line *line)
{
    free_points(line->good, line->good_count);
    free_points(line->marked, line->marked_count);
    free_points(line->failed, line->failed_count);
}

/* --- panels --- */

static char *line_name(const struct figure_key *key, size_t value)
{
    return xasprintf(key->role == FIGURE_COUNT ? "%s nodes" : "%s", key->values[value]);
}

/* Every value of the key has its place, in every panel: so it has its colour. */
static size_t make_series(const struct figure_key *key, const struct line *lines, size_t count,
                          char **names, struct plot_series *series)
{
    size_t n = 0, has_marked = 0, has_failed = 0;
    for (size_t i = 0; i < count; i++) {
        const struct line *l = &lines[i];
        names[i] = key ? line_name(key, i) : xstrdup("mean with 95 % confidence interval");
        series[n++] = (struct plot_series){names[i], PLOT_LINES, l->good, l->good_count};
        /* the key explains the two once */
        series[n++] = (struct plot_series){l->marked_count && !has_marked++ ? "not trusted" : NULL,
                                           PLOT_HOLLOW, l->marked, l->marked_count};
        series[n++] = (struct plot_series){l->failed_count && !has_failed++ ? "failed" : NULL,
                                           PLOT_FAILED, l->failed, l->failed_count};
    }
    return n;
}

struct range {
    double low, high;
};

/* Then its axis is logarithmic. */
static bool is_wide(double low, double high)
{
    return low > 0 && high / low >= 8;
}

static void put_panel(const struct gallery *g, const struct view *v, const struct figure *f,
                      const struct figure_panel *panel, const struct range *y)
{
    const struct figure_key *x = &g->table.keys[f->x];
    const struct figure_key *key = f->series < 0 ? NULL : &g->table.keys[f->series];
    size_t count = key ? key->value_count : 1;
    struct line *lines = xcalloc(count, sizeof(*lines));
    char **names = xcalloc(count, sizeof(*names));
    struct plot_series *series = xcalloc(3 * count, sizeof(*series));
    for (size_t i = 0; i < count; i++)
        lines[i] = make_line(g, v, f, panel, key ? (int)i : -1);
    struct range xs = {INFINITY, 0};
    for (size_t i = 0; i < x->value_count; i++) {
        xs.low = fmin(xs.low, figure_position(x, i));
        xs.high = fmax(xs.high, figure_position(x, i));
    }
    _cleanup_(freep) char *x_label = figure_axis_name(x);
    _cleanup_(freep) char *title = *panel->title ? xstrdup(panel->title) : xstrdup(f->title);
    _cleanup_(freep) char *name = xasprintf("%s-%s", v->measure, panel->name);
    struct plot plot = {.title = title,
                        .x_label = x_label,
                        .y_label = v->axis,
                        .log_x = is_wide(xs.low, xs.high),
                        .log_y = is_wide(y->low, y->high),
                        .has_reference = v->is_ratio,
                        .reference = 1,
                        .reference_name = "nominal",
                        .series = series,
                        .series_count = make_series(key, lines, count, names, series),
                        .width = PANEL_WIDTH,
                        .height = PANEL_HEIGHT,
                        .tics_at_points = true,
                        .never_negative = true,
                        .side_by_side = true,
                        .y_from = y->low,
                        .y_to = y->high};
    report_figure(g->report, &plot, name);
    for (size_t i = 0; i < count; i++) {
        line_done(&lines[i]);
        free(names[i]);
    }
    free(lines);
    free(names);
    free(series);
}

static void include(struct range *y, double value)
{
    if (!isfinite(value))
        return;
    y->low = fmin(y->low, value);
    y->high = fmax(y->high, value);
}

static struct sweep_cell cell_of(const struct gallery *g, const struct view *v,
                                 const struct figure *f, size_t panel, size_t point)
{
    return sweep_summarise(g->book, g->texts[f->panels[panel].points[point]], v->measure);
}

/* All means, and the intervals of trusted points; other intervals may end beyond the picture, lest
 * the least certain point set the scale. */
static struct range range_of(const struct gallery *g, const struct view *v, const struct figure *f)
{
    struct range y = {INFINITY, -INFINITY};
    for (size_t i = 0; i < f->panel_count; i++)
        for (size_t k = 0; k < f->panels[i].count; k++)
            include(&y, cell_of(g, v, f, i, k).stats.mean);
    if (v->is_ratio)
        include(&y, 1);
    struct range limit = {fmax(y.low - (y.high - y.low) / 2, 0), y.high + (y.high - y.low) / 2};
    for (size_t i = 0; i < f->panel_count; i++)
        for (size_t k = 0; k < f->panels[i].count; k++) {
            struct sweep_cell cell = cell_of(g, v, f, i, k);
            double low = fmax(cell.stats.ci.low, 0), high = cell.stats.ci.high;
            if (isnan(cell.stats.ci.low))
                continue;
            include(&y, cell.marked ? fmax(low, limit.low) : low);
            include(&y, cell.marked ? fmin(high, limit.high) : high);
        }
    return y;
}

static void put_figure(const struct gallery *g, const struct view *v, const struct figure *f,
                       size_t number)
{
    struct range y = range_of(g, v, f);
    if (y.low > y.high) /* nothing was measured: what failed is marked all the same */
        y = (struct range){0, 1};
    fputs("<h3>", g->report->out);
    html_print(g->report->out, "%zu. %s", number, f->title);
    fputs("</h3>\n<div class=\"figures\">", g->report->out);
    for (size_t i = 0; i < f->panel_count; i++)
        put_panel(g, v, f, &f->panels[i], &y);
    fputs("</div>\n", g->report->out);
    if (f->panel_count == FIGURE_PANELS_MAX)
        page_note(g->report->out, "note", "More than %d panels: the rest is in the tables.",
                  FIGURE_PANELS_MAX);
}

/* --- views --- */

static const char *unit_of(const struct sweep_book *b, const char *metric)
{
    const char *unit =
        json_string_value(json_object_get(json_object_get(b->about, "units"), metric));
    return unit ? unit : "";
}

static void add_view(struct gallery *g, const char *metric, bool is_ratio)
{
    char *measure = sweep_measure_of(g->book, metric);
    if (!measure)
        return;
    const char *main = json_string_value(json_object_get(g->book->about, "main"));
    const char *unit = unit_of(g->book, metric);
    struct view *v = &g->views[g->view_count++];
    *v = (struct view){.measure = measure, .unit = unit, .is_ratio = is_ratio};
    _cleanup_(freep) char *words = report_words(is_ratio ? main : metric);
    v->axis = is_ratio ? xasprintf("%s / nominal", words)
                       : xasprintf("%s%s%s%s", words, *unit ? " (" : "", unit, *unit ? ")" : "");
}

/* A search is shown against what was sought, the one key that its points as asked for lack: the
 * values it tried have little to say as lines. */
static bool is_shown(const struct gallery *g, const struct figure *f)
{
    json_t *first = json_array_get(json_object_get(g->book->about, "points"), 0);
    return !json_is_true(json_object_get(g->book->about, "saturation")) ||
           !json_object_get(first, g->table.keys[f->x].key);
}

static void put_views(struct gallery *g)
{
    FILE *out = g->report->out;
    struct figure *figures;
    size_t count = figures_select(&g->table, &figures);
    page_note(out, "note",
              "Means of trusted runs with their 95 %% confidence intervals (Student's t), of the "
              "slowest node. Lines are drawn a little apart. A hollow point has no trusted run and "
              "is on no line; a cross at the "
              "bottom is a point whose runs failed. The same figures are in plots/ as SVG and PNG, "
              "with their gnuplot scripts.");
    if (g->view_count > 1)
        fputs("<div class=\"switch\" role=\"group\" aria-label=\"measure\" hidden>", out);
    for (size_t i = 0; i < g->view_count && g->view_count > 1; i++) {
        fprintf(out, "<button type=\"button\" data-show=\"view%zu\">", i);
        html_put(out, g->views[i].axis);
        fputs("</button>", out);
    }
    fputs(g->view_count > 1 ? "</div>\n" : "", out);
    for (size_t i = 0; i < g->view_count; i++) {
        fprintf(out, "<div data-view=\"view%zu\">\n", i);
        for (size_t k = 0, number = 0; k < count; k++)
            if (is_shown(g, &figures[k]))
                put_figure(g, &g->views[i], &figures[k], ++number);
        fputs("</div>\n", out);
    }
    figures_free(figures, count);
}

void report_figures(struct report *r, const struct sweep_book *book)
{
    struct gallery g = {.report = r, .book = book, .points = sweep_book_points(book)};
    const char *main = json_string_value(json_object_get(book->about, "main"));
    size_t count = json_array_size(g.points);
    g.texts = xcalloc(count + 1, sizeof(*g.texts));
    for (size_t i = 0; i < count; i++)
        g.texts[i] = sweep_point_text(json_array_get(g.points, i));
    figure_points_read(g.points, &g.table);
    if (main && strcmp(main, "ratio") != 0)
        add_view(&g, "ratio", true);
    if (main)
        add_view(&g, main, false);
    page_section(r->out, "figures", "Figures");
    if (g.view_count > 0)
        put_views(&g);
    else
        page_note(r->out, "note", "Nothing was measured that could be drawn.");
    page_section_end(r->out);
    for (size_t i = 0; i < g.view_count; i++) {
        free(g.views[i].measure);
        free(g.views[i].axis);
    }
    for (size_t i = 0; i < count; i++)
        free(g.texts[i]);
    free(g.texts);
    figure_points_done(&g.table);
    json_decref(g.points);
}
