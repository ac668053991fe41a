/* SPDX-License-Identifier: MIT
 *
 * A run in single numbers, out of its run.json, so that runs can be averaged and compared. A metric
 * that each node reports once, such as main_loop, gives two: `main_loop`, the mean of the nodes,
 * and `main_loop_max`, the largest of them. One with many samples, such as local_insert, gives
 * `local_insert_p50`, the mean of the nodes' medians, and `local_insert_p99`, the largest of their
 * 99th percentiles; and `local_insert_mean`, the mean of the nodes' means.
 */
#ifndef WANLAB_EXPERIMENT_MEASURES_H
#define WANLAB_EXPERIMENT_MEASURES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* {"main_loop": 20.1, "main_loop_max": 20.3, …} of a run.json, what a node took of the machine:
 * {"node_boot": 0.002, "node_memory": 75.1, …}, the means of the nodes, and "emulator_cpu", the
 * processor time of the emulator itself while the workload ran. */
json_t *measures_of(json_t *run);

/* Whether the processor of one of its nodes was emulated: QEMU without KVM. */
bool measures_emulated(json_t *run);

/* Those last ones by number, with their units; NULL past the last. */
const char *measures_cost(size_t index, const char **ret_unit);

/* Reads FOLDER/run.json. A folder that is not there, half written or of another version is an
 * error of input that names it. `*ret` is the caller's to json_decref(). */
int measures_read_run(const char *folder, json_t **ret, struct error *err);

#endif
