/* SPDX-License-Identifier: MIT
 *
 * Tables of text cells: printed aligned for people, or as CSV for programs. Rows are added cell by
 * cell; a row that was begun and not filled is shown with its last cells empty.
 */
#ifndef WANLAB_REPORT_TABLE_H
#define WANLAB_REPORT_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"

struct table; /* opaque */

/* `columns`: the headings, at least one; one that begins with '>' is aligned right (and printed
 * without it). They are copied. */
struct table *table_new(const char *const *columns, size_t count);
void table_free(struct table *t);
DEFINE_CLEANUP(struct table *, table_free);

/* Adds a cell to the current row; a full row is ended by itself. */
void table_add(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Aligned, two spaces between columns, a rule under the headings, each line behind `indent`. Every
 * character of UTF-8 counts as one column wide; control characters are shown as spaces. */
void table_print(const struct table *t, FILE *out, const char *indent);

/* RFC 4180, with plain line feeds: fields with comma, quote or line break are quoted. */
void table_csv(const struct table *t, FILE *out);

/* One field by the same rules, for writers that do not build a table. */
void csv_field(FILE *out, const char *text);

#endif
