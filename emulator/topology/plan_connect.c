/* SPDX-License-Identifier: MIT
 *
 * How the ports of a link, a network or the wan are joined, and where its wires act, for each of
 * the two engines. See plan.h for the picture.
 */
#include <string.h>

#include "base/mem.h"
#include "topology/plan_internal.h"

static unsigned add_wire(struct plan *p, struct wire wire)
{
    p->wires = array_grow(p->wires, p->wire_count, sizeof(*p->wires));
    p->wires[p->wire_count] = wire;
    return (unsigned)p->wire_count++;
}

static char *wire_name(const struct plan *p, unsigned from_port, unsigned to_port)
{
    const struct node *nodes = p->scenario->nodes;
    return xasprintf("%s->%s", nodes[p->ports[from_port].node].name,
                     nodes[p->ports[to_port].node].name);
}

struct op *plan_add_redirect(struct plan *p, const char *dev, int index, const char *target,
                             int target_index)
{
    struct op *op = plan_add_dev(p, OP_REDIRECT, PLAN_FABRIC, dev, index);
    op->target = target;
    op->target_index = target_index;
    return op;
}

static void add_netem(struct plan *p, const char *dev, int index, uint32_t minor, unsigned wire)
{
    struct op *op = plan_add_dev(p, OP_NETEM, PLAN_FABRIC, dev, index);
    op->minor = minor;
    op->wire = wire;
}

/* The node's own stack must hand over wire packets: what it sends in one piece, a qdisc drops in
 * one piece. */
static void add_offloads(struct plan *p, unsigned port)
{
    const struct port *q = &p->ports[port];
    plan_add_dev(p, OP_OFFLOADS, (int)q->node, q->node_dev, q->node_index);
}

unsigned plan_reserve_tap(struct plan *p, unsigned port, char letter)
{
    unsigned number = (unsigned)p->tap_count++;
    struct tap *tap = &p->taps[number];
    tap->port = port;
    tap->index = INDEX_TAP + (int)number;
    snprintf(tap->dev, sizeof(tap->dev), "%c%u", letter, port);
    return number;
}

void plan_open_tap(struct plan *p, unsigned number)
{
    const struct tap *tap = &p->taps[number];
    struct op *op = plan_add_dev(p, OP_TAP, PLAN_FABRIC, tap->dev, tap->index);
    op->tap = number;
    if (p->ports[tap->port].mtu != PLAN_MTU)
        plan_add_dev(p, OP_MTU, PLAN_FABRIC, tap->dev, tap->index)->minor = p->ports[tap->port].mtu;
    plan_add_dev(p, OP_UP, PLAN_FABRIC, tap->dev, tap->index);
}

static unsigned add_tap(struct plan *p, unsigned port, char letter)
{
    unsigned number = plan_reserve_tap(p, port, letter);
    plan_open_tap(p, number);
    return number;
}

/* A TAP that takes all packets which come in at the port, and whose packets leave at the port. */
static unsigned add_port_tap(struct plan *p, unsigned port)
{
    unsigned number = add_tap(p, port, 't');
    const struct port *q = &p->ports[port];
    const struct tap *tap = &p->taps[number];
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, q->dev, q->index);
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, tap->dev, tap->index);
    plan_add_redirect(p, tap->dev, tap->index, q->dev, q->index);
    plan_add_redirect(p, q->dev, q->index, tap->dev, tap->index);
    return number;
}

static void connect_directly(struct plan *p, unsigned a, unsigned b)
{
    const struct port *pa = &p->ports[a], *pb = &p->ports[b];
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, pa->dev, pa->index);
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, pb->dev, pb->index);
    plan_add_redirect(p, pa->dev, pa->index, pb->dev, pb->index);
    plan_add_redirect(p, pb->dev, pb->index, pa->dev, pa->index);
}

unsigned plan_add_link_wire(struct plan *p, const struct link *link, unsigned first, unsigned d,
                            const unsigned taps[2])
{
    unsigned from = first + d, to = first + 1 - d;
    return add_wire(p, (struct wire){
                           .name = wire_name(p, from, to),
                           .kind = WIRE_LINK,
                           .from_port = from,
                           .to_port = to,
                           .from_tap = taps[d],
                           .to_tap = taps[1 - d],
                           .impairment = link->direction[d],
                       });
}

