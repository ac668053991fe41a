/* SPDX-License-Identifier: MIT
 *
 * What this node's load reports while it runs: metrics, barriers and progress as JSON Lines for the
 * emulator.
 */
#ifndef LOAD_OUTPUT_H
#define LOAD_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct output {
    FILE *lines;
    int64_t zero_ns; /* CLOCK_MONOTONIC at the run's zero */
    uint64_t spoke_ns;
};

/* `path` NULL: standard output. `start_ns` is the run's zero, CLOCK_REALTIME. */
int output_open(struct output *o, const char *path, uint64_t start_ns, struct error *err);
int output_close(struct output *o, struct error *err); /* the first write error; idempotent */

double output_seconds(const struct output *o, uint64_t monotonic_ns); /* on the run's clock */

void output_metric(struct output *o, const char *metric, double value, const char *unit,
                   double at_s);
/* A time without service. */
void output_gap(struct output *o, const char *metric, double begin_s, double end_s);
/* Waits until all nodes' loads are here; open at once where it was opened before. */
void output_barrier(struct output *o, const char *barrier);

void output_progress(struct output *o, double share); /* at most five lines a second */

#endif
