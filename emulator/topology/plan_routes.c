/* SPDX-License-Identifier: MIT
 *
 * What a node needs where there are routers: the settings of one that forwards, or that may be
 * answered over another interface than it sent by, and its routes. Every subnet of a link or home
 * has an owner, and every network is a vertex by itself: towards these the shortest path says the
 * next hop, and the whole is merged into prefixes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/plan_internal.h"
#include "topology/route_table.h"
#include "topology/routing.h"

enum { HOPS_OF_DEFAULT = 60 }; /* the kernel's packets live for 64 */

void plan_add_forwarding(struct plan *p, unsigned node)
{
    /* Both, since a new interface begins with what the machine's default is, and of "all" and its
     * own an interface takes the stricter. */
    static const char *const off[] = {
        "net.ipv4.conf.all.rp_filter",        "net.ipv4.conf.default.rp_filter",
        "net.ipv4.conf.all.send_redirects",   "net.ipv4.conf.default.send_redirects",
        "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.default.accept_redirects",
        "net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.default.accept_redirects",
    };
    for (size_t i = 0; i < ARRAY_LEN(off); i++)
        plan_add_sysctl(p, (int)node, off[i], "0", strstr(off[i], "ipv6") != NULL);
    if (p->scenario->routing->longest > HOPS_OF_DEFAULT) {
        plan_add_sysctl(p, (int)node, "net.ipv4.ip_default_ttl", "255", false);
        plan_add_sysctl(p, (int)node, "net.ipv6.conf.all.hop_limit", "255", true);
        plan_add_sysctl(p, (int)node, "net.ipv6.conf.default.hop_limit", "255", true);
    }
    if (p->scenario->nodes[node].role != ROLE_ROUTER)
        return;
    plan_add_sysctl(p, (int)node, "net.ipv4.ip_forward", "1", false);
    plan_add_sysctl(p, (int)node, "net.ipv6.conf.all.forwarding", "1", true);
}

/* The next hops of one node, as the numbers of the ports that packets are sent to. */
struct hops {
    unsigned *subnets, *networks; /* by their numbers */
    unsigned *over;               /* by such a port: the node's own port that leads there */
    unsigned single;              /* the only one there is; ROUTE_NONE: none; ROUTE_ANY: several */
};

/* The next hop of `node` towards a vertex. */
static unsigned find_hop(const struct routing *r, unsigned node, uint32_t to, struct hops *h)
{
    const uint32_t first = routing_next(r, node, to);
    if (first == ROUTING_NONE)
        return ROUTE_NONE;
    const struct routing_edge *edge = &r->edges[first], *last = edge;
    if (edge->to_port == ROUTING_NONE) { /* into a network, and out of it at the next router */
        if (edge->to == to)
            return ROUTE_ANY; /* the network is the node's own */
        last = &r->edges[routing_next(r, edge->to, to)];
    }
    h->over[last->to_port] = edge->from_port;
    return last->to_port;
}

static void note_single(struct hops *h, unsigned hop)
{
    if (hop == ROUTE_ANY || hop == ROUTE_NONE || hop == h->single)
        return;
    h->single = h->single == ROUTE_NONE ? hop : ROUTE_ANY;
}

static void find_hops(struct hops *h, const struct plan *p, const struct subnets *subnets,
                      unsigned node)
{
    const struct scenario *s = p->scenario;
    const struct routing *r = s->routing;
    h->single = ROUTE_NONE;
    for (size_t i = 0; i < subnets->count; i++) {
        const unsigned owner = subnets->owner[i];
        bool is_there = owner != ROUTING_NONE && owner != node;
        h->subnets[i] = is_there ? find_hop(r, node, owner, h) : ROUTE_NONE;
    }
    for (size_t i = 0; i < s->network_count; i++)
        h->networks[i] = find_hop(r, node, (uint32_t)(s->node_count + i), h);
    for (size_t e = 0; e < r->edge_count; e++) { /* its own have routes already */
        if (r->edges[e].from != node)
            continue;
        if (r->edges[e].to < s->node_count)
            h->subnets[subnets->of_link[e / 2]] = ROUTE_ANY;
        else
            h->networks[r->edges[e].to - s->node_count] = ROUTE_ANY;
    }
    for (size_t i = 0; i < subnets->count; i++)
        note_single(h, h->subnets[i]);
    for (size_t i = 0; i < s->network_count; i++)
        note_single(h, h->networks[i]);
}

static struct ip address_of(const struct port *port, int family)
{
    return family == AF_INET ? port->v4 : port->v6;
}

static void add_route_by(struct plan *p, const struct hops *h, unsigned node, struct ip to,
                         unsigned hop)
{
    if (hop == ROUTE_NONE) {
        struct op *op = plan_add(p, OP_ROUTE, (int)node);
        op->address = to;
        return;
    }
    const struct ip via = address_of(&p->ports[hop], to.family);
    struct op *op = plan_add_route(p, &p->ports[h->over[hop]], to, via);
    op->source = address_of(&p->homes[node], to.family);
}

/* The prefixes of one space of numbers, in both families. */
static void add_blocks(struct plan *p, const struct hops *h, unsigned node, const unsigned *hops,
                       size_t count, struct ip (*block)(int family, unsigned first, unsigned bits))
{
    static const int families[] = {AF_INET, AF_INET6};
    size_t block_count;
    _cleanup_(freep) struct route_block *blocks = route_table_merge(hops, count, &block_count);
    for (size_t f = 0; f < ARRAY_LEN(families); f++)
        for (size_t i = 0; i < block_count; i++)
            add_route_by(p, h, node, block(families[f], blocks[i].first, blocks[i].bits),
                         blocks[i].hop);
}

/* The subnets that the file gives. What the node has an interface in has its route already. */
static void add_given(struct plan *p, const struct hops *h, unsigned node,
                      const struct interface_choice *c, unsigned hop)
{
    if (hop == ROUTE_ANY || hop == ROUTE_NONE)
        return;
    if (c->v4.family)
        add_route_by(p, h, node, ip_network(&c->v4), hop);
    if (c->v6.family)
        add_route_by(p, h, node, ip_network(&c->v6), hop);
}

void plan_add_node_routes(struct plan *p, const struct subnets *subnets, unsigned node)
{
    const struct scenario *s = p->scenario;
    _cleanup_(freep) unsigned *numbers = xcalloc(subnets->count + 1, sizeof(*numbers));
    _cleanup_(freep) unsigned *networks = xcalloc(s->network_count + 1, sizeof(*networks));
    _cleanup_(freep) unsigned *over = xcalloc(p->port_count + 1, sizeof(*over));
    struct hops h = {.subnets = numbers, .networks = networks, .over = over};
    find_hops(&h, p, subnets, node);
    /* What only sends needs no more than a default route. A router without one refuses what has no
     * place, so that nothing ever goes in circles. */
    if (s->nodes[node].role == ROLE_HOST && h.single != ROUTE_ANY && h.single != ROUTE_NONE) {
        add_route_by(p, &h, node, ip4(0, 0, 0, 0, 0), h.single);
        add_route_by(p, &h, node, ip6((uint16_t[8]){0}, 0), h.single);
        return;
    }
    add_blocks(p, &h, node, h.subnets, subnets->count, plan_subnet_block);
    add_blocks(p, &h, node, h.networks, s->network_count, plan_network_block);
    for (size_t i = 0; i < s->link_count; i++)
        add_given(p, &h, node, &s->links[i].given[0], h.subnets[subnets->of_link[i]]);
    for (size_t i = 0; i < s->network_count; i++)
        add_given(p, &h, node, &s->networks[i].members[0].given, h.networks[i]);
}
