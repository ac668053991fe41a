/* SPDX-License-Identifier: MIT
 *
 * Shared by the plan's parts: plan.c makes the skeleton (nodes and their interfaces),
 * plan_address.c the ports with their addresses, plan_routes.c what nodes need where there are
 * routers, plan_connect.c joins the ports (links, networks, wan) with one of the two engines,
 * plan_splice.c knows the wires which no engine has.
 */
#ifndef WANLAB_TOPOLOGY_PLAN_INTERNAL_H
#define WANLAB_TOPOLOGY_PLAN_INTERNAL_H

#include "topology/plan.h"

/* Appends a zeroed op and returns it; valid until the next call. */
struct op *plan_add(struct plan *p, enum op_kind kind, int ns);

/* The same for an op about one interface. */
struct op *plan_add_dev(struct plan *p, enum op_kind kind, int ns, const char *dev, int index);

void plan_add_sysctl(struct plan *p, int ns, const char *key, const char *value, bool optional);

/* Keeps a text for ops to point to; consumes `text`. */
const char *plan_keep(struct plan *p, char *text);

/* A route by a port of a node. `to` has its prefix, `via` family 0: directly. */
struct op *plan_add_route(struct plan *p, const struct port *port, struct ip to, struct ip via);

/* The numbers of the subnets of links and homes, one space of numbers for both. */
struct subnets {
    unsigned *of_link, *of_home; /* by link, by node; of_home NULL: there are none */
    unsigned *owner;             /* by number: the node to which all others send what goes there;
                                    ROUTING_NONE: nobody */
    size_t count;
};

void plan_number_subnets(const struct plan *p, struct subnets *ret);
void plan_subnets_done(struct subnets *s);

/* 2^bits subnets from number `first` on; and the same of networks. */
struct ip plan_subnet_block(int family, unsigned first, unsigned bits);
struct ip plan_network_block(int family, unsigned first, unsigned bits);

/* The subnet that a port's node reaches over it directly. */
struct ip plan_subnet(const struct plan *p, const struct port *port, int family);

/* Ports and homes, with all their addresses. */
void plan_add_ports(struct plan *p, const struct subnets *subnets);

/* The settings and the routes of one node where there are routers. */
void plan_add_forwarding(struct plan *p, unsigned node);
void plan_add_node_routes(struct plan *p, const struct subnets *subnets, unsigned node);

/* Joins the ports of one link (ports `first`, `first` + 1), of one network, of the wan. */
void plan_connect_link(struct plan *p, const struct link *link, unsigned first);
void plan_connect_network(struct plan *p, const struct network *n, unsigned number, unsigned first);
void plan_connect_wan(struct plan *p, const struct wan *wan, unsigned first);

/* What plan_connect.c and plan_splice.c have in common: wires and TAPs without steps, and steps. */
unsigned plan_add_link_wire(struct plan *p, const struct link *link, unsigned first, unsigned d,
                            const unsigned taps[2]);
void plan_add_member_wires(struct plan *p, const struct network *n, const struct network_member *m,
                           unsigned port, const unsigned taps[2], unsigned ret[2]);
unsigned plan_reserve_tap(struct plan *p, unsigned port, char letter);
void plan_open_tap(struct plan *p, unsigned number);
struct op *plan_add_redirect(struct plan *p, const char *dev, int index, const char *target,
                             int target_index);
void plan_add_uplink(struct plan *p, unsigned port, const char *ifb, unsigned wire);

/* plan_splice.c: lists the wires of connections without impairment, behind all others. */
void plan_add_bare_wires(struct plan *p);

enum { NETWORKS_MAX = 128 };

/* Interface indices in the fabric, apart by kind so that none depends on how many others exist. */
enum {
    INDEX_PORT = 100000,
    INDEX_TAP = 200000,
    INDEX_BRIDGE = 300000,
    INDEX_IFB = 400000,
    INDEX_TRUNK = 500000,
    INDEX_NODE = 2, /* in a node: eth0, right after lo */
};

#endif
