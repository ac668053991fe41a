/* SPDX-License-Identifier: MIT
 *
 * The agent, which wanlab carries inside itself, since nodes need it whatever their root holds.
 */
#ifndef WANLAB_NODE_EMBEDDED_H
#define WANLAB_NODE_EMBEDDED_H

#include <stddef.h>

#include "base/error.h"

/* Its file's bytes. */
const char *embedded_agent(size_t *ret_size);

/* Writes it to `path`, executable; one that is there already stays. */
int embedded_write_agent(const char *path, struct error *err);

/* The path of its copy in the cache, made if missing: a folder for what can be run, unlike that of
 * the labs, whose file system may be mounted otherwise. The caller frees `*ret`. */
int embedded_cache_agent(char **ret, struct error *err);

#endif
