/* SPDX-License-Identifier: MIT
 *
 * The pictures of a sweep: the main metric (median over the repetitions, with the smallest and
 * largest) against each axis, one line for each combination of the other axes.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_PLOT_H
#define WANLAB_EXPERIMENT_SWEEP_PLOT_H

#include "base/error.h"
#include "experiment/cost.h"
#include "experiment/fidelity.h"
#include "topology/scenario.h"

/* One run: the main metric of the slowest node, and the mean over the nodes. */
struct sweep_sample {
    size_t point;
    double value, mean;
    struct cost cost; /* of a node, on average */
    enum verdict verdict;
};

struct sweep_data {
    char *metric, *unit; /* the main metric's */
    struct sweep_sample *samples;
    size_t sample_count;
};

/* The number of points: the product of all axes' values; 1 without axes. */
size_t sweep_point_count(const struct scenario *s);

/* Writes FOLDER/plots/METRIC-by-AXIS.svg for every axis. */
int sweep_plot_all(const struct scenario *s, const struct sweep_data *data, const char *folder,
                   struct error *err);

#endif
