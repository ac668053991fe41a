/* SPDX-License-Identifier: MIT
 *
 * A sweep's `comparison`, where the workload and all points are known: whether it can be made, and
 * what goes into sweep.json, of which the winner table is made.
 */
#ifndef WANLAB_EXPERIMENT_COMPARISON_H
#define WANLAB_EXPERIMENT_COMPARISON_H

#include "experiment/sweep.h"

/* What sweep.json says of it, the caller's: {"of", "to", "values", "repeat", "metrics": [{"name",
 * "unit", "better", "because", "unnamed": the file names none}], "reasons": [the same of those that
 * are one for another], "published": […], "among": [values]}; NULL where the file asks for none.
 * The error names the place: an unknown metric or one without a direction, a file of published
 * results that cannot be read, or, unless the scenario was opened with some --set, that tells of
 * what the sweep has not.
 */
int comparison_describe(const struct scenario *s, const struct workload *w, json_t **ret,
                        struct error *err);

/* All of that, and whether nodes whose kinds are compared have identical resources in every cell:
 * `cpus` and `memory` stated, and the same ones. */
int comparison_check(const struct sweep_options *o, const struct scenario *s, struct error *err);

/* Prints the winner table of a sweep on standard output, and the reasons where values differ, and
 * writes its CSV files; nothing where the sweep is no comparison. */
int comparison_report(const struct sweep_book *b, struct error *err);

#endif
