/* SPDX-License-Identifier: MIT
 *
 * What all nodes together reported. Of a metric with many samples all nodes' samples are one
 * population; of one that each node reports once, the nodes' values are, and where workload.yaml
 * says that it adds up, their sum counts.
 */
#ifndef WANLAB_EXPERIMENT_OVERALL_H
#define WANLAB_EXPERIMENT_OVERALL_H

#include <jansson.h>

#include "experiment/run.h"
#include "report/table.h"

/* For run.json. */
json_t *overall_describe(const struct run *r);

/* The metrics that matter most: those of the summary and those that add up. */
struct table *overall_table(const struct run *r);

/* Writes overall.csv (all metrics) and histograms.csv (those with many samples, by node and of all
 * together: how many samples were above the row before and at most `up_to`). */
int overall_write(const struct run *r, struct error *err);

#endif
