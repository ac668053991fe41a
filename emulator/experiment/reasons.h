/* SPDX-License-Identifier: MIT
 *
 * Why a compared value differs from the one that it is held against, as far as that was measured in
 * the same runs: where the interval of a metric's ratio excludes 1, those metrics that the workload
 * names as possible reasons for it (`because`) and whose own ratio, of the same cell and value,
 * excludes 1 in the same direction: worse where the metric is worse, better where it is better.
 * And that a processor was emulated by QEMU without KVM, which the runs have on record.
 *
 * These ratios go along with a difference. How much of it each explains is not claimed.
 */
#ifndef WANLAB_EXPERIMENT_REASONS_H
#define WANLAB_EXPERIMENT_REASONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "experiment/winner_table.h"

struct reason {
    const struct winner_metric *metric; /* NULL: one of the two has an emulated processor */
    struct stats_ratio ratio;           /* NAN if one of the two does no such thing */
    const char *lacks;                  /* that one; else NULL */
    double strength;                    /* the ratio's logarithm without its sign */
};

/* A value that differs from what it is held against, in a cell and metric. */
struct difference {
    const struct winner_row *row;
    const struct winner_value *value;
    bool is_worse;
    struct reason *reasons; /* the strongest first; those of no ratio before them */
    size_t reason_count;
};

struct reasons {
    const struct winner_table *table;
    struct winner_table causes; /* of the metrics that can be reasons */
    struct difference *items;   /* by row, then by value */
    size_t count;
    bool are_known; /* the workload names some, or a processor is emulated */
};

/* Of a comparison. What it returns is valid as long as both; released by reasons_done(). */
struct reasons reasons_find(const struct sweep_book *b, const struct winner_table *t);
void reasons_done(struct reasons *r);

/* --- reasons_print.c --- */

/* What there is to say of a row: "container: no measured reason; uml: syscall × 92, page_fault ×
 * 7.1"; "" where nothing differs. The caller frees it. */
char *reasons_of_row(const struct reasons *r, const struct winner_row *row);

/* The differences of one metric and value in one direction, over all cells. */
struct reasons_group {
    const struct winner_metric *metric;
    const char *value;
    bool is_worse;
    size_t cells, of; /* that differ so; in which both have values */
    double low, high; /* the ratios */
    char *reasons;    /* as text */
};

/* In the order of metrics, then of values; released by reasons_groups_done(). */
struct reasons_group *reasons_list_groups(const struct reasons *r, size_t *ret_count);
void reasons_groups_done(struct reasons_group *groups, size_t count);
/* "0.2 to 0.7"; the caller frees it. */
char *reasons_ratios(const struct reasons_group *g);

/* These, as a table; nothing where nothing is known. */
void reasons_print(const struct reasons *r, FILE *out);
/* reasons.csv in the folder: a line for each reason, or for the lack of one. */
int reasons_write(const struct reasons *r, const char *folder, struct error *err);

#endif
