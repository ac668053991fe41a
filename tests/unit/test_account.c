/* SPDX-License-Identifier: MIT */
#include "experiment/account.h"

#include <math.h>
#include <stdlib.h>

#include "expect.h"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *object = json_loads(text, 0, &error);
    if (!object)
        fail_msg("%s: %s", error.text, text);
    return object;
}

static struct account *between(const char *before, const char *after)
{
    json_t *old = before ? parse(before) : NULL, *new = parse(after);
    struct account *a = account_between(old, new, NULL);
    json_decref(old);
    json_decref(new);
    return a;
}

static void what_was_before_does_not_count(void **state)
{
    (void)state;
    struct account *a = between(
        "{\"port_drops\":4,\"lateness\":{\"buckets_ns\":[[100,10],[900000,5]],\"mean_s\":0.0003,"
        "\"max_s\":0.0009,\"tap_drops\":3,\"no_memory\":2,\"write_errors\":1},\"wires\":[{\"name\":"
        "\"a->b\",\"packets\":10,\"bytes\":1000,\"lost\":1,\"queue_drops\":7,\"late_mean_s\":0.001}"
        "]}",
        "{\"port_drops\":6,\"lateness\":{\"buckets_ns\":[[100,110],[900000,5]],\"mean_s\":0.0001,"
        "\"max_s\":0.0009,\"tap_drops\":4,\"no_memory\":4,\"write_errors\":5},\"wires\":[{\"name\":"
        "\"a->b\",\"delay_s\":0.01,\"loss\":0.5,\"rate_bps\":0,\"queue_packets\":9,\"packets\":30,"
        "\"bytes\":3000,\"lost\":31,\"queue_drops\":57,\"late_mean_s\":0.001,\"late_max_s\":0.002}]"
        "}");
    assert_true(a->has_lateness);
    assert_int_equal(a->lateness.count, 100);
    assert_int_equal(histogram_quantile(&a->lateness, 0.999), 100);
    assert_int_equal(a->packets, 20);
    assert_int_equal(a->queues, 50);
    assert_int_equal(a->taps, 1);
    assert_int_equal(a->memory, 2);
    assert_int_equal(a->refused, 4);
    assert_int_equal(a->ports, 2);
    assert_int_equal(account_unasked_drops(a), 59);
    json_t *wire = json_array_get(a->wires, 0);
    assert_true(json_number_value(json_object_get(wire, "loss_achieved")) == 0.3);
    assert_true(fabs(json_number_value(json_object_get(wire, "delay_achieved_s")) - 0.011) < 1e-9);
    char *text = account_describe_drops(a);
    assert_non_null(
        strstr(text, "50 found the queue of a wire without a rate full, 1 came faster"));
    free(text);
    account_free(a);
}

static void a_full_queue_in_front_of_a_rate_was_asked_for(void **state)
{
    (void)state;
    struct account *a = between(NULL, "{\"wires\":[{\"name\":\"a->b\",\"rate_bps\":1000000,"
                                      "\"packets\":100,\"lost\":0,\"queue_drops\":50}]}");
    assert_int_equal(account_unasked_drops(a), 0);
    assert_true(account_unasked_share(a) == 0);
    account_free(a);
}

/* Netem has one counter for both: what chance cannot explain was its queue. */
static void drops_of_netem_beyond_chance_are_its_queues(void **state)
{
    (void)state;
    struct account *a = between(
        NULL,
        "{\"wires\":[{\"name\":\"a->b\",\"loss\":0.1,\"rate_bps\":0,\"packets\":9000,"
        "\"drops\":1050},{\"name\":\"b->a\",\"loss\":0,\"rate_bps\":0,\"packets\":10,\"drops\":2},"
        "{\"name\":\"b->c\",\"loss\":0.1,\"rate_bps\":0,\"packets\":8000,\"drops\":2000}]}");
    assert_false(a->has_lateness);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(a->wires, 0), "lost")),
                     1050);
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(a->wires, 1), "queue_drops")), 2);
    assert_in_range(a->queues, 2 + 850, 2 + 1000);
    account_free(a);
}

static void chance_has_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(account_excess(0, 1000, 0, 0), 0);
    assert_int_equal(account_excess(3, 1000, 0, 0), 3);
    assert_int_equal(account_excess(1100, 10000, 0.1, 0.09), 0); /* 3.3 standard deviations of 30 */
    assert_in_range(account_excess(1200, 10000, 0.1, 0.09), 80, 95);
    assert_int_equal(account_excess(10, 10, 1, 0), 0);
    /* In bursts it may be twice as many: 2.2 of their standard deviations of 90. */
    assert_int_equal(account_excess(1200, 10000, 0.1, 0.81), 0);
}

