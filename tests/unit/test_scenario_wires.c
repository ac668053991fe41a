/* SPDX-License-Identifier: MIT
 *
 * The keys of a wire, alone and together.
 */
#include "base/clock.h"
#include "expect.h"
#include "topology/distribution.h"
#include "topology/scenario.h"
#include "topology/trace.h"

static int open_link(const char *keys, const char *engine, struct scenario **ret, struct error *err)
{
    char *text =
        xasprintf("engine: %s\nnodes: {a: , b: }\nlinks:\n- ends: [a, b]\n%s\n", engine, keys);
    char *path = expect_file("s.yaml", text);
    int r = scenario_open(path, NULL, 0, ret, err);
    free(text);
    free(path);
    return r;
}

static struct scenario *link_of(const char *keys)
{
    struct scenario *s = NULL;
    struct error err;
    if (open_link(keys, "auto", &s, &err) < 0)
        fail_msg("%s: %s", keys, err.text);
    return s;
}

static void expect_refused(const char *engine, const char *keys, const char *part)
{
    struct scenario *s = NULL;
    struct error err;
    if (open_link(keys, engine, &s, &err) == 0)
        fail_msg("accepted: %s", keys);
    expect_input_error(&err, part);
}

static void jitter_has_a_distribution_and_a_correlation(void **state)
{
    (void)state;
    struct scenario *s = link_of("  delay: 10ms\n  jitter: 2ms\n  distribution: pareto\n"
                                 "  correlation: 25%\n  b->a: {distribution: uniform}");
    const struct impairment *i = s->links[0].direction;
    assert_int_equal(i[0].jitter_ns, 2 * NS_PER_MS);
    assert_string_equal(i[0].distribution->name, "pareto");
    assert_null(i[1].distribution);
    assert_true(i[1].jitter_correlation == 0.25);
    assert_false(i[0].order_free);
    scenario_free(s);
}

static void loss_may_be_a_share_or_a_model_with_netems_defaults(void **state)
{
    (void)state;
    struct scenario *s = link_of("  a->b: {loss: {random: 1%, correlation: 30%}}\n"
                                 "  b->a: {loss: {gemodel: {p: 1%, r: 9%}}}");
    const struct impairment *i = s->links[0].direction;
    assert_true(i[0].loss == 0.01 && i[0].loss_parameters[0] == 0.3);
    assert_int_equal(i[1].loss_model, LOSS_GEMODEL);
    assert_true(i[1].loss_parameters[2] == 1 && i[1].loss_parameters[3] == 0);
    assert_true(i[1].loss > 0.0999 && i[1].loss < 0.1001);
    assert_null(s->needs_delayline);
    scenario_free(s);
    s = link_of("  a->b: {loss: {state: {p13: 2%}}}\n  b->a: {loss: {gemodel: {p: 5%}}}");
    i = s->links[0].direction;
    assert_true(i[0].loss_parameters[1] == 0.98 && i[0].loss_parameters[3] == 1);
    assert_true(i[1].loss_parameters[1] == 0.95);
    scenario_free(s);
}

static void reordering_is_asked_in_so_many_words(void **state)
{
    (void)state;
    struct scenario *s = link_of("  delay: 10ms\n  jitter: 20ms\n  a->b: {reorder: jitter}\n"
                                 "  b->a: {reorder: {probability: 25%, correlation: 50%, gap: 5}}");
    const struct impairment *i = s->links[0].direction;
    assert_true(i[0].order_free && i[0].reorder.probability == 0);
    assert_true(!i[1].order_free && i[1].reorder.probability == 0.25);
    assert_true(i[1].reorder.correlation == 0.5 && i[1].reorder_gap == 5);
    scenario_free(s);
}

static void a_queue_has_packets_bytes_or_time(void **state)
{
    (void)state;
    struct scenario *s = link_of("  rate: 1mbit\n  drop: head\n  a->b: {queue: 64KiB}\n"
                                 "  b->a: {queue: 50ms, drop: tail}");
    const struct impairment *i = s->links[0].direction;
    assert_int_equal(i[0].queue.unit, QUEUE_BYTES);
    assert_int_equal(i[0].queue.size, 65536);
    assert_true(i[0].queue.drop_head && !i[1].queue.drop_head);
    assert_int_equal(i[1].queue.unit, QUEUE_TIME);
    assert_int_equal(i[1].queue.size, 50 * NS_PER_MS);
    scenario_free(s);
    s = link_of("  rate: 1mbit\n  a->b: {queue: 7packets}\n  b->a: {rate: 100mbit}");
    i = s->links[0].direction;
    assert_int_equal(i[0].queue.unit, QUEUE_PACKETS);
    assert_int_equal(i[0].queue.size, 7);
    assert_int_equal(i[1].queue.size, 826); /* its own default */
    scenario_free(s);
}

