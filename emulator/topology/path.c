/* SPDX-License-Identifier: MIT */
#include "topology/path.h"

#include "base/clock.h"
#include "base/mem.h"
#include "topology/routing.h"

/* Counts first, and then fills what was counted. */
struct builder {
    struct path *paths; /* NULL: only count */
    size_t count;
    const struct impairment **wires;
    size_t wire_count;
    unsigned *via;
    size_t via_count;
};

static void begin_path(struct builder *b, unsigned from, const struct port *to, const char *network)
{
    if (b->paths)
        b->paths[b->count] = (struct path){.from = from,
                                           .to = to->node,
                                           .to_port = to,
                                           .network = network,
                                           .wires = b->wires + b->wire_count,
                                           .via = b->via + b->via_count,
                                           .mtu = to->mtu};
    b->count++;
}

static void add_wire(struct builder *b, const struct impairment *wire)
{
    if (b->paths) {
        b->wires[b->wire_count] = wire;
        b->paths[b->count - 1].wire_count++;
    }
    b->wire_count++;
}

static void add_via(struct builder *b, unsigned node)
{
    if (b->paths) {
        b->via[b->via_count] = node;
        b->paths[b->count - 1].via_count++;
    }
    b->via_count++;
}

static void add_wan(struct builder *b, const struct plan *p)
{
    const struct wan *wan = &p->scenario->wan;
    const size_t n = wan->member_count;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            begin_path(b, wan->members[i], &p->ports[k], NULL);
            add_wire(b, &wan->pairs[i * n + k]);
            begin_path(b, wan->members[k], &p->ports[i], NULL);
            add_wire(b, &wan->pairs[k * n + i]);
        }
    }
}

static void add_link(struct builder *b, const struct link *l, const struct port *ports)
{
    for (unsigned d = 0; d < 2; d++) {
        begin_path(b, l->end[d], &ports[1 - d], NULL);
        add_wire(b, &l->direction[d]);
    }
}

static void add_hop(struct builder *b, const struct network *n, const struct port *ports,
                    size_t from, size_t to)
{
    begin_path(b, n->members[from].node, &ports[to], n->name);
    add_wire(b, &n->members[from].up);
    add_wire(b, &n->members[to].down);
}

/* Two members have one pair between them, more form a ring. */
static size_t pairs_of(const struct network *n)
{
    return n->member_count > 2 ? n->member_count : n->member_count - 1;
}

static void add_network(struct builder *b, const struct network *n, const struct port *ports)
{
    for (size_t i = 0; i < pairs_of(n); i++) {
        size_t next = (i + 1) % n->member_count;
        add_hop(b, n, ports, i, next);
        add_hop(b, n, ports, next, i);
    }
}

static void lower_mtu(struct builder *b, unsigned mtu)
{
    if (b->paths && mtu < b->paths[b->count - 1].mtu)
        b->paths[b->count - 1].mtu = mtu;
}

static void add_route(struct builder *b, const struct plan *p, unsigned from, unsigned to)
{
    const struct routing *r = p->scenario->routing;
    begin_path(b, from, plan_home(p, to), NULL);
    for (uint32_t at = from; at != to;) {
        const struct routing_edge *e = &r->edges[routing_next(r, at, to)];
        add_wire(b, e->wire);
        lower_mtu(b, p->ports[e->from_port == ROUTING_NONE ? e->to_port : e->from_port].mtu);
        at = e->to;
        if (at != to && at < p->scenario->node_count)
            add_via(b, at);
    }
}

static bool passes_router(const struct plan *p, unsigned from, unsigned to)
{
    const struct routing *r = p->scenario->routing;
    uint32_t at = r->edges[routing_next(r, from, to)].to;
    if (at >= p->scenario->node_count)
        at = r->edges[routing_next(r, at, to)].to;
    return at != to;
}

/* Each node with the one that is half of the list away. */
static void add_routes(struct builder *b, const struct plan *p)
{
    const unsigned n = (unsigned)p->scenario->node_count;
    for (unsigned i = 0; p->scenario->routing && i < (n + 1) / 2; i++) {
        unsigned other = (i + n / 2) % n;
        if (!scenario_is_routed(p->scenario, i, other) ||
            (!passes_router(p, i, other) && !passes_router(p, other, i)))
            continue;
        add_route(b, p, i, other);
        add_route(b, p, other, i);
    }
}

static void add_all(struct builder *b, const struct plan *p)
{
    const struct scenario *s = p->scenario;
    const struct port *port = p->ports + s->wan.member_count;
    add_wan(b, p); /* ports are in the order wan, links, networks */
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        add_link(b, &s->links[i], port);
    for (size_t i = 0; i < s->network_count; i++, port += s->networks[i - 1].member_count)
        add_network(b, &s->networks[i], port);
    add_routes(b, p);
}

struct path *paths_of(const struct plan *plan, size_t *ret_count)
{
    struct builder size = {0}, b = {0};
    add_all(&size, plan);
    const size_t paths = (size.count + 1) * sizeof(*b.paths),
                 wires = size.wire_count * sizeof(*b.wires);
    char *memory = xcalloc(1, paths + wires + size.via_count * sizeof(*b.via));
    b.paths = (struct path *)memory;
    b.wires = (const struct impairment **)(memory + paths);
    b.via = (unsigned *)(memory + paths + wires);
    add_all(&b, plan);
    *ret_count = b.count;
    return b.paths;
}

char *path_name(const struct path *p, const struct plan *plan)
{
    const struct node *nodes = plan->scenario->nodes;
    if (p->network)
        return xasprintf("%s->%s (%s)", nodes[p->from].name, nodes[p->to].name, p->network);
    if (p->via_count > 0)
        return xasprintf("%s->%s (%zu router%s)", nodes[p->from].name, nodes[p->to].name,
                         p->via_count, p->via_count > 1 ? "s" : "");
    return xasprintf("%s->%s", nodes[p->from].name, nodes[p->to].name);
}

uint64_t path_delay_ns(const struct path *p)
{
    return path_passage_ns(p, 0);
}

double path_loss(const struct path *p)
{
    double kept = 1;
    for (size_t i = 0; i < p->wire_count; i++)
        kept *= 1 - p->wires[i]->loss;
    return p->wire_count == 1 ? p->wires[0]->loss : 1 - kept;
}

uint64_t path_rate_bps(const struct path *p)
{
    uint64_t slowest = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        const uint64_t rate = p->wires[i]->rate_bps;
        if (rate && (slowest == 0 || rate < slowest))
            slowest = rate;
    }
    return slowest;
}

bool path_is_plain(const struct path *p)
{
    for (size_t i = 0; i < p->wire_count; i++)
        if (!impairment_is_plain(p->wires[i]))
            return false;
    return true;
}

uint64_t path_passage_ns(const struct path *p, uint64_t bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct impairment *w = p->wires[i];
        sum += w->delay_ns + (w->rate_bps ? bytes * 8 * NS_PER_SEC / w->rate_bps : 0);
    }
    return sum;
}
