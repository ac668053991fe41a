/* SPDX-License-Identifier: MIT
 *
 * What verify sends, and what it makes of what came. The answers here are made up; real ones are in
 * tests/integration/verify.t.
 */
#include "experiment/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/train.h"
#include "base/clock.h"
#include "expect.h"

static struct scenario *scenario;
static struct plan *plan;
static struct verify_plan v;

static void open_text(const char *text, bool quick, unsigned cores)
{
    struct error err;
    char *file = expect_file("s.yaml", text);
    if (scenario_open(file, NULL, 0, &scenario, &err) < 0 ||
        plan_new(scenario, ENGINE_DELAYLINE, &plan, &err) < 0)
        fail_msg("%s", err.text);
    verify_plan_init(&v, plan, &(struct verify_effort){.quick = quick}, cores);
    free(file);
}

static void close_all(void)
{
    verify_plan_done(&v);
    plan_free(plan);
    scenario_free(scenario);
}

static void expect_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within))
        fail_msg("expected %.9g within %g, found %.9g", wanted, within, value);
}

/* --- what is sent --- */

static void a_lossy_wire_gets_packets_enough_for_a_quarter_of_its_loss(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], loss: 2%}]\nverdict: {confidence: 95%}\n",
              false, 2);
    struct train_plan t = v.jobs[0].trains[0];
    /* Two wires' losses and bursts share the 95 %: each has its interval at 98.73 %. */
    expect_near(v.z, 2.4909, 1e-3);
    struct interval w = stats_wilson((uint64_t)((double)t.count * 0.02), t.count, v.z);
    expect_near((w.high - w.low) / 2 / 0.02, 0.25, 0.01);
    assert_int_equal(v.job_count, 1); /* no rate, no flood */
    close_all();
}

static void a_slow_wire_is_not_filled_by_the_spaced_packets(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], rate: 64kbit}]\n", false, 2);
    assert_in_range(train_plan_bits_per_s(&v.jobs[0].trains[0]), 20000, 26000);
    assert_in_range(train_plan_ns(&v.jobs[0].trains[0]), NS_PER_SEC, 11 * NS_PER_SEC);
    close_all();
}

static void a_flood_is_a_tenth_more_than_the_rate(void **state)
{
    (void)state;
    static const char *const rates[] = {"64kbit", "1mbit", "100mbit", "2gbit"};
    static const double bps[] = {64e3, 1e6, 100e6, 2e9};
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        char *text =
            xasprintf("nodes: {a: , b: }\nlinks: [{ends: [a, b], a->b: {rate: %s}}]\n", rates[i]);
        open_text(text, false, 2);
        struct train_plan t = v.jobs[1].trains[0];
        assert_int_equal(v.jobs[1].stage, VERIFY_RATE);
        assert_int_equal(v.jobs[1].trains[1].count, 0);
        expect_near(train_plan_bits_per_s(&t) / bps[i], 1.1, 0.01);
        assert_in_range(t.count, 200, 1000000);
        assert_in_range(t.burst, 1, TRAIN_BURST_MAX);
        close_all();
        free(text);
    }
}

static void what_goes_on_at_a_time_is_bounded_by_the_processors(void **state)
{
    (void)state;
    open_text("nodes: {n: {count: 20}}\n"
              "wan: {members: [n], delay: 10ms, loss: 1%, rate: 100mbit}\n",
              false, 4);
    assert_int_equal(v.measured_count, 190);
    for (unsigned batch = 1; batch <= v.batch_count; batch++) {
        double packets = 0, bits = 0;
        unsigned busy[20] = {0}, pairs = 0;
        for (size_t i = 0; i < v.job_count; i++) {
            const struct verify_job *j = &v.jobs[i];
            if (j->batch != batch)
                continue;
            pairs++;
            assert_int_equal(busy[v.paths[2 * j->pair].from]++, 0);
            assert_int_equal(busy[v.paths[2 * j->pair].to]++, 0);
            for (int d = 0; d < 2; d++) {
                packets += j->stage == VERIFY_PACE ? train_plan_packets_per_s(&j->trains[d]) : 0;
                bits += train_plan_bits_per_s(&j->trains[d]);
            }
        }
        assert_true(pairs > 0);
        assert_true(pairs == 1 || packets <= 4 * VERIFY_PACKETS_PER_CORE);
        assert_true(pairs == 1 || bits <= 4.0 * VERIFY_BITS_PER_CORE);
    }
    for (size_t i = 0; i < v.job_count; i++)
        assert_int_not_equal(v.jobs[i].batch, 0);
    close_all();
}

static void quick_takes_a_sample_of_many_pairs(void **state)
{
    (void)state;
    open_text("nodes: {n: {count: 250}}\nwan: {members: [n], delay: 10ms}\n", true, 2);
    assert_int_equal(v.pair_count, 250 * 249 / 2);
    assert_in_range(v.measured_count, 50, VERIFY_QUICK_PAIRS);
    assert_true(v.seconds < 60);
    close_all();
}

