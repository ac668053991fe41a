/* SPDX-License-Identifier: MIT
 *
 * The part of a workload.yaml that says what is run, where, and when it is ready.
 */
#ifndef WANLAB_EXPERIMENT_WORKLOAD_PROGRAMS_H
#define WANLAB_EXPERIMENT_WORKLOAD_PROGRAMS_H

#include "base/error.h"
#include "experiment/workload.h"
#include "topology/yaml.h"

/* Reads services, run, check and the other commands out of the yaml's root. On error the workload
 * is half filled: it is still to be freed. */
int workload_programs_read(const struct yaml *root, struct workload *w, struct error *err);

/* Whether the programs that lie in the workload's folder are there and may be run. */
int workload_programs_check(const struct workload *w, struct error *err);

#endif
