/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `container`: an OCI bundle run by crun or runc. See container.c for the story.
 * Each life begins with the root as it is: what a former one wrote to it (the overlay's upper
 * layer) is gone, only the scratch folder stays.
 */
#ifndef WANLAB_NODE_CONTAINER_H
#define WANLAB_NODE_CONTAINER_H

#include "node/node.h"

extern const struct node_driver node_container;

#endif
