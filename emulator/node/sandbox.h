/* SPDX-License-Identifier: MIT
 *
 * What a process node's processes may see and do: called in the node's first process to build the
 * view of the files, and in every process before it runs a program.
 */
#ifndef WANLAB_NODE_SANDBOX_H
#define WANLAB_NODE_SANDBOX_H

#include "base/error.h"
#include "node/node.h"

/* In a fresh PID and UTS namespace: the host's files become read-only, /tmp /run /var /dev/shm are
 * private and empty, /dev has the common devices and none of the host's disks, /proc and /sys are
 * the node's own with /proc/sys read-only outside net, the spec's folders appear. Applies the
 * spec's settings on the way. The mount namespace is the caller's, a fresh one as well, or, unless
 * it is -1, a copy of `mounts`. */
int sandbox_build(const struct node_spec *spec, int mounts, struct error *err);

/* A copy of the caller's mount namespace as it is now. The caller closes `*ret_mounts`. */
int sandbox_copy_mounts(int *ret_mounts, struct error *err);

/* Takes the caller into a copy of the spec's bare mounts, with the spec's folders and its work
 * folder where they are in the lab's. */
int sandbox_enter_bare(const struct node_spec *spec, struct error *err);

/* Gives up, for good, all capabilities but those of a Docker container plus NET_ADMIN and NET_RAW,
 * and sets no_new_privs. MKNOD is not among them, since no device cgroup would keep a node from the
 * host's disks. */
int sandbox_drop_privileges(struct error *err);

/* Names of the capabilities that are kept, "CAP_CHOWN" …; NULL past the last. */
const char *sandbox_capability(size_t index);

/* In the node's network namespace: applies the spec's settings, and makes sure of its congestion
 * control. */
int sandbox_apply_settings(const struct node_spec *spec, struct error *err);

#endif
