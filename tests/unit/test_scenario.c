/* SPDX-License-Identifier: MIT
 *
 * What a file means. What is refused, and in which words, is in test_scenario_errors.c.
 */
#include <math.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "expect.h"
#include "topology/scenario.h"

static struct scenario *open_with(const char *file, const char *const *sets, size_t set_count)
{
    struct scenario *s = NULL;
    struct error err;
    if (scenario_open(file, sets, set_count, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static struct scenario *open_text_with(const char *text, const char *const *sets, size_t set_count)
{
    char *path = expect_file("s.yaml", text);
    struct scenario *s = open_with(path, sets, set_count);
    free(path);
    return s;
}

static struct scenario *open_text(const char *text)
{
    return open_text_with(text, NULL, 0);
}

static void the_example_with_five_regions_is_what_it_says(void **state)
{
    (void)state;
    struct scenario *s = open_with("topologies/five-regions.yaml", NULL, 0);
    assert_string_equal(s->name, "five-regions");
    assert_int_equal(s->seed, 42);
    assert_int_equal(s->engine, ENGINE_AUTO);
    assert_int_equal(s->repeat, 1);
    assert_int_equal(s->node_count, 5);
    assert_string_equal(s->nodes[4].name, "db5");
    assert_string_equal(s->nodes[4].region, "sao-paulo");
    assert_int_equal(s->wan.member_count, 5);
    assert_int_equal(s->wan.pairs[1].delay_ns, 61500000);
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 123000000);
    assert_string_equal(s->workload.name, "replicate");
    assert_int_equal(s->workload.parameter_count, 4);
    assert_int_equal(s->sweep_count, 2);
    scenario_free(s);
}

static void the_other_examples_are_readable(void **state)
{
    (void)state;
    struct scenario *s = open_with("topologies/two-nodes-link.yaml", NULL, 0);
    assert_int_equal(s->link_count, 1);
    assert_int_equal(scenario_rtt_ns(s, 1, 0), 40000000);
    scenario_free(s);
    s = open_with("topologies/containers-vs-vms.yaml", NULL, 0);
    assert_int_equal(s->node_count, 3);
    assert_int_equal(s->sweep_count, 2);
    assert_string_equal(s->sweep[0].key, "nodes.db.kind");
    scenario_free(s);
    s = open_with("topologies/lan.yaml", NULL, 0);
    assert_int_equal(s->network_count, 2);
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 200000);
    assert_int_equal(scenario_rtt_ns(s, 0, 3), UINT64_MAX);
    scenario_free(s);
}

static void one_node_is_enough(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\n");
    assert_string_equal(s->name, "s");
    assert_int_equal(s->seed, 1);
    assert_int_equal(s->node_count, 1);
    assert_string_equal(s->nodes[0].name, "a");
    assert_string_equal(s->nodes[0].group, "a");
    assert_null(s->nodes[0].region);
    assert_int_equal(s->wan.member_count, 0);
    assert_null(s->workload.name);
    scenario_free(s);
}

static void the_verdict_has_limits_that_the_file_may_change(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\n");
    assert_int_equal(s->verdict.delay_error_ns, NS_PER_MS);
    assert_int_equal(s->verdict.lateness_ns, 500 * NS_PER_US);
    assert_true(s->verdict.drops == 0 && s->verdict.rate_error == 0.01);
    assert_true(s->verdict.pressure == 1); /* a busy machine alone is no error of the network */
    scenario_free(s);
    s = open_text("nodes: {a: }\nverdict: {delay_error: 2ms, lateness_p99: 100us, drops: 0.5%,\n"
                  "  rate_error: 3%, confidence: 95%, steal: 1%, pressure: 50%, clock_jump: 1s}\n");
    assert_int_equal(s->verdict.delay_error_ns, 2 * NS_PER_MS);
    assert_int_equal(s->verdict.lateness_ns, 100 * NS_PER_US);
    assert_true(s->verdict.drops == 0.005 && s->verdict.rate_error == 0.03);
    assert_true(s->verdict.confidence == 0.95 && s->verdict.steal == 0.01);
    assert_true(s->verdict.pressure == 0.5);
    assert_int_equal(s->verdict.clock_jump_ns, NS_PER_SEC);
    scenario_free(s);
}

static void tcp_is_cubic_with_buffers_by_the_wires_unless_the_file_says_else(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\n");
    assert_string_equal(s->tcp.congestion, "cubic");
    assert_int_equal(s->tcp.buffer_bytes, 0);
    scenario_free(s);
    s = open_text("nodes: {a: }\ntcp: {congestion: reno, buffer: 25MB}\n");
    assert_string_equal(s->tcp.congestion, "reno");
    assert_int_equal(s->tcp.buffer_bytes, 25000000);
    scenario_free(s);
}

static void a_count_numbers_the_nodes_even_a_count_of_one(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {b: {count: 2}, a: {}, c: {count: 1, kind: process}}\n");
    assert_int_equal(s->node_count, 4);
    assert_int_equal(scenario_node(s, "b1"), 0);
    assert_int_equal(scenario_node(s, "b2"), 1);
    assert_int_equal(scenario_node(s, "a"), 2);
    assert_int_equal(scenario_node(s, "c1"), 3);
    assert_int_equal(scenario_node(s, "b"), -1);
    assert_int_equal(scenario_node(s, "c"), -1);
    assert_int_equal(scenario_node(s, "zz"), -1);
    assert_string_equal(s->nodes[1].group, "b");
    scenario_free(s);
}

static void kinds_roots_and_limits_are_the_groups(void **state)
{
    (void)state;
    struct scenario *s = open_text(
        "nodes:\n"
        "  c: {count: 2, kind: container, root: my/root, cpus: 0.5,\n"
        "      boot_timeout: 90s}\n"
        "  p: {memory: 256MiB, pids: 100, root: host, scratch: folder, io: {write: 5MB/s}}\n"
        "  d: {kind: docker, image: 'Reg.io:5000/a_b/c:1.0@sha256:0f'}\n");
    assert_int_equal(s->nodes[3].kind, NODE_KIND_DOCKER);
    assert_string_equal(s->nodes[3].image, "Reg.io:5000/a_b/c:1.0@sha256:0f");
    assert_false(scenario_is_machine(NODE_KIND_DOCKER));
    assert_int_equal(s->nodes[1].kind, NODE_KIND_CONTAINER);
    assert_string_equal(s->nodes[1].root, "my/root");
    assert_true(s->nodes[1].limits.cpus == 0.5);
    assert_int_equal(s->nodes[1].limits.memory_bytes, 0);
    assert_int_equal(s->nodes[2].kind, NODE_KIND_PROCESS);
    assert_int_equal(s->nodes[2].limits.memory_bytes, 256 << 20);
    assert_int_equal(s->nodes[2].limits.pids, 100);
    assert_true(s->nodes[2].limits.cpus == 0);
    assert_int_equal(s->nodes[2].scratch, SCRATCH_IN_FOLDER);
    assert_int_equal(s->nodes[2].limits.io_read, 0);
    assert_int_equal(s->nodes[2].limits.io_write, 5000000);
    assert_int_equal(s->nodes[1].scratch, SCRATCH_IN_MEMORY);
    assert_int_equal(s->nodes[1].boot_timeout_ns, 90 * NS_PER_SEC);
    assert_int_equal(s->nodes[2].boot_timeout_ns, 60 * NS_PER_SEC);
    scenario_free(s);
}

static void regions_are_dealt_out_in_turn(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 3, region: [x, y]}, b: {region: z}}\n");
    assert_string_equal(s->nodes[0].region, "x");
    assert_string_equal(s->nodes[1].region, "y");
    assert_string_equal(s->nodes[2].region, "x");
    assert_string_equal(s->nodes[3].region, "z");
    scenario_free(s);
}

