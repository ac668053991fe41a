/* SPDX-License-Identifier: MIT
 *
 * In which order a sweep runs its points, and how often. Pure: it follows from the seed alone, so a
 * sweep that is resumed goes on as it would have gone.
 *
 * The order is random so that what drifts while a sweep runs (the machine's temperature, its other
 * users) does not line up with a parameter.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_ORDER_H
#define WANLAB_EXPERIMENT_SWEEP_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"

struct sweep_turn {
    size_t point;
    unsigned repeat; /* from 1 */
};

/* All points x the repetitions `first` to `last`: a pass over all points for each repetition, in an
 * order of its own. So each repetition of a point is near that of every other point, and what
 * drifts more slowly than a pass is in both (randomized complete blocks). The caller frees `*ret`.
 */
size_t sweep_order(size_t points, unsigned first, unsigned last, uint64_t seed,
                   struct sweep_turn **ret);

/* The seed of a repetition: the scenario's own for the first, the following numbers for the others,
 * so that repetitions are independent and each can be repeated with --set seed=…. Repetition n has
 * the same seed at every point. */
uint64_t sweep_seed(uint64_t seed, unsigned repeat);

/* Whether a point needs another run: the half width of its 95 % interval is above `precision` of
 * its mean, and it has had fewer than `max` runs, the ones that do not count included. */
bool sweep_wants_more(const struct stats *s, double precision, unsigned runs, unsigned max);

#endif
