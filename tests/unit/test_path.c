/* SPDX-License-Identifier: MIT */
#include "topology/path.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "expect.h"

static struct scenario *scenario;
static struct plan *plan;
static struct path *paths;
static size_t count;

static void open_text(const char *text)
{
    struct error err;
    char *file = expect_file("s.yaml", text);
    if (scenario_open(file, NULL, 0, &scenario, &err) < 0 ||
        plan_new(scenario, ENGINE_DELAYLINE, &plan, &err) < 0)
        fail_msg("%s", err.text);
    paths = paths_of(plan, &count);
    free(file);
}

static void close_all(void)
{
    free(paths);
    plan_free(plan);
    scenario_free(scenario);
}

static void expect_path(size_t i, const char *name, const char *address)
{
    char text[IP_TEXT_MAX];
    char *found = path_name(&paths[i], plan);
    assert_string_equal(found, name);
    assert_string_equal(ip_format(text, &paths[i].to_port->v4), address);
    free(found);
}

static void each_wire_of_wan_and_links_is_a_path_beside_its_way_back(void **state)
{
    (void)state;
    open_text("nodes: {n: {count: 3}, x: }\n"
              "wan: {members: [n], delay: 5ms}\n"
              "links: [{ends: [n1, x], n1->x: {delay: 1ms, loss: 1%}, x->n1: {rate: 1mbit}}]\n");
    assert_int_equal(count, 8);
    expect_path(0, "n1->n2", "10.0.0.2");
    expect_path(1, "n2->n1", "10.0.0.1");
    expect_path(4, "n2->n3", "10.0.0.3");
    expect_path(6, "n1->x", "10.64.0.2");
    expect_path(7, "x->n1", "10.64.0.1");
    assert_int_equal(path_delay_ns(&paths[0]), 5 * NS_PER_MS);
    assert_int_equal(path_delay_ns(&paths[6]), NS_PER_MS);
    assert_int_equal(path_rate_bps(&paths[6]), 0);
    assert_int_equal(path_rate_bps(&paths[7]), 1000000);
    assert_int_equal(path_passage_ns(&paths[7], 125), NS_PER_MS);
    assert_true(path_loss(&paths[6]) == 0.01);
    close_all();
}

static void a_network_is_crossed_in_a_ring_up_and_down(void **state)
{
    (void)state;
    open_text("nodes: {n: {count: 4}}\n"
              "links: [{ends: [n1, n4], delay: 1ms}]\n"
              "networks:\n"
              "  a: {members: [n1, n2], delay: 1ms, loss: 10%, rate: 10mbit}\n"
              "  b: {members: [n1, n3, n4], delay: 2ms}\n");
    assert_int_equal(count, 2 + 2 + 6);
    expect_path(2, "n1->n2 (a)", "10.128.0.2");
    expect_path(4, "n1->n3 (b)", "10.129.0.2");
    expect_path(8, "n4->n1 (b)", "10.129.0.1");
    assert_int_equal(path_delay_ns(&paths[2]), 2 * NS_PER_MS);
    assert_true(fabs(path_loss(&paths[2]) - 0.19) < 1e-12);
    assert_int_equal(path_rate_bps(&paths[2]), 10000000);
    assert_int_equal(path_passage_ns(&paths[2], 1250), 4 * NS_PER_MS);
    close_all();
}

static void over_routers_each_node_has_a_path_to_a_far_one(void **state)
{
    (void)state;
    open_text("nodes: {a: , r: {count: 2, role: router}, b: }\n"
              "links:\n"
              "  - {ends: [a, r1], delay: 1ms, loss: 10%, rate: 10mbit}\n"
              "  - {ends: [r1, r2], delay: 2ms, loss: 50%, rate: 5mbit, mtu: 1400, r2->r1: {delay: "
              "4ms}}\n"
              "  - {ends: [r2, b], delay: 3ms, jitter: 1ms}\n");
    assert_int_equal(count, 6 + 4);
    expect_path(6, "a->r2 (1 router)", "10.64.0.9");
    expect_path(8, "r1->b (1 router)", "10.64.0.18");
    assert_int_equal(path_delay_ns(&paths[6]), 3 * NS_PER_MS);
    assert_int_equal(path_delay_ns(&paths[7]), 5 * NS_PER_MS);
    assert_true(fabs(path_loss(&paths[6]) - 0.55) < 1e-12);
    assert_int_equal(path_rate_bps(&paths[6]), 5000000);
    assert_int_equal(path_passage_ns(&paths[6], 1250), 6 * NS_PER_MS);
    assert_int_equal(paths[6].via_count, 1);
    assert_int_equal(paths[6].via[0], 1);
    assert_int_equal(paths[6].mtu, 1400);
    assert_int_equal(paths[0].mtu, 1500);
    assert_true(path_is_plain(&paths[6]));
    assert_false(path_is_plain(&paths[8]));
    close_all();
}

static void a_node_alone_has_none(void **state)
{
    (void)state;
    open_text("nodes: {a: }\n");
    assert_int_equal(count, 0);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wire_of_wan_and_links_is_a_path_beside_its_way_back),
        cmocka_unit_test(a_network_is_crossed_in_a_ring_up_and_down),
        cmocka_unit_test(over_routers_each_node_has_a_path_to_a_far_one),
        cmocka_unit_test(a_node_alone_has_none),
    };
    return RUN_TESTS(tests);
}
