/* SPDX-License-Identifier: MIT
 *
 * The file is read line by line and cell by cell; every cell remembers its column, so that what is
 * only asked for later can still be blamed on its place.
 */
#include "topology/matrix.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/yaml.h"

enum { FILE_MAX = 64 << 20, REGIONS_MAX = 4096 };

#define MS_MAX 3.6e9 /* 1,000 hours */

struct cell {
    double ms; /* negative: empty */
    unsigned column;
};

struct matrix {
    char *file;
    bool is_rtt;
    unsigned holds_line; /* where the file says what it holds; 0: not yet */
    char **regions;
    size_t region_count;
    struct cell *cells; /* row after row in file order, region_count in each */
    size_t cell_count;
    unsigned *row_line; /* by region; 0: it has no row */
    size_t *row_first;  /* by region: index of its first cell */
};

/* Walks through the cells of a line. */
struct cursor {
    const struct matrix *m;
    char *next; /* what is left of the line; NULL: nothing */
    const char *line_start;
    struct mark mark; /* of the cell taken last */
};

void matrix_free(struct matrix *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->region_count; i++)
        free(m->regions[i]);
    free(m->regions);
    free(m->cells);
    free(m->row_line);
    free(m->row_first);
    free(m->file);
    free(m);
}
DEFINE_CLEANUP(struct matrix *, matrix_free);

/* Cuts the white space off both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

/* The next cell of the line, or NULL after the last; moves the mark there. */
static char *next_cell(struct cursor *c)
{
    if (!c->next)
        return NULL;
    char *cell = trim(strsep(&c->next, ","));
    c->mark.column = (unsigned)(cell - c->line_start) + 1;
    return cell;
}

static int find_region(const struct matrix *m, const char *region)
{
    for (size_t i = 0; i < m->region_count; i++) {
        if (strcmp(m->regions[i], region) == 0)
            return (int)i;
    }
    return -1;
}

/* "# holds: rtt"; every other comment is passed over. */
static int read_comment(struct matrix *m, struct cursor *c, struct error *err)
{
    char *text = c->next + strspn(c->next, "# \t");
    if (strncmp(text, "holds:", 6) != 0)
        return 0;
    c->mark.column = (unsigned)(text - c->line_start) + 1;
    const char *what = trim(text + 6);
    bool is_rtt = strcmp(what, "rtt") == 0;
    if (!is_rtt && strcmp(what, "one-way") != 0)
        return yaml_error(err, &c->mark, "found 'holds: %s', expected 'rtt' or 'one-way'", what);
    if (m->holds_line)
        return yaml_error(err, &c->mark, "a second 'holds:' line: the first is line %u",
                          m->holds_line);
    m->holds_line = c->mark.line;
    m->is_rtt = is_rtt;
    return 0;
}

static int read_header(struct matrix *m, struct cursor *c, struct error *err)
{
    next_cell(c); /* "from" */
    for (char *name; (name = next_cell(c));) {
        if (!*name)
            return yaml_error(err, &c->mark, "found an empty cell, expected the name of a region");
        if (strchr(name, '"'))
            return yaml_error(err, &c->mark, "found %s, expected a region without quotes", name);
        if (find_region(m, name) >= 0)
            return yaml_error(err, &c->mark, "the region '%s' is here again: expected it once",
                              name);
        if (m->region_count == REGIONS_MAX)
            return yaml_error(err, &c->mark, "too many regions: expected at most %d", REGIONS_MAX);
        m->regions = array_grow(m->regions, m->region_count, sizeof(*m->regions));
        m->regions[m->region_count++] = xstrdup(name);
    }
    if (m->region_count == 0)
        return yaml_error(err, &c->mark, "found no regions, expected a line 'from,REGION,REGION…'");
    m->row_line = xcalloc(m->region_count, sizeof(*m->row_line));
    m->row_first = xcalloc(m->region_count, sizeof(*m->row_first));
    return 0;
}

static int read_value(const char *text, const struct mark *mark, double *ret, struct error *err)
{
    char *end;
    if (!*text) {
        *ret = -1;
        return 0;
    }
    double ms = strtod(text, &end);
    if (*text == '-' && end != text && !*end)
        return yaml_error(err, mark, "found '%s', expected a time that is not negative", text);
    bool plain = text[strspn(text, "0123456789.eE+-")] == '\0'; /* no 0x1p3, inf or nan */
    if (!plain || end == text || *end)
        return yaml_error(err, mark, "found '%s', expected a number of milliseconds", text);
    if (!(ms <= MS_MAX))
        return yaml_error(err, mark, "'%s' ms is out of range: expected at most 1000 hours", text);
    *ret = ms;
    return 0;
}

