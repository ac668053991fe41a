/* SPDX-License-Identifier: MIT */
#include "topology/scenario.h"

static size_t wan_position(const struct wan *wan, unsigned node)
{
    size_t i = 0;
    while (i < wan->member_count && wan->members[i] != node)
        i++;
    return i;
}

static uint64_t wan_rtt(const struct wan *wan, unsigned a, unsigned b)
{
    const size_t n = wan->member_count, i = wan_position(wan, a), j = wan_position(wan, b);
    if (i == n || j == n)
        return UINT64_MAX;
    return wan->pairs[i * n + j].delay_ns + wan->pairs[j * n + i].delay_ns;
}

static uint64_t link_rtt(const struct link *l, unsigned a, unsigned b)
{
    if ((l->end[0] != a || l->end[1] != b) && (l->end[0] != b || l->end[1] != a))
        return UINT64_MAX;
    return l->direction[0].delay_ns + l->direction[1].delay_ns;
}

/* There and back each pass one wire up and one down. */
static uint64_t network_rtt(const struct network *n, unsigned a, unsigned b)
{
    uint64_t rtt = 0;
    unsigned found = 0;
    for (size_t i = 0; i < n->member_count; i++) {
        const struct network_member *m = &n->members[i];
        if (m->node == a || m->node == b) {
            rtt += m->up.delay_ns + m->down.delay_ns;
            found++;
        }
    }
    return found == 2 ? rtt : UINT64_MAX;
}

uint64_t scenario_rtt_ns(const struct scenario *s, unsigned a, unsigned b)
{
    uint64_t rtt = wan_rtt(&s->wan, a, b);
    for (size_t i = 0; rtt == UINT64_MAX && i < s->link_count; i++)
        rtt = link_rtt(&s->links[i], a, b);
    for (size_t i = 0; rtt == UINT64_MAX && i < s->network_count; i++)
        rtt = network_rtt(&s->networks[i], a, b);
    return rtt;
}
