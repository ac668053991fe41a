/* SPDX-License-Identifier: MIT
 *
 * What takes long to make and can be used again: folders under $WANLAB_CACHE_ROOT, by default
 * /var/cache/wanlab for root, $XDG_CACHE_HOME/wanlab or ~/.cache/wanlab for others. Who that is is
 * decided at the first call; a process's children keep to it: those of an ordinary user's lab are
 * root in their user namespace, and the cache is the user's all the same.
 */
#ifndef WANLAB_BASE_CACHE_H
#define WANLAB_BASE_CACHE_H

#include "base/error.h"

/* The cache's folder `name`, made if missing; the caller frees `*ret`. */
int cache_folder(const char *name, char **ret, struct error *err);

/* Makes NAME/KEY once: `make` fills the folder it is given and tells in `*ret_made` which folder,
 * that one or one below (the caller frees it), becomes NAME/KEY, in one step and only if all went
 * well. One at a time for all who share the cache; what was left half made is removed first. The
 * caller frees `*ret`, NAME/KEY's path. */
int cache_make(const char *name, const char *key,
               int (*make)(const char *folder, void *arg, char **ret_made, struct error *err),
               void *arg, char **ret, struct error *err);

#endif