static int read_row(struct matrix *m, struct cursor *c, struct error *err)
{
    const char *name = next_cell(c);
    int row = find_region(m, name);
    if (row < 0)
        return yaml_error(err, &c->mark, "the row '%s' has no column of that name", name);
    if (m->row_line[row])
        return yaml_error(err, &c->mark, "a second row for '%s': the first is line %u", name,
                          m->row_line[row]);
    m->row_line[row] = c->mark.line;
    m->row_first[row] = m->cell_count;
    size_t found = 0;
    for (const char *text; (text = next_cell(c)); found++) {
        struct cell cell = {.column = c->mark.column};
        if (found == m->region_count)
            return yaml_error(err, &c->mark, "the row '%s' is too long: expected %zu values", name,
                              m->region_count);
        int r = read_value(text, &c->mark, &cell.ms, err);
        if (r < 0)
            return r;
        m->cells = array_grow(m->cells, m->cell_count, sizeof(*m->cells));
        m->cells[m->cell_count++] = cell;
    }
    if (found < m->region_count)
        return yaml_error(err, &c->mark, "the row '%s' has %zu values, expected %zu", name, found,
                          m->region_count);
    return 0;
}

static int read_line(struct matrix *m, char *line, unsigned number, struct error *err)
{
    struct cursor c = {m, line, line, {m->file, number, 1}};
    if (line[strspn(line, " \t\r")] == '\0')
        return 0;
    if (*line == '#')
        return read_comment(m, &c, err);
    if (m->region_count == 0)
        return read_header(m, &c, err);
    return read_row(m, &c, err);
}

static int check_complete(const struct matrix *m, unsigned last_line, struct error *err)
{
    const struct mark first = {m->file, 1, 1}, last = {m->file, last_line, 1};
    if (!m->holds_line)
        return yaml_error(err, &first,
                          "found no line that says what the values are, expected '# holds: rtt' "
                          "or '# holds: one-way'");
    if (m->region_count == 0)
        return yaml_error(err, &last, "found no regions, expected a line 'from,REGION,REGION…'");
    for (size_t i = 0; i < m->region_count; i++) {
        if (!m->row_line[i])
            return yaml_error(err, &last, "the file ends without a row for the column '%s'",
                              m->regions[i]);
    }
    return 0;
}

static int read_lines(struct matrix *m, char *text, struct error *err)
{
    unsigned number = 1;
    char *rest = text;
    if (strncmp(rest, "\xef\xbb\xbf", 3) == 0) /* the byte order mark of some spreadsheets */
        rest += 3;
    for (char *line; (line = strsep(&rest, "\n")); number += rest != NULL) {
        int r = read_line(m, line, number, err);
        if (r < 0)
            return r;
    }
    return check_complete(m, number, err);
}

int matrix_open(const char *path, struct matrix **ret, struct error *err)
{
    _cleanup_(matrix_freep) struct matrix *m = xcalloc(1, sizeof(*m));
    _cleanup_(freep) char *text = NULL;
    m->file = xstrdup(path);
    int r = yaml_read_foreign(path, FILE_MAX, &text, err);
    if (r == 0)
        r = read_lines(m, text, err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(m);
    return 0;
}

bool matrix_is_rtt(const struct matrix *m)
{
    return m->is_rtt;
}

int matrix_region(const struct matrix *m, const char *region, struct error *err)
{
    int found = find_region(m, region);
    if (found >= 0)
        return found;
    const char *nearest = text_nearest(region, (const char *const *)m->regions, m->region_count);
    int r = nearest ? error_set(err, ENOENT, "no region '%s' in '%s', did you mean '%s'?", region,
                                m->file, nearest)
                    : error_set(err, ENOENT, "no region '%s' in '%s', expected one such as '%s'",
                                region, m->file, m->regions[0]);
    if (err)
        err->status = STATUS_INPUT;
    return r;
}

int matrix_delay(const struct matrix *m, unsigned from, unsigned to, uint64_t *ret_ns,
                 struct error *err)
{
    const struct cell *cell = &m->cells[m->row_first[from] + to];
    if (cell->ms < 0 && from != to)
        return yaml_error(err, &(struct mark){m->file, m->row_line[from], cell->column},
                          "found an empty cell, expected a time from '%s' to '%s'",
                          m->regions[from], m->regions[to]);
    double ms = cell->ms < 0 ? 0 : cell->ms;
    *ret_ns = (uint64_t)llround(ms * 1e6 / (m->is_rtt ? 2 : 1));
    return 0;
}
