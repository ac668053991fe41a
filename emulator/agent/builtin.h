/* SPDX-License-Identifier: MIT
 *
 * Programs that every node has, whatever its root holds: in nodes that share this kernel they run
 * as functions of wanlab itself, in others as functions of the agent.
 */
#ifndef WANLAB_AGENT_BUILTIN_H
#define WANLAB_AGENT_BUILTIN_H

/* Runs the one that argv[0] names with the other arguments; its exit status, or 127 if there is
 * none of that name. */
int builtin_run(int argc, char *const *argv);

#endif
