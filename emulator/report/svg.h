/* SPDX-License-Identifier: MIT
 *
 * Makes a picture of gnuplot's fit for a page: its colours become the page's variables, which are
 * others in the dark, its markers the page's symbols, and its points can be pointed at.
 */
#ifndef WANLAB_REPORT_SVG_H
#define WANLAB_REPORT_SVG_H

#include <stddef.h>

/* The colours that plots are drawn with; page.css has a variable for each, --s0 to --s7. */
enum { SVG_COLORS = 8 };
extern const char *const svg_palette[SVG_COLORS];
#define SVG_AXIS "#666666"
#define SVG_GRID "#DDDDDD"
#define SVG_BAND "#EFEBE0"
#define SVG_DARK "#333333"
#define SVG_NAME "figure" /* the name that the picture is to be drawn with: ids begin with it */

/* One element of gnuplot's `plot` command, in order. */
struct svg_element {
    size_t number; /* of the entry of the key that it belongs to */
    char **tips;   /* what to say of each point, in order; NULL: nothing */
    size_t tip_count;
};

/* `svg` as drawn by gnuplot 5's svg terminal. In the result each element has a data-series, and
 * each of its points with a tip a data-tip. `title` is for those who cannot see it; may be NULL.
 * The caller frees it. */
char *svg_inline(const char *svg, const char *title, const struct svg_element *elements,
                 size_t count);

#endif