static void framing_has_overhead_and_cells(void **state)
{
    (void)state;
    struct scenario *s =
        link_of("  rate: 8mbit\n  overhead: -14B\n  cell: 48B\n  cell_overhead: 5B");
    const struct framing *f = &s->links[0].direction[0].framing;
    assert_int_equal(f->overhead, -14);
    assert_int_equal(f->cell, 48);
    assert_int_equal(f->cell_overhead, 5);
    scenario_free(s);
}

static void a_networks_wires_up_and_down_may_differ(void **state)
{
    (void)state;
    char *path =
        expect_file("s.yaml", "nodes: {a: {count: 2}}\nnetworks: {n: {members: [a], delay: "
                              "1ms, up: {rate: 1mbit}, down: {rate: 8mbit}}}\n");
    struct scenario *s = NULL;
    struct error err;
    assert_int_equal(scenario_open(path, NULL, 0, &s, &err), 0);
    const struct network_member *m = &s->networks[0].members[1];
    assert_int_equal(m->up.rate_bps, 1000000);
    assert_int_equal(m->down.rate_bps, 8000000);
    assert_int_equal(m->up.delay_ns, NS_PER_MS);
    scenario_free(s);
    free(path);
}

static void a_pair_of_the_wan_overrides_the_wan(void **state)
{
    (void)state;
    char *path = expect_file("s.yaml",
                             "nodes: {a: {count: 2}, b: }\nwan:\n  members: [a, b]\n  delay: 5ms\n"
                             "  a->b: {loss: 1%}\n  a2->b: {delay: 9ms}\n  b->a1: {rate: 1mbit}\n");
    struct scenario *s = NULL;
    struct error err;
    assert_int_equal(scenario_open(path, NULL, 0, &s, &err), 0);
    const struct impairment *pairs = s->wan.pairs; /* a1 a2 b */
    assert_true(pairs[0 * 3 + 2].loss == 0.01 && pairs[1 * 3 + 2].loss == 0.01);
    assert_int_equal(pairs[0 * 3 + 2].delay_ns, 5 * NS_PER_MS);
    assert_int_equal(pairs[1 * 3 + 2].delay_ns, 9 * NS_PER_MS);
    assert_int_equal(pairs[2 * 3 + 0].rate_bps, 1000000);
    assert_int_equal(pairs[2 * 3 + 0].queue.size, 100);
    assert_true(pairs[0 * 3 + 1].loss == 0 && pairs[2 * 3 + 1].rate_bps == 0);
    scenario_free(s);
    free(path);
}

static void wires_with_one_file_share_it(void **state)
{
    (void)state;
    char *table = expect_file("t.dist", "-8192 0 8192 # three\n");
    char *trace = expect_file("t.csv", "time,rate\n0s,1mbit\n1s,2mbit\n");
    struct scenario *s = link_of("  delay: 10ms\n  jitter: 1ms\n  distribution: t.dist\n"
                                 "  a->b: {trace: t.csv}\n"
                                 "  b->a: {trace: {file: t.csv, end: hold}}");
    const struct impairment *i = s->links[0].direction;
    assert_ptr_equal(i[0].distribution, i[1].distribution);
    assert_int_equal(i[0].distribution->count, 3);
    assert_ptr_equal(i[0].trace, i[1].trace);
    assert_true(!i[0].trace_hold && i[1].trace_hold);
    assert_int_equal(i[0].queue.size, 100);
    scenario_free(s);
    free(table);
    free(trace);
}

