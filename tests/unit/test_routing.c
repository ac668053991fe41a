/* SPDX-License-Identifier: MIT
 *
 * Shortest paths, and the routes that the plan makes of them. The routes are followed hop by hop as
 * kernels would, by the longest prefix, through networks drawn at random.
 */
#include "topology/routing.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/prng.h"
#include "base/text.h"
#include "expect.h"
#include "topology/plan.h"
#include "topology/route_table.h"

static struct scenario *open_text(const char *text)
{
    struct scenario *s = NULL;
    struct error err;
    char *path = expect_file("s.yaml", text);
    if (scenario_open(path, NULL, 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return s;
}

/* "r1-r3-r4" */
static char *path_text(const struct scenario *s, const char *from, const char *to)
{
    struct text t = {0};
    uint32_t at = (uint32_t)scenario_node(s, from), end = (uint32_t)scenario_node(s, to);
    text_add(&t, "%s", from);
    while (at != end) {
        uint32_t e = routing_next(s->routing, at, end);
        assert_int_not_equal(e, ROUTING_NONE);
        at = s->routing->edges[e].to;
        text_add(&t, "-%s",
                 at < s->node_count ? s->nodes[at].name : s->networks[at - s->node_count].name);
    }
    return t.data;
}

static void expect_path(const struct scenario *s, const char *from, const char *to,
                        const char *expected)
{
    char *found = path_text(s, from, to);
    assert_string_equal(found, expected);
    free(found);
}

#define SQUARE                                                                                     \
    "nodes: {r: {count: 4, role: router}, h: {count: 2}}\n"                                        \
    "networks: {lan: {members: [r4, h2], delay: 1ms}}\n"                                           \
    "links:\n"                                                                                     \
    "  - {ends: [h1, r1], delay: 1ms}\n"                                                           \
    "  - {ends: [r1, r2], delay: 5ms, weight: 1}\n"                                                \
    "  - {ends: [r2, r4], delay: 5ms, weight: 1}\n"                                                \
    "  - {ends: [r1, r3], delay: 1ms, weight: 2, r3->r1: {delay: 30ms}}\n"                         \
    "  - {ends: [r3, r4], delay: 2ms, weight: 2}\n"                                                \
    "  - {ends: [r1, r4], delay: 50ms, r1->r4: {weight: 3}, r4->r1: {weight: 9}}\n"

static void the_metric_chooses_the_path_each_way_for_itself(void **state)
{
    (void)state;
    struct scenario *s = open_text(SQUARE "routing: delay\n");
    expect_path(s, "h1", "h2", "h1-r1-r3-r4-lan-h2");
    expect_path(s, "h2", "h1", "h2-lan-r4-r2-r1-h1");
    assert_int_equal(scenario_rtt_ns(s, 4, 5), (6 + 13) * NS_PER_MS);
    scenario_free(s);
    s = open_text(SQUARE "routing: weight\n");
    expect_path(s, "h1", "h2", "h1-r1-r2-r4-lan-h2");
    scenario_free(s);
    s = open_text(SQUARE "routing: hops\n");
    expect_path(s, "h1", "h2", "h1-r1-r4-lan-h2");
    assert_int_equal(scenario_rtt_ns(s, 4, 5), 2 * 53 * NS_PER_MS);
    scenario_free(s);
}

static void of_equal_paths_the_first_in_the_file_is_taken(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {r: {count: 4, role: router}}\n"
                                   "links: [{ends: [r1, r3]}, {ends: [r1, r2]}, {ends: [r2, r4]},"
                                   " {ends: [r3, r4]}]\n");
    expect_path(s, "r1", "r4", "r1-r3-r4");
    expect_path(s, "r4", "r1", "r4-r2-r1");
    scenario_free(s);
}

static void nobody_but_routers_forwards(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: , b: , c: , r: {role: router}}\n"
                                   "links: [{ends: [a, b]}, {ends: [b, c]}, {ends: [c, r]}]\n"
                                   "disconnected: yes\n");
    assert_false(routing_reaches(s->routing, 0, 2));
    assert_true(routing_reaches(s->routing, 1, 2));
    assert_false(routing_reaches(s->routing, 3, 1));
    assert_int_equal(scenario_rtt_ns(s, 0, 2), UINT64_MAX);
    scenario_free(s);
}

