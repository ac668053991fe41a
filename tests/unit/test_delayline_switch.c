/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>

#include "expect.h"
#include "wire/delayline/switch.h"

/* A wan of four members, a link and a LAN, all impaired. */
static const char *const text = "name: mixed\n"
                                "nodes: {n: {count: 4}, r: {count: 2}}\n"
                                "wan: {members: [n], delay: 10ms}\n"
                                "links: [{ends: [r1, r2], delay: 5ms}]\n"
                                "networks: {lan0: {members: [n1, r1], delay: 1ms}}\n";

struct rig {
    struct scenario *scenario;
    struct plan *plan;
    struct switch_table table;
};

static void rig_open(struct rig *r)
{
    struct error err = {0};
    char *path = expect_file("mixed.yaml", text);
    if (scenario_open(path, NULL, 0, &r->scenario, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(plan_new(r->scenario, ENGINE_DELAYLINE, &r->plan, &err), 0);
    switch_init(&r->table, r->plan);
    free(path);
}

static void rig_close(struct rig *r)
{
    switch_done(&r->table);
    plan_free(r->plan);
    scenario_free(r->scenario);
}

static struct switch_way find(const struct rig *r, unsigned tap, int family, const uint8_t *address)
{
    const struct frame f = {.family = family, .destination = address};
    return switch_find(&r->table, tap, &f);
}

static void every_pair_of_a_wan_has_its_own_wire(void **state)
{
    (void)state;
    struct rig r;
    unsigned found = 0;
    rig_open(&r);
    for (size_t i = 0; i < r.plan->wire_count; i++) {
        const struct wire *w = &r.plan->wires[i];
        const struct port *to = &r.plan->ports[w->to_port];
        if (w->kind != WIRE_WAN)
            continue;
        assert_int_equal(find(&r, w->from_tap, AF_INET, to->v4.bytes).wire, i);
        assert_int_equal(find(&r, w->from_tap, AF_INET6, to->v6.bytes).wire, i);
        found++;
    }
    assert_int_equal(found, 4 * 3);
    rig_close(&r);
}

static void on_a_wan_the_receivers_addresses_are_written(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r);
    const struct wire *w = &r.plan->wires[0];
    const struct port *to = &r.plan->ports[w->to_port];
    struct switch_way way = find(&r, w->from_tap, AF_INET, to->v4.bytes);
    assert_memory_equal(way.macs, to->node_mac, 6);
    assert_memory_equal(way.macs + 6, to->mac, 6);
    rig_close(&r);
}

static void links_and_networks_take_everything_untouched(void **state)
{
    (void)state;
    struct rig r;
    unsigned found = 0;
    rig_open(&r);
    for (size_t i = 0; i < r.plan->wire_count; i++) {
        const struct wire *w = &r.plan->wires[i];
        const struct frame broadcast = {.group = true};
        if (w->kind == WIRE_WAN)
            continue;
        struct switch_way way = switch_find(&r.table, w->from_tap, &broadcast);
        assert_int_equal(way.wire, i);
        assert_null(way.macs);
        found++;
    }
    assert_int_equal(found, 2 + 2 * 2);
    rig_close(&r);
}

static void nobody_is_at_unknown_addresses_on_a_wan(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r);
    const struct wire *w = &r.plan->wires[0];
    const struct port *self = &r.plan->ports[w->from_port], *to = &r.plan->ports[w->to_port];
    uint8_t address[16] = {10, 0, 0, 99};
    assert_int_equal(find(&r, w->from_tap, AF_INET, address).wire, SWITCH_NONE);
    assert_int_equal(find(&r, w->from_tap, AF_INET6, address).wire, SWITCH_NONE);
    assert_int_equal(find(&r, w->from_tap, AF_INET, self->v4.bytes).wire, SWITCH_NONE);
    assert_int_equal(find(&r, w->from_tap, 0, NULL).wire, SWITCH_NONE);
    const struct frame group = {.group = true, .family = AF_INET, .destination = to->v4.bytes};
    assert_int_equal(switch_find(&r.table, w->from_tap, &group).wire, SWITCH_NONE);
    rig_close(&r);
}

/* An IPv4 address must not be taken for the IPv6 address with the same bits. */
static void the_families_do_not_mix(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r);
    const struct wire *w = &r.plan->wires[0];
    uint32_t v4;
    memcpy(&v4, r.plan->ports[w->to_port].v4.bytes, sizeof(v4));
    const uint64_t low = v4;
    uint8_t address[16] = {0};
    memcpy(address + 8, &low, sizeof(low));
    assert_int_equal(find(&r, w->from_tap, AF_INET6, address).wire, SWITCH_NONE);
    rig_close(&r);
}

/* Built by hand, since only its size matters here. */
static void a_thousand_members_are_all_found(void **state)
{
    (void)state;
    enum { N = 1000 };
    struct plan plan = {.port_count = N, .tap_count = N, .wire_count = 2 * (N - 1)};
    plan.ports = xcalloc(N, sizeof(*plan.ports));
    plan.taps = xcalloc(N, sizeof(*plan.taps));
    plan.wires = xcalloc(plan.wire_count, sizeof(*plan.wires));
    for (unsigned i = 0; i < N; i++) {
        plan.taps[i].port = i;
        plan.ports[i].v4 = ip4(10, 0, (i + 1) >> 8, (i + 1) & 255, 32);
        plan.ports[i].v6 = ip6((uint16_t[8]){0xfd77, 0, 0, 0, 0, 0, 0, (uint16_t)(i + 1)}, 128);
    }
    for (unsigned i = 0; i + 1 < N; i++) {
        plan.wires[2 * i] = (struct wire){.kind = WIRE_WAN, .to_tap = i + 1};
        plan.wires[2 * i + 1] = (struct wire){.kind = WIRE_WAN, .from_tap = i + 1};
    }
    struct rig r;
    switch_init(&r.table, &plan);
    for (unsigned i = 1; i < N; i++) {
        assert_int_equal(find(&r, 0, AF_INET, plan.ports[i].v4.bytes).wire, 2 * (i - 1));
        assert_int_equal(find(&r, i, AF_INET6, plan.ports[0].v6.bytes).wire, 2 * i - 1);
    }
    switch_done(&r.table);
    free(plan.ports);
    free(plan.taps);
    free(plan.wires);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_a_wan_has_its_own_wire),
        cmocka_unit_test(on_a_wan_the_receivers_addresses_are_written),
        cmocka_unit_test(links_and_networks_take_everything_untouched),
        cmocka_unit_test(nobody_is_at_unknown_addresses_on_a_wan),
        cmocka_unit_test(the_families_do_not_mix),
        cmocka_unit_test(a_thousand_members_are_all_found),
    };
    return RUN_TESTS(tests);
}
