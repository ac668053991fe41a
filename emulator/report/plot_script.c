/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/gnuplot.h"
#include "report/plot_internal.h"
#include "report/svg.h"

enum {
    PICTURE_WIDTH = 900, /* pixels, while the picture is not scaled */
    PICTURE_HEIGHT = 500,
    CHARACTER_WIDTH = 9, /* of the picture's font, about */
    LABELS_MAX = 50,     /* that can be read under one another */
    MANY_POINTS = 50,    /* from here on markers are small */
    LONG_KEY = 12,       /* with more entries it is written smaller */
    TICS_MAX = 10,       /* of a plot whose points have one each */
};

static const int markers[] = {7, 5, 9, 11, 13, 6, 4, 8, 10, 12, 1, 2, 3};

bool plot_is_entry(const struct plot *plot, size_t series, size_t *ret_number)
{
    size_t number = 0;
    for (size_t i = 0; i <= series; i++)
        number += plot->series[i].style != PLOT_HOLLOW && plot->series[i].style != PLOT_FAILED;
    if (ret_number)
        *ret_number = number > 0 ? number - 1 : 0;
    enum plot_style style = plot->series[series].style;
    return number == 0 || (style != PLOT_HOLLOW && style != PLOT_FAILED);
}

int plot_marker(size_t number)
{
    return markers[(number + number / SVG_COLORS) % ARRAY_LEN(markers)];
}

bool plot_can_draw(const struct plot *plot, enum plot_style style, const struct plot_point *p)
{
    if (style == PLOT_FAILED)
        return isfinite(p->x) && (!plot->log_x || p->x > 0);
    if (!isfinite(p->y) || (plot->log_y && p->y <= 0))
        return false;
    return style == PLOT_BARS || (isfinite(p->x) && (!plot->log_x || p->x > 0));
}

static bool has_error_bar(const struct plot_series *s, const struct plot_point *p)
{
    return s->style != PLOT_POINTS && s->style != PLOT_FAILED && isfinite(p->low) &&
           isfinite(p->high) && (p->low != p->y || p->high != p->y);
}

size_t plot_drawn_points(const struct plot *plot, const struct plot_series *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += plot_can_draw(plot, s->style, &s->points[i]);
    return count;
}

bool plot_has_error_bars(const struct plot *plot, const struct plot_series *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (plot_can_draw(plot, s->style, &s->points[i]) && has_error_bar(s, &s->points[i]))
            return true;
    }
    return false;
}

static size_t label_index(const struct drawing *d, const char *label)
{
    size_t i = 0;
    while (i < d->label_count && strcmp(d->labels[i], label ? label : "") != 0)
        i++;
    return i;
}

static void collect_label(struct drawing *d, const char *label)
{
    if (label_index(d, label) < d->label_count)
        return;
    d->labels = array_grow(d->labels, d->label_count, sizeof(*d->labels));
    d->labels[d->label_count++] = label ? label : "";
}

static void collect_point(struct drawing *d, const struct plot_series *s,
                          const struct plot_point *p)
{
    if (s->style == PLOT_BARS)
        collect_label(d, p->label);
    if (!plot_can_draw(d->plot, s->style, p))
        return;
    if (s->style != PLOT_BARS)
        axis_include(&d->x, p->x);
    if (s->style == PLOT_FAILED)
        return;
    axis_include(&d->y, p->y);
    if (!has_error_bar(s, p) || d->plot->y_from < d->plot->y_to)
        return;
    if (!d->plot->log_y || p->low > 0)
        axis_include(&d->y, d->plot->never_negative ? fmax(p->low, fmin(p->y, 0)) : p->low);
    axis_include(&d->y, fmax(p->high, p->y));
}

static bool can_draw_reference(const struct drawing *d)
{
    return d->plot->has_reference && d->y.used && isfinite(d->plot->reference) &&
           (!d->plot->log_y || d->plot->reference > 0);
}

/* What is to be shown beside the points. Crosses alone have an axis that says nothing. */
static void collect_range(struct drawing *d)
{
    const struct plot *plot = d->plot;
    if (d->x.used && !d->y.used)
        axis_include(&d->y, 1);
    if (d->y.used && plot->y_from < plot->y_to && (!plot->log_y || plot->y_from > 0)) {
        axis_include(&d->y, plot->y_from);
        axis_include(&d->y, plot->y_to);
    }
}

