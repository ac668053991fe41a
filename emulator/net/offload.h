/* SPDX-License-Identifier: MIT
 *
 * Segmentation and receive offload: a few ioctls, and no more, since the agent in a guest uses them
 * too.
 */
#ifndef WANLAB_NET_OFFLOAD_H
#define WANLAB_NET_OFFLOAD_H

#include <stdbool.h>

#include "base/error.h"

/* Turns segmentation and receive offload on or off. `socket` is any socket of the interface's
 * namespace. */
int interface_set_offload(int socket, const char *name, bool on, struct error *err);

#endif