static void without_routers_nothing_is_routed(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: , b: , c: }\n"
                                   "links: [{ends: [a, b]}, {ends: [b, c]}]\n");
    assert_null(s->routing);
    scenario_free(s);
}

static bool has_setting(const struct plan *p, const char *key, const char *value)
{
    for (size_t i = 0; i < p->op_count; i++)
        if (p->ops[i].kind == OP_SYSCTL && strcmp(p->ops[i].key, key) == 0 &&
            strcmp(p->ops[i].value, value) == 0)
            return true;
    return false;
}

static void long_paths_get_packets_that_live_long_enough(void **state)
{
    (void)state;
    static const unsigned counts[] = {20, 100};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        char *text = xasprintf("generate: {r: {shape: line, count: %u, delay: 2ms}}\n", counts[i]);
        struct scenario *s = open_text(text);
        struct plan *p = NULL;
        struct error err;
        assert_int_equal(plan_new(s, ENGINE_DELAYLINE, &p, &err), 0);
        assert_int_equal(s->routing->longest_ns, (counts[i] - 1) * 2 * NS_PER_MS);
        assert_int_equal(has_setting(p, "net.ipv4.ip_default_ttl", "255"), counts[i] > 60);
        assert_int_equal(has_setting(p, "net.ipv6.conf.default.hop_limit", "255"), counts[i] > 60);
        plan_free(p);
        scenario_free(s);
        free(text);
    }
}

/* --- as kernels do it --- */

/* Whether the first bits of an address are those of a prefix. */
static bool matches(const struct ip *prefix, const struct ip *address)
{
    struct ip net = *address;
    net.prefix = prefix->prefix;
    net = ip_network(&net);
    return prefix->family == address->family &&
           memcmp(net.bytes, prefix->bytes, ip_size(&net)) == 0;
}

static bool has_address(const struct plan *p, unsigned node, const struct ip *address)
{
    for (size_t i = 0; i < p->op_count; i++)
        if (p->ops[i].kind == OP_ADDRESS && p->ops[i].ns == (int)node &&
            p->ops[i].address.family == address->family &&
            memcmp(p->ops[i].address.bytes, address->bytes, ip_size(address)) == 0)
            return true;
    return false;
}

static const struct op *find_route(const struct plan *p, unsigned node, const struct ip *address)
{
    const struct op *best = NULL;
    for (size_t i = 0; i < p->op_count; i++) {
        const struct op *op = &p->ops[i];
        if (op->kind == OP_ROUTE && op->ns == (int)node && matches(&op->address, address) &&
            (!best || op->address.prefix > best->address.prefix))
            best = op;
    }
    return best;
}

static unsigned holder_of(const struct plan *p, const struct ip *address)
{
    unsigned node = 0;
    while (!has_address(p, node, address))
        node++;
    return node;
}

/* Follows a packet, node by node; the nodes that it meets have to be those of the shortest path. */
static void follow(const struct plan *p, unsigned from, unsigned to, int family)
{
    const struct routing *r = p->scenario->routing;
    const struct port *home = plan_port_towards(p, from, to);
    const struct ip *address = family == AF_INET ? &home->v4 : &home->v6;
    for (uint32_t at = from; at != to;) {
        const struct op *route = find_route(p, at, address);
        assert_non_null(route);
        assert_non_null(route->dev);
        uint32_t next = r->edges[routing_next(r, at, to)].to;
        if (next >= p->scenario->node_count)
            next = r->edges[routing_next(r, next, to)].to;
        assert_int_equal(holder_of(p, route->via.family ? &route->via : address), next);
        at = next;
    }
}

struct dice {
    uint64_t key, rolled;
};

static unsigned roll(struct dice *d)
{
    return (unsigned)(prng_u64(d->key, d->rolled++) >> 33);
}

/* A tree of routers with more links between them, hosts on some, and networks. */
static char *draw_network(uint64_t seed)
{
    struct dice g = {prng_key(seed, "network"), 0};
    struct text links = {0}, t = {0};
    const unsigned routers = 4 + roll(&g) % 12;
    for (unsigned i = 2; i <= routers; i++) {
        unsigned parent = 1 + roll(&g) % (i - 1);
        text_add(&links, "  - {ends: [r%u, r%u], delay: %ums, r%u->r%u: {delay: %ums}}\n", parent,
                 i, roll(&g) % 9, parent, i, roll(&g) % 9);
        if (i > 3 && roll(&g) % 2)
            text_add(&links, "  - {ends: [h%u, r%u], delay: 1ms}\n", i, i);
        if (i > 4 && roll(&g) % 3 == 0 && parent != i - 2)
            text_add(&links, "  - {ends: [r%u, r%u], delay: %ums}\n", i, i - 2, roll(&g) % 9);
    }
    text_add(&t,
             "nodes: {r: {count: %u, role: router}, h: {count: %u}, g: {count: 3}}\n"
             "disconnected: yes\n"
             "networks: {a: {members: [r1, r2, g1, g2], delay: 1ms}, b: {members: [r3, g2, g3]}}\n"
             "links:\n%s",
             routers, routers, links.data);
    text_done(&links);
    return t.data;
}

