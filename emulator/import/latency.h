/* SPDX-License-Identifier: MIT
 *
 * A scenario over a matrix of latencies: so many nodes in each of some regions, all joined by a
 * wan. The matrix stays where it is, the scenario names it.
 *
 * Jitter comes from a second matrix, of 90th percentiles where the first has medians: that of a
 * direction is normally distributed with a standard deviation s such that the 90th percentile of
 * the round trip (both directions, independent) is that of the second file:
 * p90 - p50 = 1.2816 * sqrt(2) * s.
 */
#ifndef WANLAB_IMPORT_LATENCY_H
#define WANLAB_IMPORT_LATENCY_H

#include "import/import.h"

struct latency_options {
    const char *reference; /* the path of the matrix as the scenario is to name it */
    const char *p90;       /* the path of the second matrix; NULL: no jitter */
};

/* `spec` is "us-east-1:3,eu-west-1:2"; a region without a number is one node. The caller empties
 * `ret`, also after an error. */
int import_latency(const char *matrix, const char *spec, const struct latency_options *options,
                   struct import *ret, struct error *err);

#endif
