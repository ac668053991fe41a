/* SPDX-License-Identifier: MIT
 *
 * A report as one HTML file that needs nothing else: page.html is its frame, with page.css and
 * page.js inside; all three are carried inside the program. Everything here writes to `out` as it
 * goes; texts may contain any characters and are escaped.
 */
#ifndef WANLAB_REPORT_PAGE_H
#define WANLAB_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/plot.h"

void page_begin(FILE *out, const char *title);
void page_end(FILE *out);

/* The page's heading with a line under it; and the place for links to all sections. */
void page_title(FILE *out, const char *title, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void page_links(FILE *out);

/* A section with its heading; `id` is for links to it. Ended by page_section_end(). */
void page_section(FILE *out, const char *id, const char *heading);
void page_section_end(FILE *out);

/* A paragraph; `class` of page.css, or NULL. */
void page_note(FILE *out, const char *class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A row of numbers with a name under each, between the two. */
void page_numbers_begin(FILE *out);
void page_number(FILE *out, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void page_numbers_end(FILE *out);

/* A table that can be sorted and downloaded as NAME.csv. */
struct page_column {
    const char *name;                                  /* in the CSV file */
    const char *heading;                               /* NULL: the name */
    enum { PAGE_TEXT, PAGE_NUMBER, PAGE_HIDDEN } kind; /* hidden: a number, only in the CSV file */
};
void page_table_begin(FILE *out, const char *name, const struct page_column *columns, size_t count);
void page_row(FILE *out);
void page_cell(FILE *out, const char *text);
/* A number: `shown` to people, `value` in the CSV file (empty if not finite). */
void page_cell_number(FILE *out, double value, const char *shown);
/* A number of a column that is hidden. */
void page_cell_hidden(FILE *out, double value);
/* A verdict, or "failed", in its colour. */
void page_cell_verdict(FILE *out, const char *verdict);
void page_table_end(FILE *out);

/* A plot as plot_write_inline() made it, with its title, its key, and its data to be downloaded as
 * NAME.csv. `svg` NULL: the figure could not be drawn, and says so. */
void page_figure(FILE *out, const struct plot *plot, const char *name, const char *svg);

/* A picture alone, as svg_inline() made it. */
void page_picture(FILE *out, const char *title, const char *svg);

/* Text to be copied as a whole, such as a command; `name`: also to be downloaded as such a file,
 * NULL: not. */
void page_code(FILE *out, const char *text, const char *name);

#endif
