/* SPDX-License-Identifier: MIT
 *
 * When the next local insert is due. Pure: the caller brings the clock.
 */
#ifndef REPLICATE_PACE_H
#define REPLICATE_PACE_H

#include <stdint.h>

#include "parameters.h"

struct pace {
    enum pacing pacing;
    enum arrivals arrivals;
    double rate;          /* inserts per second */
    uint64_t key;         /* ARRIVALS_POISSON: of the gaps' stream */
    uint64_t start_ns;    /* the barrier */
    uint64_t work_end_ns; /* PACING_SLEEP: when the work of the insert before was done */
    uint64_t gaps_ns;     /* ARRIVALS_POISSON: all gaps drawn so far */
};

/* The stream of a node's gaps. */
uint64_t pace_key(uint64_t seed, const char *node);

/* What lies between the intended times of insert `seq` - 1 and `seq` (from 1). Constant ones are
 * 1 / rate; Poisson's are exponentially distributed with that mean and follow from the key alone.
 */
uint64_t pace_gap_ns(const struct pace *p, uint64_t seq);

/* The intended time of insert `seq` (from 1); asked for once each, in order. Under PACING_SLEEP
 * that is one gap after the work before it ended. */
uint64_t pace_due_ns(struct pace *p, uint64_t seq);

/* How long the first `inserts`, all asked for, take if nothing is late. */
double pace_nominal_s(const struct pace *p, uint64_t inserts);

#endif
