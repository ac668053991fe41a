/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "expect.h"
#include "topology/impairment.h"

#define MS   1000000ULL
#define MBIT 1000000ULL

static uint64_t queue(uint64_t delay_ns, uint64_t rate_bps)
{
    const struct impairment i = {.delay_ns = delay_ns, .rate_bps = rate_bps};
    return impairment_default_queue(&i, 1500);
}

static void a_fast_wire_queues_a_round_trip_and_at_least_100_ms(void **state)
{
    (void)state;
    /* a frame has 1514 * 8 = 12112 bits: 100 mbit send 826 in 100 ms */
    assert_int_equal(queue(0, 100 * MBIT), 826);
    assert_int_equal(queue(10 * MS, 100 * MBIT), 826);
    assert_int_equal(queue(150 * MS, 100 * MBIT), 2477);
}

static void a_slow_wire_queues_at_least_100_packets(void **state)
{
    (void)state;
    assert_int_equal(queue(0, 1000), 100);
    assert_int_equal(queue(100 * MS, 1 * MBIT), 100);
}

static void nothing_waits_on_a_wire_without_rate(void **state)
{
    (void)state;
    assert_int_equal(queue(0, 0), 0);
    assert_int_equal(queue(100 * MS, 0), 0);
}

static uint32_t limit(uint64_t delay_ns, uint64_t rate_bps)
{
    struct impairment i = {.delay_ns = delay_ns, .rate_bps = rate_bps};
    i.queue.size = impairment_default_queue(&i, 1500);
    return impairment_netem_limit(&i, 1500);
}

static void netem_has_one_limit_for_what_waits_and_what_flies(void **state)
{
    (void)state;
    assert_int_equal(limit(0, 100 * MBIT), 826);
    assert_int_equal(limit(10 * MS, 100 * MBIT), 826 + 83);
    assert_int_equal(limit(0, 0), 10000);
    assert_int_equal(limit(100 * MS, 0), 330251);
}

static void the_largest_values_do_not_overflow(void **state)
{
    (void)state;
    uint64_t hours = 3600000000000000ULL;
    assert_int_equal(queue(hours, 1000000 * MBIT), 594451783355351);
    assert_int_equal(limit(hours, 1000000 * MBIT), UINT32_MAX);
}

static void framing_counts_overhead_and_whole_cells(void **state)
{
    (void)state;
    assert_int_equal(impairment_cost(&(struct framing){0}, 1514), 1514);
    assert_int_equal(impairment_cost(&(struct framing){.overhead = 24}, 1514), 1538);
    assert_int_equal(impairment_cost(&(struct framing){.overhead = -14}, 64), 50);
    const struct framing atm = {.overhead = 8, .cell = 48, .cell_overhead = 5};
    assert_int_equal(impairment_cost(&atm, 40), 53);
    assert_int_equal(impairment_cost(&atm, 41), 2 * 53);
}

/* The long-run loss of a model by brute force: the chain's distribution after very many steps. */
static double loss_by_steps(const double p[5])
{
    double s[4] = {1, 0, 0, 0}; /* sends in gap, in burst; loses in burst, in gap */
    double sum = 0;
    enum { STEPS = 200000 };
    for (int n = 0; n < STEPS; n++) {
        const double next[4] = {s[0] * (1 - p[0] - p[4]) + s[2] * p[1] + s[3],
                                s[1] * (1 - p[3]) + s[2] * p[2],
                                s[0] * p[0] + s[1] * p[3] + s[2] * (1 - p[1] - p[2]), s[0] * p[4]};
        memcpy(s, next, sizeof(s));
        sum += n >= STEPS / 2 ? s[2] + s[3] : 0;
    }
    return 2 * sum / STEPS;
}

static void the_mean_loss_of_a_model_is_that_of_its_chain(void **state)
{
    (void)state;
    const double states[][5] = {{0.01, 0.3, 0.2, 0.5, 0.001}, {0.05, 0.9, 0, 1, 0},
                                {0, 1, 0, 1, 0.02},           {0.01, 0, 0.5, 0.5, 0},
                                {0.01, 0.1, 0.5, 0, 0},       {1, 0, 0, 1, 0}};
    for (size_t n = 0; n < ARRAY_LEN(states); n++)
        assert_true(fabs(impairment_mean_loss(LOSS_STATE, states[n]) - loss_by_steps(states[n])) <
                    1e-4);
    const double ge[] = {0.02, 0.18, 0.7, 0.01, 0};
    assert_true(fabs(impairment_mean_loss(LOSS_GEMODEL, ge) - (0.1 * 0.7 + 0.9 * 0.01)) < 1e-12);
}

static const char *lacks(const struct impairment *i)
{
    const char *key = NULL;
    return impairment_netem_lacks(i, &key) ? key : "nothing";
}

static void what_netem_cannot_is_named_by_its_key(void **state)
{
    (void)state;
    const struct chance correlated = {0.01, 0.5};
    assert_string_equal(lacks(&(struct impairment){.jitter_ns = MS, .order_free = true}),
                        "nothing");
    assert_string_equal(lacks(&(struct impairment){.loss = 0.01, .loss_parameters = {0.5}}),
                        "nothing");
    assert_string_equal(lacks(&(struct impairment){.queue = {QUEUE_BYTES, 3000, false}}), "queue");
    assert_string_equal(lacks(&(struct impairment){.queue = {QUEUE_TIME, 3000, false}}), "queue");
    assert_string_equal(lacks(&(struct impairment){.queue = {QUEUE_PACKETS, 3, true}}), "drop");
    assert_string_equal(lacks(&(struct impairment){.jitter_correlation = 0.1}), "correlation");
    assert_string_equal(lacks(&(struct impairment){.corrupt = correlated}), "corrupt");
    assert_string_equal(lacks(&(struct impairment){.order_free = true, .rate_bps = 1}), "reorder");
}

static void only_what_acts_on_single_packets_needs_them_single(void **state)
{
    (void)state;
    assert_true(impairment_is_none(&(struct impairment){.queue = {.size = 1000}}));
    assert_false(impairment_needs_wire_packets(&(struct impairment){.delay_ns = MS}));
    assert_false(impairment_needs_wire_packets(&(struct impairment){.rate_bps = 1000 * MBIT}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.rate_bps = 999 * MBIT}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.loss = 1e-9}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.jitter_ns = 1}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.corrupt = {1e-9, 0}}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.duplicate = {1e-9, 0}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_wire_queues_a_round_trip_and_at_least_100_ms),
        cmocka_unit_test(a_slow_wire_queues_at_least_100_packets),
        cmocka_unit_test(nothing_waits_on_a_wire_without_rate),
        cmocka_unit_test(netem_has_one_limit_for_what_waits_and_what_flies),
        cmocka_unit_test(framing_counts_overhead_and_whole_cells),
        cmocka_unit_test(the_mean_loss_of_a_model_is_that_of_its_chain),
        cmocka_unit_test(what_netem_cannot_is_named_by_its_key),
        cmocka_unit_test(the_largest_values_do_not_overflow),
        cmocka_unit_test(only_what_acts_on_single_packets_needs_them_single),
    };
    return RUN_TESTS(tests);
}