static void a_name_is_made_from_the_file_if_none_is_given(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"My Lab_2.yaml", "my-lab-2"},
        {"5regions.yml", "s-5regions"},
        {"noending", "noending"},
        {"a.b.yaml", "a-b"},
        {"a-name-that-is-far-too-long-for-a-scenario.yaml", "a-name-that-is-far-too-long-for-"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *path = expect_file(cases[i][0], "nodes: {a: }\n");
        struct scenario *s = open_with(path, NULL, 0);
        assert_string_equal(s->name, cases[i][1]);
        scenario_free(s);
        free(path);
    }
}

static void a_wan_may_have_one_delay_for_all(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 2}, b: }\n"
                                   "wan: {members: [b, a], delay: 5ms, loss: 1%, rate: 1mbit}\n");
    assert_int_equal(s->wan.member_count, 3);
    assert_int_equal(s->wan.members[0], 2);
    assert_int_equal(s->wan.members[1], 0);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(s->wan.pairs[i].delay_ns, 5000000);
        assert_int_equal(s->wan.pairs[i].rate_bps, 1000000);
        assert_true(fabs(s->wan.pairs[i].loss - 0.01) < 1e-12);
        assert_int_equal(s->wan.pairs[i].queue.size, i % 4 ? 100 : 0);
    }
    scenario_free(s);
}

