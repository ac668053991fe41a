/* SPDX-License-Identifier: MIT
 *
 * Whether every register of a history is linearizable, each for itself: a history is linearizable
 * if and only if it is so for each object (Herlihy and Wing, 1990). Registers begin with null.
 *
 * Easy ones are decided first: all get a small bound, those that are not decided by it a larger
 * one, and so on until the time is over.
 */
#ifndef CHECK_REGISTERS_H
#define CHECK_REGISTERS_H

#include "history.h"
#include "verdict.h"

struct registers_bounds {
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    uint64_t memory;      /* bytes */
};

/* `h` is sorted. The violation that is kept is that which ended first. */
void registers_check(const struct history *h, const struct registers_bounds *bounds,
                     struct verdict *ret);

#endif
