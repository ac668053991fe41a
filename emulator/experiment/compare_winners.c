/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/compare.h"
#include "experiment/winner_table.h"
#include "report/table.h"

static const struct winner_row *find_row(const struct winner_table *t,
                                         const struct winner_row *like)
{
    for (size_t i = 0; i < t->row_count; i++)
        if (strcmp(t->rows[i].cell, like->cell) == 0 &&
            strcmp(t->rows[i].metric->name, like->metric->name) == 0)
            return &t->rows[i];
    return NULL;
}

static bool wins(const struct winner_table *t, const struct winner_row *r, const char *name)
{
    for (size_t i = 0; i < t->value_count; i++)
        if (r->values[i].wins && strcmp(r->values[i].name, name) == 0)
            return true;
    return false;
}

static void compare_rows(const struct winner_table *a, const struct winner_row *x,
                         const struct winner_table *b, const struct winner_row *y,
                         struct comparison *c)
{
    _cleanup_(freep) char *first = winner_names(a, x, false);
    _cleanup_(freep) char *second = winner_names(b, y, false);
    if (!*first && !*second)
        return;
    c->cells++;
    for (size_t i = 0; i < a->value_count; i++)
        if (x->values[i].wins && wins(b, y, x->values[i].name))
            return;
    c->differ = array_grow(c->differ, c->differ_count, sizeof(*c->differ));
    c->differ[c->differ_count++] = (struct compare_winners){
        xstrdup(x->cell), xstrdup(x->metric->name), TAKE_PTR(first), TAKE_PTR(second)};
}

void compare_winner_tables(const struct sweep_book *a, const struct sweep_book *b,
                           struct comparison *c)
{
    struct winner_table first = {0}, second = {0};
    c->has_winners = winner_table_read(a, &first) && winner_table_read(b, &second) &&
                     strcmp(first.of, second.of) == 0;
    for (size_t i = 0; i < first.row_count && c->has_winners; i++) {
        const struct winner_row *y = find_row(&second, &first.rows[i]);
        if (y)
            compare_rows(&first, &first.rows[i], &second, y, c);
    }
    winner_table_done(&first);
    winner_table_done(&second);
}

void compare_winners_done(struct comparison *c)
{
    for (size_t i = 0; i < c->differ_count; i++) {
        struct compare_winners *d = &c->differ[i];
        free(d->cell), free(d->metric), free(d->first), free(d->second);
    }
    free(c->differ);
}

static const char *or_none(const char *winners)
{
    return *winners ? winners : "-";
}

void compare_print_winners(const struct comparison *c, FILE *out)
{
    static const char *const columns[] = {"cell", "metric", "winner of the first", "of the second"};
    if (!c->has_winners)
        return;
    fprintf(out,
            "\n  the winners agree in %zu of %zu cells (a tie agrees with each of its members)\n",
            c->cells - c->differ_count, c->cells);
    if (c->differ_count == 0)
        return;
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < c->differ_count; i++) {
        const struct compare_winners *d = &c->differ[i];
        table_add(t, "%s", d->cell);
        table_add(t, "%s", d->metric);
        table_add(t, "%s", or_none(d->first));
        table_add(t, "%s", or_none(d->second));
    }
    fputc('\n', out);
    table_print(t, out, "  ");
    table_free(t);
}

json_t *compare_describe_winners(const struct comparison *c)
{
    if (!c->has_winners)
        return NULL;
    json_t *differ = json_array();
    for (size_t i = 0; i < c->differ_count; i++) {
        const struct compare_winners *d = &c->differ[i];
        json_array_append_new(differ, json_pack("{s:s s:s s:s s:s}", "cell", d->cell, "metric",
                                                d->metric, "first", d->first, "second", d->second));
    }
    return json_pack("{s:I s:I s:o}", "agree", (json_int_t)(c->cells - c->differ_count), "of",
                     (json_int_t)c->cells, "differ", differ);
}
