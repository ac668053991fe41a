/* SPDX-License-Identifier: MIT
 *
 * The highest value of a parameter (a rate) up to which the main loop stays within some percent of
 * its nominal time. Bisection on a logarithmic scale. Pure but for the measurements it asks for.
 */
#ifndef WANLAB_EXPERIMENT_SATURATION_H
#define WANLAB_EXPERIMENT_SATURATION_H

#include <stdbool.h>

#include "base/error.h"

struct saturation_search {
    double low, high;  /* where to look; 0 < low < high */
    double within;     /* 0.05: at most 5 % above nominal */
    double resolution; /* ends when the two sides are so close: 0.05 is 5 % */
    unsigned repeat;   /* runs where the first is close to the edge, and at the result; odd */
    /* The excess over nominal (0.05: 5 %) of repetition `repeat` (from 1) at a value; infinite
     * where the run failed. Asked for the same twice it gives the same. */
    int (*measure)(double value, unsigned repeat, double *ret_excess, void *arg, struct error *err);
    void *arg;
};

enum saturation_side {
    SATURATION_FOUND,
    SATURATION_BELOW, /* already `low` is too much */
    SATURATION_ABOVE, /* even `high` is not */
};

struct saturation {
    enum saturation_side side;
    double highest; /* that stayed within; NAN when SATURATION_BELOW */
    double lowest;  /* that did not; NAN when SATURATION_ABOVE */
    double excess;  /* median at `highest` */
    unsigned runs;
};

/* A value stays within if the median of its runs does: of one where it is clear (more than half of
 * `within` away from the edge), of `repeat` elsewhere and at both sides of the result. */
int saturation_find(const struct saturation_search *s, struct saturation *ret, struct error *err);

/* About how many runs that takes: both ends, the bisection, and the repetitions at the result and
 * at two values near it. */
unsigned saturation_expected_runs(const struct saturation_search *s);

#endif
