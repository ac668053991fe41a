/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `native`: the host itself. See native.c for the story.
 */
#ifndef WANLAB_NODE_NATIVE_H
#define WANLAB_NODE_NATIVE_H

#include "node/node.h"

enum { NATIVE_NAMESPACES = 4 }; /* of the host, that a native node is in */

extern const struct node_driver node_native;

/* In the launcher, before the lab's namespaces are made: opens the caller's. The caller closes
 * `ret_fds`. */
int native_open_host(int ret_fds[NATIVE_NAMESPACES], struct error *err);

#endif
