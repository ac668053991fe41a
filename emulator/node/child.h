/* SPDX-License-Identifier: MIT
 *
 * Children of the supervisor that do something in other namespaces and say how it went.
 */
#ifndef WANLAB_NODE_CHILD_H
#define WANLAB_NODE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* What a child says to the supervisor: 0 and descriptors or a pid, or an error. */
struct child_answer {
    int result;
    pid_t pid;
    struct error err;
};

/* clone3(): 0 in the child, its pid and pidfd here, -1 with errno. With CLONE_PARENT the child is
 * the caller's sibling. */
pid_t child_clone(uint64_t flags, int *ret_pidfd);

/* In a new user namespace: root inside is the user outside, and there is no other user. */
int child_become_root(uid_t uid, gid_t gid, struct error *err);

/* A socket pair whose first end is for this process. */
int child_channel(int pair[2], struct error *err);

/* Waits for a child's answer; an answer that is an error is returned as one. */
int child_receive(int channel, struct child_answer *answer, int *fds, size_t fd_count,
                  struct error *err);

/* What a fork does: 0 or an error. A descriptor that it leaves in *ret_fd (which is -1) goes to its
 * parent, unless it failed. */
typedef int (*child_work)(void *arg, int *ret_fd, struct error *err);

/* Does `work` in a fork of this process, so that the namespaces which that enters stay its own,
 * waits, and returns its result with its error. ret_fd, unless NULL, gets its descriptor, the
 * caller's to close. */
int child_do(child_work work, void *arg, int *ret_fd, struct error *err);

/* In the network namespace of a node: opens the socket that the supervisor configures it through.
 */
int child_open_network(int *ret_fd, struct error *err);

/* Kills and reaps child `pid` and all that descends from it. Both it and this process have to be
 * subreapers: nothing that it started is ever anybody else's. Waits for the last to end. */
void child_end_tree(pid_t pid);

#endif
