/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"

uint64_t pace_key(uint64_t seed, const char *node)
{
    _cleanup_(freep) char *stream = xasprintf("arrivals %s", node);
    return prng_key(seed, stream);
}

uint64_t pace_gap_ns(const struct pace *p, uint64_t seq)
{
    double period_ns = (double)NS_PER_SEC / p->rate;
    if (p->arrivals == ARRIVALS_POISSON)
        period_ns *= -log1p(-prng_unit(p->key, seq)); /* the unit is below 1 */
    return (uint64_t)(period_ns + 0.5);
}

uint64_t pace_due_ns(struct pace *p, uint64_t seq)
{
    uint64_t gap_ns = pace_gap_ns(p, seq);
    if (p->arrivals == ARRIVALS_POISSON)
        p->gaps_ns += gap_ns;
    if (p->pacing == PACING_SLEEP)
        return p->work_end_ns + gap_ns;
    if (p->arrivals == ARRIVALS_POISSON)
        return p->start_ns + p->gaps_ns;
    return p->start_ns + (uint64_t)((double)seq * ((double)NS_PER_SEC / p->rate) + 0.5);
}

double pace_nominal_s(const struct pace *p, uint64_t inserts)
{
    if (p->arrivals == ARRIVALS_POISSON)
        return (double)p->gaps_ns / (double)NS_PER_SEC;
    return (double)inserts / p->rate;
}
