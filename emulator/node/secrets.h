/* SPDX-License-Identifier: MIT
 *
 * What of the host's files nodes do not see, although they have the host's root: passwords and
 * private keys. Everything else of it they may read, whatever its mode says, since they are root;
 * but for /tmp, /run, /var and /dev, which are their own.
 */
#ifndef WANLAB_NODE_SECRETS_H
#define WANLAB_NODE_SECRETS_H

#include <stddef.h>

#include "base/error.h"

/* In the lab's mount namespace, before any node is made: covers them, for all nodes. Passwords
 * become those of locked accounts, in a file in the lab's `folder`, so that `su` works. */
int secrets_hide(const char *folder, struct error *err);

/* The paths that are covered; NULL past the last. Not each exists on every host. */
const char *secrets_path(size_t index);

#endif