/* A run over the links a-b and b-c, wire a->b counted as given. */
static struct account *judged(const char *impairment, const char *counters, const char *asked_end)
{
    struct error err;
    struct scenario *scenario;
    struct plan *plan;
    char *text = xasprintf("nodes: {a: , b: }\nlinks: [{ends: [a, b], a->b: {%s}}]\n", impairment);
    char *file = expect_file("s.yaml", text);
    char *before = xstrdup("{\"wires\":[{\"name\":\"a->b\",\"asked\":\"this\"}]}");
    char *after = xasprintf("{\"wires\":[{\"name\":\"a->b\",\"asked\":\"%s\",\"rate_bps\":0,%s}]}",
                            asked_end, counters);
    if (scenario_open(file, NULL, 0, &scenario, &err) < 0 ||
        plan_new(scenario, ENGINE_DELAYLINE, &plan, &err) < 0)
        fail_msg("%s", err.text);
    json_t *old = parse(before), *new = parse(after);
    struct account *a = account_between(old, new, plan);
    account_judge(a, plan, 0.999);
    json_decref(old);
    json_decref(new);
    plan_free(plan);
    scenario_free(scenario);
    free(text), free(file), free(before), free(after);
    return a;
}

static void expect_judged(const char *impairment, const char *counters, size_t improbable,
                          const char *part)
{
    struct account *a = judged(impairment, counters, "this");
    assert_int_equal(a->improbable, improbable);
    if (part && !strstr(a->worst, part))
        fail_msg("expected \"%s\", found \"%s\"", part, a->worst);
    account_free(a);
}

static void what_chance_does_is_told_from_what_it_does_not(void **state)
{
    (void)state;
    static const char bursts[] = "loss: {gemodel: {p: 1%, r: 20%}}"; /* 4.76 %, 9 times as uneven */
    expect_judged("loss: 5%", "\"packets\":9500,\"lost\":500", 0, NULL);
    expect_judged("loss: 5%", "\"packets\":9400,\"lost\":600", 1,
                  "a->b lost 6 % of 10000 packets where 5 % is asked (5.27");
    expect_judged("loss: 5%", "\"packets\":19600,\"lost\":400", 1, "lost 2 %");
    expect_judged(bursts, "\"packets\":9400,\"lost\":600", 0, NULL);
    expect_judged(bursts, "\"packets\":9000,\"lost\":1000", 1, "lost 10 %");
    expect_judged("delay: 1ms", "\"packets\":1000,\"lost\":1", 1, "where 0 % is asked");
    expect_judged("duplicate: 10%", "\"packets\":1100,\"duplicated\":100", 0, NULL);
    expect_judged("duplicate: 10%", "\"packets\":1200,\"duplicated\":200", 1,
                  "duplicated 20 % of 1000");
    expect_judged("corrupt: 10%", "\"packets\":1000,\"corrupted\":100", 0, NULL);
    expect_judged("corrupt: {probability: 10%, correlation: 80%}",
                  "\"packets\":1000,\"corrupted\":150", 0, NULL);
    expect_judged("corrupt: 10%", "\"packets\":1000,\"corrupted\":150", 1, "corrupted 15 %");
    expect_judged("delay: 1ms, reorder: {probability: 100%, gap: 5}",
                  "\"packets\":1000,\"reordered\":200", 0, NULL);
    expect_judged("delay: 1ms, reorder: {probability: 50%, gap: 5}",
                  "\"packets\":1000,\"reordered\":240", 1, "where 16.7 % is asked");
    expect_judged("corrupt: 10%", "\"packets\":1000", 0, NULL); /* netem does not count them */
}

static void a_wire_that_was_changed_is_not_judged(void **state)
{
    (void)state;
    struct account *a = judged("loss: 5%", "\"packets\":5000,\"lost\":5000", "that");
    assert_int_equal(a->judged, 0);
    assert_int_equal(a->improbable, 0);
    account_free(a);
}

/* The queue in front of a trace's rate is one that was asked for. */
static void a_trace_has_a_rate(void **state)
{
    (void)state;
    free(expect_file("rate", "1\n2\n3\n"));
    struct account *a = judged("trace: rate", "\"packets\":50,\"queue_drops\":50", "this");
    assert_int_equal(account_unasked_drops(a), 0);
    account_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_before_does_not_count),
        cmocka_unit_test(a_full_queue_in_front_of_a_rate_was_asked_for),
        cmocka_unit_test(drops_of_netem_beyond_chance_are_its_queues),
        cmocka_unit_test(chance_has_its_bounds),
        cmocka_unit_test(what_chance_does_is_told_from_what_it_does_not),
        cmocka_unit_test(a_wire_that_was_changed_is_not_judged),
        cmocka_unit_test(a_trace_has_a_rate),
    };
    return RUN_TESTS(tests);
}
