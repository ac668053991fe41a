/* SPDX-License-Identifier: MIT
 *
 * Two results folders against each other: two runs, or two sweeps of the same points. For each
 * point and measure (measures.h), the change of the mean from the first to the second with its 95 %
 * confidence interval, and whether it is more than noise: Welch's t-test at the level of 5 %. The
 * interval is of the difference, in terms of the first mean as measured.
 *
 * Single runs tell nothing of the noise between runs: then only the change is known. Of many
 * comparisons one in twenty is more than noise by chance alone; nothing is corrected for that.
 */
#ifndef WANLAB_EXPERIMENT_COMPARE_H
#define WANLAB_EXPERIMENT_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/stats.h"

enum compare_finding {
    COMPARE_UNKNOWN, /* too few runs to tell */
    COMPARE_NOISE,   /* such a difference is likely by chance */
    COMPARE_REAL,
};

struct compare_row {
    char *point; /* "": of two runs */
    char *measure;
    struct stats a, b;
    struct stats_difference difference;
    double change;      /* (b - a) / a; NAN where a is 0 */
    struct interval ci; /* of the change */
    enum compare_finding finding;
    bool marked; /* one of the two has no trusted run */
};

struct comparison {
    struct compare_row *rows;
    size_t count;
};

/* Folders that cannot be compared (not there, half written, of another format, a run and a sweep,
 * other points) are errors of input that name them. */
int compare_folders(const char *a, const char *b, struct comparison *ret, struct error *err);
void compare_done(struct comparison *c);

void compare_print(const struct comparison *c, FILE *out);
void compare_print_json(const struct comparison *c, FILE *out);

#endif
