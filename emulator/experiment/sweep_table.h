/* SPDX-License-Identifier: MIT
 *
 * What the records of a sweep add up to: statistics of each point, as sweep.csv and as a table for
 * people, and all runs as runs.csv.
 *
 * A point's statistics are of its runs with the verdict `trusted`. Where it has none, they are of
 * all its runs that were done, and the point is marked.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_TABLE_H
#define WANLAB_EXPERIMENT_SWEEP_TABLE_H

#include "base/stats.h"
#include "experiment/sweep.h"

struct sweep_cell {
    unsigned done, trusted, failed; /* runs; failed: tried twice, never done */
    bool marked;                    /* none is trusted */
    struct stats stats;
};

/* One measure (measures.h) of a point. */
struct sweep_cell sweep_summarise(const struct sweep_book *b, const char *point,
                                  const char *measure);

/* The values that these statistics are of; `*ret` is the caller's. */
size_t sweep_values(const struct sweep_book *b, const char *point, const char *measure,
                    double **ret);

struct sweep_measure {
    char *name;
    const char *unit;
};

/* The measures of the workload's table, its main one first. The caller frees them with
 * sweep_measures_free(). */
size_t sweep_measures(const struct sweep *w, struct sweep_measure **ret);
void sweep_measures_free(struct sweep_measure *measures, size_t count);

/* The measure that a metric is shown by, if it is on record: of one that each node reports once the
 * largest of the nodes, else the median. The caller frees it; NULL: none. */
char *sweep_measure_of(const struct sweep_book *b, const char *metric);
/* The same of the workload's main metric. */
char *sweep_main_measure(const struct sweep *w);

/* A metric's unit; "" if it has none. */
const char *sweep_unit(const struct sweep *w, const char *metric);

/* sweep.csv and runs.csv in the sweep's folder. For each measure sweep.csv has median, mean, sd,
 * ci_low and ci_high (of the mean, 95 %, Student's t), median_ci_low and median_ci_high (of the
 * median, 95 %, percentile bootstrap; the scenario's seed). */
int sweep_write_csv(const struct sweep *w, struct error *err);
void sweep_print_table(const struct sweep *w);

#endif
