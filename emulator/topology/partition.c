/* SPDX-License-Identifier: MIT */
#include "topology/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "topology/stations.h"

/* --- who is where */

static int add_to_group(const struct scenario *s, struct partition *p, size_t group, json_t *names,
                        struct error *err)
{
    json_t *item;
    size_t i;
    if (!json_is_array(names) || json_array_size(names) == 0)
        return error_input(err, "expected at least one node in each group of the partition");
    json_array_foreach(names, i, item)
    {
        const char *name = json_string_value(item);
        const int node = name ? scenario_node(s, name) : -1;
        if (node < 0)
            return error_input(err, "the lab has no node '%.60s'", name ? name : "");
        p->groups[(size_t)node * p->words + group / 64] |= 1ULL << group % 64;
    }
    return 0;
}

int partition_read(const struct scenario *s, json_t *asked, struct partition *ret,
                   struct error *err)
{
    json_t *groups = json_object_get(asked, "partition"), *names;
    struct partition p = {.group_count = json_array_size(groups)};
    size_t i;
    int r = 0;
    if (p.group_count < 2)
        return error_input(err, "expected at least two groups of nodes to part");
    p.name = xstrdup(json_text_of(asked, "name"));
    p.one_way = strcmp(json_text_of(asked, "direction"), "one-way") == 0;
    p.words = (p.group_count + 63) / 64;
    p.groups = xcalloc(s->node_count * p.words, sizeof(*p.groups));
    json_array_foreach(groups, i, names) if (r == 0) r = add_to_group(s, &p, i, names, err);
    if (r < 0)
        partition_done(&p);
    else
        *ret = p;
    return r;
}

void partition_done(struct partition *p)
{
    free(p->name);
    free(p->groups);
    *p = (struct partition){0};
}

/* The number of a node's first group; -1: it is in none. */
static int first_group(const struct partition *p, unsigned node)
{
    const uint64_t *groups = p->groups + node * p->words;
    for (size_t i = 0; i < p->words; i++)
        if (groups[i])
            return (int)(64 * i) + __builtin_ctzll(groups[i]);
    return -1;
}

bool partition_cuts(const struct partition *p, unsigned from, unsigned to)
{
    const int a = first_group(p, from), b = first_group(p, to);
    if (a < 0 || b < 0 || (p->one_way && a > b))
        return false;
    for (size_t i = 0; i < p->words; i++)
        if (p->groups[from * p->words + i] & p->groups[to * p->words + i])
            return false;
    return true;
}

/* --- networks */

/* What becomes of a member's own wires. */
struct member_cut {
    bool up, down;
};

/* A member that is to reach nobody is cut off by its own wire, and so on. Whether that is all. */
static bool split_network(const struct partition *p, const struct network *n,
                          struct member_cut *ret)
{
    const struct network_member *m = n->members;
    for (size_t i = 0; i < n->member_count; i++) {
        ret[i] = (struct member_cut){n->member_count > 1, n->member_count > 1};
        for (size_t k = 0; k < n->member_count; k++) {
            ret[i].up &= k == i || partition_cuts(p, m[i].node, m[k].node);
            ret[i].down &= k == i || partition_cuts(p, m[k].node, m[i].node);
        }
    }
    for (size_t i = 0; i < n->member_count; i++)
        for (size_t k = 0; k < n->member_count; k++)
            if (!ret[i].up && !ret[k].down && partition_cuts(p, m[i].node, m[k].node))
                return false;
    return true;
}

static bool is_wire_of(const struct wire *w, const struct network *n)
{
    const char *arrow = strstr(w->name, "->");
    const size_t len = strlen(n->name);
    if (w->kind == WIRE_UPLINK)
        return strcmp(arrow + 2, n->name) == 0;
    return w->kind == WIRE_DOWNLINK && (size_t)(arrow - w->name) == len &&
           strncmp(w->name, n->name, len) == 0;
}

/* The wires to those that are to hear some of the others, but not all. */
static void select_sieves(const struct partition *p, const struct plan *plan,
                          const struct network *n, bool *sieves)
{
    for (size_t w = 0; w < plan_wires(plan); w++) {
        const struct wire *wire = &plan->wires[w];
        if (wire->kind != WIRE_DOWNLINK || !is_wire_of(wire, n))
            continue;
        for (size_t i = 0; i < n->member_count && !sieves[w]; i++)
            sieves[w] = partition_cuts(p, n->members[i].node, plan->ports[wire->from_port].node);
    }
}

static int select_network(const struct partition *p, const struct plan *plan,
                          const struct network *n, bool *named, bool *sieves, struct error *err)
{
    _cleanup_(freep) struct member_cut *cuts = xcalloc(n->member_count, sizeof(*cuts));
    const bool is_all = split_network(p, n, cuts);
    if (!is_all && !sieves)
        return error_input(err,
                           "the engine netem cannot split the network '%s' that way: there only "
                           "single members can be cut off (expected engine delayline)",
                           n->name);
    if (!is_all)
        select_sieves(p, plan, n, sieves);
    for (size_t w = 0; w < plan_wires(plan) && is_all; w++) {
        const struct wire *wire = &plan->wires[w];
        if (!is_wire_of(wire, n))
            continue;
        for (size_t i = 0; i < n->member_count; i++)
            if (plan->ports[wire->from_port].node == n->members[i].node)
                named[w] |= wire->kind == WIRE_UPLINK ? cuts[i].up : cuts[i].down;
    }
    return 0;
}

