/* SPDX-License-Identifier: MIT */
#include "report/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void add_char(struct csv *c, size_t *len, char value)
{
    if (*len == c->size) {
        c->size = c->size ? 2 * c->size : 256;
        c->text = xrealloc(c->text, c->size, 1);
    }
    c->text[(*len)++] = value;
}

/* Reads a row into `text`, fields ended by NUL, as many as `*ret_count`; false: there is no whole
 * row left. */
static bool read_row(struct csv *c, size_t *ret_count)
{
    size_t len = 0;
    bool quoted = false;
    *ret_count = 0;
    for (;;) {
        int ch = getc_unlocked(c->in);
        if (ch == EOF) {
            c->was_cut = len > 0 || quoted;
            return false;
        }
        if (ch == '"') {
            int next = quoted ? getc_unlocked(c->in) : 0;
            if (next == '"')
                add_char(c, &len, '"');
            else if (quoted)
                ungetc(next, c->in);
            quoted = quoted ? next == '"' : true;
        } else if (quoted || (ch != ',' && ch != '\n' && ch != '\r')) {
            add_char(c, &len, ch ? (char)ch : ' ');
        } else if (ch != '\r') {
            add_char(c, &len, '\0');
            ++*ret_count;
            if (ch == '\n')
                return true;
        }
    }
}

bool csv_next(struct csv *c)
{
    size_t count;
    if (!read_row(c, &count))
        return false;
    c->fields = xrealloc(c->fields, count, sizeof(*c->fields));
    c->count = count;
    char *at = c->text;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        c->fields[i] = at;
    return true;
}

int csv_open(struct csv *c, const char *path, struct error *err)
{
    *c = (struct csv){.in = fopen(path, "re")};
    if (!c->in)
        return error_errno(err, errno, "cannot read '%s'", path);
    if (!csv_next(c)) {
        csv_close(c);
        return error_input(err, "'%s' is empty, or was cut off in its first line", path);
    }
    c->columns = xcalloc(c->count, sizeof(*c->columns));
    c->column_count = c->count;
    for (size_t i = 0; i < c->count; i++)
        c->columns[i] = xstrdup(c->fields[i]);
    return 0;
}

void csv_close(struct csv *c)
{
    if (c->in)
        fclose(c->in);
    for (size_t i = 0; i < c->column_count; i++)
        free(c->columns[i]);
    free(c->columns);
    free(c->fields);
    free(c->text);
    *c = (struct csv){0};
}

int csv_column(const struct csv *c, const char *name)
{
    for (size_t i = 0; i < c->column_count; i++)
        if (strcmp(c->columns[i], name) == 0)
            return (int)i;
    return -1;
}

const char *csv_text(const struct csv *c, int column)
{
    return column >= 0 && (size_t)column < c->count ? c->fields[column] : "";
}

double csv_number(const struct csv *c, int column)
{
    const char *text = csv_text(c, column);
    char *end;
    double value = strtod(text, &end);
    return end != text && *end == '\0' ? value : NAN;
}
