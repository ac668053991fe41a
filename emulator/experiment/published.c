/* SPDX-License-Identifier: MIT */
#include "experiment/published.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/winner_table.h"
#include "report/csv.h"

struct reading {
    const char *path;
    size_t line; /* of the present row */
    struct csv csv;
    int cell, metric, winner, note; /* columns */
    json_t *rows;
};

static int fail(const struct reading *r, struct error *err, const char *what)
{
    return error_input(err, "%s:%zu:1: %s", r->path, r->line, what);
}

static int find_columns(struct reading *r, struct error *err)
{
    r->cell = csv_column(&r->csv, "cell");
    r->metric = csv_column(&r->csv, "metric");
    r->winner = csv_column(&r->csv, "winner");
    r->note = csv_column(&r->csv, "note");
    return r->cell >= 0 && r->metric >= 0 && r->winner >= 0
               ? 0
               : fail(r, err, "expected the columns cell, metric, winner and note");
}

static size_t lines_of(const struct csv *c)
{
    size_t count = 1;
    for (size_t i = 0; i < c->count; i++)
        for (const char *p = c->fields[i]; (p = strchr(p, '\n')); p++)
            count++;
    return count;
}

static int check_name(const struct reading *r, const char *what, const char *name, json_t *known,
                      struct error *err)
{
    json_t *item;
    size_t i, count = json_array_size(known);
    _cleanup_(freep) const char **names = xcalloc(count + 1, sizeof(*names));
    _cleanup_(text_done) struct text all = {0};
    json_array_foreach(known, i, item)
    {
        names[i] = json_string_value(item);
        text_add(&all, "%s%s", i ? ", " : "", names[i]);
        if (strcmp(names[i], name) == 0)
            return 0;
    }
    if (count == 0)
        return 0;
    const char *nearest = text_nearest(name, names, count);
    return error_input(err, "%s:%zu:1: found the %s '%.60s', %s%s%s", r->path, r->line, what, name,
                       nearest ? "did you mean '" : "expected one of: ",
                       nearest ? nearest : all.data, nearest ? "'?" : "");
}

static int take_row(struct reading *r, const struct published_names *known, struct error *err)
{
    const char *cell = csv_text(&r->csv, r->cell), *metric = csv_text(&r->csv, r->metric);
    const char *winner = csv_text(&r->csv, r->winner);
    if (r->csv.count > r->csv.column_count)
        return fail(r, err, "this row has more fields than the first: is a note without quotes?");
    if (!*metric || !*winner)
        return fail(r, err, "this row has no metric or no winner");
    int result = check_name(r, "cell", cell, known->cells, err);
    if (result == 0)
        result = check_name(r, "metric", metric, known->metrics, err);
    if (result == 0 && strcmp(winner, WINNER_TIE) != 0)
        result = check_name(r, "winner", winner, known->winners, err);
    if (result < 0)
        return result;
    json_t *other;
    size_t i;
    json_array_foreach(r->rows, i, other)
    {
        if (strcmp(json_text_of(other, "cell"), cell) == 0 &&
            strcmp(json_text_of(other, "metric"), metric) == 0)
            return fail(r, err, "this cell and metric are here again");
    }
    if (json_array_append_new(r->rows,
                              json_pack("{s:s s:s s:s s:s}", "cell", cell, "metric", metric,
                                        "winner", winner, "note", csv_text(&r->csv, r->note))) < 0)
        return fail(r, err, "this row is no UTF-8");
    return 0;
}

int published_read(const char *path, const struct published_names *known, json_t **ret,
                   struct error *err)
{
    struct reading r = {.path = path, .line = 1, .rows = json_array()};
    int result = csv_open(&r.csv, path, err);
    if (result == 0)
        result = find_columns(&r, err);
    size_t next = 2;
    while (result == 0 && csv_next(&r.csv)) {
        r.line = next;
        next += lines_of(&r.csv);
        result = take_row(&r, known, err);
    }
    r.line = next;
    if (result == 0 && r.csv.was_cut)
        result = fail(&r, err, "the file's last line has no end: was it cut?");
    csv_close(&r.csv);
    if (result < 0)
        json_decref(r.rows);
    else
        *ret = r.rows;
    return result;
}
