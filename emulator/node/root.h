/* SPDX-License-Identifier: MIT
 *
 * What a node's `root:` in the file stands for: a folder that a node can have an overlay over.
 */
#ifndef WANLAB_NODE_ROOT_H
#define WANLAB_NODE_ROOT_H

#include "base/error.h"
#include "topology/scenario.h"

/* The absolute path of the node's root, "/" for the host's own files; archives are unpacked on the
 * way. Relative paths start at the scenario's file. What does not exist or is no root is an error
 * of input. The caller frees `*ret`. */
int root_find(const struct scenario *s, const struct node *node, char **ret, struct error *err);

/* Whether a folder looks like a root: an error of input if not. */
int root_check(const char *folder, struct error *err);

#endif
