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
    double rate;          /* inserts per second */
    uint64_t start_ns;    /* the barrier */
    uint64_t work_end_ns; /* PACING_SLEEP: when the work of the insert before was done */
};

/* The intended time of insert `seq` (from 1). Under PACING_SLEEP that is one period after the
 * work before it ended; `seq` says nothing then. */
uint64_t pace_due_ns(const struct pace *p, uint64_t seq);

#endif