static void collect(struct drawing *d)
{
    const struct plot *plot = d->plot;
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct plot_series *s = &plot->series[i];
        for (size_t k = 0; k < s->count; k++)
            collect_point(d, s, &s->points[k]);
        d->bars += s->style == PLOT_BARS;
        d->key_names += plot_drawn_points(plot, s) && s->name && *s->name;
    }
    collect_range(d);
    if (can_draw_reference(d)) {
        axis_include(&d->y, plot->reference);
        d->key_names += plot->reference_name && *plot->reference_name;
    }
    axis_pad(&d->x, plot->log_x, false);
    axis_pad(&d->y, plot->log_y, d->bars > 0);
    d->bottom = plot->log_y ? d->y.low * pow(d->y.high / d->y.low, 0.03)
                            : d->y.low + (d->y.high - d->y.low) * 0.03;
}

static void add_setting(struct drawing *d, const char *setting, const char *text)
{
    if (!text || !*text)
        return;
    text_add(&d->script, "set %s", setting);
    gnuplot_add_quoted(&d->script, text);
    text_add(&d->script, "\n");
}

/* The names under the bars: slanted where they would touch, and not all where there are many. */
static void add_bar_labels(struct drawing *d)
{
    size_t longest = 0, step = (d->label_count + LABELS_MAX - 1) / LABELS_MAX;
    text_add(&d->script, "set xtics scale 0 (");
    for (size_t i = 0; i < d->label_count; i += step) {
        size_t len = strlen(d->labels[i]);
        longest = len > longest ? len : longest;
        text_add(&d->script, i ? "," : "");
        gnuplot_add_quoted_format(&d->script, d->labels[i]);
        text_add(&d->script, " %zu", i);
    }
    text_add(&d->script, ")");
    size_t shown = (d->label_count + step - 1) / step;
    if ((longest + 1) * shown * CHARACTER_WIDTH > d->width)
        text_add(&d->script, " rotate by %d", shown > LABELS_MAX / 2 ? -90 : -30);
    text_add(&d->script, "\nset xrange [-0.5:%zu.5]\n", d->label_count - 1);
}

/* One tic for each x; false: they are too many, or too near to each other to be read. */
static bool find_tics(const struct drawing *d, double tics[TICS_MAX], size_t *ret_count)
{
    size_t count = 0;
    bool is_log = d->plot->log_x;
    double length = is_log ? log(d->x.high / d->x.low) : d->x.high - d->x.low;
    for (size_t i = 0; i < d->plot->series_count; i++) {
        const struct plot_series *s = &d->plot->series[i];
        for (size_t k = 0; k < s->count; k++) {
            double x = s->points[k].x, gap = INFINITY;
            if (!plot_can_draw(d->plot, s->style, &s->points[k]))
                continue;
            for (size_t t = 0; t < count; t++)
                gap = fmin(gap, fabs(is_log ? log(x / tics[t]) : x - tics[t]));
            if (gap == 0)
                continue;
            if (count == TICS_MAX || gap < length * 0.07)
                return false;
            tics[count++] = x;
        }
    }
    *ret_count = count;
    return count > 0;
}

static void add_tics_at_points(struct drawing *d)
{
    double tics[TICS_MAX];
    size_t count;
    if (!d->plot->tics_at_points || !find_tics(d, tics, &count))
        return;
    text_add(&d->script, "set xtics (");
    for (size_t i = 0; i < count; i++) {
        text_add(&d->script, "%s'%.10g'", i ? ", " : "", tics[i]);
        gnuplot_add_number(&d->script, tics[i]);
    }
    text_add(&d->script, ")\nset mxtics 1\n");
}

static void add_band(struct text *script, const struct plot_band *b, const struct axis *x)
{
    double from = fmax(b->from, x->low), to = fmin(b->to, x->high);
    if (from < to)
        text_add(script,
                 "set object rectangle from first %.15g, graph 0 to first %.15g, graph 1 behind "
                 "fillcolor rgb '" SVG_BAND "' fillstyle solid 1 noborder\n",
                 from, to);
    else
        text_add(script,
                 "set arrow from first %.15g, graph 0 to first %.15g, graph 1 nohead back "
                 "linecolor rgb '" SVG_AXIS "' dashtype 3\n",
                 from, from);
    text_add(script, "set label");
    gnuplot_add_quoted(script, b->name ? b->name : "");
    text_add(script,
             " at first %.15g, graph 0.98 rotate by 90 right offset character 0.7, 0 font ',11' "
             "textcolor rgb '" SVG_AXIS "'\n",
             from);
}

static void add_bands(struct drawing *d)
{
    for (size_t i = 0; i < d->plot->band_count && d->x.used; i++) {
        const struct plot_band *b = &d->plot->bands[i];
        if (b->to >= d->x.low && b->from <= d->x.high)
            add_band(&d->script, b, &d->x);
    }
}

