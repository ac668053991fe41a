/* SPDX-License-Identifier: MIT
 *
 * The single operations whose costs explain why one kind of node is slower than another. Each runs
 * an operation `count` times; what it needs beforehand and afterwards is not in its time.
 */
#ifndef PRIMITIVES_PRIMITIVE_H
#define PRIMITIVES_PRIMITIVE_H

#include <stdint.h>

#include "base/error.h"

struct primitive {
    const char *metric;
    unsigned first; /* the count to begin with; more of them, until they take the time */
    /* `ret_ns`: of all together. */
    int (*run)(unsigned count, uint64_t *ret_ns, struct error *err);
};

/* kernel.c */
int primitive_syscall(unsigned count, uint64_t *ret_ns, struct error *err);
int primitive_fault(unsigned count, uint64_t *ret_ns, struct error *err);
int primitive_switch(unsigned count, uint64_t *ret_ns, struct error *err);
int primitive_fork(unsigned count, uint64_t *ret_ns, struct error *err);

/* In the node's own folder, one file created, closed and removed. */
int primitive_file(unsigned count, uint64_t *ret_ns, struct error *err);

#endif