/* --- what it means --- */

/* An answer with delays spread evenly from `low_s` to `high_s`. */
static json_t *answer(unsigned received, double low_s, double high_s)
{
    json_t *delays = json_array();
    for (int i = 0; i < TRAIN_PERCENTILES; i++)
        json_array_append_new(delays, json_real(low_s + (high_s - low_s) * i / 100));
    return json_pack("{s:i s:f s:i s:i s:i s:i s:o}", "sent", 1000, "lag_max_s", 0.001, "received",
                     (int)received, "reordered", 0, "duplicates", 0, "overflows", 0, "delay_s",
                     delays);
}

static struct finding findings[FINDINGS_OF_PATH];
static size_t finding_count;

static uint64_t count_in(json_t *answer, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(answer, key));
}

static uint64_t times = 1; /* the list is so much longer than the answer */

/* The facts of a list that goes with an answer: each loss for itself. */
static struct verify_facts facts_of(json_t *answer)
{
    const uint64_t received = times * count_in(answer, "received"), lost = times * 1000 - received;
    return (struct verify_facts){.known = received > 0,
                                 .sent = times * 1000,
                                 .received = received,
                                 .kept = received,
                                 .lost = lost,
                                 .bursts = lost,
                                 .overtaken = count_in(answer, "reordered"),
                                 .copied = count_in(answer, "duplicates"),
                                 .trace_lost = NAN};
}

/* What is made of the direction a->b, or of b->a; takes over the answers. */
static void judge(unsigned direction, json_t *there, json_t *back)
{
    json_t *sender = json_pack("{s:i}", "sent", 1000);
    struct verify_answers answers = {
        .stages[VERIFY_PACE] = {{sender, there, 32, {0}, facts_of(there)},
                                {sender, back, 32, {0}, facts_of(back)}}};
    finding_count = verify_judge(&v, plan, 0, direction, &answers, findings);
    json_decref(there);
    json_decref(back);
    json_decref(sender);
}

static const struct finding *finding(const char *what)
{
    for (size_t i = 0; i < finding_count; i++)
        if (strcmp(findings[i].what, what) == 0)
            return &findings[i];
    fail_msg("nothing was found out about '%s'", what);
    return NULL;
}

static void a_wire_as_asked_is_within_all_limits(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, a->b: {loss: 1%}}]\n", false,
              2);
    times = 20;
    judge(0, answer(991, 0.01001, 0.0102), answer(1000, 0.01, 0.01));
    times = 1;
    assert_int_equal(finding_count, 6);
    for (size_t i = 0; i < finding_count; i++)
        assert_int_equal(findings[i].result, FINDING_WITHIN);
    expect_near(finding("delay")->achieved, 0.010105, 1e-6);
    assert_true(finding("delay")->interval.low < 0.010105);
    assert_true(finding("delay")->interval.high > 0.010105);
    expect_near(finding("loss")->achieved, 0.009, 1e-9);
    close_all();
}

static void each_error_is_found_by_itself(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, a->b: {loss: 1%}}]\n", false,
              2);
    times = 20;
    judge(0, answer(990, 0.0112, 0.0112), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("delay")->result, FINDING_BEYOND);
    assert_int_equal(finding("loss")->result, FINDING_WITHIN);
    times = 1;
    judge(0, answer(990, 0.0088, 0.0088), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("delay")->result, FINDING_BEYOND); /* too early is as wrong */
    judge(0, answer(990, 0.005, 0.015), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("delay")->result, FINDING_WITHIN);
    assert_int_equal(finding("jitter")->result, FINDING_BEYOND);
    judge(0, answer(1000, 0.01, 0.01), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("loss")->result, FINDING_UNKNOWN); /* 1,000 packets do not tell … */
    assert_in_range(finding("loss")->needed, 1100, 9000);       /* … but so many would */
    judge(0, answer(960, 0.01, 0.01), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("loss")->result, FINDING_BEYOND);
    judge(1, answer(990, 0.01, 0.01), answer(999, 0.01, 0.01));
    assert_int_equal(finding("loss")->result, FINDING_BEYOND); /* none was asked for */
    json_t *mixed = answer(990, 0.01, 0.01);
    json_object_set_new(mixed, "reordered", json_integer(1));
    json_object_set_new(mixed, "duplicates", json_integer(2));
    judge(0, mixed, answer(1000, 0.01, 0.01));
    assert_int_equal(finding("reordered")->result, FINDING_BEYOND);
    assert_int_equal(finding("duplicated")->result, FINDING_BEYOND);
    close_all();
}

static void a_dead_wire_is_told_from_one_that_is_asked_to_be(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, a->b: {loss: 100%}}]\n",
              false, 2);
    judge(0, answer(0, 0, 0), answer(1000, 0.01, 0.01));
    assert_int_equal(finding("loss")->result, FINDING_WITHIN);
    judge(1, answer(0, 0, 0), answer(0, 0, 0));
    assert_int_equal(finding("loss")->result, FINDING_BEYOND);
    assert_string_equal(finding("loss")->why, "no packet arrived");
    close_all();
}

