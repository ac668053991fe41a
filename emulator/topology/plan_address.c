/* SPDX-License-Identifier: MIT
 *
 * The ports and their addresses. IPv4 inside 10/8: the wan 10.0.0.0/16 (a /32 each), links and
 * homes 10.64.0.0/10 (a /30 each), networks 10.128.0.0/9 (a /16 each). IPv6 inside
 * fd77:6c61:6200::/46, alike, with a /64 each.
 *
 * Without routers links are numbered as in the file. With routers the numbers follow a walk, from a
 * vertex to those behind it, through the tree of shortest paths to the first vertex of the core:
 * what lies behind one next hop then has numbers side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/plan_internal.h"
#include "topology/routing.h"

enum { IP6_WAN = 0x6200, IP6_LINK = 0x6201, IP6_NETWORK = 0x6202 };

static struct ip address4(unsigned offset, unsigned prefix)
{
    return ip4(10, offset >> 16, (offset >> 8) & 255, offset & 255, prefix);
}

static struct ip address6(unsigned area, unsigned subnet, unsigned host, unsigned prefix)
{
    const uint16_t groups[8] = {0xfd77, 0x6c61, (uint16_t)area, (uint16_t)subnet, 0,
                                0,      0,      (uint16_t)host};
    return ip6(groups, prefix);
}

/* The offsets within 10/8. */
static unsigned subnet_offset(unsigned number)
{
    return (64u << 16) + 4 * number;
}

static unsigned network_offset(unsigned number)
{
    return (128 + number) << 16;
}

struct ip plan_subnet_block(int family, unsigned first, unsigned bits)
{
    return family == AF_INET ? address4(subnet_offset(first), 30 - bits)
                             : address6(IP6_LINK, first, 0, 64 - bits);
}

struct ip plan_network_block(int family, unsigned first, unsigned bits)
{
    return family == AF_INET ? address4(network_offset(first), 16 - bits)
                             : address6(IP6_NETWORK, first, 0, 64 - bits);
}

struct ip plan_subnet(const struct plan *p, const struct port *port, int family)
{
    if ((size_t)(port - p->ports) < p->scenario->wan.member_count)
        return family == AF_INET ? address4(0, 16) : address6(IP6_WAN, 0, 0, 64);
    return ip_network(family == AF_INET ? &port->v4 : &port->v6);
}

/* --- the order of subnets --- */

/* The tree of the walk, by number in the core. */
struct tree {
    unsigned *first_child, *next_sibling; /* ROUTING_NONE: none */
    unsigned *position;                   /* in the walk; ROUTING_NONE: not yet */
    unsigned *order;                      /* of the walk */
    size_t count;
};

/* Visits what has the shortest path to `root`, and is not visited yet. */
static void walk_from(struct tree *t, const struct routing *r, unsigned root)
{
    const size_t n = r->core_count;
    const uint32_t *next = &r->next[root * n];
    _cleanup_(freep) unsigned *stack = xcalloc(n, sizeof(*stack));
    size_t depth = 0;
    memset(t->first_child, 0xff, n * sizeof(*t->first_child));
    for (size_t v = n; v-- > 0;) {
        if (v == root || next[v] == ROUTING_NONE || t->position[v] != ROUTING_NONE)
            continue;
        unsigned parent = r->core[r->edges[next[v]].to];
        t->next_sibling[v] = t->first_child[parent];
        t->first_child[parent] = (unsigned)v;
    }
    stack[depth++] = root;
    t->next_sibling[root] = ROUTING_NONE;
    while (depth > 0) {
        unsigned v = stack[--depth];
        t->position[v] = (unsigned)t->count;
        t->order[t->count++] = v;
        if (t->next_sibling[v] != ROUTING_NONE)
            stack[depth++] = t->next_sibling[v];
        if (t->first_child[v] != ROUTING_NONE)
            stack[depth++] = t->first_child[v];
    }
}

