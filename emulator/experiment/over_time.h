/* SPDX-License-Identifier: MIT
 *
 * A run's samples.csv as percentiles over time, in two passes over the file and in memory that does
 * not grow with it: a histogram for each metric and bin of time.
 */
#ifndef WANLAB_EXPERIMENT_OVER_TIME_H
#define WANLAB_EXPERIMENT_OVER_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { OVER_TIME_BINS_MAX = 60 };

struct over_time_bin {
    uint64_t count; /* 0: the rest says nothing */
    double p50, p90, p99;
};

/* One metric, of all nodes together. */
struct over_time_series {
    char *metric;
    uint64_t count;    /* of samples in seconds; others are left out */
    double begin, end; /* s since the run's start */
    size_t bin_count;  /* as many as the samples are good for */
    struct over_time_bin *bins;
};

struct over_time {
    struct over_time_series *series; /* as many as were asked for, in that order */
    size_t count;
    bool was_cut; /* the file's last line has no end */
};

int over_time_read(const char *path, const char *const *metrics, size_t count,
                   struct over_time *ret, struct error *err);
void over_time_done(struct over_time *o);

#endif
