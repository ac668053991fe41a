/* SPDX-License-Identifier: MIT */
#include "experiment/monitor.h"

#include <math.h>
#include <stdlib.h>

#include "expect.h"

static struct scenario *scenario;
static struct plan *plan;
static struct monitor m;

static void open_text(const char *text)
{
    struct error err;
    char *file = expect_file("s.yaml", text);
    if (scenario_open(file, NULL, 0, &scenario, &err) < 0 ||
        plan_new(scenario, ENGINE_DELAYLINE, &plan, &err) < 0)
        fail_msg("%s", err.text);
    monitor_choose(&m, plan);
    free(file);
}

static void close_all(void)
{
    monitor_done(&m);
    plan_free(plan);
    scenario_free(scenario);
}

static void however_many_nodes_there_are_few_send(void **state)
{
    (void)state;
    open_text("nodes: {n: {count: 250}}\nwan: {members: [n], delay: 10ms}\n");
    unsigned senders = 0, targets[250] = {0};
    for (size_t i = 0; i < m.pair_count; i++) {
        senders += targets[m.pairs[i].from] == 0;
        targets[m.pairs[i].from]++;
        assert_int_not_equal(m.pairs[i].from, m.pairs[i].to);
        assert_in_range(targets[m.pairs[i].from], 1, MONITOR_TARGETS);
    }
    assert_int_equal(senders, MONITOR_NODES);
    close_all();
}

static void jitter_may_be_early(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, a->b: {jitter: 4ms}}]\n");
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"rtt_s\":0.0165}");
    assert_true(monitor_earliest(&m) == 0);
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"rtt_s\":0.0145}");
    assert_true(fabs(monitor_earliest(&m) - 0.0015) < 1e-9);
    close_all();
}

static void two_nodes_send_to_each_other(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, a->b: {loss: 1%}}]\n");
    assert_int_equal(m.pair_count, 2);
    assert_true(m.pairs[0].asked_s == 0.02 && m.pairs[1].asked_s == 0.02);
    assert_true(m.pairs[0].loss == 0.01 && m.pairs[1].loss == 0.01);
    close_all();
}

static void answers_are_held_against_what_was_asked(void **state)
{
    (void)state;
    unsigned sent;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms}]\n");
    assert_true(isnan(monitor_median_error(&m)));
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"rtt_s\":0.0201}");
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"rtt_s\":0.0203}");
    monitor_take(&m, 1, "{\"address\":\"10.64.0.1\",\"rtt_s\":0.0195}");
    monitor_take(&m, 1, "{\"address\":\"10.64.0.1\",\"lost\":true}");
    monitor_take(&m, 1, "no answer of ours");
    assert_true(fabs(monitor_median_error(&m) - 0.0001) < 1e-9);
    assert_true(fabs(monitor_earliest(&m) - 0.0005) < 1e-9);
    assert_int_equal(monitor_lost(&m, &sent), 1);
    assert_int_equal(sent, 4);
    monitor_end(&m);
    monitor_take(&m, 1, "{\"address\":\"10.64.0.1\",\"lost\":true}");
    assert_int_equal(monitor_lost(&m, &sent), 1);
    close_all();
}

/* Behind a rate a workload's own packets keep the echoes waiting, in a guest its kernel does. */
static void what_is_late_for_other_reasons_is_not_counted(void **state)
{
    (void)state;
    unsigned sent;
    open_text("nodes: {a: , b: , u: {kind: uml}}\n"
              "links: [{ends: [a, b], b->a: {rate: 1mbit}}, {ends: [a, u], delay: 1ms}]\n");
    assert_int_equal(m.pair_count, 4);
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"rtt_s\":3}");
    monitor_take(&m, 0, "{\"address\":\"10.64.0.2\",\"lost\":true}");
    monitor_take(&m, 0, "{\"address\":\"10.64.0.6\",\"rtt_s\":3}");
    assert_true(isnan(monitor_median_error(&m)));
    assert_int_equal(monitor_lost(&m, &sent), 0);
    assert_int_equal(sent, 0);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_many_nodes_there_are_few_send),
        cmocka_unit_test(jitter_may_be_early),
        cmocka_unit_test(two_nodes_send_to_each_other),
        cmocka_unit_test(answers_are_held_against_what_was_asked),
        cmocka_unit_test(what_is_late_for_other_reasons_is_not_counted),
    };
    return RUN_TESTS(tests);
}
