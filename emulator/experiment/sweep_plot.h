/* SPDX-License-Identifier: MIT
 *
 * The pictures of a sweep: the mean of the main measure with its 95 % confidence interval against
 * each axis, one line for each combination of the other axes. Points without a trusted run are
 * hollow and on no line.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_PLOT_H
#define WANLAB_EXPERIMENT_SWEEP_PLOT_H

#include "experiment/sweep.h"

/* Writes FOLDER/plots/MEASURE-by-AXIS.svg for every axis; none when the workload has no main
 * metric. */
int sweep_plot_all(const struct sweep *w, struct error *err);

#endif
