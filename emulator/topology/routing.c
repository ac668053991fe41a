/* SPDX-License-Identifier: MIT */
#include "topology/routing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/trace.h"

/* --- the graph --- */

static uint64_t cost_of(const struct scenario *s, const struct impairment *wire, unsigned weight)
{
    if (s->metric == METRIC_HOPS)
        return 0; /* counted anyway */
    if (s->metric == METRIC_WEIGHT)
        return weight;
    return wire->trace && wire->trace->has_delay ? wire->trace->delay_min_ns : wire->delay_ns;
}

static void add_edge(struct routing *r, struct routing_edge edge, unsigned weight)
{
    edge.cost = cost_of(r->scenario, edge.wire, weight);
    r->edges[r->edge_count++] = edge;
}

static void add_edges(struct routing *r)
{
    const struct scenario *s = r->scenario;
    uint32_t port = (uint32_t)s->wan.member_count; /* ports are in the order wan, links, networks */
    size_t count = 2 * s->link_count;
    for (size_t i = 0; i < s->network_count; i++)
        count += 2 * s->networks[i].member_count;
    r->edges = xcalloc(count, sizeof(*r->edges));
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        for (uint32_t d = 0; d < 2; d++)
            add_edge(r,
                     (struct routing_edge){.from = s->links[i].end[d],
                                           .to = s->links[i].end[1 - d],
                                           .wire = &s->links[i].direction[d],
                                           .from_port = port + d,
                                           .to_port = port + 1 - d,
                                           .hops = 2},
                     s->links[i].weight[d]);
    for (size_t i = 0; i < s->network_count; i++) {
        const uint32_t network = (uint32_t)(s->node_count + i);
        for (size_t m = 0; m < s->networks[i].member_count; m++, port++) {
            const struct network_member *member = &s->networks[i].members[m];
            struct routing_edge up = {member->node, network, &member->up, port, ROUTING_NONE, 0, 1};
            struct routing_edge down = {network, member->node, &member->down, ROUTING_NONE, port, 0,
                                        1};
            add_edge(r, up, s->networks[i].weight);
            add_edge(r, down, 0);
        }
    }
}

static bool is_transit(const struct routing *r, uint32_t vertex)
{
    const struct scenario *s = r->scenario;
    return vertex >= s->node_count || s->nodes[vertex].role == ROLE_ROUTER;
}

static void find_core(struct routing *r)
{
    const struct scenario *s = r->scenario;
    _cleanup_(freep) uint32_t *degree = xcalloc(r->vertex_count, sizeof(*degree));
    r->core = xcalloc(r->vertex_count, sizeof(*r->core));
    r->only = xcalloc(r->vertex_count, sizeof(*r->only));
    r->vertex = xcalloc(r->vertex_count, sizeof(*r->vertex));
    memset(r->only, 0xff, r->vertex_count * sizeof(*r->only));
    for (uint32_t e = 0; e < r->edge_count; e++) {
        degree[r->edges[e].from]++;
        r->only[r->edges[e].from] = e;
    }
    for (uint32_t v = 0; v < r->vertex_count; v++) {
        bool in_core = v >= s->node_count || s->nodes[v].role == ROLE_ROUTER || degree[v] > 1;
        r->core[v] = in_core ? (uint32_t)r->core_count : ROUTING_NONE;
        if (in_core)
            r->vertex[r->core_count++] = v;
    }
}

/* --- shortest paths --- */

struct distance {
    uint64_t cost;
    uint32_t hops;
};

static bool is_less(const struct distance *a, const struct distance *b)
{
    return a->cost != b->cost ? a->cost < b->cost : a->hops < b->hops;
}

struct heap_item {
    struct distance distance;
    uint32_t vertex; /* number in the core */
};

/* The edges that lead to each vertex of the core from another, and what one search needs. */
struct search {
    uint32_t *first, *edges; /* those to vertex v: edges[first[v]] up to edges[first[v + 1]] */
    struct distance *distances;
    uint64_t *delays_ns; /* of the path from each vertex */
    bool *is_known, *is_done;
    struct heap_item *heap;
    size_t heap_count;
};

