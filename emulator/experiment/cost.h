/* SPDX-License-Identifier: MIT
 *
 * What each node cost, for the results: out of the lab's status.
 */
#ifndef WANLAB_EXPERIMENT_COST_H
#define WANLAB_EXPERIMENT_COST_H

#include <jansson.h>

#include "experiment/results.h"
#include "report/table.h"

/* [{"name":…,"kind":…,"boot_s":…,"memory_pss_bytes":…,"cpu_s":…,"disk_bytes":…}] of a status. */
json_t *cost_describe(json_t *status);

/* Of one node, on average. */
struct cost {
    size_t nodes; /* over how many; 0: nothing is known */
    double boot_s, memory_bytes, guest_bytes, cpu_s, disk_bytes;
};

/* Over the nodes of a kind, or over all of them where `kind` is NULL. */
struct cost cost_mean(json_t *status, const char *kind);

/* The processor time, in s, that the emulator itself took while the workload ran. Both are sums
 * since some moment in the past; the cost is what they grow by. */
struct emulator_cpu {
    double lab_s;     /* delay line and supervisor; not the packets that the kernel forwards */
    double command_s; /* this process, which reads what the programs report */
};

/* The sums now, by a status of just now. */
struct emulator_cpu cost_emulator_cpu(json_t *status);

/* For people, a line for each kind that the lab has. */
struct table *cost_table(json_t *status);

/* The same as nodes.csv. */
int cost_write_csv(const struct results *results, json_t *status, struct error *err);

#endif
