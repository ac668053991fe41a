/* SPDX-License-Identifier: MIT
 *
 * Pictures, drawn by gnuplot into SVG files. The script is written beside the picture (PATH with
 * .gp for .svg) with the data inline, so that whoever wants another look can edit it and run it
 * again, also after the folder was moved.
 */
#ifndef WANLAB_REPORT_PLOT_H
#define WANLAB_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What cannot be drawn (not finite, or not above zero on a logarithmic axis) is left out. */
struct plot_point {
    double x, y;
    double low, high;  /* ends of the error bar; both equal to y: no bar */
    const char *label; /* PLOT_BARS: the name under the bar */
};

enum plot_style {
    PLOT_LINES,  /* lines with points and error bars */
    PLOT_POINTS, /* points alone, without error bars: raw samples over time */
    PLOT_HOLLOW, /* points with error bars, drawn as outlines: what is not to be relied on */
    PLOT_BARS,   /* one bar per point; x is ignored, label names it; equal labels stand together */
};

struct plot_series {
    const char *name; /* NULL: not in the key */
    enum plot_style style;
    const struct plot_point *points;
    size_t count;
};

struct plot {
    const char *title, *x_label, *y_label; /* NULL: none */
    bool log_x, log_y;                     /* log_x means nothing where bars are drawn */
    bool has_reference;                    /* a dashed horizontal line, e.g. the nominal time */
    double reference;
    const char *reference_name; /* NULL: not in the key */
    const struct plot_series *series;
    size_t series_count;
};

/* Writes PATH (which ends in .svg) and the script beside it; the folder must exist. Names may
 * contain any characters. Without anything to draw the picture says "no data".
 * -ENOENT with STATUS_MACHINE when gnuplot is not installed (Debian: gnuplot-nox); the script is
 * there nevertheless. When gnuplot fails, the error has what it said. */
int plot_write(const struct plot *plot, const char *path, struct error *err);

#endif
