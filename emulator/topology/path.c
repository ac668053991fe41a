/* SPDX-License-Identifier: MIT */
#include "topology/path.h"

#include "base/clock.h"
#include "base/mem.h"

struct builder {
    struct path *paths;
    size_t count;
};

static void add_wan(struct builder *b, const struct plan *p)
{
    const struct wan *wan = &p->scenario->wan;
    const size_t n = wan->member_count;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            b->paths[b->count++] = (struct path){.from = wan->members[i],
                                                 .to = wan->members[k],
                                                 .to_port = &p->ports[k],
                                                 .first = &wan->pairs[i * n + k]};
            b->paths[b->count++] = (struct path){.from = wan->members[k],
                                                 .to = wan->members[i],
                                                 .to_port = &p->ports[i],
                                                 .first = &wan->pairs[k * n + i]};
        }
    }
}

static void add_link(struct builder *b, const struct link *l, const struct port *ports)
{
    for (unsigned d = 0; d < 2; d++)
        b->paths[b->count++] = (struct path){.from = l->end[d],
                                             .to = l->end[1 - d],
                                             .to_port = &ports[1 - d],
                                             .first = &l->direction[d]};
}

static void add_hop(struct builder *b, const struct network *n, const struct port *ports,
                    size_t from, size_t to)
{
    const struct network_member *m = n->members;
    b->paths[b->count++] = (struct path){.from = m[from].node,
                                         .to = m[to].node,
                                         .to_port = &ports[to],
                                         .network = n->name,
                                         .first = &m[from].up,
                                         .second = &m[to].down};
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

struct path *paths_of(const struct plan *plan, size_t *ret_count)
{
    const struct scenario *s = plan->scenario;
    const size_t n = s->wan.member_count;
    size_t pairs = n ? n * (n - 1) / 2 : 0;
    pairs += s->link_count;
    for (size_t i = 0; i < s->network_count; i++)
        pairs += pairs_of(&s->networks[i]);
    struct builder b = {.paths = xcalloc(2 * pairs + 1, sizeof(*b.paths))};
    add_wan(&b, plan);
    const struct port *port = plan->ports + n; /* they are in the order wan, links, networks */
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        add_link(&b, &s->links[i], port);
    for (size_t i = 0; i < s->network_count; i++, port += s->networks[i - 1].member_count)
        add_network(&b, &s->networks[i], port);
    *ret_count = b.count;
    return b.paths;
}

char *path_name(const struct path *p, const struct plan *plan)
{
    const struct node *nodes = plan->scenario->nodes;
    if (p->network)
        return xasprintf("%s->%s (%s)", nodes[p->from].name, nodes[p->to].name, p->network);
    return xasprintf("%s->%s", nodes[p->from].name, nodes[p->to].name);
}

uint64_t path_delay_ns(const struct path *p)
{
    return p->first->delay_ns + (p->second ? p->second->delay_ns : 0);
}

double path_loss(const struct path *p)
{
    double one = p->first->loss, other = p->second ? p->second->loss : 0;
    return one + other - one * other;
}

uint64_t path_rate_bps(const struct path *p)
{
    uint64_t one = p->first->rate_bps, other = p->second ? p->second->rate_bps : 0;
    if (one == 0 || other == 0)
        return one + other;
    return one < other ? one : other;
}

bool path_is_plain(const struct path *p)
{
    return impairment_is_plain(p->first) && (!p->second || impairment_is_plain(p->second));
}

static uint64_t transmission_ns(const struct impairment *i, uint64_t bytes)
{
    return i && i->rate_bps ? bytes * 8 * NS_PER_SEC / i->rate_bps : 0;
}

uint64_t path_passage_ns(const struct path *p, uint64_t bytes)
{
    return path_delay_ns(p) + transmission_ns(p->first, bytes) + transmission_ns(p->second, bytes);
}
