/* SPDX-License-Identifier: MIT */
#include "base/histogram.h"

#include <math.h>
#include <stdbool.h>

enum { SUB = 1 << HISTOGRAM_SUB_BITS };

/* Values below SUB have a bucket each; above, the top SUB_BITS + 1 bits select it. */
static unsigned bucket_of(uint64_t value)
{
    if (value < SUB)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return ((shift + 1) << HISTOGRAM_SUB_BITS) + (unsigned)(value >> shift) - SUB;
}

uint64_t histogram_bucket_top(unsigned bucket)
{
    if (bucket < SUB)
        return bucket;
    unsigned shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t low = (uint64_t)(SUB + (bucket & (SUB - 1))) << shift;
    return low + ((1ULL << shift) - 1);
}

void histogram_record_many(struct histogram *h, uint64_t value, uint64_t count)
{
    if (count == 0)
        return;
    if (h->count == 0 || value < h->min)
        h->min = value;
    if (value > h->max)
        h->max = value;
    h->sum += (double)value * (double)count;
    h->count += count;
    h->bucket[bucket_of(value)] += count;
}

void histogram_record(struct histogram *h, uint64_t value)
{
    histogram_record_many(h, value, 1);
}

void histogram_add(struct histogram *to, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (to->count == 0 || from->min < to->min)
        to->min = from->min;
    if (from->max > to->max)
        to->max = from->max;
    to->sum += from->sum;
    to->count += from->count;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->bucket[i] += from->bucket[i];
}

void histogram_subtract(struct histogram *from, const struct histogram *earlier)
{
    const uint64_t largest = from->max;
    bool any = false;
    from->count -= earlier->count;
    from->sum -= earlier->sum;
    from->min = from->max = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        from->bucket[i] -= earlier->bucket[i];
        if (from->bucket[i] == 0)
            continue;
        uint64_t top = histogram_bucket_top(i);
        from->max = top < largest ? top : largest;
        if (!any)
            from->min = from->max;
        any = true;
    }
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
    double exact = share * (double)h->count; /* 0.55 * 100 is 55.00000000000001 */
    uint64_t wanted = (uint64_t)ceil(exact * (1 - 1e-12)), seen = 0;
    if (wanted == 0)
        wanted = 1;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= wanted && h->bucket[i]) {
            uint64_t top = histogram_bucket_top(i);
            return top < h->max ? top : h->max;
        }
    }
    return h->count ? h->max : 0;
}

double histogram_mean(const struct histogram *h)
{
    return h->count ? h->sum / (double)h->count : 0;
}
