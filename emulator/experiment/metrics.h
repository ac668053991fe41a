/* SPDX-License-Identifier: MIT
 *
 * What the programs of a run report: samples of named metrics, by node. All are kept, so quantiles
 * are exact.
 */
#ifndef WANLAB_EXPERIMENT_METRICS_H
#define WANLAB_EXPERIMENT_METRICS_H

#include <stddef.h>
#include <stdio.h>

struct sample {
    double at; /* seconds since the run's start */
    double value;
};

/* The samples of one metric from one node. */
struct series {
    unsigned node;
    char *metric, *unit;
    struct sample *samples;
    size_t count;
};

struct metrics {
    struct series *series;
    size_t count;
}; /* all zero is an empty one */

void metrics_done(struct metrics *m);
void metrics_add(struct metrics *m, unsigned node, const char *metric, const char *unit, double at,
                 double value);

/* The samples of a metric from a node, or NULL. */
const struct series *metrics_find(const struct metrics *m, unsigned node, const char *metric);

/* The last reported value, or `otherwise` if there is none. */
double metrics_last(const struct metrics *m, unsigned node, const char *metric, double otherwise);

/* The value that `share` (0…1) of the samples do not exceed (nearest rank); NAN when there are
 * none. */
double series_quantile(const struct series *s, double share);

/* The mean of the samples; NAN when there are none. */
double series_mean(const struct series *s);

#endif
