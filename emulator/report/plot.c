/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/axis.h"
#include "report/gnuplot.h"

enum {
    PICTURE_WIDTH = 900, /* pixels, while the picture is not scaled */
    PICTURE_HEIGHT = 500,
    CHARACTER_WIDTH = 9, /* of the picture's font, about */
    LABELS_MAX = 50,     /* that can be read under one another */
    MANY_POINTS = 50,    /* from here on markers are small */
    LONG_KEY = 12,       /* with more entries it is written smaller */
};

/* Okabe and Ito's colours, which people with any colour vision can tell apart; grey for their
 * yellow, which is hard to see on white. */
static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000", "#888888"};
static const int markers[] = {7, 5, 9, 11, 13, 6, 4, 8, 10, 12, 1, 2, 3};

/* A picture while its script is written. */
struct drawing {
    const struct plot *plot;
    const char **labels; /* of all bars, each once; bar i stands at x = i */
    size_t label_count;
    size_t bars;      /* series of bars: they stand side by side */
    size_t key_names; /* entries of the key */
    struct axis x, y; /* unused: there is nothing to draw */
    struct text script;
};

static bool can_draw(const struct plot *plot, enum plot_style style, const struct plot_point *p)
{
    if (!isfinite(p->y) || (plot->log_y && p->y <= 0))
        return false;
    return style == PLOT_BARS || (isfinite(p->x) && (!plot->log_x || p->x > 0));
}

static bool has_error_bar(const struct plot_series *s, const struct plot_point *p)
{
    return s->style != PLOT_POINTS && isfinite(p->low) && isfinite(p->high) &&
           (p->low != p->y || p->high != p->y);
}

static size_t drawn_points(const struct plot *plot, const struct plot_series *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++)
        count += can_draw(plot, s->style, &s->points[i]);
    return count;
}

static bool has_error_bars(const struct plot *plot, const struct plot_series *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (can_draw(plot, s->style, &s->points[i]) && has_error_bar(s, &s->points[i]))
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
    if (!can_draw(d->plot, s->style, p))
        return;
    if (s->style != PLOT_BARS)
        axis_include(&d->x, p->x);
    axis_include(&d->y, p->y);
    if (!has_error_bar(s, p))
        return;
    if (!d->plot->log_y || p->low > 0)
        axis_include(&d->y, p->low);
    axis_include(&d->y, fmax(p->high, p->y));
}

static bool can_draw_reference(const struct drawing *d)
{
    return d->plot->has_reference && d->y.used && isfinite(d->plot->reference) &&
           (!d->plot->log_y || d->plot->reference > 0);
}

static void collect(struct drawing *d)
{
    const struct plot *plot = d->plot;
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct plot_series *s = &plot->series[i];
        for (size_t k = 0; k < s->count; k++)
            collect_point(d, s, &s->points[k]);
        d->bars += s->style == PLOT_BARS;
        d->key_names += drawn_points(plot, s) && s->name && *s->name;
    }
    if (can_draw_reference(d)) {
        axis_include(&d->y, plot->reference);
        d->key_names += plot->reference_name && *plot->reference_name;
    }
    axis_pad(&d->x, plot->log_x, false);
    axis_pad(&d->y, plot->log_y, d->bars > 0);
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
    if ((longest + 1) * shown * CHARACTER_WIDTH > PICTURE_WIDTH)
        text_add(&d->script, " rotate by %d", shown > LABELS_MAX / 2 ? -90 : -30);
    text_add(&d->script, "\nset xrange [-0.5:%zu.5]\n", d->label_count - 1);
}

static void add_axes(struct drawing *d)
{
    struct text *script = &d->script;
    text_add(script, "set border 3 linecolor rgb '#666666'\n"
                     "set tics nomirror\n"
                     "set format '%%g'\n"
                     "set grid linecolor rgb '#DDDDDD' linetype 1 linewidth 0.8\n");
    if (!d->y.used) {
        text_add(script, "set label 1 'no data' at graph 0.5, graph 0.5 center\n"
                         "set xrange [0:1]\nset yrange [0:1]\nunset tics\n");
        return;
    }
    if (d->plot->log_y)
        axis_add(&d->y, 'y', true, script);
    if (!d->label_count) {
        axis_add(&d->x, 'x', d->plot->log_x, script);
        return;
    }
    text_add(script, "set grid noxtics\nset style fill solid 0.85 noborder\n");
    if (!d->plot->log_y)
        text_add(script, "set yrange [*<0:0<*]\n"); /* the length of a bar is its value */
    add_bar_labels(d);
}