static void a_matrix_is_found_beside_the_file_and_read_both_ways(void **state)
{
    (void)state;
    char *matrix = expect_file("m.csv", "# holds: rtt\nfrom,x,y,z\nx,,10,\ny,12,2,\nz,,,\n");
    struct scenario *s = open_text("wan: {members: [c, a, b], matrix: m.csv}\n"
                                   "nodes: {a: {region: x}, b: {region: y}, c: {region: y}}\n");
    const struct impairment *pairs = s->wan.pairs; /* c a b */
    assert_int_equal(pairs[0 * 3 + 1].delay_ns, 6000000);
    assert_int_equal(pairs[1 * 3 + 0].delay_ns, 5000000);
    assert_int_equal(pairs[0 * 3 + 2].delay_ns, 1000000); /* same region: the diagonal */
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 11000000);
    assert_int_equal(pairs[0 * 3 + 1].queue.size, 0);
    scenario_free(s);
    free(matrix);
}

static void a_wan_of_one_member_is_fine(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\nwan: {members: [a]}\n");
    assert_int_equal(s->wan.member_count, 1);
    scenario_free(s);
}

static void a_direction_of_a_link_overrides_the_link(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: , b: , c: }\n"
                                   "links:\n"
                                   "  - {ends: [b, a], delay: 3ms, loss: 2%, b->a: {delay: 1ms}}\n"
                                   "  - {ends: [b, c], c->b: {rate: 1gbit}}\n");
    assert_int_equal(s->link_count, 2);
    const struct link *l = &s->links[0];
    assert_int_equal(l->end[0], 1);
    assert_int_equal(l->end[1], 0);
    assert_int_equal(l->direction[0].delay_ns, 1000000);
    assert_int_equal(l->direction[1].delay_ns, 3000000);
    assert_true(l->direction[0].loss == l->direction[1].loss && l->direction[0].loss > 0);
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 4000000);
    assert_int_equal(s->links[1].direction[0].rate_bps, 0);
    assert_int_equal(s->links[1].direction[1].rate_bps, 1000000000);
    assert_int_equal(s->links[1].mark.line, 4);
    scenario_free(s);
}

static void a_network_has_its_values_on_each_wire(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 2}, r: }\n"
                                   "networks: {lan0: {members: [a, r], delay: 200us}}\n");
    const struct network *n = &s->networks[0];
    assert_string_equal(n->name, "lan0");
    assert_int_equal(n->member_count, 3);
    assert_int_equal(n->members[2].node, 2);
    assert_int_equal(n->members[0].up.delay_ns, 200000);
    assert_int_equal(n->members[0].down.delay_ns, 200000);
    assert_int_equal(n->members[0].down.queue.size, 0);
    assert_int_equal(scenario_rtt_ns(s, 0, 2), 800000);
    scenario_free(s);
}

