/* SPDX-License-Identifier: MIT
 *
 * Programs that wanlab carries inside itself, since nodes need them whatever their root holds.
 */
#ifndef WANLAB_NODE_EMBEDDED_H
#define WANLAB_NODE_EMBEDDED_H

#include "base/error.h"

/* Writes a container's first process (init/init.c) to `path`, executable; one that is there already
 * stays. */
int embedded_write_init(const char *path, struct error *err);

#endif