static void add_frame(struct drawing *d, const char *picture)
{
    struct text *script = &d->script;
    text_add(script, "set encoding utf8\n");
    text_add(script,
             "set terminal svg size %d,%d dynamic standalone noenhanced font 'sans-serif,14' "
             "background rgb 'white'\n",
             PICTURE_WIDTH, PICTURE_HEIGHT);
    _cleanup_(freep) char *output = xasprintf("./%s", picture); /* "./": never a pipe to '|…' */
    add_setting(d, "output", output);
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

/* One line a point: x, y and the ends of the error bar. `bar`: the series' place among the bars. */
static void add_data(struct drawing *d, size_t index, size_t bar)
{
    const struct plot_series *s = &d->plot->series[index];
    struct text *script = &d->script;
    text_add(script, "$series%zu << EOD\n", index);
    for (size_t i = 0; i < s->count; i++) {
        const struct plot_point *p = &s->points[i];
        if (!can_draw(d->plot, s->style, p))
            continue;
        double x = p->x;
        if (s->style == PLOT_BARS)
            x = (double)label_index(d, p->label) +
                ((double)bar - (double)(d->bars - 1) / 2) * 0.8 / (double)d->bars;
        bool with_bar = has_error_bar(s, p);
        /* on a logarithmic axis an end at zero or below is somewhere under the picture */
        double low = d->plot->log_y ? fmax(p->low, d->y.low / 2) : p->low;
        gnuplot_add_number(script, x);
        gnuplot_add_number(script, p->y);
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
        if (drawn_points(d->plot, &d->plot->series[i]))
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

/* Vectors with flat heads: gnuplot 5.4 erases what is under the middle of its own error bars. */
static void add_error_bars(struct drawing *d, size_t index, const char *color)
{
    text_add(&d->script,
             ", \\\n    $series%zu using 1:3:(0):($4-$3) with vectors heads size screen 0.004,90 "
             "nofilled linecolor rgb '%s' linewidth 1.5 notitle",
             index, color);
}

static void add_series(struct drawing *d, size_t index)
{
    const struct plot_series *s = &d->plot->series[index];
    struct text *script = &d->script;
    const char *color = palette[index % ARRAY_LEN(palette)];
    /* after the last colour the first comes again, with another marker and broken lines */
    size_t round = index / ARRAY_LEN(palette);
    int marker = markers[(index + round) % ARRAY_LEN(markers)];
    const char *size = s->count < MANY_POINTS ? "0.8" : "0.45";
    if (s->style == PLOT_BARS)
        text_add(script, "$series%zu using 1:2:(%.6g) with boxes linecolor rgb '%s'", index,
                 0.8 / (double)d->bars * 0.92, color);
    else if (s->style == PLOT_LINES)
        text_add(script,
                 "$series%zu using 1:2 with linespoints linecolor rgb '%s' linewidth 2 "
                 "dashtype %zu pointtype %d pointsize %s",
                 index, color, 1 + round % 5, marker, size);
    else if (s->style == PLOT_HOLLOW)
        text_add(script,
                 "$series%zu using 1:2 with points linecolor rgb '%s' pointtype 6 pointsize 1.2",
                 index, color);
    else
        text_add(script,
                 "$series%zu using 1:2 with points linecolor rgb '%s' pointtype %d pointsize %s",
                 index, color, marker, size);
    add_title(d, s->name);
    if (has_error_bars(d->plot, s))
        add_error_bars(d, index, s->style == PLOT_BARS ? "#333333" : color);
}

static void add_elements(struct drawing *d)
{
    struct text *script = &d->script;
    const char *separator = "plot ";
    for (size_t i = 0; i < d->plot->series_count; i++) {
        if (!drawn_points(d->plot, &d->plot->series[i]))
            continue;
        text_add(script, "%s", separator);
        add_series(d, i);
        separator = ", \\\n    ";
    }
    if (can_draw_reference(d)) {
        text_add(script, "%s", separator);
        gnuplot_add_number(script, d->plot->reference);
        text_add(script, " with lines linecolor rgb '#333333' linewidth 1.5 dashtype 2");
        add_title(d, d->plot->reference_name);
    } else if (!d->y.used) {
        text_add(script, "plot NaN notitle");
    }
    text_add(script, "\n");
}

static void add_script(struct drawing *d, const char *picture)
{
    collect(d);
    add_frame(d, picture);
    add_all_data(d);
    add_elements(d);
}

static int check_picture(const char *path, const char *picture, struct error *err)
{
    size_t len = strlen(picture);
    if (len <= 4 || strcmp(picture + len - 4, ".svg") != 0)
        return error_set(err, EINVAL, "'%s' does not end in .svg", path);
    for (const char *p = picture; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return error_set(err, EINVAL, "the file name of a plot has a control character");
    }
    return 0;
}

int plot_write(const struct plot *plot, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *picture = slash ? slash + 1 : path;
    int r = check_picture(path, picture, err);
    if (r < 0)
        return r;
    int folder_len = (int)(slash > path ? slash - path : 1); /* "/" itself keeps its slash */
    _cleanup_(freep) char *folder = slash ? xasprintf("%.*s", folder_len, path) : xstrdup(".");
    _cleanup_(freep) char *name = xasprintf("%.*s.gp", (int)strlen(picture) - 4, picture);
    _cleanup_(freep) char *script = xasprintf("%s/%s", folder, name);
    struct drawing d = {.plot = plot};
    add_script(&d, picture);
    r = file_write(script, d.script.data, err);
    free(d.labels);
    text_done(&d.script);
    return r < 0 ? r : gnuplot_run(folder, name, err);
}
