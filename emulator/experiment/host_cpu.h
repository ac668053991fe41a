/* SPDX-License-Identifier: MIT
 *
 * How busy the host's processors were while the workload ran, once a second: host_cpu.csv, with
 * when a sample ended (seconds since the run's start), how long it was, and the share of the
 * processors' time that was not idle. The last one is what was left, if a share of it can be told.
 */
#ifndef WANLAB_EXPERIMENT_HOST_CPU_H
#define WANLAB_EXPERIMENT_HOST_CPU_H

#include "experiment/host_load.h"
#include "experiment/results.h"

struct host_cpu {
    FILE *file; /* NULL: nothing is sampled */
    const struct results *results;
    struct host_sample last;
};

/* Begins the first sample. */
int host_cpu_begin(struct host_cpu *c, const struct results *results, struct error *err);
/* Often: writes a sample if its time is over. */
void host_cpu_watch(struct host_cpu *c);
/* Writes the last one and closes the file; nothing if it is closed already. */
int host_cpu_end(struct host_cpu *c, struct error *err);

#endif