static void round_trips_of_a_node_are_those_of_its_pairs(void **state)
{
    (void)state;
    struct scenario *s =
        open_text("nodes: {a: {count: 3}, r: , z: }\n"
                  "wan: {members: [a1, a2], delay: 5ms, a1->a2: {delay: 7ms}}\n"
                  "links: [{ends: [a3, r], a3->r: {delay: 2ms}}]\n"
                  "networks: {lan0: {members: [a3, z], delay: 200us}, lan1: {members: [r, z]}}\n");
    uint64_t rtts[5];
    for (unsigned from = 0; from < s->node_count; from++) {
        scenario_rtts(s, from, rtts);
        for (unsigned to = 0; to < s->node_count; to++)
            assert_int_equal(rtts[to], from == to ? 0 : scenario_rtt_ns(s, from, to));
    }
    scenario_free(s);
}

static void a_scale_multiplies_the_delays_of_all_wires(void **state)
{
    (void)state;
    static const char text[] = "nodes: {a: , b: , c: }\ndelay_scale: 4\n"
                               "wan: {members: [a, b], delay: 5ms, rate: 1mbit}\n"
                               "links: [{ends: [b, c], delay: 3ms, c->b: {delay: 1ms}}]\n"
                               "networks: {lan0: {members: [a, c], delay: 200us}}\n";
    struct scenario *s = open_text(text);
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 40000000);
    assert_int_equal(s->wan.pairs[1].queue.size, 100);
    assert_int_equal(s->wan.pairs[1].delay_ns, 20000000);
    assert_int_equal(s->links[0].direction[0].delay_ns, 12000000);
    assert_int_equal(s->links[0].direction[1].delay_ns, 4000000);
    assert_int_equal(scenario_rtt_ns(s, 0, 2), 3200000);
    scenario_free(s);
    static const char *const sets[] = {"delay_scale=0"};
    s = open_text_with(text, sets, 1);
    assert_int_equal(scenario_rtt_ns(s, 0, 1), 0);
    assert_int_equal(s->wan.pairs[1].rate_bps, 1000000); /* nothing else changes */
    scenario_free(s);
}

static void a_workload_may_be_named_by_its_folder(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\nworkload: {./my/own/: {rate: 1/s, x: y}}\n");
    assert_string_equal(s->workload.name, "own");
    _cleanup_(freep) char *beside = xasprintf("%s/./my/own", expect_folder);
    assert_string_equal(s->workload.path, beside);
    scenario_free(s);
    s = open_text("nodes: {a: }\nworkload: {/srv/own: }\n");
    assert_string_equal(s->workload.path, "/srv/own");
    scenario_free(s);
    /* --set and sweeps know it by its name */
    s = open_text("nodes: {a: }\nworkload: {./own: {rate: 1/s}, own: {rate: 2/s, x: y}}\n");
    assert_int_equal(s->workload.parameter_count, 2);
    assert_string_equal(s->workload.parameters[0].value, "2/s");
    assert_string_equal(s->workload.parameters[1].name, "x");
    scenario_free(s);
    s = open_text("nodes: {a: }\nworkload: {own: }\n");
    assert_null(s->workload.path);
    scenario_free(s);
}

