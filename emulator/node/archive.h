/* SPDX-License-Identifier: MIT
 *
 * Roots out of archives: a tar file of a root, or of an OCI image (as `podman save --format
 * oci-archive` writes it), compressed or not. Each is unpacked once, into the cache.
 */
#ifndef WANLAB_NODE_ARCHIVE_H
#define WANLAB_NODE_ARCHIVE_H

#include "base/error.h"

/* The folder with the root that `path` holds; the caller frees `*ret`. */
int archive_unpack(const char *path, char **ret, struct error *err);

#endif