static bool in_core(const struct routing *r, const struct routing_edge *e)
{
    return r->core[e->from] != ROUTING_NONE && r->core[e->to] != ROUTING_NONE;
}

static void search_init(struct search *q, const struct routing *r)
{
    const size_t n = r->core_count;
    size_t count = 0;
    *q = (struct search){.first = xcalloc(n + 2, sizeof(*q->first)),
                         .edges = xcalloc(r->edge_count, sizeof(*q->edges)),
                         .distances = xcalloc(n, sizeof(*q->distances)),
                         .delays_ns = xcalloc(n, sizeof(*q->delays_ns)),
                         .is_known = xcalloc(n, sizeof(*q->is_known)),
                         .is_done = xcalloc(n, sizeof(*q->is_done))};
    for (uint32_t e = 0; e < r->edge_count; e++) {
        if (!in_core(r, &r->edges[e]))
            continue;
        q->first[r->core[r->edges[e].to] + 2]++;
        count++;
    }
    for (size_t v = 0; v < n; v++)
        q->first[v + 2] += q->first[v + 1];
    for (uint32_t e = 0; e < r->edge_count; e++) /* first[v + 1] moves up to where v's end */
        if (in_core(r, &r->edges[e]))
            q->edges[q->first[r->core[r->edges[e].to] + 1]++] = e;
    q->heap = xcalloc(count + 1, sizeof(*q->heap)); /* each edge puts at most one there */
}

static void search_done(struct search *q)
{
    free(q->first);
    free(q->edges);
    free(q->distances);
    free(q->delays_ns);
    free(q->is_known);
    free(q->is_done);
    free(q->heap);
}

static bool goes_first(const struct heap_item *a, const struct heap_item *b)
{
    if (is_less(&a->distance, &b->distance) || is_less(&b->distance, &a->distance))
        return is_less(&a->distance, &b->distance);
    return a->vertex < b->vertex;
}

static void heap_push(struct search *q, struct heap_item item)
{
    size_t at = q->heap_count++;
    while (at > 0 && goes_first(&item, &q->heap[(at - 1) / 2])) {
        q->heap[at] = q->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    q->heap[at] = item;
}

static struct heap_item heap_pop(struct search *q)
{
    const struct heap_item top = q->heap[0], last = q->heap[--q->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < q->heap_count && goes_first(&q->heap[child + 1], &q->heap[child]))
            child++;
        if (child >= q->heap_count || !goes_first(&q->heap[child], &last))
            break;
        q->heap[at] = q->heap[child];
        at = child;
    }
    q->heap[at] = last;
    return top;
}

/* Offers the vertex where edge `e` begins the way over `e`. All offers of one length come before
 * the vertex is done, since every edge adds hops: the first edge wins. */
static void offer(struct search *q, const struct routing *r, uint32_t e,
                  const struct distance *rest, uint32_t *next)
{
    const struct routing_edge *edge = &r->edges[e];
    const uint32_t v = r->core[edge->from];
    const uint64_t most = UINT64_MAX - edge->cost;
    const struct distance d = {(rest->cost < most ? rest->cost : most) + edge->cost,
                               rest->hops + edge->hops};
    if (q->is_done[v] || (q->is_known[v] && is_less(&q->distances[v], &d)))
        return;
    if (q->is_known[v] && !is_less(&d, &q->distances[v])) {
        next[v] = e < next[v] ? e : next[v];
        return;
    }
    q->is_known[v] = true;
    q->distances[v] = d;
    next[v] = e;
    heap_push(q, (struct heap_item){d, v});
}