struct stations *partition_refused(const struct partition *const *p, size_t count,
                                   const struct plan *plan, unsigned wire)
{
    const struct wire *down = &plan->wires[wire];
    const char *arrow = strstr(down->name, "->");
    const size_t len = (size_t)(arrow - down->name);
    uint8_t(*macs)[6] = NULL;
    size_t refused = 0;
    for (size_t w = 0; w < plan_wires(plan) && down->kind == WIRE_DOWNLINK; w++) {
        const struct wire *up = &plan->wires[w];
        const struct port *from = &plan->ports[up->from_port];
        const char *network = up->name + strlen(up->name) - len;
        bool apart = false;
        if (up->kind != WIRE_UPLINK || strlen(up->name) < len + 2 || network[-1] != '>' ||
            strncmp(network, down->name, len) != 0)
            continue;
        for (size_t i = 0; i < count; i++)
            apart |= partition_cuts(p[i], from->node, plan->ports[down->to_port].node);
        if (!apart)
            continue;
        macs = array_grow(macs, refused, sizeof(*macs));
        memcpy(macs[refused++], from->node_mac, sizeof(*macs));
    }
    struct stations *ret = refused ? stations_new(macs, refused) : NULL;
    free(macs);
    return ret;
}

/* --- ways around */

/* The routers that are in no group, joined as far as they reach each other by themselves. */
struct islands {
    const struct partition *partition;
    const struct scenario *scenario;
    unsigned *parent; /* of a union-find */
    int *touched;     /* by island: a node next to it; -1: none yet */
};

static unsigned island_of(struct islands *i, unsigned node)
{
    while (i->parent[node] != node)
        node = i->parent[node] = i->parent[i->parent[node]];
    return node;
}

static bool is_free_router(const struct islands *i, unsigned node)
{
    return i->scenario->nodes[node].role == ROLE_ROUTER && first_group(i->partition, node) < 0;
}

typedef int visit(struct islands *i, unsigned a, unsigned b, struct error *err);

/* Visits those that a link or a network joins; of a network each member with the first router. */
static int visit_neighbours(struct islands *i, visit *call, struct error *err)
{
    const struct scenario *s = i->scenario;
    int r = 0;
    for (size_t l = 0; r == 0 && l < s->link_count; l++)
        r = call(i, s->links[l].end[0], s->links[l].end[1], err);
    for (size_t n = 0; n < s->network_count; n++) {
        const struct network *net = &s->networks[n];
        size_t hub = 0;
        while (hub < net->member_count && !is_free_router(i, net->members[hub].node))
            hub++;
        for (size_t k = 0; r == 0 && hub < net->member_count && k < net->member_count; k++)
            r = call(i, net->members[hub].node, net->members[k].node, err);
    }
    return r;
}

static int join(struct islands *i, unsigned a, unsigned b, struct error *err)
{
    (void)err;
    if (is_free_router(i, a) && is_free_router(i, b))
        i->parent[island_of(i, a)] = island_of(i, b);
    return 0;
}

static int touch_island(struct islands *i, unsigned router, unsigned node, struct error *err)
{
    int *other = &i->touched[island_of(i, router)];
    if (*other < 0 || first_group(i->partition, (unsigned)*other) < 0)
        *other = (int)node;
    if (!partition_cuts(i->partition, (unsigned)*other, node) &&
        !partition_cuts(i->partition, node, (unsigned)*other))
        return 0;
    const struct node *nodes = i->scenario->nodes;
    return error_input(err,
                       "'%s' and '%s' still reach each other over '%s': expected that router in "
                       "one of the groups, too",
                       nodes[*other].name, nodes[node].name, nodes[router].name);
}

static int touch(struct islands *i, unsigned a, unsigned b, struct error *err)
{
    int r = is_free_router(i, a) ? touch_island(i, a, b, err) : 0;
    return r == 0 && is_free_router(i, b) ? touch_island(i, b, a, err) : r;
}

static int refuse_ways_around(const struct partition *p, const struct scenario *s,
                              struct error *err)
{
    if (!s->routing)
        return 0;
    _cleanup_(freep) unsigned *parent = xcalloc(s->node_count, sizeof(*parent));
    _cleanup_(freep) int *touched = xcalloc(s->node_count, sizeof(*touched));
    struct islands islands = {p, s, parent, touched};
    for (unsigned i = 0; i < s->node_count; i++) {
        parent[i] = i;
        touched[i] = -1;
    }
    visit_neighbours(&islands, join, err);
    return visit_neighbours(&islands, touch, err);
}

int partition_select(const struct partition *p, const struct plan *plan, bool *named, bool *sieves,
                     struct error *err)
{
    const struct scenario *s = plan->scenario;
    int r = refuse_ways_around(p, s, err);
    for (size_t i = 0; r == 0 && i < plan_wires(plan); i++) {
        const struct wire *w = &plan->wires[i];
        if (w->kind == WIRE_LINK || w->kind == WIRE_WAN)
            named[i] =
                partition_cuts(p, plan->ports[w->from_port].node, plan->ports[w->to_port].node);
    }
    for (size_t i = 0; r == 0 && i < s->network_count; i++)
        r = select_network(p, plan, &s->networks[i], named, sieves, err);
    for (size_t i = 0; r == 0 && i < plan_wires(plan); i++)
        if (named[i] || (sieves && sieves[i]))
            return 0;
    return r < 0 ? r : error_input(err, "no wire joins these groups: there is nothing to cut");
}
