/* SPDX-License-Identifier: MIT
 *
 * Kernel settings by their dotted names, as sysctl(8) has them.
 */
#ifndef WANLAB_NET_SYSCTL_H
#define WANLAB_NET_SYSCTL_H

#include <stdbool.h>

#include "base/error.h"

/* Writes a setting; those below "net" are the CALLER's network namespace's. An `optional` one that
 * this kernel does not have is left out. */
int sysctl_set(const char *key, const char *value, bool optional, struct error *err);

#endif