static void routes_lead_every_packet_along_the_shortest_path(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        char *text = draw_network(seed);
        struct scenario *s = open_text(text);
        struct plan *p = NULL;
        struct error err;
        unsigned pairs = 0;
        assert_int_equal(plan_new(s, ENGINE_DELAYLINE, &p, &err), 0);
        for (unsigned a = 0; a < s->node_count; a++) {
            for (unsigned b = 0; b < s->node_count; b++) {
                if (!scenario_is_routed(s, a, b))
                    continue;
                follow(p, a, b, AF_INET);
                follow(p, a, b, AF_INET6);
                pairs++;
            }
        }
        assert_true(pairs > 30);
        plan_free(p);
        scenario_free(s);
        free(text);
    }
}

/* --- prefixes --- */

static unsigned hop_of(const struct route_block *blocks, size_t count, unsigned subnet)
{
    unsigned hop = ROUTE_NONE, bits = 64;
    for (size_t i = 0; i < count; i++) {
        if (subnet >> blocks[i].bits != blocks[i].first >> blocks[i].bits || blocks[i].bits > bits)
            continue;
        hop = blocks[i].hop;
        bits = blocks[i].bits;
    }
    return hop;
}

static void merged_prefixes_mean_what_they_were_made_of(void **state)
{
    (void)state;
    struct dice g = {prng_key(7, "prefixes"), 0};
    for (unsigned round = 0; round < 300; round++) {
        unsigned hops[70];
        const size_t n = roll(&g) % 70;
        size_t count;
        for (size_t i = 0; i < n; i++) {
            unsigned drawn = roll(&g) % (round % 50 + 3);
            hops[i] = drawn == 0 ? ROUTE_NONE : drawn == 1 ? ROUTE_ANY : drawn;
            if (i && roll(&g) % 2)
                hops[i] = hops[i - 1];
        }
        struct route_block *blocks = route_table_merge(hops, n, &count);
        for (unsigned i = 0; i < 128; i++) {
            unsigned expected = i < n ? hops[i] : ROUTE_NONE;
            if (expected != ROUTE_ANY)
                assert_int_equal(hop_of(blocks, count, i), expected);
        }
        for (size_t i = 0; i < count; i++) /* or it would be there twice */
            assert_false(blocks[i].bits == 0 && blocks[i].first < n &&
                         hops[blocks[i].first] == ROUTE_ANY);
        free(blocks);
    }
}

static void one_prefix_is_enough_where_all_have_one_next_hop(void **state)
{
    (void)state;
    unsigned hops[8] = {5, 5, ROUTE_ANY, 5, 5, 7, ROUTE_ANY, 5};
    size_t count;
    struct route_block *blocks = route_table_merge(hops, 8, &count);
    assert_int_equal(count, 2);
    assert_int_equal(blocks[0].bits, 3);
    assert_int_equal(blocks[0].hop, 5);
    assert_int_equal(blocks[1].first, 5);
    assert_int_equal(blocks[1].hop, 7);
    free(blocks);
    assert_null(route_table_merge(hops, 0, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_metric_chooses_the_path_each_way_for_itself),
        cmocka_unit_test(of_equal_paths_the_first_in_the_file_is_taken),
        cmocka_unit_test(nobody_but_routers_forwards),
        cmocka_unit_test(without_routers_nothing_is_routed),
        cmocka_unit_test(long_paths_get_packets_that_live_long_enough),
        cmocka_unit_test(routes_lead_every_packet_along_the_shortest_path),
        cmocka_unit_test(merged_prefixes_mean_what_they_were_made_of),
        cmocka_unit_test(one_prefix_is_enough_where_all_have_one_next_hop),
    };
    return RUN_TESTS(tests);
}
