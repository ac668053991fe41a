/* SPDX-License-Identifier: MIT
 *
 * Copy-up: the first time that a node writes to a file of its root, an overlay copies all of it;
 * the second time it does not. The files are the root's own, and of a size of some MiB; one byte of
 * them is replaced by itself. Only where the root is an overlay that was made for this node: never
 * on a file that anyone else has.
 */
#ifndef PRIMITIVES_COPY_UP_H
#define PRIMITIVES_COPY_UP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "meter/meter.h"

/* Whether this mountinfo is that of a node whose root is an overlay of its own. */
bool copy_up_own_root(const char *mountinfo);

/* As many files as there are repetitions, fewer if there are not so many: metrics `copy_up` and
 * `write_again`, in seconds. `with_barrier`: a barrier before each. Does nothing else on a node
 * with another root. */
int copy_up_measure(struct meter *m, unsigned repetitions, bool with_barrier, struct error *err);

#endif