static void tree_init(struct tree *t, const struct routing *r)
{
    const size_t n = r->core_count;
    *t = (struct tree){.first_child = xcalloc(n, sizeof(*t->first_child)),
                       .next_sibling = xcalloc(n, sizeof(*t->next_sibling)),
                       .position = xcalloc(n, sizeof(*t->position)),
                       .order = xcalloc(n, sizeof(*t->order))};
    memset(t->position, 0xff, n * sizeof(*t->position));
    for (unsigned v = 0; v < n; v++)
        if (t->position[v] == ROUTING_NONE)
            walk_from(t, r, v);
}

static void tree_done(struct tree *t)
{
    free(t->first_child);
    free(t->next_sibling);
    free(t->position);
    free(t->order);
}

/* Which end of a link, of the core, its subnet goes with: the later one, as a number in the core.
 * ROUTING_NONE: neither is of the core. */
static unsigned owner_of(const struct routing *r, const struct tree *t, const struct link *l)
{
    unsigned a = r->core[l->end[0]], b = r->core[l->end[1]];
    if (a == ROUTING_NONE || b == ROUTING_NONE)
        return a == ROUTING_NONE ? b : a;
    return t->position[a] > t->position[b] ? a : b;
}

static void number_along(const struct plan *p, const struct tree *t, struct subnets *ret)
{
    const struct scenario *s = p->scenario;
    const struct routing *r = s->routing;
    _cleanup_(freep) unsigned *owned = xcalloc(r->core_count + 1, sizeof(*owned));
    unsigned number = 0, rest = (unsigned)r->core_count; /* what nobody owns comes last */
    for (size_t i = 0; i < s->link_count; i++) {
        unsigned owner = owner_of(r, t, &s->links[i]);
        owned[owner == ROUTING_NONE ? rest : owner]++;
    }
    for (size_t i = 0; i <= rest; i++) { /* the number of each one's first link takes its place */
        unsigned v = i < rest ? t->order[i] : rest, count = owned[v];
        bool is_node = i < rest && r->vertex[v] < s->node_count;
        for (unsigned k = 0; k < count + is_node; k++)
            ret->owner[number + k] = i < rest ? r->vertex[v] : ROUTING_NONE;
        if (is_node)
            ret->of_home[r->vertex[v]] = number++;
        owned[v] = number;
        number += count;
    }
    for (size_t i = 0; i < s->link_count; i++) {
        unsigned owner = owner_of(r, t, &s->links[i]);
        ret->of_link[i] = owned[owner == ROUTING_NONE ? rest : owner]++;
    }
    ret->count = number;
}

void plan_number_subnets(const struct plan *p, struct subnets *ret)
{
    const struct scenario *s = p->scenario;
    *ret = (struct subnets){.of_link = xcalloc(s->link_count, sizeof(*ret->of_link))};
    if (!s->routing) {
        for (unsigned i = 0; i < s->link_count; i++)
            ret->of_link[i] = i;
        ret->count = s->link_count;
        return;
    }
    struct tree t;
    tree_init(&t, s->routing);
    ret->of_home = xcalloc(s->node_count, sizeof(*ret->of_home));
    ret->owner = xcalloc(s->link_count + s->routing->core_count, sizeof(*ret->owner));
    number_along(p, &t, ret);
    tree_done(&t);
}

void plan_subnets_done(struct subnets *s)
{
    free(s->of_link);
    free(s->of_home);
    free(s->owner);
}

/* --- ports and homes --- */