static void parameters_of_the_workload_stay_text(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\nworkload: {w: {rate: 600/min, x: \"\"}}\n");
    assert_string_equal(s->workload.parameters[0].name, "rate");
    assert_string_equal(s->workload.parameters[0].value, "600/min");
    assert_string_equal(s->workload.parameters[1].value, "");
    scenario_free(s);
    s = open_text("nodes: {a: }\nworkload: {w: }\n");
    assert_string_equal(s->workload.name, "w");
    assert_int_equal(s->workload.parameter_count, 0);
    scenario_free(s);
}

static void a_sweep_may_be_a_list_of_points(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 1}, b: {count: 2}}\n"
                                   "workload: {w: }\n"
                                   "sweep:\n"
                                   "  - {rate: 1/s, nodes.a.count: 3}\n"
                                   "  - {nodes.a.count: 4, seed: 7}\n"
                                   "  - {rate: 2/s, nodes.a.count: 3}\n");
    static const unsigned points[] = {0, 0, SWEEP_AS_FILE, SWEEP_AS_FILE, 1, 0,
                                      1, 0, SWEEP_AS_FILE};
    assert_int_equal(s->point_count, 3);
    assert_int_equal(s->sweep_count, 3);
    assert_string_equal(s->sweep[0].key, "workload.w.rate");
    assert_string_equal(s->sweep[0].values[1], "2/s");
    assert_memory_equal(s->points, points, sizeof(points));
    scenario_free(s);
}

static void a_point_of_a_list_may_have_several_values(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 1}}\n"
                                   "workload: {w: }\n"
                                   "sweep:\n"
                                   "  - {rate: [1/s, 2/s], nodes.a.count: [3, 4], seed: 7}\n"
                                   "  - {rate: 9/s, seed: [7, 8]}\n");
    static const unsigned points[] = {
        0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 2, SWEEP_AS_FILE, 0, 2, SWEEP_AS_FILE, 1};
    assert_int_equal(s->point_count, 6);
    assert_int_equal(s->sweep_count, 3);
    assert_memory_equal(s->points, points, sizeof(points));
    scenario_free(s);
}

static void the_quick_form_changes_the_file(void **state)
{
    (void)state;
    static const char text[] = "nodes: {a: {count: 5}}\n"
                               "workload: {w: }\n"
                               "sweep: {rate: [1/s, 2/s, 3/s]}\n"
                               "repeat: 3\n"
                               "quick: {nodes.a.count: 2, repeat: 1, sweep: {rate: 4/s}}\n";
    char *path = expect_file("s.yaml", text);
    struct scenario *s = open_with(path, NULL, 0);
    assert_int_equal(s->node_count, 5);
    assert_int_equal(s->point_count, 3);
    scenario_free(s);
    s = open_with(path, (const char *[]){SCENARIO_QUICK, "nodes.a.count=3"}, 2);
    assert_int_equal(s->node_count, 3); /* --set has the last word */
    assert_int_equal(s->repeat, 1);
    assert_int_equal(s->point_count, 1);
    assert_string_equal(s->sweep[0].values[0], "4/s");
    scenario_free(s);
    free(path);
}

static void a_sweep_multiplies_its_values(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: }\n"
                                   "workload: {w: }\n"
                                   "sweep: {rate: [1/s, 2/s], seed: [5, 6, 7]}\n"
                                   "repeat: 3\nprecision: 5%\nwarmup: 0\n");
    static const unsigned points[] = {0, 0, 0, 1, 0, 2, 1, 0, 1, 1, 1, 2};
    assert_int_equal(s->point_count, 6);
    assert_memory_equal(s->points, points, sizeof(points));
    assert_int_equal(s->repeat, 3);
    assert_int_equal(s->repeat_max, 20);
    assert_int_equal(s->warmup, 0);
    assert_true(s->precision == 0.05);
    scenario_free(s);
}

static void what_joins_native_nodes_and_asks_for_nothing_is_the_loopback(void **state)
{
    (void)state;
    struct scenario *s =
        open_text("nodes: {n: {count: 2, kind: native}, a: , b: }\n"
                  "links: [{ends: [n1, n2]}, {ends: [a, b], delay: 1ms}]\n"
                  "networks: {lan: {members: [n]}, other: {members: [a, b], delay: 2ms}}\n");
    assert_int_equal(s->link_count, 1);
    assert_int_equal(s->links[0].direction[0].delay_ns, 1000000);
    assert_int_equal(s->network_count, 1);
    assert_string_equal(s->networks[0].name, "other");
    scenario_free(s);
}

