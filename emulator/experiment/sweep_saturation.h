/* SPDX-License-Identifier: MIT
 *
 * `wanlab sweep --saturation`: for each combination of the sweep's other keys, the highest value of
 * one parameter with which the main loop keeps up. Its runs are on record like those of a sweep, so
 * a search that is resumed asks for the same values again and finds them there.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_SATURATION_H
#define WANLAB_EXPERIMENT_SWEEP_SATURATION_H

#include "experiment/saturation.h"
#include "experiment/sweep.h"

/* One search. */
struct sweep_search {
    struct sweep *sweep;
    json_t *point; /* without the parameter that is searched for */
    size_t number; /* from 1 */
    enum workload_type type;
    double low, high;  /* where it looks: per minute, or as it is */
    double guess_s;    /* what a run should take, before any was made */
    unsigned expected; /* runs that it should take */
    unsigned made;     /* so far */
    double left_s;     /* of the searches after it, while it is under way */
    struct saturation found;
    bool finished, trusted;
};

/* Whether the scenario's `saturation` can be searched for; the error names the place. */
int sweep_check_saturation(const struct sweep *w, struct error *err);

/* The searches; the caller frees them with sweep_searches_free(). Only of a checked sweep. */
size_t sweep_searches(struct sweep *w, struct sweep_search **ret);
void sweep_searches_free(struct sweep_search *searches, size_t count);

/* "600/min": a value that a search asks for. The caller frees it. */
char *sweep_search_value(enum workload_type type, double value);

/* Searches; then writes saturation.csv and the pictures, and prints a table, also of searches that
 * were interrupted. */
int sweep_saturate(struct sweep *w, struct error *err);

/* sweep_saturation_plot.c: the highest value against each axis of the sweep, one line for each
 * combination of the others, as FOLDER/plots/saturation-by-AXIS.svg. */
int sweep_saturation_plot(const struct sweep *w, const struct sweep_search *searches, size_t count,
                          struct error *err);

#endif
