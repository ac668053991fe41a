/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `qemu`: virtual machines with Debian's kernel. See qemu.c for the story.
 */
#ifndef WANLAB_NODE_QEMU_H
#define WANLAB_NODE_QEMU_H

#include "node/node.h"

extern const struct node_driver node_qemu;

#endif
