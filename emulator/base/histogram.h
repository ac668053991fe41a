/* SPDX-License-Identifier: MIT
 *
 * A log-linear histogram of 64-bit values (times in ns, mostly): 64 steps in each power of two, so
 * a value read back is at most 1/64 (1.6 %) above what was recorded. Recording touches one counter
 * and allocates nothing; the structure is plain data without pointers, so it can live in memory
 * shared between processes. One writer; a reader may be one record behind.
 *
 * Debian has no C library for this (HdrHistogram_c is not packaged); the bucket layout follows the
 * idea of Gil Tene's HdrHistogram.
 */
#ifndef WANLAB_BASE_HISTOGRAM_H
#define WANLAB_BASE_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS
};

struct histogram {
    uint64_t count;
    uint64_t min; /* meaningless while count is 0 */
    uint64_t max;
    double sum;
    uint64_t bucket[HISTOGRAM_BUCKETS];
}; /* all zero is an empty one */

void histogram_record(struct histogram *h, uint64_t value);
void histogram_add(struct histogram *to, const struct histogram *from);

/* The same value `count` times. */
void histogram_record_many(struct histogram *h, uint64_t value, uint64_t count);

/* Takes out what an earlier copy of the same histogram held. The least and the largest value are
 * then known only as well as their buckets. */
void histogram_subtract(struct histogram *from, const struct histogram *earlier);

/* The largest value that counts in a bucket. */
uint64_t histogram_bucket_top(unsigned bucket);

/* Smallest recorded level such that `share` (0…1) of the values are not above it; 0 when empty.
 * The result never exceeds the largest recorded value. */
uint64_t histogram_quantile(const struct histogram *h, double share);

/* The largest value that counts in a bucket. */
uint64_t histogram_bucket_top(unsigned bucket);

double histogram_mean(const struct histogram *h); /* 0 when empty */

#endif
