/* SPDX-License-Identifier: MIT */
#include "experiment/reasons.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* Behind those that are as strong. */
static void add_reason(struct difference *d, struct reason reason)
{
    d->reasons = array_grow(d->reasons, d->reason_count, sizeof(*d->reasons));
    size_t at = d->reason_count++;
    for (; at > 0 && d->reasons[at - 1].strength < reason.strength; at--)
        d->reasons[at] = d->reasons[at - 1];
    d->reasons[at] = reason;
}

/* Of a cause that is a cost: one of the two has it, and the other does no such thing. */
static const char *lacking(const struct winner_metric *cause, const struct winner_value *v,
                           const struct winner_value *to, const struct difference *d,
                           const struct winner_value *reference)
{
    if (!cause->less_is_better)
        return NULL;
    if (d->is_worse && to->stats.count == 0 && v->stats.count == d->value->stats.count)
        return to->name;
    if (!d->is_worse && v->stats.count == 0 && to->stats.count == reference->stats.count)
        return v->name;
    return NULL;
}

static void judge_cause(const struct reasons *r, const struct winner_row *row, struct difference *d,
                        const struct winner_value *reference)
{
    const struct winner_value *v = &row->values[d->value - d->row->values];
    const struct winner_value *to = winner_reference(&r->causes, row);
    const char *lacks = lacking(row->metric, v, to, d, reference);
    bool agrees = winner_side(row->metric, v, to) == (d->is_worse ? -1 : 1);
    double strength = fabs(log(v->ratio.ratio));
    if (lacks || agrees)
        add_reason(d, (struct reason){.metric = row->metric,
                                      .ratio = v->ratio,
                                      .lacks = lacks,
                                      .strength = isnan(strength) ? INFINITY : strength});
}

/* Both tables have the same cells in the same order. */
static const struct winner_row *find_cause(const struct reasons *r, size_t row, const char *name)
{
    const struct winner_table *causes = &r->causes;
    size_t first = row / r->table->metric_count * causes->metric_count;
    for (size_t m = 0; m < causes->metric_count; m++)
        if (strcmp(causes->metrics[m].name, name) == 0)
            return &causes->rows[first + m];
    return NULL;
}

static void find_reasons(const struct reasons *r, size_t row, struct difference *d,
                         const struct winner_value *reference)
{
    json_t *name;
    size_t i;
    if (d->is_worse ? d->value->emulated && !reference->emulated
                    : reference->emulated && !d->value->emulated)
        add_reason(d, (struct reason){.ratio = {NAN, {NAN, NAN}}, .strength = INFINITY});
    json_array_foreach(d->row->metric->because, i, name)
    {
        const struct winner_row *cause = find_cause(r, row, json_string_value(name));
        if (cause)
            judge_cause(r, cause, d, reference);
    }
}

static void take_row(struct reasons *r, size_t row)
{
    const struct winner_row *of = &r->table->rows[row];
    const struct winner_value *reference = winner_reference(r->table, of);
    for (size_t i = 0; reference && i < r->table->value_count; i++) {
        const struct winner_value *v = &of->values[i];
        int side = v == reference ? 0 : winner_side(of->metric, v, reference);
        r->are_known = r->are_known || v->emulated;
        if (side == 0)
            continue;
        r->items = array_grow(r->items, r->count, sizeof(*r->items));
        struct difference *d = &r->items[r->count++];
        *d = (struct difference){.row = of, .value = v, .is_worse = side < 0};
        find_reasons(r, row, d, reference);
    }
}

struct reasons reasons_find(const struct sweep_book *b, const struct winner_table *t)
{
    json_t *causes = json_object_get(json_object_get(b->about, "comparison"), "reasons");
    struct reasons r = {.table = t, .are_known = json_array_size(causes) > 0};
    winner_table_read_metrics(b, causes, &r.causes);
    for (size_t i = 0; i < t->row_count; i++)
        take_row(&r, i);
    return r;
}

void reasons_done(struct reasons *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->items[i].reasons);
    free(r->items);
    winner_table_done(&r->causes);
    *r = (struct reasons){0};
}