/* The vertex has its path. */
static void note_longest(struct search *q, struct routing *r, const struct heap_item *item,
                         uint32_t next)
{
    const uint32_t hops = item->distance.hops / 2 + 2; /* with the last ones outside of the core */
    const struct routing_edge *edge = next == ROUTING_NONE ? NULL : &r->edges[next];
    uint64_t *delay_ns = &q->delays_ns[item->vertex];
    *delay_ns = edge ? q->delays_ns[r->core[edge->to]] + edge->wire->delay_ns : 0;
    r->longest = hops > r->longest ? hops : r->longest;
    r->longest_ns = *delay_ns > r->longest_ns ? *delay_ns : r->longest_ns;
}

/* The next edge of every vertex towards `to` (of the core), into `next`. */
static void find_paths(struct search *q, struct routing *r, uint32_t to, uint32_t *next)
{
    const size_t n = r->core_count;
    memset(next, 0xff, n * sizeof(*next));
    memset(q->is_known, 0, n * sizeof(*q->is_known));
    memset(q->is_done, 0, n * sizeof(*q->is_done));
    q->heap_count = 0;
    q->is_known[to] = true;
    heap_push(q, (struct heap_item){{0}, to});
    while (q->heap_count > 0) {
        const struct heap_item item = heap_pop(q);
        if (q->is_done[item.vertex])
            continue;
        q->is_done[item.vertex] = true;
        note_longest(q, r, &item, next[item.vertex]);
        if (item.vertex != to && !is_transit(r, r->vertex[item.vertex]))
            continue;
        for (uint32_t i = q->first[item.vertex]; i < q->first[item.vertex + 1]; i++)
            offer(q, r, q->edges[i], &item.distance, next);
    }
}

int routing_new(const struct scenario *s, struct routing **ret, struct error *err)
{
    struct routing *r = xcalloc(1, sizeof(*r));
    r->scenario = s;
    r->vertex_count = s->node_count + s->network_count;
    add_edges(r);
    find_core(r);
    if (r->core_count > ROUTING_CORE_MAX) {
        size_t found = r->core_count;
        routing_free(r);
        return error_input(err,
                           "found %zu routers, networks and nodes with several interfaces "
                           "together, expected at most %d where there are routers",
                           found, ROUTING_CORE_MAX);
    }
    struct search q;
    search_init(&q, r);
    r->next = xcalloc(r->core_count * r->core_count, sizeof(*r->next));
    for (uint32_t to = 0; to < r->core_count; to++)
        find_paths(&q, r, to, &r->next[to * r->core_count]);
    search_done(&q);
    *ret = r;
    return 0;
}

void routing_free(struct routing *r)
{
    if (!r)
        return;
    free(r->edges);
    free(r->core);
    free(r->only);
    free(r->vertex);
    free(r->next);
    free(r);
}

/* --- questions --- */

uint32_t routing_next(const struct routing *r, uint32_t at, uint32_t to)
{
    if (r->core[at] == ROUTING_NONE) {
        const uint32_t e = r->only[at];
        bool is_end = e == ROUTING_NONE || (r->edges[e].to != to && !is_transit(r, r->edges[e].to));
        return is_end ? ROUTING_NONE : e;
    }
    if (r->core[to] != ROUTING_NONE)
        return r->next[r->core[to] * r->core_count + r->core[at]];
    if (r->only[to] == ROUTING_NONE)
        return ROUTING_NONE;
    const uint32_t last = r->edges[r->only[to]].to; /* before it */
    if (last == at)
        return r->only[to] ^ 1;
    if (r->core[last] == ROUTING_NONE || !is_transit(r, last))
        return ROUTING_NONE;
    return r->next[r->core[last] * r->core_count + r->core[at]];
}

bool routing_reaches(const struct routing *r, uint32_t from, uint32_t to)
{
    if (from == to)
        return true;
    const uint32_t first = routing_next(r, from, to);
    if (first == ROUTING_NONE || r->edges[first].to == to)
        return first != ROUTING_NONE;
    /* The core knows the rest, all of it. */
    return routing_next(r, r->edges[first].to, to) != ROUTING_NONE;
}

bool routing_has_home(const struct routing *r, unsigned node)
{
    return r->core[node] != ROUTING_NONE;
}
