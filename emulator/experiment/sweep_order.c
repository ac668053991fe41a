/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_order.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/prng.h"

/* Fisher and Yates */
static void shuffle(struct sweep_turn *turns, size_t count, uint64_t key)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(prng_unit(key, i) * (double)i);
        struct sweep_turn kept = turns[i - 1];
        turns[i - 1] = turns[other];
        turns[other] = kept;
    }
}

size_t sweep_order(size_t points, unsigned first, unsigned last, uint64_t seed,
                   struct sweep_turn **ret)
{
    size_t count = 0;
    struct sweep_turn *turns = xcalloc(points * (last - first + 1) + 1, sizeof(*turns));
    for (unsigned repeat = first; repeat <= last; repeat++) {
        _cleanup_(freep) char *stream = xasprintf("sweep order %u", repeat);
        struct sweep_turn *pass = turns + count;
        for (size_t point = 0; point < points; point++)
            turns[count++] = (struct sweep_turn){point, repeat};
        shuffle(pass, points, prng_key(seed, stream));
    }
    *ret = turns;
    return count;
}

uint64_t sweep_seed(uint64_t seed, unsigned repeat)
{
    return (seed + repeat - 1) & INT64_MAX;
}

bool sweep_wants_more(const struct stats *s, double precision, unsigned runs, unsigned max)
{
    return precision > 0 && runs < max && stats_relative_width(s) > precision;
}
