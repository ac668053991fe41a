/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `process`: namespaces over the host's own files. See process.c for the story.
 */
#ifndef WANLAB_NODE_PROCESS_H
#define WANLAB_NODE_PROCESS_H

#include "node/node.h"

extern const struct node_driver node_process;

#endif
