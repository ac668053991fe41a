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
#include "experiment/sweep_book.h"

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

/* A cell and metric in which two winner tables (winner_table.h) do not agree. */
struct compare_winners {
    char *cell, *metric, *first, *second;
};

struct comparison {
    struct compare_row *rows;
    size_t count;
    bool has_winners; /* both sweeps are comparisons of the same key */
    size_t cells;     /* cells and metrics in which at least one of them has a winner */
    struct compare_winners *differ; /* those of them that have no winner in common: a tie agrees
                                       with each of its members */
    size_t differ_count;
};

/* Folders that cannot be compared (not there, half written, of another format, a run and a sweep,
 * other points) are errors of input that name them. */
int compare_folders(const char *a, const char *b, struct comparison *ret, struct error *err);
void compare_done(struct comparison *c);

/* compare_winners.c: adds what two books of the same points say of winners. */
void compare_winner_tables(const struct sweep_book *a, const struct sweep_book *b,
                           struct comparison *c);
void compare_winners_done(struct comparison *c);
void compare_print_winners(const struct comparison *c, FILE *out);
/* {"agree", "of", "differ": [{"cell", "metric", "first", "second"}]}; NULL where nothing was
 * compared. */
json_t *compare_describe_winners(const struct comparison *c);

void compare_print(const struct comparison *c, FILE *out);
void compare_print_json(const struct comparison *c, FILE *out);

#endif