static void a_socket_that_overflowed_says_nothing_of_the_wire(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms}]\n", false, 2);
    json_t *flooded = answer(500, 0.01, 0.01);
    json_object_set_new(flooded, "overflows", json_integer(500));
    judge(0, flooded, answer(1000, 0.01, 0.01));
    assert_int_equal(finding("loss")->result, FINDING_UNKNOWN);
    close_all();
}

/* A guest's clock that is 3 s ahead, and 2 ms too much on the round trip. */
static void between_two_clocks_each_direction_has_half_of_the_error(void **state)
{
    (void)state;
    open_text("nodes: {a: {kind: uml}, b: }\nlinks: [{ends: [a, b], a->b: {delay: 10ms}}]\n", false,
              2);
    judge(0, answer(1000, 0.0105 - 3, 0.0105 - 3), answer(1000, 0.0015 + 3, 0.0015 + 3));
    expect_near(finding("delay")->achieved, 0.011, 1e-9);
    judge(1, answer(1000, 0.0105 - 3, 0.0105 - 3), answer(1000, 0.0015 + 3, 0.0015 + 3));
    expect_near(finding("delay")->achieved, 0.001, 1e-9);
    close_all();
}

/* What is made of a flood of packets of 958 + 42 bytes that came at a rate in the mean and one most
 * of the time, in frames a second. */
static const struct finding *judge_flood(double mean, double mostly, double send_s, bool disturbed)
{
    json_t *there = answer(1000, 0.01, 0.01), *back = answer(1000, 0.01, 0.01);
    json_t *sender =
        json_pack("{s:i s:f s:f}", "sent", 2750, "send_s", send_s, "lag_max_s", send_s - 2);
    json_t *heard = json_pack("{s:i s:f s:f s:f}", "received", 900, "bytes", 2 * mean * 958,
                              "span_s", 2.0, "bytes_per_s", mostly * 958);
    struct verify_answers answers = {
        .stages[VERIFY_PACE] = {{sender, there, 32, {0}, {0}}, {sender, back, 32, {0}, {0}}},
        .stages[VERIFY_RATE] = {{sender, heard, 958, {0}, {0}}},
        .disturbed = disturbed,
    };
    finding_count = verify_judge(&v, plan, 0, 0, &answers, findings);
    json_decref(there);
    json_decref(back);
    json_decref(sender);
    json_decref(heard);
    return finding("rate");
}

static void a_rate_is_that_of_whole_frames_while_the_wire_was_busy(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: }\nlinks: [{ends: [a, b], delay: 10ms, rate: 10mbit}]\n", false, 2);
    expect_near(judge_flood(1250, 1250, 2, false)->achieved, 10e6, 1);
    assert_int_equal(finding("rate")->result, FINDING_WITHIN);
    assert_int_equal(judge_flood(1235, 1250, 2, false)->result, FINDING_BEYOND);
    assert_int_equal(judge_flood(1265, 1250, 2, false)->result, FINDING_BEYOND);
    /* The sender, or the delay line, was held up for a part of the time. */
    assert_int_equal(judge_flood(1000, 1250, 2.5, false)->result, FINDING_WITHIN);
    assert_int_equal(judge_flood(1000, 1250, 2, true)->result, FINDING_WITHIN);
    assert_int_equal(judge_flood(1250, 1270, 2, true)->result, FINDING_BEYOND);
    /* For so much of it that it sent less than the wire can carry; or not. */
    assert_int_equal(judge_flood(1000, 1100, 2.5, false)->result, FINDING_UNKNOWN);
    assert_int_equal(judge_flood(1000, 1100, 2.1, false)->result, FINDING_BEYOND);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lossy_wire_gets_packets_enough_for_a_quarter_of_its_loss),
        cmocka_unit_test(a_slow_wire_is_not_filled_by_the_spaced_packets),
        cmocka_unit_test(a_flood_is_a_tenth_more_than_the_rate),
        cmocka_unit_test(what_goes_on_at_a_time_is_bounded_by_the_processors),
        cmocka_unit_test(quick_takes_a_sample_of_many_pairs),
        cmocka_unit_test(a_wire_as_asked_is_within_all_limits),
        cmocka_unit_test(each_error_is_found_by_itself),
        cmocka_unit_test(a_dead_wire_is_told_from_one_that_is_asked_to_be),
        cmocka_unit_test(a_socket_that_overflowed_says_nothing_of_the_wire),
        cmocka_unit_test(between_two_clocks_each_direction_has_half_of_the_error),
        cmocka_unit_test(a_rate_is_that_of_whole_frames_while_the_wire_was_busy),
    };
    return RUN_TESTS(tests);
}
