/* SPDX-License-Identifier: MIT
 *
 * Programs in nodes that share this kernel: node_driver's `exec` for processes and containers.
 */
#ifndef WANLAB_NODE_PROGRAM_H
#define WANLAB_NODE_PROGRAM_H

#include "node/node.h"

/* See node_driver.exec. Enters `n->namespaces` of the node's first process. */
int program_start(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                  int *ret_pidfd, struct error *err);

/* What the kinds' `stop` have in common: kills the first process, releases everything. */
void program_stop_node(struct node_instance *n);

#endif
