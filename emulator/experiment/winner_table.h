/* SPDX-License-Identifier: MIT
 *
 * What a sweep's `comparison` comes to: for each cell, which is a combination of the values of all
 * other keys, and each metric, what each of the compared values took, its ratio to the one that
 * they are held against, and which won.
 *
 * The statistics are over runs, as those of the sweep are (sweep_table.h): of its trusted ones, and
 * where there are none of all, which is marked. A run's value is the mean of its samples, over its
 * nodes too. The best mean in the metric's direction wins, and with it, as a tie, all whose 95 %
 * intervals overlap with the best one's; what has fewer than two runs has no interval and cannot be
 * told apart. Non-overlap is a stricter test than Welch's: two intervals may overlap a little and
 * the means differ by more than noise.
 *
 * Everything is made of the sweep's folder, so that a report can be made anew without its files.
 */
#ifndef WANLAB_EXPERIMENT_WINNER_TABLE_H
#define WANLAB_EXPERIMENT_WINNER_TABLE_H

#include <stdbool.h>

#include "base/stats.h"
#include "experiment/sweep_book.h"
#include "report/table.h"

struct winner_metric {
    const char *name, *unit;
    bool less_is_better;
    json_t *because; /* names of metrics that can be the reason for it; the book's; or NULL */
};

/* One of the compared values, in a cell and metric. */
struct winner_value {
    const char *name;
    unsigned asked;   /* runs that there should be; 0: the sweep has no such point */
    unsigned failed;  /* of them, given up */
    unsigned doubted; /* of them, done and not trusted, and so in no mean */
    unsigned again;   /* attempts that failed, and were made again with success */
    bool marked;      /* none of its runs is trusted */
    bool emulated;    /* in a run that counts, a node's processor was: QEMU without KVM */
    struct winner_run {
        unsigned repeat;
        double value;
    } * runs; /* those that count, by their repetition */
    size_t run_count;
    struct stats stats;
    double cv;                /* the coefficient of variation; NAN below two runs */
    struct stats_ratio ratio; /* of runs of the same repetition where there are two pairs of them,
                                 else of the means; NAN without */
    bool wins;                /* alone, or with others */
    bool wins_rest;           /* among those that are not what ratios refer to */
    bool wins_studied;        /* among those between which the published winners were chosen */
};

/* What came out beside what was published. */
enum winner_finding {
    WINNER_NOT_PUBLISHED,
    WINNER_UNKNOWN, /* published, but there is no winner here */
    WINNER_AGREES,
    WINNER_TIES, /* the published winner is one of several here */
    WINNER_DIFFERS,
};

struct winner_row {
    char *cell; /* "count 4, size 1MiB"; WINNER_ONLY_CELL without other keys */
    const struct winner_metric *metric;
    struct winner_value *values; /* `value_count` of the table */
    const char *published, *note;
    enum winner_finding finding;
};
#define WINNER_ONLY_CELL "all"
#define WINNER_TIE       "tie"

struct winner_table {
    const char *of, *to;
    size_t value_count;
    struct winner_metric *metrics;
    size_t metric_count;
    struct winner_row *rows; /* by cell, then by metric */
    size_t row_count;
    bool has_published;
    json_t *among;       /* the values between which the published winners were chosen; NULL: */
    bool published_rest; /* what is not `to`: that is several, and they name it nowhere; or all */
};

/* Whether the sweep asks for a comparison. The table's texts are the book's; only after true is
 * there something to release. */
bool winner_table_read(const struct sweep_book *b, struct winner_table *ret);
/* The same of other metrics of the same runs, without what was published: `metrics` as in
 * sweep.json. */
void winner_table_read_metrics(const struct sweep_book *b, json_t *metrics,
                               struct winner_table *ret);
void winner_table_done(struct winner_table *t);

/* What ratios refer to, in that row; NULL: it has no such value. */
const struct winner_value *winner_reference(const struct winner_table *t,
                                            const struct winner_row *r);

/* "native" or "native = container"; "" if nothing won. `rest`: of what is not `to`. The caller
 * frees it. */
char *winner_names(const struct winner_table *t, const struct winner_row *r, bool rest);
/* What is to be said of a row: "uml: 4 of 5 runs, 1 failed"; "" if nothing. The caller frees it. */
char *winner_note(const struct winner_table *t, const struct winner_row *r);
/* Between which values published winners were chosen, behind "published winners": " of the others",
 * " among uml, qemu", "". The caller frees it. */
char *winner_studied(const struct winner_table *t);
const char *winner_finding_name(enum winner_finding f);
/* How many rows of each finding: `ret` by enum winner_finding. */
void winner_count_findings(const struct winner_table *t, size_t ret[WINNER_DIFFERS + 1]);

/* Whether a value is better (1) or worse (-1) than another by more than noise: the interval of its
 * ratio excludes 1, or, where one of them is zero and there is no ratio, their intervals do not
 * overlap. 0: that cannot be told. */
int winner_side(const struct winner_metric *m, const struct winner_value *v,
                const struct winner_value *to);

/* Marks the values with the best mean and those that cannot be told apart from it. Fewer than two
 * with a value have no winner. */
void winner_decide(struct winner_value *values, size_t count, const char *to, bool less_is_better);

/* The keys that make a cell of the points, each with what it is called there. A key that varies
 * with `of` alone (the root of each kind) is none. The caller releases it. */
json_t *winner_cell_keys(json_t *points, const char *of);
/* The cell of a point; the caller frees it. */
char *winner_cell(json_t *point, json_t *keys);

/* --- winner_table_print.c --- */

/* comparison.csv and winners.csv in the folder. */
int winner_table_write(const struct winner_table *t, const char *folder, struct error *err);
void winner_table_print(const struct winner_table *t, FILE *out);

/* Writes FOLDER/NAME, consuming the table. */
int winner_write_csv(struct table *csv, const char *folder, const char *name, struct error *err);
/* Its next cell; empty if the number is not finite. */
void winner_add_number(struct table *csv, double value);

enum { WINNER_TEXT_MAX = 64 };
/* "412 MB/s ± 0.5 %" */
char *winner_mean(char text[WINNER_TEXT_MAX], const struct winner_value *v, const char *unit);
/* "0.98 [0.96, 1.01]" */
char *winner_ratio(char text[WINNER_TEXT_MAX], const struct winner_value *v);

#endif
