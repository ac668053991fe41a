/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include "base/clock.h"

uint64_t pace_due_ns(const struct pace *p, uint64_t seq)
{
    double period_ns = (double)NS_PER_SEC / p->rate;
    if (p->pacing == PACING_SLEEP)
        return p->work_end_ns + (uint64_t)(period_ns + 0.5);
    return p->start_ns + (uint64_t)((double)seq * period_ns + 0.5);
}
