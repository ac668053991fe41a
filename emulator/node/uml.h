/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `uml`: User-Mode Linux, a kernel of their own that is an ordinary program. See
 * uml.c.
 */
#ifndef WANLAB_NODE_UML_H
#define WANLAB_NODE_UML_H

#include "node/node.h"

extern const struct node_driver node_uml;

#endif
