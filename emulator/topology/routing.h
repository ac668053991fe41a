/* SPDX-License-Identifier: MIT
 *
 * Shortest paths through a scenario that has routers. Its links and networks are a directed graph:
 * nodes and networks are the vertices, each direction of a link and each uplink and downlink of a
 * network an edge. Only routers and networks are passed through. Among paths of the same cost the
 * one with fewer hops is taken, then the one whose next edge comes first in the file, so that every
 * scenario has one answer and no two nodes send a packet in a circle. The wan takes no part: it
 * joins its members with each other and nothing else.
 *
 * The core are the vertices where there is something to choose: networks, routers, and other nodes
 * with several interfaces. All others hang on one of these by their only edge. Paths are computed
 * to every vertex of the core (Dijkstra, on the graph turned round). Pure, constant once made.
 */
#ifndef WANLAB_TOPOLOGY_ROUTING_H
#define WANLAB_TOPOLOGY_ROUTING_H

#include "topology/scenario.h"

#define ROUTING_NONE UINT32_MAX /* no vertex, edge or port */

enum { ROUTING_CORE_MAX = 4096 };

/* Number 2k + 1 is the way back of number 2k. */
struct routing_edge {
    uint32_t from, to; /* vertices: a node's index, or that of a network behind the last node's */
    const struct impairment *wire;
    uint32_t from_port, to_port; /* of the plan; ROUTING_NONE at a network's side */
    uint64_t cost;
    uint32_t hops; /* a link is as long as an uplink and a downlink */
};

struct routing {
    const struct scenario *scenario; /* not owned */
    struct routing_edge *edges;
    size_t edge_count;
    uint32_t *core;   /* by vertex: its number in the core, or ROUTING_NONE */
    uint32_t *only;   /* by vertex: the only edge that leaves it, if it is not in the core */
    uint32_t *vertex; /* by number in the core */
    size_t vertex_count, core_count;
    uint32_t longest; /* the most hops of a path between nodes; a link is one, as is a network */
    uint64_t
        longest_ns; /* the most that the delays of a path between nodes of the core add up to */
    uint32_t *next; /* [to * core_count + from], both of the core: an edge, or ROUTING_NONE */
};

/* The scenario must outlive it. Error (STATUS_INPUT): a core larger than ROUTING_CORE_MAX. */
int routing_new(const struct scenario *s, struct routing **ret, struct error *err);
void routing_free(struct routing *r);

/* The edge by which a packet to vertex `to` leaves `at`; ROUTING_NONE if it gets no farther. */
uint32_t routing_next(const struct routing *r, uint32_t at, uint32_t to);

/* Whether a packet from `from` arrives at `to`. */
bool routing_reaches(const struct routing *r, uint32_t from, uint32_t to);

/* Whether a node has an address of its own, on its loopback, rather than that of its only
 * interface: it is a router or has several interfaces. */
bool routing_has_home(const struct routing *r, unsigned node);

#endif
