/* SPDX-License-Identifier: MIT
 *
 * What nodes take of the machine, without cgroups: by the processes in their PID namespaces.
 */
#ifndef WANLAB_NODE_USAGE_H
#define WANLAB_NODE_USAGE_H

#include <signal.h>

#include "node/node.h"

struct node_usage {
    uint64_t memory_pss;   /* bytes; what processes share is dealt out among them */
    uint64_t memory_guest; /* bytes of a kernel of its own; 0: it shares this one's */
    uint64_t cpu_ns;       /* in all of its lives */
    uint64_t disk;         /* bytes in its files in memory; see usage_disk() */
};

/* Fills `usage[i]` for `nodes[i]`; `disk` is what guests have in their own memory. Reads all of
 * /proc once; of an engine's containers, whose processes the lab does not see, nothing is known; a
 * dead node has but the processor time of its former lives.
 *
 * Processor time is that of the living processes, with what they know of the children that they
 * have waited for, and `reaped_cpu_ns` of the instance: whatever ends is waited for by its parent,
 * by the node's first process or by this one, and thus counted once. What a program has the kernel
 * reap (SIGCHLD ignored) is nobody's. */
void usage_collect(const struct node_instance *nodes, size_t count, struct node_usage *usage);

/* The processor time of this process and of those beside it in its PID namespace that are no
 * nodes: what a lab takes for itself. Packets that the kernel forwards are nobody's. */
uint64_t usage_lab_cpu_ns(const struct node_instance *nodes, size_t count);

/* The bytes that a file system of its own, mounted at `path`, takes; 0 if it cannot be told. */
uint64_t usage_disk(const char *path);

/* waitid(P_PIDFD) for a child that has ended, as `WEXITED | WNOHANG` would: false if it has not.
 * Its processor time, with that of its own children, is added to `*cpu_ns`. */
bool usage_reap(int pidfd, siginfo_t *ret, uint64_t *cpu_ns);

#endif