static struct port *add_port(struct plan *p, unsigned node, unsigned *node_interfaces)
{
    unsigned number = (unsigned)p->port_count++;
    struct port *port = &p->ports[number];
    const uint8_t tail[4] = {0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    unsigned eth = node_interfaces[node]++;
    *port = (struct port){
        .node = node,
        .eth = eth,
        .node_index = INDEX_NODE + (int)eth,
        .index = INDEX_PORT + (int)number,
        .node_mac = {0x02, 0x01},
        .mac = {0x02, 0x02},
    };
    memcpy(port->node_mac + 2, tail, sizeof(tail));
    memcpy(port->mac + 2, tail, sizeof(tail));
    snprintf(port->node_dev, sizeof(port->node_dev), "eth%u", eth);
    snprintf(port->dev, sizeof(port->dev), "p%u", number);
    return port;
}

/* What the file gives takes the place of what would be assigned. */
static void choose(struct port *port, const struct interface_choice *c, unsigned mtu)
{
    port->mtu = mtu;
    if (c->v4.family)
        port->v4 = c->v4;
    if (c->v6.family)
        port->v6 = c->v6;
    if (c->has_mac)
        memcpy(port->node_mac, c->mac, sizeof(c->mac));
}

static void add_homes(struct plan *p, const struct subnets *subnets)
{
    const struct scenario *s = p->scenario;
    p->homes = xcalloc(s->node_count, sizeof(*p->homes));
    for (unsigned i = 0; s->routing && i < s->node_count; i++) {
        if (!routing_has_home(s->routing, i))
            continue;
        p->homes[i] = (struct port){
            .node = i,
            .node_dev = "lo",
            .node_index = 1,
            .mtu = PLAN_MTU,
            .v4 = address4(subnet_offset(subnets->of_home[i]) + 1, 32),
            .v6 = address6(IP6_LINK, subnets->of_home[i], 1, 128),
        };
    }
}

void plan_add_ports(struct plan *p, const struct subnets *subnets)
{
    const struct scenario *s = p->scenario;
    size_t count = s->wan.member_count + 2 * s->link_count;
    for (size_t i = 0; i < s->network_count; i++)
        count += s->networks[i].member_count;
    p->ports = xcalloc(count, sizeof(*p->ports));
    p->taps = xcalloc(2 * count, sizeof(*p->taps));
    _cleanup_(freep) unsigned *interfaces = xcalloc(s->node_count, sizeof(*interfaces));

    for (unsigned i = 0; i < s->wan.member_count; i++) {
        struct port *port = add_port(p, s->wan.members[i], interfaces);
        port->v4 = address4(i + 1, 32);
        port->v6 = address6(IP6_WAN, 0, i + 1, 128);
        port->mtu = s->wan.mtu;
    }
    for (unsigned i = 0; i < s->link_count; i++) {
        for (unsigned end = 0; end < 2; end++) {
            struct port *port = add_port(p, s->links[i].end[end], interfaces);
            port->v4 = address4(subnet_offset(subnets->of_link[i]) + 1 + end, 30);
            port->v6 = address6(IP6_LINK, subnets->of_link[i], 1 + end, 64);
            choose(port, &s->links[i].given[end], s->links[i].mtu);
        }
    }
    for (unsigned i = 0; i < s->network_count; i++) {
        for (unsigned m = 0; m < s->networks[i].member_count; m++) {
            struct port *port = add_port(p, s->networks[i].members[m].node, interfaces);
            port->v4 = address4(network_offset(i) + m + 1, 16);
            port->v6 = address6(IP6_NETWORK, i, m + 1, 64);
            choose(port, &s->networks[i].members[m].given, s->networks[i].mtu);
        }
    }
    add_homes(p, subnets);
}

static unsigned mtu_of(const struct plan *p, const struct routing_edge *e)
{
    return p->ports[e->from_port == ROUTING_NONE ? e->to_port : e->from_port].mtu;
}

unsigned plan_mtu_towards(const struct plan *p, unsigned from, unsigned to)
{
    const struct routing *r = p->scenario->routing;
    if (!scenario_is_routed(p->scenario, from, to)) {
        const struct port *port = plan_port_towards(p, to, from); /* of their connection */
        return port ? port->mtu : 0;
    }
    const struct routing_edge *e = &r->edges[routing_next(r, from, to)];
    const unsigned mtu = mtu_of(p, e);
    while (e->to != to) {
        e = &r->edges[routing_next(r, e->to, to)];
        if (mtu_of(p, e) != mtu)
            return 0;
    }
    return mtu;
}

bool plan_has_home(const struct plan *p, unsigned node)
{
    return p->homes[node].v4.family != 0;
}

const struct port *plan_home(const struct plan *p, unsigned node)
{
    const struct routing *r = p->scenario->routing;
    if (plan_has_home(p, node))
        return &p->homes[node];
    uint32_t only = r ? r->only[node] : ROUTING_NONE;
    return only == ROUTING_NONE ? NULL : &p->ports[r->edges[only].from_port];
}
