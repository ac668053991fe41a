/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "topology/routing.h"
#include "topology/scenario.h"

static size_t wan_position(const struct wan *wan, unsigned node)
{
    size_t i = 0;
    while (i < wan->member_count && wan->members[i] != node)
        i++;
    return i;
}

/* What a frame of that many bytes takes on one wire. */
static uint64_t passage_ns(const struct impairment *i, uint64_t bytes)
{
    return i->delay_ns + (i->rate_bps ? bytes * 8 * NS_PER_SEC / i->rate_bps : 0);
}

static uint64_t wan_rtt(const struct wan *wan, unsigned a, unsigned b, uint64_t bytes)
{
    const size_t n = wan->member_count, i = wan_position(wan, a), j = wan_position(wan, b);
    if (i == n || j == n)
        return UINT64_MAX;
    return passage_ns(&wan->pairs[i * n + j], bytes) + passage_ns(&wan->pairs[j * n + i], bytes);
}

static uint64_t link_rtt(const struct link *l, unsigned a, unsigned b, uint64_t bytes)
{
    if ((l->end[0] != a || l->end[1] != b) && (l->end[0] != b || l->end[1] != a))
        return UINT64_MAX;
    return passage_ns(&l->direction[0], bytes) + passage_ns(&l->direction[1], bytes);
}

/* There and back each pass one wire up and one down. */
static uint64_t network_rtt(const struct network *n, unsigned a, unsigned b, uint64_t bytes)
{
    uint64_t rtt = 0;
    unsigned found = 0;
    for (size_t i = 0; i < n->member_count; i++) {
        const struct network_member *m = &n->members[i];
        if (m->node == a || m->node == b) {
            rtt += passage_ns(&m->up, bytes) + passage_ns(&m->down, bytes);
            found++;
        }
    }
    return found == 2 ? rtt : UINT64_MAX;
}

static uint64_t direct_rtt(const struct scenario *s, unsigned a, unsigned b, uint64_t bytes)
{
    uint64_t rtt = wan_rtt(&s->wan, a, b, bytes);
    for (size_t i = 0; rtt == UINT64_MAX && i < s->link_count; i++)
        rtt = link_rtt(&s->links[i], a, b, bytes);
    for (size_t i = 0; rtt == UINT64_MAX && i < s->network_count; i++)
        rtt = network_rtt(&s->networks[i], a, b, bytes);
    return rtt;
}

bool scenario_is_routed(const struct scenario *s, unsigned a, unsigned b)
{
    const struct wan *wan = &s->wan;
    if (!s->routing || a == b)
        return false;
    if (wan_position(wan, a) < wan->member_count && wan_position(wan, b) < wan->member_count)
        return false;
    return routing_reaches(s->routing, a, b);
}

static uint64_t routed_ns(const struct routing *r, unsigned from, unsigned to, uint64_t bytes)
{
    uint64_t sum = 0;
    for (uint32_t at = from; at != to;) {
        const struct routing_edge *e = &r->edges[routing_next(r, at, to)];
        sum += passage_ns(e->wire, bytes);
        at = e->to;
    }
    return sum;
}

static bool is_routed_plain(const struct routing *r, unsigned from, unsigned to)
{
    for (uint32_t at = from; at != to;) {
        const struct routing_edge *e = &r->edges[routing_next(r, at, to)];
        if (!impairment_is_plain(e->wire))
            return false;
        at = e->to;
    }
    return true;
}

uint64_t scenario_echo_ns(const struct scenario *s, unsigned a, unsigned b, uint64_t bytes)
{
    if (scenario_is_routed(s, a, b))
        return routed_ns(s->routing, a, b, bytes) + routed_ns(s->routing, b, a, bytes);
    return direct_rtt(s, a, b, bytes);
}

uint64_t scenario_rtt_ns(const struct scenario *s, unsigned a, unsigned b)
{
    return scenario_echo_ns(s, a, b, 0);
}

/* The first of its connections counts, in the order of scenario_echo_ns(). */
static void note(uint64_t *rtts, unsigned to, uint64_t rtt)
{
    if (rtts[to] == UINT64_MAX)
        rtts[to] = rtt;
}

static void note_network(const struct network *n, unsigned from, uint64_t *rtts)
{
    const struct network_member *own = n->members, *end = n->members + n->member_count;
    while (own < end && own->node != from)
        own++;
    for (const struct network_member *m = n->members; own < end && m < end; m++)
        note(rtts, m->node,
             own->up.delay_ns + own->down.delay_ns + m->up.delay_ns + m->down.delay_ns);
}

/* The same without a look at each connection for each node. */
static void direct_rtts(const struct scenario *s, unsigned from, uint64_t *rtts)
{
    const struct wan *wan = &s->wan;
    const size_t n = wan->member_count, own = wan_position(wan, from);
    for (size_t i = 0; own < n && i < n; i++)
        note(rtts, wan->members[i],
             wan->pairs[own * n + i].delay_ns + wan->pairs[i * n + own].delay_ns);
    for (size_t i = 0; i < s->link_count; i++) {
        const struct link *l = &s->links[i];
        for (int end = 0; end < 2; end++)
            if (l->end[end] == from)
                note(rtts, l->end[1 - end], l->direction[0].delay_ns + l->direction[1].delay_ns);
    }
    for (size_t i = 0; i < s->network_count; i++)
        note_network(&s->networks[i], from, rtts);
}

void scenario_rtts(const struct scenario *s, unsigned from, uint64_t *rtts)
{
    for (unsigned i = 0; i < s->node_count; i++)
        rtts[i] = i == from ? 0 : s->routing ? scenario_rtt_ns(s, from, i) : UINT64_MAX;
    if (!s->routing)
        direct_rtts(s, from, rtts);
}

bool scenario_is_plain(const struct scenario *s, unsigned a, unsigned b)
{
    const struct wan *wan = &s->wan;
    const size_t n = wan->member_count, i = wan_position(wan, a), j = wan_position(wan, b);
    if (scenario_is_routed(s, a, b))
        return is_routed_plain(s->routing, a, b) && is_routed_plain(s->routing, b, a);
    if (i < n && j < n)
        return impairment_is_plain(&wan->pairs[i * n + j]) &&
               impairment_is_plain(&wan->pairs[j * n + i]);
    for (const struct link *l = s->links; l < s->links + s->link_count; l++)
        if (link_rtt(l, a, b, 0) != UINT64_MAX)
            return impairment_is_plain(&l->direction[0]) && impairment_is_plain(&l->direction[1]);
    for (const struct network *net = s->networks; net < s->networks + s->network_count; net++)
        if (network_rtt(net, a, b, 0) != UINT64_MAX) /* all of its members have the same wires */
            return impairment_is_plain(&net->members[0].up) &&
                   impairment_is_plain(&net->members[0].down);
    return true;
}
