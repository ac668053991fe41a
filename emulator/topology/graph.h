/* SPDX-License-Identifier: MIT
 *
 * A plan's topology as a drawing, in Graphviz's language DOT: nodes by kind (shape; routers are
 * octagons) and region (colour), networks as boxes, what wires do beside their edges. The wan of up
 * to four members has an edge for each pair; a larger one is a hub with the range of its wires.
 */
#ifndef WANLAB_TOPOLOGY_GRAPH_H
#define WANLAB_TOPOLOGY_GRAPH_H

#include <stdio.h>

#include "topology/plan.h"

void graph_print(const struct plan *p, FILE *out);

#endif
