/* SPDX-License-Identifier: MIT
 *
 * A machine's program and its helpers on the host: what they see of it, and how they start. For the
 * first process of a machine's node.
 */
#ifndef WANLAB_NODE_MACHINE_PROGRAM_H
#define WANLAB_NODE_MACHINE_PROGRAM_H

#include "node/machine.h"

/* Takes this process into the machine's sandbox: it sees the host's files as a process node does;
 * what it needs in memory has its own bound. */
int machine_program_sandbox(const struct node_spec *spec, const struct machine_launch *launch,
                            struct error *err);

/* Starts the launch's program, or one of its helpers, with the agent's `line` and the launch's
 * descriptors. -1 with errno. */
pid_t machine_program_spawn(char **argv, const struct machine_launch *launch, int line);

#endif
