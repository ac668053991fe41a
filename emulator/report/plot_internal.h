/* SPDX-License-Identifier: MIT
 *
 * A picture's script for gnuplot (plot_script.c), for who writes and runs it (plot.c).
 */
#ifndef WANLAB_REPORT_PLOT_INTERNAL_H
#define WANLAB_REPORT_PLOT_INTERNAL_H

#include "base/text.h"
#include "report/axis.h"
#include "report/plot.h"

/* A picture while its script is written. */
struct drawing {
    const struct plot *plot;
    unsigned width, height;
    const char **labels; /* of all bars, each once; bar i stands at x = i */
    size_t label_count;
    size_t bars;      /* series of bars: they stand side by side */
    size_t key_names; /* entries of the key */
    struct axis x, y; /* unused: there is nothing to draw */
    double bottom;    /* y of what failed */
    struct text script;
};

/* Adds the script of a drawing of which nothing but `plot` is set; `picture` is the name of the
 * file that it makes, which ends in .svg. */
void plot_add_script(struct drawing *d, const char *picture);

/* Adds the name of what is drawn from here on; `end` takes the place of .svg, if it is not empty.
 */
void plot_add_output(struct drawing *d, const char *picture, const char *end);

/* What the script has: which points, how many of a series, and whether any of that with an error
 * bar. */
bool plot_can_draw(const struct plot *plot, enum plot_style style, const struct plot_point *p);
size_t plot_drawn_points(const struct plot *plot, const struct plot_series *s);
bool plot_has_error_bars(const struct plot *plot, const struct plot_series *s);

#endif
