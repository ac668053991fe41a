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

/* See node_driver.pause: SIGSTOP and SIGCONT for all processes of the node's PID namespace but the
 * first, which only reaps. One signal to all: none can be forked past it. */
int program_end_node(struct node_instance *n, bool first, bool *ret_ended, struct error *err);
int program_pause_node(struct node_instance *n, bool paused, struct error *err);

/* What the kinds' `halt` and `stop` have in common. */
void program_halt_node(struct node_instance *n);
void program_stop_node(struct node_instance *n);

#endif
