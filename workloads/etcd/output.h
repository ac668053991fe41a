/* SPDX-License-Identifier: MIT
 *
 * What this node's load reports while it runs: metrics and progress as JSON Lines for the emulator,
 * and the history, a file in the node's scratch folder.
 */
#ifndef ETCD_OUTPUT_H
#define ETCD_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#define OUTPUT_HISTORY "history.jsonl"

struct output {
    FILE *output, *history;
    int64_t zero_ns; /* CLOCK_MONOTONIC at the run's zero */
    uint64_t spoke_ns;
};

/* `folder` NULL: no history. `start_ns` is the run's zero, CLOCK_REALTIME. */
int output_open(struct output *r, const char *output_path, const char *folder, uint64_t start_ns,
                struct error *err);
int output_close(struct output *r, struct error *err); /* the first write error; idempotent */

double output_seconds(const struct output *r, uint64_t monotonic_ns); /* on the run's clock */

void output_metric(struct output *r, const char *metric, double value, const char *unit,
                   double at_s);
/* A time without service. */
void output_gap(struct output *r, const char *metric, double begin_s, double end_s);
void output_progress(struct output *r, double share); /* at most five lines a second */

#endif
