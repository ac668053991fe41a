/* SPDX-License-Identifier: MIT
 *
 * A sweep: the full product of the scenario's axes, each point run `repeat` times in a lab of its
 * own, one after the other; the main metric of each run in sweep.csv, and a picture of it against
 * every axis.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_H
#define WANLAB_EXPERIMENT_SWEEP_H

#include "experiment/run.h"

struct sweep_options {
    const char *file;        /* the scenario; read anew for each point */
    const char *const *sets; /* "KEY=VALUE", under those of the point */
    size_t set_count;
    const char *folder; /* of the results; NULL: results/NAME-sweep-TIME */
    void (*on_step)(const char *line, void *arg);
};

/* Whether every value of the sweep makes a sound scenario with a workload that takes it. The error
 * names the place in the file. */
int sweep_check(const struct sweep_options *options, const struct scenario *s, struct error *err);

/* Prints the runs as a table on standard output at the end. Ends at the first run that fails,
 * keeping what is finished, with the run's error; `*ret_folder` (may be NULL when nothing was
 * written) is the caller's. */
int sweep_run(const struct sweep_options *options, char **ret_folder, struct error *err);

#endif
