/* SPDX-License-Identifier: MIT
 *
 * Is the history of one register linearizable: can every operation be given one instant between its
 * call and its return, so that in the order of these instants every read and every compare-and-set
 * finds what was written last?
 *
 * The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects", 1993, with the
 * memoisation of Lowe, "Testing for Linearizability", 2017: a configuration (the operations that
 * have taken effect, the value) is not entered twice. A configuration is remembered by 128 bits
 * drawn for its operations and its value and combined by XOR, so that memory per configuration is
 * constant; that two of 10^9 have the same bits has a probability below 10^-20.
 *
 * The problem is NP-hard; every search is therefore bounded, and may say that it does not know.
 */
#ifndef CHECK_LINEAR_H
#define CHECK_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum linear_kind { LINEAR_READ, LINEAR_WRITE, LINEAR_CAS };
enum linear_answer { LINEAR_YES, LINEAR_NO, LINEAR_UNDECIDED };
#define LINEAR_ANY UINT32_MAX /* an initial value of which nothing is known */

struct linear_op {
    enum linear_kind kind;
    bool optional; /* may also never take effect; `ret` is then infinite. No read is optional */
    uint32_t value, old;
    double call, ret; /* of two operations with call and return at one time neither is first */
    uint32_t source;  /* the caller's */
};

struct linear_bounds {
    uint64_t steps;       /* configurations entered, at most */
    uint64_t memory;      /* bytes for those remembered, at most */
    uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
};

/* `initial` is a value or LINEAR_ANY. `ret_steps` (may be NULL) gets what was used. */
enum linear_answer linear_check(const struct linear_op *ops, size_t count, uint32_t initial,
                                const struct linear_bounds *bounds, uint64_t *ret_steps);

#endif
