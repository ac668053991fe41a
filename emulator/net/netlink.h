/* SPDX-License-Identifier: MIT
 *
 * A routing-netlink socket that belongs to the network namespace it was opened in, wherever its
 * owner is. Requests are built by the other files of this folder (libnl objects or raw attributes)
 * and sent here one by one; an error carries the kernel's errno and its extended ack text.
 * Not thread-safe; blocking, since a request to the local kernel is answered at once.
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

/* Sends a request with NLM_F_ACK and waits for the answer. Consumes `msg`. The error's text is
 * only the kernel's reason: the caller wraps it with what it wanted. */
int netlink_request(struct netlink *nl, struct nl_msg *msg, struct error *err);

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
