/* SPDX-License-Identifier: MIT
 *
 * A routing-netlink socket that belongs to the network namespace it was opened in, wherever its
 * owner is. Requests are built by the other files of this folder with libnl's attributes and sent
 * here, one by one or gathered, many with one system call; an error carries the kernel's errno and
 * its extended ack text. Not thread-safe; the local kernel has answered a request, but for a dump,
 * when the call that sends it returns, so nothing here ever waits.
 */
#ifndef WANLAB_NET_NETLINK_H
#define WANLAB_NET_NETLINK_H

#include <netlink/msg.h>

#include "base/cleanup.h"
#include "base/error.h"

struct netlink;

/* Opens a socket in the network namespace of the calling thread. Free with netlink_close(). */
int netlink_open(struct netlink **ret, struct error *err);

/* Takes over a NETLINK_ROUTE socket that was opened elsewhere, e.g. by a process inside a
 * namespace. Consumes fd, also on error. */
int netlink_adopt(int fd, struct netlink **ret, struct error *err);

/* A plain NETLINK_ROUTE socket of the caller's namespace for netlink_adopt(); -errno on error. */
int netlink_socket(void);

/* A kernel that no socket of ours belongs to. `transact` carries one request there and its answer
 * back: `*ret_size` is the room in `ret_answer`, and then the answer's length. `arg` has to outlive
 * the result. */
typedef int netlink_transact(void *arg, const void *request, size_t size, void *ret_answer,
                             size_t *ret_size, struct error *err);
int netlink_open_remote(netlink_transact *transact, void *arg, struct netlink **ret,
                        struct error *err);

void netlink_close(struct netlink *nl); /* accepts NULL */

/* Opens the network namespace that a local socket belongs to. The caller closes `*ret_fd`. */
int netlink_namespace(const struct netlink *nl, int *ret_fd, struct error *err);

/* A local one's socket, for ioctls about interfaces of its namespace. */
int netlink_socket_of(const struct netlink *nl);

/* Sends a request with NLM_F_ACK and takes the answer. Consumes `msg`. The error's text is only the
 * kernel's reason: the caller wraps it with what it wanted. */
int netlink_request(struct netlink *nl, struct nl_msg *msg, struct error *err);

/* From now on requests to the local kernel are gathered: netlink_request() succeeds, and its
 * request is on behalf of `tag`. They go out in order, some at a time, the last with
 * netlink_flush(), which also ends the gathering. After a refusal none is sent any more. Remote
 * requests are not gathered.
 */
void netlink_gather(struct netlink *nl, const void *tag);

/* The first refusal since netlink_gather(), if there was one, and on whose behalf it was asked. */
int netlink_flush(struct netlink *nl, const void **ret_tag, struct error *err);

/* Sends many requests to the local kernel, in one system call where they fit, and takes the
 * answers. Consumes the messages. A request that fails does not keep the others from being carried
 * out: the error is the first one's, and `*ret_failed` its number. `ret_ns` becomes
 * CLOCK_MONOTONIC before the first was sent and after the last was done. */
int netlink_request_all(struct netlink *nl, struct nl_msg *const *msgs, size_t count,
                        size_t *ret_failed, uint64_t ret_ns[2], struct error *err);

/* Sends a request with NLM_F_DUMP and calls `on_message` for each object of the answer. Consumes
 * `msg`. Only for the local kernel. */
int netlink_dump(struct netlink *nl, struct nl_msg *msg,
                 void (*on_message)(const struct nlmsghdr *message, void *arg), void *arg,
                 struct error *err);

DEFINE_CLEANUP(struct netlink *, netlink_close);

#endif
