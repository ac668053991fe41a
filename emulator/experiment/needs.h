/* SPDX-License-Identifier: MIT
 *
 * The programs of the machine that a workload's own call: its `needs`.
 */
#ifndef WANLAB_EXPERIMENT_NEEDS_H
#define WANLAB_EXPERIMENT_NEEDS_H

#include "experiment/workload.h"

/* Whether all are there for the nodes that the workload's commands run on and that have the host's
 * own root; what is in another root can only be told in there. STATUS_MACHINE with the first that
 * is missing, its Debian package, and where workload.yaml says so. */
int needs_check(const struct workload *w, const struct scenario *s, struct error *err);

#endif
