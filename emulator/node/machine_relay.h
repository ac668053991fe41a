/* SPDX-License-Identifier: MIT
 *
 * A program that runs in a machine, as this kernel sees it: a process that passes its streams on,
 * takes its signals and ends as it ends. So a program in a machine is a child of the supervisor
 * with a pidfd like any other.
 */
#ifndef WANLAB_NODE_MACHINE_RELAY_H
#define WANLAB_NODE_MACHINE_RELAY_H

#include "node/node.h"

/* The body of the process. `channel` carries its frames; `report` gets one struct child_answer when
 * the program runs or does not. The streams are `e->fds`; `node` is a pidfd of the
 * node's first process. */
_Noreturn void relay_run(const struct node_exec *e, int channel, int report, int node);

#endif
