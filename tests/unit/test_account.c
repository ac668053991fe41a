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
    struct account *a = account_between(old, new);
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
    assert_int_equal(account_excess(0, 1000, 0), 0);
    assert_int_equal(account_excess(3, 1000, 0), 3);
    assert_int_equal(account_excess(1100, 10000, 0.1), 0); /* 3.3 standard deviations of 30 */
    assert_in_range(account_excess(1200, 10000, 0.1), 80, 95);
    assert_int_equal(account_excess(10, 10, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_before_does_not_count),
        cmocka_unit_test(a_full_queue_in_front_of_a_rate_was_asked_for),
        cmocka_unit_test(drops_of_netem_beyond_chance_are_its_queues),
        cmocka_unit_test(chance_has_its_bounds),
    };
    return RUN_TESTS(tests);
}
