/* SPDX-License-Identifier: MIT
 *
 * Limits through cgroups, version 1, 2, or both at once (each controller where it is). They are the
 * one thing of a lab that its process tree does not take along: so before the first folder is made,
 * the places where there can be any are written to a record in the lab's runtime folder, and
 * whoever sweeps that folder sweeps them first.
 *
 * A lab's folder is named wanlab.LAB.INODE (of its runtime folder) below the cgroup that wanlab
 * itself is in (version 1) or at the root (version 2, whose inner cgroups may hold no processes); a
 * node's folder is in it.
 */
#ifndef WANLAB_NODE_CGROUP_H
#define WANLAB_NODE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "topology/scenario.h"

enum { CGROUP_CONTROLLERS = 4 }; /* cpu, memory, pids, io */

/* A node's folders; all zero is none. */
struct cgroup {
    struct cgroup_controller {
        char *folder; /* NULL: not there */
        bool unified; /* version 2 */
        int procs;    /* cgroup.procs, writable; valid if there is a folder */
    } controller[CGROUP_CONTROLLERS];
};

/* Writes the record of the lab whose runtime folder is `folder` to FOLDER/cgroups, whose path is
 * `*ret` (the caller's to free). Makes no cgroup yet. */
int cgroup_reserve(const char *folder, char **ret, struct error *err);

/* The node's cgroup below `record`'s, relative to the cgroup that wanlab is in or, with version 2
 * alone, absolute: what an OCI runtime is told. The caller frees it. */
char *cgroup_runtime_path(const char *record, const char *node);

/* Makes the node's folders where this machine has the controllers (that of io only for who asks for
 * it), without limits yet. A controller
 * that is not there but asked for by `limits` (may be NULL) is an error (exit 3). */
int cgroup_open(const char *record, const char *node, const struct node_limits *limits,
                struct cgroup *ret, struct error *err);
void cgroup_close(struct cgroup *c); /* the folders stay */

/* `disk`: what limits of io are about; see disk_device(). */
int cgroup_limit(const struct cgroup *c, const struct node_limits *limits, dev_t disk,
                 struct error *err);

/* Moves the calling process in, or process `pid` as seen by it; only writes to open descriptors. */
void cgroup_join(const struct cgroup *c);
void cgroup_move(const struct cgroup *c, int pid);

/* Removes all folders of a record, waiting up to two seconds for processes that are just ending;
 * false if some are left. A record that does not exist is fine. */
bool cgroup_sweep(const char *record);

#endif
