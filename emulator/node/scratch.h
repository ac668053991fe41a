/* SPDX-License-Identifier: MIT
 *
 * Scratch folders that lie in the host's own files, in one folder for a lab: what `scratch: folder`
 * asks for, and what native nodes always have, since they see no mount of the lab's. The lab's
 * process tree does not take them along: so before there is such a folder its path is written to a
 * record in the lab's runtime folder, and whoever sweeps that folder sweeps them first.
 */
#ifndef WANLAB_NODE_SCRATCH_H
#define WANLAB_NODE_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Makes a lab's folder for folders that may hold `bytes` together, on the disk of $WANLAB_DISK,
 * else of /var/tmp (`on_disk`), or in memory, in /dev/shm. `*ret` is the caller's to free.
 * STATUS_MACHINE where that is not what it should be, or has not so much room. */
int scratch_reserve(const char *lab_folder, bool on_disk, uint64_t bytes, char **ret,
                    struct error *err);

/* Removes what the record of the lab in `lab_folder` names; false if some is left. */
bool scratch_sweep(const char *lab_folder);

/* Bytes that the files in `folder` and below take, on its own file system. */
uint64_t scratch_size(const char *folder);

#endif
