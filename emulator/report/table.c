/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct table {
    size_t column_count;
    bool *right;       /* for each column: aligned right */
    char **cells;      /* the headings, then row after row */
    size_t cell_count; /* headings included */
};

static void add_cell(struct table *t, char *text /* consumed */)
{
    t->cells = array_grow(t->cells, t->cell_count, sizeof(*t->cells));
    t->cells[t->cell_count++] = text;
}

struct table *table_new(const char *const *columns, size_t count)
{
    assert(count > 0);
    struct table *t = xcalloc(1, sizeof(*t));
    t->column_count = count;
    t->right = xcalloc(count, sizeof(*t->right));
    for (size_t i = 0; i < count; i++) {
        t->right[i] = columns[i][0] == '>';
        add_cell(t, xstrdup(columns[i] + t->right[i]));
    }
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->cell_count; i++)
        free(t->cells[i]);
    free(t->cells);
    free(t->right);
    free(t);
}

void table_add(struct table *t, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    add_cell(t, r < 0 ? xstrdup("") : text);
}

static size_t row_count(const struct table *t)
{
    return (t->cell_count + t->column_count - 1) / t->column_count;
}

static const char *cell(const struct table *t, size_t row, size_t column)
{
    size_t i = row * t->column_count + column;
    return i < t->cell_count ? t->cells[i] : "";
}

/* Characters of UTF-8: every byte that does not continue one. */
static size_t width(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void put_repeated(FILE *out, char c, size_t count)
{
    while (count-- > 0)
        fputc(c, out);
}

static void put_visible(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, out);
}

static size_t *column_widths(const struct table *t)
{
    size_t *widths = xcalloc(t->column_count, sizeof(*widths));
    for (size_t i = 0; i < t->cell_count; i++) {
        size_t column = i % t->column_count, w = width(t->cells[i]);
        if (widths[column] < w)
            widths[column] = w;
    }
    return widths;
}

/* Blanks are owed, not written, until something follows them: no line ends in blanks. */
static void print_row(const struct table *t, size_t row, const size_t *widths, FILE *out)
{
    size_t owed = 0;
    for (size_t i = 0; i < t->column_count; i++) {
        const char *text = cell(t, row, i);
        size_t pad = widths[i] - width(text);
        if (t->right[i])
            owed += pad;
        if (*text) {
            put_repeated(out, ' ', owed);
            put_visible(out, text);
            owed = 0;
        }
        owed += (t->right[i] ? 0 : pad) + 2;
    }
    fputc('\n', out);
}

static void print_rule(const struct table *t, const size_t *widths, FILE *out)
{
    for (size_t i = 0; i < t->column_count; i++) {
        put_repeated(out, ' ', i ? 2 : 0);
        put_repeated(out, '-', widths[i]);
    }
    fputc('\n', out);
}

void table_print(const struct table *t, FILE *out, const char *indent)
{
    _cleanup_(freep) size_t *widths = column_widths(t);
    for (size_t row = 0; row < row_count(t); row++) {
        fputs(indent, out);
        print_row(t, row, widths, out);
        if (row == 0) {
            fputs(indent, out);
            print_rule(t, widths, out);
        }
    }
}

void csv_field(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void table_csv(const struct table *t, FILE *out)
{
    for (size_t row = 0; row < row_count(t); row++) {
        for (size_t i = 0; i < t->column_count; i++) {
            if (i)
                fputc(',', out);
            csv_field(out, cell(t, row, i));
        }
        fputc('\n', out);
    }
}
