/* SPDX-License-Identifier: MIT
 *
 * What can be known of a register's history before any search. It makes the search short where most
 * values are written once, as good clients do, and leaves its answer as it is:
 *
 * - Values become numbers from 0, so that tables can be indexed by them.
 * - An optional operation whose value nobody finds is left out: it never has to take effect.
 * - If only one operation writes a value, and somebody has certainly found it, the operation has
 *   taken effect, and before the finder's return.
 * - A value that is found, but that nobody can have written by then, is a violation.
 */
#ifndef CHECK_LINEAR_PREPARE_H
#define CHECK_LINEAR_PREPARE_H

#include "linear.h"

struct linear_problem {
    struct linear_op *ops; /* by call */
    size_t count;
    uint32_t initial; /* as the ops' values; LINEAR_ANY */
    uint32_t value_count;
    bool impossible; /* there is nothing to search: it is a violation */
};

void linear_prepare(const struct linear_op *ops, size_t count, uint32_t initial,
                    struct linear_problem *ret);
void linear_problem_done(struct linear_problem *p);

/* Whether the operation takes effect only where it finds a value, namely *ret. */
static inline bool linear_finds(const struct linear_op *op, uint32_t *ret)
{
    *ret = op->kind == LINEAR_READ ? op->value : op->old;
    return op->kind != LINEAR_WRITE;
}

#endif
