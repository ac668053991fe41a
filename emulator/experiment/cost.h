/* SPDX-License-Identifier: MIT
 *
 * What each node cost, for the results: out of the lab's status.
 */
#ifndef WANLAB_EXPERIMENT_COST_H
#define WANLAB_EXPERIMENT_COST_H

#include <jansson.h>

#include "experiment/results.h"

/* [{"name":…,"kind":…,"boot_s":…,"memory_pss_bytes":…,"cpu_s":…,"disk_bytes":…}] of a status. */
json_t *cost_describe(json_t *status);

/* The same as nodes.csv. */
int cost_write_csv(const struct results *results, json_t *status, struct error *err);

#endif
