/* SPDX-License-Identifier: MIT
 *
 * Names for `ip netns`: a node's network namespace, mounted on /run/netns/LAB-NODE in the mount
 * namespace of who started the lab. A mount outlives the lab's processes: so the names are written
 * to the record FOLDER/pins before the first is made, and whoever sweeps that folder removes them.
 */
#ifndef WANLAB_LAB_PIN_H
#define WANLAB_LAB_PIN_H

#include "lab/apply.h"

/* In the launcher: can it be done (root; no such name is taken), and the record. `*ret_mounts` is
 * the mount namespace for pin_node(), close-on-exec, the caller's to close. */
int pin_reserve(const char *folder, const struct scenario *s, int *ret_mounts, struct error *err);

/* In the supervisor: names the namespace of node `node`, or with -1 of all of them; a name that it
 * has from a former life moves over. A machine has none here. */
int pin_nodes(const char *folder, int mounts, const struct fabric *f, int node, struct error *err);

/* Removes all names of a record. A record that does not exist is fine. */
void pin_sweep(const char *folder);

#endif
