/* SPDX-License-Identifier: MIT
 *
 * A run's network in its report: drawn, round trips asked and measured, and what passed over the
 * wires.
 */
#ifndef WANLAB_EXPERIMENT_REPORT_NETWORK_H
#define WANLAB_EXPERIMENT_REPORT_NETWORK_H

#include "experiment/report.h"

/* `fidelity` may be NULL: then there is only what `run` says. */
void report_network(struct report *r, json_t *run, json_t *fidelity);

#endif
