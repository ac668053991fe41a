/* SPDX-License-Identifier: MIT
 *
 * Reads a workload.yaml; experiment/workload.h is what everybody else uses.
 */
#ifndef WANLAB_EXPERIMENT_WORKLOAD_YAML_H
#define WANLAB_EXPERIMENT_WORKLOAD_YAML_H

#include "base/error.h"
#include "experiment/workload.h"

/* `folder` is absolute; its last part is the workload's name. Errors begin with the yaml's
 * "FILE:LINE:COL: " (status STATUS_INPUT). */
int workload_yaml_read(const char *folder, struct workload **ret, struct error *err);

#endif
