/* SPDX-License-Identifier: MIT
 *
 * Of a register's history that is not linearizable, the few operations that show it.
 *
 * First the shortest beginning that is a violation: operations called later are left out, and those
 * that return later count as unknown. Then the shortest end of that: what returned before it is
 * left out, the value at its beginning may be any, and writes that were under way then may have
 * taken effect before it. Then every read that is not needed, and every write that may as well have
 * failed. Each step only takes away what the system had promised, so what is left is a violation by
 * itself.
 */
#ifndef CHECK_WINDOW_H
#define CHECK_WINDOW_H

#include "linear.h"

struct window {
    struct linear_op *ops; /* by call */
    size_t count;
    double begin, end; /* seconds: within them it happened */
};

/* `ops` is a violation from `initial` on. `bounds` holds for each of the searches. */
void window_find(const struct linear_op *ops, size_t count, uint32_t initial,
                 const struct linear_bounds *bounds, struct window *ret);
void window_done(struct window *w);

/* Only the first step: when the shortest beginning ends. */
double window_end(const struct linear_op *ops, size_t count, uint32_t initial,
                  const struct linear_bounds *bounds);

#endif
