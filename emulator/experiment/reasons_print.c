/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/reasons.h"
#include "experiment/sweep_axis.h"
#include "report/table.h"

static const char none[] = "no measured reason";

/* --- groups --- */

/* One reason in the cells of a group. */
struct share {
    const struct reason *first;
    size_t cells;
    double low, high, strength;
};

struct shares {
    struct share *items;
    size_t count;
};

static bool same_reason(const struct reason *a, const struct reason *b)
{
    if (!a->lacks || !b->lacks)
        return a->metric == b->metric && a->lacks == b->lacks;
    return a->metric == b->metric && strcmp(a->lacks, b->lacks) == 0;
}

static void add_share(struct shares *s, const struct reason *reason)
{
    size_t i = 0;
    while (i < s->count && !same_reason(s->items[i].first, reason))
        i++;
    if (i == s->count) {
        s->items = array_grow(s->items, s->count, sizeof(*s->items));
        s->items[s->count++] = (struct share){.first = reason, .low = NAN, .high = NAN};
    }
    struct share *share = &s->items[i];
    share->cells++;
    share->low = fmin(share->low, reason->ratio.ratio);
    share->high = fmax(share->high, reason->ratio.ratio);
    share->strength = fmax(share->strength, reason->strength);
    for (; i > 0 && s->items[i - 1].strength < s->items[i].strength; i--) {
        struct share before = s->items[i - 1];
        s->items[i - 1] = s->items[i];
        s->items[i] = before;
    }
}

enum { RANGE_MAX = 48 };

/* "0.2 to 0.5", or one number if they look the same. */
static const char *format_range(char text[RANGE_MAX], double low, double high)
{
    char a[RANGE_MAX / 3], b[RANGE_MAX / 3];
    snprintf(a, sizeof(a), "%.3g", low);
    snprintf(b, sizeof(b), "%.3g", high);
    snprintf(text, RANGE_MAX, strcmp(a, b) == 0 ? "%s" : "%s to %s", a, b);
    return text;
}

/* A reason of `cells` of `of` cells. */
static void add_text(const struct winner_table *t, const struct share *s, size_t of, bool is_worse,
                     struct text *text)
{
    char range[RANGE_MAX];
    text_add(text, "%s", text->len ? ", " : "");
    if (!s->first->metric)
        text_add(text, "%s%s%s processor is emulated (QEMU without KVM)", is_worse ? "its" : "",
                 is_worse ? "" : t->to, is_worse ? "" : "'s");
    else
        text_add(text, "%s", s->first->metric->name);
    if (s->first->lacks)
        text_add(text, " (%s: none)", s->first->lacks);
    else if (s->first->metric && isfinite(s->low))
        text_add(text, " × %s", format_range(range, s->low, s->high));
    if (s->cells < of)
        text_add(text, " (in %zu)", s->cells);
}

/* What the differences from `d` on with its metric, value and direction have as reasons. */
static struct reasons_group make_group(const struct reasons *r, const struct difference *d)
{
    struct reasons_group g = {.metric = d->row->metric,
                              .value = d->value->name,
                              .is_worse = d->is_worse,
                              .low = NAN,
                              .high = NAN};
    struct shares shares = {0};
    struct text text = {0};
    size_t without = 0;
    for (const struct difference *o = d; o < r->items + r->count; o++) {
        if (o->row->metric != g.metric || o->is_worse != g.is_worse ||
            strcmp(o->value->name, g.value) != 0)
            continue;
        g.cells++;
        g.low = fmin(g.low, o->value->ratio.ratio);
        g.high = fmax(g.high, o->value->ratio.ratio);
        without += o->reason_count == 0;
        for (size_t i = 0; i < o->reason_count; i++)
            add_share(&shares, &o->reasons[i]);
    }
    for (size_t i = 0; i < shares.count; i++)
        add_text(r->table, &shares.items[i], g.cells, g.is_worse, &text);
    if (without > 0)
        text_add(&text, "%s%s", text.len ? ", " : "", none);
    if (without > 0 && without < g.cells)
        text_add(&text, " in %zu", without);
    free(shares.items);
    g.reasons = text.data;
    return g;
}

/* In which both have values. */
static size_t count_cells(const struct winner_table *t, const struct reasons_group *g)
{
    size_t count = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        const struct winner_row *row = &t->rows[i];
        const struct winner_value *to = winner_reference(t, row);
        for (size_t k = 0; k < t->value_count && row->metric == g->metric; k++)
            count += strcmp(row->values[k].name, g->value) == 0 && row->values[k].stats.count > 0 &&
                     to->stats.count > 0;
    }
    return count;
}

static bool has_group(const struct reasons_group *groups, size_t count, const struct difference *d)
{
    for (size_t i = 0; i < count; i++)
        if (groups[i].metric == d->row->metric && groups[i].is_worse == d->is_worse &&
            strcmp(groups[i].value, d->value->name) == 0)
            return true;
    return false;
}

