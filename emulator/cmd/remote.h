/* SPDX-License-Identifier: MIT
 *
 * What the commands that run a program in a node have in common.
 */
#ifndef WANLAB_CMD_REMOTE_H
#define WANLAB_CMD_REMOTE_H

#include "lab/client.h"

/* A program in a node. */
struct remote {
    struct client *client; /* the caller's to close, which ends the program */
    json_int_t exec;       /* its number in the lab's events */
};

/* Asks a lab to run `argv` with this process's environment; `request` (consumed) says in which
 * node, and how. */
int remote_start(const char *lab, char *const *argv, json_t *request, const int *fds,
                 size_t fd_count, struct remote *ret, struct error *err);

/* Whether the program's end has been reported; `*ret_status` is what a shell would give. An error
 * if the lab has gone. Does not wait. */
int remote_poll_exit(const struct remote *remote, bool *ret_ended, int *ret_status,
                     struct error *err);

/* Waits for it, passing on what the user would interrupt this process with. The status, or an
 * error. */
int remote_await_exit(const struct remote *remote, struct error *err);

#endif
