/* SPDX-License-Identifier: MIT
 *
 * The one time type is uint64_t nanoseconds.
 */
#ifndef WANLAB_BASE_CLOCK_H
#define WANLAB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US  1000ULL
#define NS_PER_MS  1000000ULL
#define NS_PER_SEC 1000000000ULL

static inline uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* Time since an arbitrary point; never jumps; the same in all nodes that share this kernel. */
static inline uint64_t clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Nanoseconds since 1970 UTC. */
static inline uint64_t clock_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

#endif
