/* SPDX-License-Identifier: MIT
 *
 * The OCI bundle of a container node: its config.json. The format is that of the OCI runtime
 * specification 1.0.
 */
#ifndef WANLAB_NODE_BUNDLE_H
#define WANLAB_NODE_BUNDLE_H

#include "base/error.h"
#include "node/node.h"

#define BUNDLE_INIT "/run/wanlab/init" /* in the node: its first process */

/* Writes `path`. `init` is the host's file of the first process; `private_folders` is a folder
 * with `run` and `tmp` that cover the root's own, which is the host's (NULL: it is not); `cgroup`
 * is what the runtime shall use (NULL: it has no say). */
int bundle_write(const char *path, const struct node_spec *spec, const char *init,
                 const char *private_folders, const char *cgroup, struct error *err);

#endif