void plan_connect_link(struct plan *p, const struct link *link, unsigned first)
{
    bool impaired =
        !impairment_is_none(&link->direction[0]) || !impairment_is_none(&link->direction[1]);
    unsigned taps[2] = {0};
    if (!impaired || p->engine == ENGINE_NETEM)
        connect_directly(p, first, first + 1);
    else
        for (unsigned end = 0; end < 2; end++)
            taps[end] = add_port_tap(p, first + end);
    for (unsigned d = 0; impaired && d < 2; d++) {
        unsigned from = first + d, to = first + 1 - d;
        unsigned wire = plan_add_link_wire(p, link, first, d, taps);
        if (p->engine != ENGINE_NETEM || impairment_is_none(&link->direction[d]))
            continue;
        if (impairment_needs_wire_packets(&link->direction[d]))
            add_offloads(p, from);
        add_netem(p, p->ports[to].dev, p->ports[to].index, 0, wire);
    }
}

void plan_add_member_wires(struct plan *p, const struct network *n, const struct network_member *m,
                           unsigned port, const unsigned taps[2], unsigned ret[2])
{
    const char *node = p->scenario->nodes[m->node].name;
    ret[0] = add_wire(p, (struct wire){
                             .name = xasprintf("%s->%s", node, n->name),
                             .kind = WIRE_UPLINK,
                             .from_port = port,
                             .to_port = port,
                             .from_tap = taps[0],
                             .to_tap = taps[1],
                             .impairment = m->up,
                         });
    ret[1] = add_wire(p, (struct wire){
                             .name = xasprintf("%s->%s", n->name, node),
                             .kind = WIRE_DOWNLINK,
                             .from_port = port,
                             .to_port = port,
                             .from_tap = taps[1],
                             .to_tap = taps[0],
                             .impairment = m->down,
                         });
}

/* On netem, what comes from a member goes through an interface whose egress has the qdisc. */
void plan_add_uplink(struct plan *p, unsigned port, const char *ifb, unsigned wire)
{
    const struct port *q = &p->ports[port];
    int ifb_index = INDEX_IFB + (int)port;
    plan_add_dev(p, OP_IFB, PLAN_FABRIC, ifb, ifb_index);
    plan_add_dev(p, OP_UP, PLAN_FABRIC, ifb, ifb_index);
    add_netem(p, ifb, ifb_index, 0, wire);
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, q->dev, q->index);
    plan_add_redirect(p, q->dev, q->index, ifb, ifb_index);
}

static void add_network_wires(struct plan *p, const struct network *n,
                              const struct network_member *m, unsigned port, const unsigned taps[2])
{
    const struct port *q = &p->ports[port];
    unsigned wires[2];
    plan_add_member_wires(p, n, m, port, taps, wires);
    if (p->engine != ENGINE_NETEM)
        return;
    if (impairment_needs_wire_packets(&m->up) || impairment_needs_wire_packets(&m->down))
        add_offloads(p, port);
    if (!impairment_is_none(&m->down))
        add_netem(p, q->dev, q->index, 0, wires[1]);
    if (!impairment_is_none(&m->up))
        plan_add_uplink(p, port, plan_keep(p, xasprintf("i%u", port)), wires[0]);
}

struct bridge {
    const char *dev;
    int index;
};

static void add_master(struct plan *p, const char *dev, int index, const struct bridge *bridge)
{
    struct op *op = plan_add_dev(p, OP_MASTER, PLAN_FABRIC, dev, index);
    op->target = bridge->dev;
    op->target_index = bridge->index;
}

/* Number `k` of a network's bridges. */
static struct bridge add_bridge(struct plan *p, unsigned network, unsigned k)
{
    char *name = k == 0 ? xasprintf("br%u", network) : xasprintf("br%u.%u", network, k);
    struct bridge b = {plan_keep(p, name), INDEX_BRIDGE + (int)(k * NETWORKS_MAX + network)};
    plan_add_dev(p, OP_BRIDGE, PLAN_FABRIC, b.dev, b.index);
    plan_add_dev(p, OP_UP, PLAN_FABRIC, b.dev, b.index);
    return b;
}

/* Joins number `k` to the one before. */
static void add_trunk(struct plan *p, unsigned network, unsigned k, const struct bridge bridges[2])
{
    const char *devs[2] = {plan_keep(p, xasprintf("x%u.%u", network, k)),
                           plan_keep(p, xasprintf("y%u.%u", network, k))};
    const int index = INDEX_TRUNK + 2 * (int)(k * NETWORKS_MAX + network);
    struct op *op = plan_add_dev(p, OP_TRUNK, PLAN_FABRIC, devs[0], index);
    op->target = devs[1];
    op->target_index = index + 1;
    for (int end = 0; end < 2; end++) {
        plan_add_dev(p, OP_UP, PLAN_FABRIC, devs[end], index + end);
        add_master(p, devs[end], index + end, &bridges[end]);
    }
}

