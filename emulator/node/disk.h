/* SPDX-License-Identifier: MIT
 *
 * File systems in files: the disk of a machine, and a node's scratch folder on a disk of the host.
 * The latter lies in a file without a name, on a loop device that ends with its mount: whatever
 * ends the mount namespace, the host's disk has the space back.
 */
#ifndef WANLAB_NODE_DISK_H
#define WANLAB_NODE_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The folder of $WANLAB_DISK, else /var/tmp. */
const char *disk_folder(void);

/* Whether files in a folder are in memory. */
bool disk_is_memory(const char *folder);

/* The whole disk that the files in `folder` are on. STATUS_MACHINE where there is none that io
 * could be limited for. */
int disk_device(const char *folder, dev_t *ret, struct error *err);

/* Makes an empty ext4 file system in a file that is all zeros. */
int disk_format(const char *path, struct error *err);

/* Mounts a new file system with room for `bytes` at `target`. It lies on the disk of $WANLAB_DISK,
 * else of /var/tmp, where all of its space is reserved at once. STATUS_MACHINE where that is no
 * disk, has not so much left, or may not be mounted. */
int disk_mount(uint64_t bytes, const char *target, struct error *err);

#endif
