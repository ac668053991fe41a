/* SPDX-License-Identifier: MIT
 *
 * A wall clock of their own for the programs of a node that shares this kernel, by libfaketime:
 * they are started with it (LD_PRELOAD), and whenever they ask the C library for the time it reads
 * in a file how far their clock is from the kernel's. The monotonic clock stays the kernel's.
 *
 * Who does not ask the C library, does not notice: static programs, and Go's.
 */
#ifndef WANLAB_NODE_FAKETIME_H
#define WANLAB_NODE_FAKETIME_H

#include <stdint.h>

#include "base/error.h"
#include "node/node.h"

/* The library's path as seen in the root folder `root`; the caller frees `*ret`. STATUS_MACHINE
 * where it is not installed. */
int faketime_find(const char *root, char **ret, struct error *err);

/* Sets what programs read in `file`, whole or not at all: their clock minus the kernel's. */
int faketime_write(const char *file, int64_t offset_ns, struct error *err);

/* An environment with what makes a program use the library. */
struct faketime_environment {
    char **items; /* NULL-terminated; most are those of the `env` that it was made of */
    char *own[2]; /* its own */
};
void faketime_environment_init(struct faketime_environment *e, char *const *env,
                               const char *library, const char *file);
void faketime_environment_done(struct faketime_environment *e);

/* Whether the library can have a hold on a program, found as execvp() does: an error if not. What
 * is not found or is no program is none. */
int faketime_check_program(const char *name, struct error *err);

/* Whether it can of all programs that run in the node. */
int faketime_check_node(const struct node_instance *n, struct error *err);

#endif