void plan_connect_network(struct plan *p, const struct network *n, unsigned number, unsigned first)
{
    struct bridge bridges[2] = {{0}}; /* the last one and the one before */
    for (size_t i = 0; i < n->member_count; i++) {
        if (i % PLAN_BRIDGE_PORTS == 0) {
            const unsigned k = (unsigned)i / PLAN_BRIDGE_PORTS;
            bridges[0] = bridges[1];
            bridges[1] = add_bridge(p, number, k);
            if (k > 0)
                add_trunk(p, number, k, bridges);
        }
        const struct network_member *m = &n->members[i];
        unsigned port = first + (unsigned)i, taps[2] = {0};
        bool impaired = !impairment_is_none(&m->up) || !impairment_is_none(&m->down);
        const char *dev = p->ports[port].dev;
        int index = p->ports[port].index;
        if (impaired && p->engine == ENGINE_DELAYLINE) {
            taps[0] = add_port_tap(p, port);
            taps[1] = add_tap(p, port, 'u');
            dev = p->taps[taps[1]].dev;
            index = p->taps[taps[1]].index;
        }
        if (impaired)
            add_network_wires(p, n, m, port, taps);
        add_master(p, dev, index, &bridges[1]);
    }
}

/* On netem the fabric is a router: one host route a member, and the source's mark as the class. */
static void route_wan(struct plan *p, const struct wan *wan, unsigned first)
{
    plan_add_sysctl(p, PLAN_FABRIC, "net.ipv4.ip_forward", "1", false);
    plan_add_sysctl(p, PLAN_FABRIC, "net.ipv6.conf.all.forwarding", "1", true);
    for (unsigned i = 0; i < wan->member_count; i++) {
        const struct port *q = &p->ports[first + i];
        const struct ip *addresses[] = {&q->v4, &q->v6};
        for (int family = 0; family < 2; family++) {
            struct op *op = plan_add_dev(p, OP_NEIGHBOUR, PLAN_FABRIC, q->dev, q->index);
            op->address = *addresses[family];
            op->mac = q->node_mac;
            op = plan_add_dev(p, OP_ROUTE, PLAN_FABRIC, q->dev, q->index);
            op->address = *addresses[family];
        }
        plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, q->dev, q->index);
        plan_add_dev(p, OP_MARK, PLAN_FABRIC, q->dev, q->index)->minor = i + 1; /* class 1:N */
        plan_add_dev(p, OP_HTB, PLAN_FABRIC, q->dev, q->index);
        plan_add_dev(p, OP_MARK_FILTER, PLAN_FABRIC, q->dev, q->index);
    }
}

static bool sends_wire_packets(const struct wan *wan, unsigned from)
{
    for (size_t to = 0; to < wan->member_count; to++)
        if (to != from && impairment_needs_wire_packets(&wan->pairs[from * wan->member_count + to]))
            return true;
    return false;
}

void plan_connect_wan(struct plan *p, const struct wan *wan, unsigned first)
{
    size_t n = wan->member_count;
    if (n == 0)
        return;
    unsigned first_tap = (unsigned)p->tap_count;
    if (p->engine == ENGINE_NETEM)
        route_wan(p, wan, first);
    else
        for (unsigned i = 0; i < n; i++)
            add_port_tap(p, first + i);
    for (unsigned from = 0; from < n; from++) {
        if (p->engine == ENGINE_NETEM && sends_wire_packets(wan, from))
            add_offloads(p, first + from);
        for (unsigned to = 0; to < n; to++) {
            if (to == from)
                continue;
            unsigned wire = add_wire(p, (struct wire){
                                            .name = wire_name(p, first + from, first + to),
                                            .kind = WIRE_WAN,
                                            .from_port = first + from,
                                            .to_port = first + to,
                                            .from_tap = first_tap + from,
                                            .to_tap = first_tap + to,
                                            .impairment = wan->pairs[from * n + to],
                                        });
            if (p->engine != ENGINE_NETEM)
                continue;
            const struct port *q = &p->ports[first + to];
            plan_add_dev(p, OP_HTB_CLASS, PLAN_FABRIC, q->dev, q->index)->minor = from + 1;
            add_netem(p, q->dev, q->index, from + 1, wire);
        }
    }
}
