/* SPDX-License-Identifier: MIT
 *
 * Reads CSV files (RFC 4180, as table.h writes them) row by row, in bounded memory.
 */
#ifndef WANLAB_REPORT_CSV_H
#define WANLAB_REPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct csv {
    FILE *in;
    char **fields; /* of the present row; they live until the next */
    size_t count;
    char **columns; /* the first row */
    size_t column_count;
    bool was_cut; /* the last line has no end, and was left out */
    char *text;   /* what the fields point into */
    size_t size;
};

/* Opens the file and reads its first row. An empty file is an error of input. */
int csv_open(struct csv *c, const char *path, struct error *err);
void csv_close(struct csv *c); /* accepts one that is all zero */

/* Reads the next row; false: there is none. */
bool csv_next(struct csv *c);

/* The place of a column by its name; -1: there is none. */
int csv_column(const struct csv *c, const char *name);

/* The present row's field; "" where the row is too short, or column is -1. */
const char *csv_text(const struct csv *c, int column);
/* The same as a number; NAN where it is none. */
double csv_number(const struct csv *c, int column);

#endif