static void add_axes(struct drawing *d)
{
    struct text *script = &d->script;
    text_add(script, "set border 3 linecolor rgb '" SVG_AXIS "'\n"
                     "set tics nomirror out scale 0.5\n"
                     "set format '%%g'\n"
                     "set grid linecolor rgb '" SVG_GRID "' linetype 1 linewidth 0.8\n");
    if (!d->y.used) {
        text_add(script, "set label 1 'no data' at graph 0.5, graph 0.5 center\n"
                         "set xrange [0:1]\nset yrange [0:1]\nunset tics\n");
        return;
    }
    if (d->plot->log_y || d->plot->y_from < d->plot->y_to)
        axis_add(&d->y, 'y', d->plot->log_y, script);
    if (!d->label_count) {
        axis_add(&d->x, 'x', d->plot->log_x, script);
        add_tics_at_points(d);
        add_bands(d);
        return;
    }
    text_add(script, "set grid noxtics\nset style fill solid 0.85 noborder\n");
    if (!d->plot->log_y)
        text_add(script, "set yrange [*<0:0<*]\n"); /* the length of a bar is its value */
    add_bar_labels(d);
}

void plot_add_output(struct drawing *d, const char *picture, const char *end)
{
    int len = (int)strlen(picture) - (*end ? 4 : 0);
    /* "./": never a pipe to '|…' */
    _cleanup_(freep) char *output = xasprintf("./%.*s%s", len, picture, end);
    add_setting(d, "output", output);
}

static void add_frame(struct drawing *d, const char *picture)
{
    struct text *script = &d->script;
    text_add(script, "set encoding utf8\n");
    text_add(script,
             "set terminal svg size %u,%u dynamic standalone noenhanced font 'sans-serif,14' "
             "background rgb 'white'\n",
             d->width, d->height);
    plot_add_output(d, picture, "");
    add_setting(d, "title", d->plot->title);
    add_setting(d, "xlabel", d->plot->x_label);
    add_setting(d, "ylabel", d->plot->y_label);
    add_axes(d);
    if (d->key_names == 0)
        text_add(script, "unset key\n");
    else
        text_add(script, "set key below center horizontal Left reverse height 1%s\n",
                 d->key_names > LONG_KEY ? " samplen 2 font ',10' spacing 0.8" : "");
}

/* `x` moved to the place of the series beside the others. */
static double x_of(const struct drawing *d, size_t index, double x)
{
    static const double apart = 0.012, all = 0.06; /* of the axis */
    size_t number, last;
    plot_is_entry(d->plot, index, &number);
    plot_is_entry(d->plot, d->plot->series_count - 1, &last);
    double step = last > 0 ? fmin(apart, all / (double)last) : 0;
    double shift = ((double)number - (double)last / 2) * step;
    return d->plot->log_x ? x * pow(d->x.high / d->x.low, shift)
                          : x + (d->x.high - d->x.low) * shift;
}

/* One line a point: x, y and the ends of the error bar. `bar`: the series' place among the bars. */
static void add_data(struct drawing *d, size_t index, size_t bar)
{
    const struct plot_series *s = &d->plot->series[index];
    struct text *script = &d->script;
    text_add(script, "$series%zu << EOD\n", index);
    for (size_t i = 0; i < s->count; i++) {
        const struct plot_point *p = &s->points[i];
        if (!plot_can_draw(d->plot, s->style, p))
            continue;
        double x = d->plot->side_by_side ? x_of(d, index, p->x) : p->x;
        if (s->style == PLOT_BARS)
            x = (double)label_index(d, p->label) +
                ((double)bar - (double)(d->bars - 1) / 2) * 0.8 / (double)d->bars;
        bool with_bar = has_error_bar(s, p);
        double y = s->style == PLOT_FAILED ? d->bottom : p->y;
        /* on a logarithmic axis an end at zero or below is somewhere under the picture */
        double low = d->plot->log_y            ? fmax(p->low, d->y.low / 2)
                     : d->plot->never_negative ? fmax(p->low, fmin(p->y, 0))
                                               : p->low;
        gnuplot_add_number(script, x);
        gnuplot_add_number(script, y);
        gnuplot_add_number(script, with_bar ? low : NAN);
        gnuplot_add_number(script, with_bar ? p->high : NAN);
        text_add(script, "\n");
    }
    text_add(script, "EOD\n");
}

