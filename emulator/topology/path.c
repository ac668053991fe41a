/* SPDX-License-Identifier: MIT */
#include "topology/path.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "topology/distribution.h"
#include "topology/routing.h"
#include "topology/trace.h"

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
    uint64_t sum = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        sum += p->wires[i]->delay_ns;
    return sum;
}

/* How many times the jitter its distribution reaches, up or down. */
static double reach(const struct impairment *i, bool up)
{
    const struct distribution *d = i->distribution;
    if (!d)
        return up ? 1 : -1;
    return d->values[up ? d->count - 1 : 0] / (double)DISTRIBUTION_SCALE;
}

static double extreme_ns(const struct impairment *i, bool latest)
{
    double delay = (double)i->delay_ns;
    if (!latest && i->reorder.probability > 0)
        return 0;
    if (i->trace && i->trace->has_delay)
        delay = (double)(latest ? i->trace->delay_max_ns : i->trace->delay_min_ns);
    return fmax(delay + reach(i, latest) * (double)i->jitter_ns, 0);
}

uint64_t path_earliest_ns(const struct path *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        sum += extreme_ns(p->wires[i], false);
    return (uint64_t)sum;
}

uint64_t path_latest_ns(const struct path *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        sum += extreme_ns(p->wires[i], true);
    return (uint64_t)sum;
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

/* What becomes of one packet on the wires from the last one on: the chance that none of it arrives,
 * and the chance that it does once, by the generating function of each wire in that of the one
 * before. */
struct chance path_duplicate(const struct path *p)
{
    struct chance ret = {0};
    double none = 0, once = 1;
    for (size_t n = p->wire_count; n-- > 0;) {
        const struct impairment *w = p->wires[n];
        const double kept = 1 - w->loss, copied = w->duplicate.probability;
        once *= kept * (1 - copied + 2 * copied * none);
        none = w->loss + kept * ((1 - copied) * none + copied * none * none);
        ret.correlation = fmax(ret.correlation, copied > 0 ? w->duplicate.correlation : 0);
    }
    ret.probability = none < 1 ? fmax((1 - none - once) / (1 - none), 0) : 0;
    if (p->wire_count == 1)
        ret.probability = p->wires[0]->duplicate.probability;
    return ret;
}

struct chance path_corrupt(const struct path *p)
{
    double intact = 1, correlation = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        intact *= 1 - p->wires[i]->corrupt.probability;
        correlation = fmax(correlation, p->wires[i]->corrupt.correlation);
    }
    return (struct chance){1 - intact, correlation};
}

/* What is lost or copied on a wire has passed those before it. */
double path_frames_per_s(const struct path *p, uint64_t bytes, size_t *ret_slowest)
{
    double frames = INFINITY;
    size_t slowest = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct impairment *w = p->wires[i];
        const double cost = (double)impairment_cost(&w->framing, bytes);
        const double own =
            impairment_has_rate(w) ? (double)impairment_rate(w) / 8 / cost : INFINITY;
        frames *= isinf(frames) ? 1 : (1 - w->loss) * (1 + w->duplicate.probability);
        if (own < frames) {
            frames = own;
            slowest = i;
        }
    }
    if (ret_slowest)
        *ret_slowest = slowest;
    return frames;
}

bool path_has_trace(const struct path *p)
{
    for (size_t i = 0; i < p->wire_count; i++)
        if (p->wires[i]->trace)
            return true;
    return false;
}

bool path_has_trace_rate(const struct path *p)
{
    for (size_t i = 0; i < p->wire_count; i++)
        if (p->wires[i]->trace && p->wires[i]->trace->rate_bps > 0)
            return true;
    return false;
}

bool path_has_trace_loss(const struct path *p)
{
    for (size_t i = 0; i < p->wire_count; i++)
        if (p->wires[i]->trace && p->wires[i]->trace->has_loss)
            return true;
    return false;
}

uint64_t path_passage_ns(const struct path *p, uint64_t bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct impairment *w = p->wires[i];
        const uint64_t cost = w->rate_bps ? impairment_cost(&w->framing, bytes) : 0;
        sum += w->delay_ns + (w->rate_bps ? cost * 8 * NS_PER_SEC / w->rate_bps : 0);
    }
    return sum;
}
