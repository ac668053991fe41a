/* SPDX-License-Identifier: MIT
 *
 * What a run will take of time and memory, before it is made.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_ESTIMATE_H
#define WANLAB_EXPERIMENT_SWEEP_ESTIMATE_H

#include "experiment/workload.h"

/* Seconds: the workload's `duration`, if it has such a parameter, and what boots and preparations
 * take by the kind of the nodes (roughly measured on two processors). A first guess: what runs
 * really took corrects it. */
double estimate_time(const struct scenario *s, const struct workload *w,
                     const struct workload_value *values);

/* Bytes: programs and scratch folders of all nodes, and the memory of guests. `w` as its lint left
 * it (host_lint). */
uint64_t estimate_memory(const struct scenario *s, const struct workload *w);

#endif