static void sweep_keys_are_completed(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {a: {count: 2}}\nwan: {members: [a]}\n"
                                   "workload: {w: }\n"
                                   "sweep: {rate: [1/s, 2/s], nodes.a.count: [1, 3], seed: 5,\n"
                                   "  workload.w.mode: x, wan.delay: [1ms], engine: [netem],\n"
                                   "  delay_scale: [0.5, 1]}\n");
    static const char *const keys[] = {"workload.w.rate", "nodes.a.count", "seed",
                                       "workload.w.mode", "wan.delay",     "engine",
                                       "delay_scale"};
    assert_int_equal(s->sweep_count, ARRAY_LEN(keys));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_string_equal(s->sweep[i].key, keys[i]);
    assert_int_equal(s->sweep[0].value_count, 2);
    assert_string_equal(s->sweep[0].values[1], "2/s");
    assert_string_equal(s->sweep[2].values[0], "5");
    scenario_free(s);
}

static void sets_change_the_file_in_order(void **state)
{
    (void)state;
    static const char *const sets[] = {
        "nodes.db.count=4",
        "nodes.db.count=2",
        "workload.replicate.rate=1/s",
        "workload.replicate.note=a=b",
        "seed=7",
        "wan.loss=1%",
    };
    struct scenario *s = open_with("topologies/five-regions.yaml", sets, ARRAY_LEN(sets));
    assert_int_equal(s->node_count, 2);
    assert_int_equal(s->seed, 7);
    assert_string_equal(s->workload.parameters[0].value, "1/s");
    assert_string_equal(s->workload.parameters[4].value, "a=b");
    assert_true(s->wan.pairs[0].loss > 0);
    scenario_free(s);
}

static void ten_thousand_nodes_are_found_quickly(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {n: {count: 9999}, m: }\n");
    for (unsigned i = 0; i < 9999; i++)
        assert_int_equal(scenario_node(s, s->nodes[i].name), i);
    assert_int_equal(scenario_node(s, "m"), 9999);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_with_five_regions_is_what_it_says),
        cmocka_unit_test(the_other_examples_are_readable),
        cmocka_unit_test(one_node_is_enough),
        cmocka_unit_test(the_verdict_has_limits_that_the_file_may_change),
        cmocka_unit_test(tcp_is_cubic_with_buffers_by_the_wires_unless_the_file_says_else),
        cmocka_unit_test(a_count_numbers_the_nodes_even_a_count_of_one),
        cmocka_unit_test(kinds_roots_and_limits_are_the_groups),
        cmocka_unit_test(regions_are_dealt_out_in_turn),
        cmocka_unit_test(a_name_is_made_from_the_file_if_none_is_given),
        cmocka_unit_test(a_wan_may_have_one_delay_for_all),
        cmocka_unit_test(a_matrix_is_found_beside_the_file_and_read_both_ways),
        cmocka_unit_test(a_wan_of_one_member_is_fine),
        cmocka_unit_test(a_direction_of_a_link_overrides_the_link),
        cmocka_unit_test(a_network_has_its_values_on_each_wire),
        cmocka_unit_test(round_trips_of_a_node_are_those_of_its_pairs),
        cmocka_unit_test(a_scale_multiplies_the_delays_of_all_wires),
        cmocka_unit_test(a_workload_may_be_named_by_its_folder),
        cmocka_unit_test(parameters_of_the_workload_stay_text),
        cmocka_unit_test(a_sweep_may_be_a_list_of_points),
        cmocka_unit_test(a_point_of_a_list_may_have_several_values),
        cmocka_unit_test(the_quick_form_changes_the_file),
        cmocka_unit_test(a_sweep_multiplies_its_values),
        cmocka_unit_test(what_joins_native_nodes_and_asks_for_nothing_is_the_loopback),
        cmocka_unit_test(sweep_keys_are_completed),
        cmocka_unit_test(sets_change_the_file_in_order),
        cmocka_unit_test(ten_thousand_nodes_are_found_quickly),
    };
    return RUN_TESTS(tests);
}
