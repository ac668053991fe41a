/* SPDX-License-Identifier: MIT
 *
 * Pictures, drawn by gnuplot as SVG and PNG files. The script is written beside them (PATH with
 * .gp for .svg) with the data inline, so that whoever wants another look can edit it and run it
 * again, also after the folder was moved. For a page the same picture can be had as SVG to embed.
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
    const char *label; /* PLOT_BARS: the name under the bar; else what a page says when the point
                          is pointed at, NULL: nothing */
};

enum plot_style {
    PLOT_LINES,  /* lines with points and error bars */
    PLOT_POINTS, /* points alone, without error bars: raw samples over time */
    PLOT_HOLLOW, /* points with error bars, drawn as outlines: what is not to be relied on */
    PLOT_BARS,   /* one bar per point; x is ignored, label names it; equal labels stand together */
    PLOT_FAILED, /* crosses at the bottom; y is ignored: there is no value */
};

/* PLOT_HOLLOW and PLOT_FAILED belong to the last series of another style before them: they have
 * its colour and are shown and hidden with it. */

struct plot_series {
    const char *name; /* NULL: not in the key */
    enum plot_style style;
    const struct plot_point *points;
    size_t count;
};

/* A time that is shaded behind the data; from equal to to: a line. */
struct plot_band {
    double from, to;
    const char *name; /* written at its top */
};

struct plot {
    const char *title, *x_label, *y_label; /* NULL: none */
    bool log_x, log_y;                     /* log_x means nothing where bars are drawn */
    bool has_reference;                    /* a dashed horizontal line, e.g. the nominal time */
    double reference;
    const char *reference_name; /* NULL: not in the key */
    const struct plot_series *series;
    size_t series_count;
    const struct plot_band *bands;
    size_t band_count;
    unsigned width, height; /* pixels, while the picture is not scaled; 0: 900 x 500 */
    bool tics_at_points;    /* the x axis has its tics where points are, unless they are many */
    double y_from, y_to;    /* to be shown, and all points; both 0: error bars too */
    bool never_negative;    /* error bars end at 0 */
    bool side_by_side;      /* points of different lines are drawn a little apart, so that none is
                               under another where they have one x */
};

/* Writes PATH (which ends in .svg), the same as .png and the script beside it; the folder must
 * exist. Names may contain any characters. Without anything to draw the picture says "no data".
 * -ENOENT with STATUS_MACHINE when gnuplot is not installed (Debian: gnuplot-nox); the script is
 * there nevertheless. When gnuplot fails, the error has what it said. */
int plot_write(const struct plot *plot, const char *path, struct error *err);

/* The same, and `*ret_svg`, the caller's, is the picture to be embedded in a page (page.h): without
 * title and key, and as svg_inline() makes it. */
int plot_write_inline(const struct plot *plot, const char *path, char **ret_svg, struct error *err);

/* For the key that a page has instead: whether a series is an entry of its own (not one that
 * belongs to another), and its number, in order, for its colour and marker. */
bool plot_is_entry(const struct plot *plot, size_t series, size_t *ret_number);
/* gnuplot's number of an entry's marker. */
int plot_marker(size_t number);

#endif
