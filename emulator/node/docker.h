/* SPDX-License-Identifier: MIT
 *
 * Nodes of kind `docker`: containers of a running engine, Docker or Podman. See docker.c for the
 * story. Each life is a container of its own; only the scratch folder stays.
 */
#ifndef WANLAB_NODE_DOCKER_H
#define WANLAB_NODE_DOCKER_H

#include "node/node.h"

extern const struct node_driver node_docker;

#endif
