/* SPDX-License-Identifier: MIT
 *
 * The first root of a machine: a cpio archive with the agent as /init and the kernel modules that
 * it needs before it can mount anything. Made once per kernel and agent, in the cache.
 */
#ifndef WANLAB_NODE_INITRAMFS_H
#define WANLAB_NODE_INITRAMFS_H

#include "base/error.h"

/* Opens the archive for a kernel whose modules are in `folder` (which has its modules.dep). `names`
 * are the modules, NULL-terminated, without folder and suffix; what they depend on comes along,
 * what is built into the kernel needs no file. The descriptor is the caller's. */
int initramfs_open(const char *folder, const char *const *names, int *ret_fd, struct error *err);

#endif
