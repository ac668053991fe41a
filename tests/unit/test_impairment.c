/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "topology/impairment.h"

#define MS   1000000ULL
#define MBIT 1000000ULL

static uint64_t queue(uint64_t delay_ns, uint64_t rate_bps)
{
    const struct impairment i = {.delay_ns = delay_ns, .rate_bps = rate_bps};
    return impairment_default_queue(&i, 1500);
}

static void a_fast_wire_queues_100_ms_beyond_what_flies(void **state)
{
    (void)state;
    /* a frame has 1514 * 8 = 12112 bits: 100 mbit send 826 in 100 ms and 83 in 10 ms, rounded up */
    assert_int_equal(queue(0, 100 * MBIT), 826);
    assert_int_equal(queue(10 * MS, 100 * MBIT), 826 + 83);
}

static void a_slow_wire_queues_at_least_100_packets(void **state)
{
    (void)state;
    assert_int_equal(queue(0, 1000), 100);
    assert_int_equal(queue(100 * MS, 1 * MBIT), 100 + 9);
}

static void a_wire_without_rate_holds_what_40_gbit_would_fly(void **state)
{
    (void)state;
    assert_int_equal(queue(0, 0), 1000);
    assert_int_equal(queue(MS / 10, 0), 1000);
    assert_int_equal(queue(100 * MS, 0), 330251);
}

static void the_largest_values_do_not_overflow(void **state)
{
    (void)state;
    uint64_t hours = 3600000000000000ULL;
    assert_int_equal(queue(hours, 1000000 * MBIT), 297225891677676 + 8256275);
}

static void only_what_acts_on_single_packets_needs_them_single(void **state)
{
    (void)state;
    assert_true(impairment_is_none(&(struct impairment){.queue_packets = 1000}));
    assert_false(impairment_needs_wire_packets(&(struct impairment){.delay_ns = MS}));
    assert_false(impairment_needs_wire_packets(&(struct impairment){.rate_bps = 1000 * MBIT}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.rate_bps = 999 * MBIT}));
    assert_true(impairment_needs_wire_packets(&(struct impairment){.loss = 1e-9}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_wire_queues_100_ms_beyond_what_flies),
        cmocka_unit_test(a_slow_wire_queues_at_least_100_packets),
        cmocka_unit_test(a_wire_without_rate_holds_what_40_gbit_would_fly),
        cmocka_unit_test(the_largest_values_do_not_overflow),
        cmocka_unit_test(only_what_acts_on_single_packets_needs_them_single),
    };
    return RUN_TESTS(tests);
}
