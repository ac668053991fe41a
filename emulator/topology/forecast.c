/* SPDX-License-Identifier: MIT */
#include "topology/forecast.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "topology/trace.h"

void forecast_init(struct forecast *f, const struct path *p, uint64_t origin_ns)
{
    *f = (struct forecast){.path = p, .origin_ns = origin_ns};
    f->hops = xcalloc(p->wire_count, sizeof(*f->hops));
}

void forecast_done(struct forecast *f)
{
    free(f->hops);
    *f = (struct forecast){0};
}

static const struct trace_row *row_at(const struct forecast *f, const struct impairment *i,
                                      double at_ns, double *ret_until_ns)
{
    uint64_t until_ns, origin = f->origin_ns;
    uint64_t at = at_ns > (double)origin ? (uint64_t)(at_ns - (double)origin) : 0;
    const struct trace_row *row = trace_row_at(i->trace, i->trace_hold, at, &until_ns);
    *ret_until_ns = until_ns == UINT64_MAX ? INFINITY : (double)until_ns + (double)origin;
    return row;
}

/* Bits are sent at the rates of the rows, one after the other. */
static double end_by_rows(const struct forecast *f, const struct impairment *i, double from_ns,
                          double bytes)
{
    double bits = bytes * 8, until_ns;
    for (;;) {
        const struct trace_row *row = row_at(f, i, from_ns, &until_ns);
        double in_row = (until_ns - from_ns) * (double)row->rate_bps / 1e9;
        if (row->rate_bps > 0 && bits <= in_row)
            return from_ns + bits * 1e9 / (double)row->rate_bps;
        if (isinf(until_ns)) /* it ended with a rate of zero that stays */
            return INFINITY;
        bits -= in_row;
        from_ns = until_ns;
    }
}

/* An opportunity carries so many bytes of what is there when it comes; the rest of it is lost to
 * what comes later. */
static double end_by_opportunities(const struct forecast *f, struct forecast_hop *hop,
                                   const struct trace *t, double from_ns, uint64_t frame)
{
    uint64_t bytes = frame > TRACE_HEADER_LESS ? frame - TRACE_HEADER_LESS : 1;
    uint64_t from = (uint64_t)fmax(ceil(from_ns - (double)f->origin_ns), 0);
    bool still_there = hop->left > 0 && trace_delivery_ns(t, hop->opportunity - 1) >= from;
    uint64_t next = trace_delivery_from(t, from);
    if (next > hop->opportunity)
        hop->opportunity = next;
    if (!still_there)
        hop->left = 0;
    while (hop->left < bytes) {
        hop->left += TRACE_OPPORTUNITY;
        hop->opportunity++;
    }
    hop->left -= bytes;
    return (double)f->origin_ns + (double)trace_delivery_ns(t, hop->opportunity - 1);
}

static double pass(const struct forecast *f, struct forecast_hop *hop, const struct impairment *i,
                   double from_ns, uint64_t frame)
{
    double cost = (double)impairment_cost(&i->framing, frame), unused;
    double end_ns = fmax(from_ns, hop->free_ns);
    if (i->rate_bps)
        end_ns += cost * 8e9 / (double)i->rate_bps;
    else if (i->trace && i->trace->kind == TRACE_DELIVERY)
        end_ns = end_by_opportunities(f, hop, i->trace, end_ns, frame);
    else if (i->trace && i->trace->has_rate)
        end_ns = end_by_rows(f, i, end_ns, cost);
    if (impairment_has_rate(i))
        hop->free_ns = end_ns;
    double delay_ns = (double)i->delay_ns;
    if (i->trace && i->trace->has_delay)
        delay_ns = (double)row_at(f, i, end_ns, &unused)->delay_ns;
    hop->last_ns = fmax(hop->last_ns, end_ns + delay_ns);
    return hop->last_ns;
}

double forecast_arrival(struct forecast *f, uint64_t sent_ns, uint64_t bytes)
{
    double at_ns = (double)sent_ns;
    for (size_t i = 0; i < f->path->wire_count; i++)
        at_ns = pass(f, &f->hops[i], f->path->wires[i], at_ns, bytes);
    return at_ns;
}

double forecast_loss(const struct forecast *f, uint64_t sent_ns)
{
    double kept = 1, unused;
    for (size_t n = 0; n < f->path->wire_count; n++) {
        const struct impairment *i = f->path->wires[n];
        if (i->trace && i->trace->has_loss)
            kept *= 1 - row_at(f, i, (double)sent_ns, &unused)->loss;
        else
            kept *= 1 - i->loss;
    }
    return 1 - kept;
}
