/* SPDX-License-Identifier: MIT
 *
 * Distributions of jitter: tables as netem has them, each value as likely as any other, in units of
 * 1/8192 of the jitter. The named ones are computed, and are to the last value those that iproute2
 * ships as normal.dist, pareto.dist and paretonormal.dist; a file has its format: whole numbers,
 * `#` begins a comment. Values are sorted, so that position n of N is the n/N quantile.
 */
#ifndef WANLAB_TOPOLOGY_DISTRIBUTION_H
#define WANLAB_TOPOLOGY_DISTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DISTRIBUTION_SCALE = 8192, DISTRIBUTION_VALUES_MAX = 16384 /* netem's own limit */ };

struct distribution {
    char *name; /* as in the scenario */
    size_t count;
    int16_t values[];
};

/* The table of that name, or NULL. The caller frees it, like those of distribution_open(). */
struct distribution *distribution_named(const char *name);

/* Errors (STATUS_INPUT) begin with "PATH:LINE:COL: ". `name` is what the scenario calls it. */
int distribution_open(const char *path, const char *name, struct distribution **ret,
                      struct error *err);
void distribution_free(struct distribution *d);

#endif
