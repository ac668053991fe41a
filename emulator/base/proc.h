/* SPDX-License-Identifier: MIT
 *
 * The processes that /proc shows, with what their `stat` files say. Numbers are those of the PID
 * namespace that /proc was mounted in.
 */
#ifndef WANLAB_BASE_PROC_H
#define WANLAB_BASE_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
    pid_t pid, parent, session;
    char state;           /* 'Z': a zombie */
    uint64_t cpu_ns;      /* its threads', also of those that ended */
    uint64_t children_ns; /* of the children that it has waited for, with theirs */
};

/* All processes, in the order of /proc; those that end meanwhile are left out. The caller frees
 * `*ret`. */
size_t proc_list(struct proc **ret);

/* A number that all processes of the PID namespace of `pid` have in common; 0: it has gone. */
ino_t proc_pid_namespace(pid_t pid);

#endif
