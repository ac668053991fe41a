/* SPDX-License-Identifier: MIT */
#include "experiment/host_load.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "expect.h"

static void pressure_is_the_total_of_some(void **state)
{
    (void)state;
    struct host_sample s = {0};
    assert_true(
        host_load_parse_pressure("some avg10=97.55 avg60=90.21 avg300=58.56 total=4290838647\n"
                                 "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
                                 &s));
    assert_int_equal(s.pressure_us, 4290838647);
    assert_false(host_load_parse_pressure("", &s));
}

static void stat_has_steal_idle_and_what_runs(void **state)
{
    (void)state;
    struct host_sample s = {0};
    host_load_parse_stat("cpu  100 20 30 400 50 6 7 88 9 1\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
                         "ctxt 5\nprocs_running 4\nprocs_blocked 0\n",
                         &s);
    assert_int_equal(s.all_ticks, 701); /* guests' time is in user and nice already */
    assert_int_equal(s.idle_ticks, 450);
    assert_int_equal(s.steal_ticks, 88);
    assert_int_equal(s.running, 4);
}

static void softnet_counts_drops_of_all_processors(void **state)
{
    (void)state;
    struct host_sample s = {0};
    host_load_parse_softnet("07f20d87 0001783f 00000010\n08dfffcc 0000000a 00000014\n", &s);
    assert_int_equal(s.softnet_drops, 0x1783f + 10);
}

static struct host_sample at(uint64_t s)
{
    const uint64_t ns = s * NS_PER_SEC;
    return (struct host_sample){
        .monotonic_ns = ns, .raw_ns = ns, .realtime_ns = ns + 5, .boottime_ns = ns};
}

static void shares_are_of_the_time_in_between(void **state)
{
    (void)state;
    struct host_load l = {.begin = at(100), .end = at(110)};
    l.begin.has_pressure = l.end.has_pressure = true;
    l.begin.pressure_us = 7000000;
    l.end.pressure_us = 9500000;
    l.begin.all_ticks = 1000;
    l.end.all_ticks = 3000;
    l.end.steal_ticks = 100;
    l.end.idle_ticks = 500;
    assert_true(host_load_pressure(&l) == 0.25);
    assert_true(host_load_steal(&l) == 0.05);
    assert_true(host_load_busy(&l) == 0.75);
    assert_true(host_load_jump_s(&l) == 0 && host_load_slept_s(&l) == 0);
}

static void a_tick_of_steal_in_a_short_run_says_nothing(void **state)
{
    (void)state;
    struct host_load l = {.begin = at(100), .end = at(110)};
    const uint64_t processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    l.begin.steal_ticks = 50;
    l.end.all_ticks = 10;
    l.end.steal_ticks = 50 + processors;
    assert_true(host_load_steal(&l) > 0 && host_load_steal_at_least(&l) == 0);
    l.end.all_ticks = 1000;
    l.end.steal_ticks = 150 + processors;
    assert_true(host_load_steal_at_least(&l) == 0.1);
}

static void without_psi_the_samples_say_how_crowded_it_was(void **state)
{
    (void)state;
    struct host_load l = {.begin = at(1), .end = at(2)};
    assert_true(isnan(host_load_pressure(&l)));
    l.watched = 8;
    l.crowded = 2;
    assert_true(host_load_pressure(&l) == 0.25);
}

static void a_clock_that_was_set_is_told_from_sleep(void **state)
{
    (void)state;
    struct host_load l = {.begin = at(100), .end = at(110)};
    l.end.realtime_ns -= 3 * NS_PER_SEC;
    assert_true(host_load_jump_s(&l) == -3 && host_load_slept_s(&l) == 0);
    l.end = at(110);
    l.end.realtime_ns += 60 * NS_PER_SEC; /* it slept for a minute: both go on */
    l.end.boottime_ns += 60 * NS_PER_SEC;
    assert_true(host_load_jump_s(&l) == 0 && host_load_slept_s(&l) == 60);
}

static void this_machine_can_be_read(void **state)
{
    (void)state;
    struct host_load l;
    host_load_begin(&l);
    host_load_watch(&l);
    host_load_end(&l);
    assert_true(l.end.all_ticks >= l.begin.all_ticks && l.begin.all_ticks > 0);
    assert_true(l.begin.running >= 1);
    assert_true(host_load_pressure(&l) >= 0);
    assert_true(fabs(host_load_jump_s(&l)) < 0.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pressure_is_the_total_of_some),
        cmocka_unit_test(stat_has_steal_idle_and_what_runs),
        cmocka_unit_test(softnet_counts_drops_of_all_processors),
        cmocka_unit_test(shares_are_of_the_time_in_between),
        cmocka_unit_test(a_tick_of_steal_in_a_short_run_says_nothing),
        cmocka_unit_test(without_psi_the_samples_say_how_crowded_it_was),
        cmocka_unit_test(a_clock_that_was_set_is_told_from_sleep),
        cmocka_unit_test(this_machine_can_be_read),
    };
    return RUN_TESTS(tests);
}