static void add_all_data(struct drawing *d)
{
    size_t bar = 0;
    for (size_t i = 0; i < d->plot->series_count; i++) {
        if (plot_drawn_points(d->plot, &d->plot->series[i]))
            add_data(d, i, bar);
        bar += d->plot->series[i].style == PLOT_BARS;
    }
}

static void add_title(struct drawing *d, const char *name)
{
    if (name && *name) {
        text_add(&d->script, " title");
        gnuplot_add_quoted(&d->script, name);
    } else {
        text_add(&d->script, " notitle");
    }
}

/* Under the markers, but over bars. Vectors with flat heads: gnuplot 5.4 erases what is under the
 * middle of its own error bars. */
static void add_error_bars(struct drawing *d, size_t index, const char *color)
{
    text_add(&d->script,
             "$series%zu using 1:3:(0):($4-$3) with vectors heads size screen 0.004,90 nofilled "
             "linecolor rgb '%s' linewidth 1.5 notitle",
             index, color);
}

static void add_series(struct drawing *d, size_t index)
{
    const struct plot_series *s = &d->plot->series[index];
    struct text *script = &d->script;
    size_t number;
    plot_is_entry(d->plot, index, &number);
    const char *color = svg_palette[number % SVG_COLORS];
    /* after the last colour the first comes again, with another marker and broken lines */
    size_t round = number / SVG_COLORS;
    int marker = plot_marker(number);
    const char *size = s->count < MANY_POINTS ? "0.8" : "0.45";
    bool with_bars = plot_has_error_bars(d->plot, s);
    if (with_bars && s->style != PLOT_BARS) {
        add_error_bars(d, index, color);
        text_add(script, ", \\\n    ");
    }
    if (s->style == PLOT_BARS)
        text_add(script, "$series%zu using 1:2:(%.6g) with boxes linecolor rgb '%s'", index,
                 0.8 / (double)d->bars * 0.92, color);
    else if (s->style == PLOT_LINES)
        text_add(script,
                 "$series%zu using 1:2 with linespoints linecolor rgb '%s' linewidth 2 "
                 "dashtype %zu pointtype %d pointsize %s",
                 index, color, 1 + round % 5, marker, size);
    else if (s->style == PLOT_FAILED)
        text_add(script,
                 "$series%zu using 1:2 with points linecolor rgb '%s' linewidth 2 pointtype 2 "
                 "pointsize 1.1",
                 index, color);
    else if (s->style == PLOT_HOLLOW)
        text_add(script,
                 "$series%zu using 1:2 with points linecolor rgb '%s' pointtype 6 pointsize 1.2",
                 index, color);
    else
        text_add(script,
                 "$series%zu using 1:2 with points linecolor rgb '%s' pointtype %d pointsize %s",
                 index, color, marker, size);
    add_title(d, s->name);
    if (with_bars && s->style == PLOT_BARS) {
        text_add(script, ", \\\n    ");
        add_error_bars(d, index, SVG_DARK);
    }
}

static void add_elements(struct drawing *d)
{
    struct text *script = &d->script;
    const char *separator = "plot ";
    for (size_t i = 0; i < d->plot->series_count; i++) {
        if (!plot_drawn_points(d->plot, &d->plot->series[i]))
            continue;
        text_add(script, "%s", separator);
        add_series(d, i);
        separator = ", \\\n    ";
    }
    if (can_draw_reference(d)) {
        text_add(script, "%s", separator);
        gnuplot_add_number(script, d->plot->reference);
        text_add(script, " with lines linecolor rgb '" SVG_DARK "' linewidth 1.5 dashtype 2");
        add_title(d, d->plot->reference_name);
    } else if (!d->y.used) {
        text_add(script, "plot NaN notitle");
    }
    text_add(script, "\n");
}

/* Twice as many pixels as the SVG file says: what paper and good screens show. */
static void add_png(struct drawing *d, const char *picture)
{
    text_add(&d->script,
             "set output\nset terminal pngcairo size %u,%u noenhanced font 'sans-serif,10.5' "
             "fontscale 2 linewidth 2 pointscale 2 background rgb 'white'\n",
             2 * d->width, 2 * d->height);
    plot_add_output(d, picture, ".png");
    text_add(&d->script, "replot\nset output\n");
}

void plot_add_script(struct drawing *d, const char *picture)
{
    d->width = d->plot->width ? d->plot->width : PICTURE_WIDTH;
    d->height = d->plot->height ? d->plot->height : PICTURE_HEIGHT;
    collect(d);
    add_frame(d, picture);
    add_all_data(d);
    add_elements(d);
    add_png(d, picture);
}