static void what_does_not_fit_together_is_refused_at_its_place(void **state)
{
    (void)state;
    char *rows = expect_file("rows.csv", "time,delay,rate\n0s,5ms,1mbit\n");
    char *ticks = expect_file("ticks", "1\n2\n");
    char *empty = expect_file("empty", "# nothing\n");
    char *text = expect_file("text", "hello\n");
    static const char *const cases[][2] = {
        {"  delay: 5ms\n  jitter: 6ms", "6:11: found a jitter of 6ms above the delay of 5ms"},
        {"  jitter: 1ms\n  a->b: {delay: 1ms}",
         "5:11: found a jitter of 1ms above the delay of 0ms"},
        {"  delay: 5ms\n  distribution: normal", "6:17: found 'distribution' without 'jitter'"},
        {"  delay: 5ms\n  correlation: 5%", "6:16: found 'correlation' without 'jitter'"},
        {"  delay: 5ms\n  jitter: 1ms\n  correlation: 100%", "expected less than 100%"},
        {"  delay: 5ms\n  jitter: 1ms\n  distribution: nrmal", "7:17: no file '"},
        {"  delay: 5ms\n  jitter: 1ms\n  distribution: text", "text:1:1: found 'hello'"},
        {"  delay: 5ms\n  jitter: 1ms\n  distribution: empty", "empty:1:1: found 0 numbers"},
        {"  delay: 5ms\n  reorder: jitter", "6:12: found reordering by jitter without 'jitter'"},
        {"  reorder: 5%", "5:12: found reordering without a delay"},
        {"  loss: 101%", "5:9: '101%' is out of range"},
        {"  loss: {correlation: 5%}", "5:9: found no model of loss"},
        {"  loss: {random: 5%, gemodel: {p: 1%}}", "found 'gemodel' beside another key"},
        {"  loss: {gemodel: {r: 1%}}", "5:19: found no 'p' in 'gemodel'"},
        {"  loss: {gemodel: {p: 1%, h: 1%}}", "5:27: unknown key 'h'"},
        {"  loss: {state: {p13: 60%, p14: 50%}}", "p13 and p14 together is more than 100%"},
        {"  duplicate: 1", "5:14: '1' has no unit"},
        {"  corrupt: {probability: 1%, gap: 3}", "unknown key 'gap'"},
        {"  queue: 10packets", "5:10: found 'queue' without 'rate'"},
        {"  rate: 1mbit\n  queue: 1513B", "6:10: found a queue smaller than one packet"},
        {"  rate: 1mbit\n  queue: 12ms", "6:10: found a queue shorter than one packet"},
        {"  rate: 1mbit\n  queue: 0packets", "6:10: a queue of '0packets' would let nothing pass"},
        {"  rate: 1mbit\n  drop: front", "6:9: found 'front', expected tail or head"},
        {"  overhead: 24B", "5:13: found 'overhead' without 'rate'"},
        {"  rate: 1mbit\n  cell_overhead: 5B", "6:18: found 'cell_overhead' without 'cell'"},
        {"  rate: 1mbit\n  cell: 0B", "6:9: '0B' is out of range"},
        {"  trace: missing", "5:10: no file '"},
        {"  trace: empty", "empty:1:1: the trace is empty"},
        {"  trace: text", "text:1:1: found the column 'hello'"},
        {"  trace: ticks\n  rate: 1mbit", "6:9: found a rate beside a trace that has one"},
        {"  trace: rows.csv\n  delay: 1ms", "6:10: found a delay beside a trace"},
        {"  trace: rows.csv\n  jitter: 6ms", "6:11: found a jitter of 6ms above the delay of 5ms"},
        {"  trace: {file: ticks, end: hold}", "nothing that could be held"},
        {"  trace: {file: rows.csv, end: stop}", "found 'stop', expected loop or hold"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_refused("auto", cases[i][0], cases[i][1]);
    free(rows);
    free(ticks);
    free(empty);
    free(text);
}

static void what_netem_cannot_takes_the_delay_line_or_is_refused(void **state)
{
    (void)state;
    char *ticks = expect_file("ticks", "1\n2\n");
    static const char *const cases[][2] = {
        {"  trace: ticks", "s.yaml:5:10: 'trace': the engine netem cannot follow a trace"},
        {"  rate: 1mbit\n  queue: 64KiB",
         "6:10: 'queue': the engine netem cannot limit a queue by"},
        {"  rate: 1mbit\n  queue: 64ms", "6:10: 'queue': the engine netem cannot limit a queue by"},
        {"  rate: 1mbit\n  drop: head", "6:9: 'drop': the engine netem cannot drop at the head"},
        {"  delay: 2ms\n  jitter: 1ms\n  correlation: 5%", "the engine netem cannot correlate"},
        {"  corrupt: {probability: 1%, correlation: 5%}", "5:12: 'corrupt': the engine netem has"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        expect_refused("netem", cases[i][0], cases[i][1]);
        struct scenario *s = link_of(cases[i][0]);
        assert_non_null(s->needs_delayline);
        scenario_free(s);
    }
    struct scenario *s = NULL;
    struct error err;
    assert_int_equal(open_link("  delay: 2ms\n  jitter: 1ms\n  loss: {random: 1%, correlation: 5%}",
                               "netem", &s, &err),
                     0);
    scenario_free(s);
    free(ticks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_has_a_distribution_and_a_correlation),
        cmocka_unit_test(loss_may_be_a_share_or_a_model_with_netems_defaults),
        cmocka_unit_test(reordering_is_asked_in_so_many_words),
        cmocka_unit_test(a_queue_has_packets_bytes_or_time),
        cmocka_unit_test(framing_has_overhead_and_cells),
        cmocka_unit_test(a_networks_wires_up_and_down_may_differ),
        cmocka_unit_test(a_pair_of_the_wan_overrides_the_wan),
        cmocka_unit_test(wires_with_one_file_share_it),
        cmocka_unit_test(what_does_not_fit_together_is_refused_at_its_place),
        cmocka_unit_test(what_netem_cannot_takes_the_delay_line_or_is_refused),
    };
    return RUN_TESTS(tests);
}