/* By metric, then by value. */
static int order_groups(const struct winner_table *t, const struct reasons_group *a,
                        const struct reasons_group *b)
{
    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1;
    for (size_t k = 0; k < t->value_count; k++) {
        const char *name = t->rows[0].values[k].name;
        bool is_a = strcmp(name, a->value) == 0, is_b = strcmp(name, b->value) == 0;
        if (is_a != is_b)
            return is_a ? -1 : 1;
    }
    return 0;
}

struct reasons_group *reasons_list_groups(const struct reasons *r, size_t *ret_count)
{
    struct reasons_group *groups = NULL;
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (has_group(groups, count, &r->items[i]))
            continue;
        struct reasons_group g = make_group(r, &r->items[i]);
        g.of = count_cells(r->table, &g);
        groups = array_grow(groups, count, sizeof(*groups));
        size_t at = count++;
        for (; at > 0 && order_groups(r->table, &groups[at - 1], &g) > 0; at--)
            groups[at] = groups[at - 1];
        groups[at] = g;
    }
    *ret_count = count;
    return groups;
}

void reasons_groups_done(struct reasons_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(groups[i].reasons);
    free(groups);
}

char *reasons_of_row(const struct reasons *r, const struct winner_row *row)
{
    struct text text = {0};
    for (size_t i = 0; i < r->count; i++) {
        const struct difference *d = &r->items[i];
        if (d->row != row)
            continue;
        struct text own = {0};
        for (size_t k = 0; k < d->reason_count; k++)
            add_text(r->table,
                     &(struct share){.first = &d->reasons[k],
                                     .cells = 1,
                                     .low = d->reasons[k].ratio.ratio,
                                     .high = d->reasons[k].ratio.ratio},
                     1, d->is_worse, &own);
        text_add(&text, "%s%s: %s", text.len ? "; " : "", d->value->name,
                 own.len ? own.data : none);
        text_done(&own);
    }
    return text.data ? text.data : xstrdup("");
}

/* --- for people --- */

char *reasons_ratios(const struct reasons_group *g)
{
    char range[RANGE_MAX];
    return xstrdup(isfinite(g->low) ? format_range(range, g->low, g->high) : "-");
}

void reasons_print(const struct reasons *r, FILE *out)
{
    const char *to = r->table->to;
    _cleanup_(freep) char *ratio = xasprintf(">ratio to %s", to);
    const char *const columns[] = {
        "metric", sweep_axis_short(r->table->of), "", ">cells", ratio, "measured reasons"};
    size_t count;
    if (!r->are_known)
        return;
    struct reasons_group *groups = reasons_list_groups(r, &count);
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++) {
        const struct reasons_group *g = &groups[i];
        _cleanup_(freep) char *ratios = reasons_ratios(g);
        table_add(t, "%s", g->metric->name);
        table_add(t, "%s", g->value);
        table_add(t, "%s", g->is_worse ? "worse" : "better");
        table_add(t, "%zu of %zu", g->cells, g->of);
        table_add(t, "%s", ratios);
        table_add(t, "%s", g->reasons);
    }
    if (count > 0) {
        table_print(t, out, "  ");
        fprintf(out,
                "\n  what differs from %s beyond its interval, and what of the same runs differs "
                "with it, as ratio to %s,\n  the strongest first; how much of it each explains is "
                "not known\n\n",
                to, to);
    } else {
        fprintf(out, "  nothing differs from %s beyond its interval\n\n", to);
    }
    table_free(t);
    reasons_groups_done(groups, count);
}

/* --- CSV --- */

static void add_ratio(struct table *csv, const struct stats_ratio *r)
{
    winner_add_number(csv, r->ratio);
    winner_add_number(csv, r->ci.low);
    winner_add_number(csv, r->ci.high);
}

static void add_line(struct table *csv, const struct winner_table *t, const struct difference *d,
                     const struct reason *reason)
{
    static const struct stats_ratio unknown = {NAN, {NAN, NAN}};
    table_add(csv, "%s", d->row->cell);
    table_add(csv, "%s", d->row->metric->name);
    table_add(csv, "%s", d->value->name);
    add_ratio(csv, &d->value->ratio);
    if (!reason)
        table_add(csv, "%s", none);
    else if (reason->metric)
        table_add(csv, "%s", reason->metric->name);
    else
        table_add(csv, "emulated processor of %s", d->is_worse ? d->value->name : t->to);
    add_ratio(csv, reason ? &reason->ratio : &unknown);
}

int reasons_write(const struct reasons *r, const char *folder, struct error *err)
{
    const char *const columns[] = {"cell",          "metric",       sweep_axis_short(r->table->of),
                                   "ratio",         "ratio_ci_low", "ratio_ci_high",
                                   "reason",        "reason_ratio", "reason_ci_low",
                                   "reason_ci_high"};
    struct table *csv = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->count; i++) {
        const struct difference *d = &r->items[i];
        for (size_t k = 0; k < d->reason_count; k++)
            add_line(csv, r->table, d, &d->reasons[k]);
        if (d->reason_count == 0)
            add_line(csv, r->table, d, NULL);
    }
    return winner_write_csv(csv, folder, "reasons.csv", err);
}
