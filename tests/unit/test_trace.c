/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "expect.h"
#include "topology/trace.h"

static struct trace *trace_of(const char *text)
{
    char *path = expect_file("trace", text);
    struct trace *t = NULL;
    struct error err;
    if (trace_open(path, "trace", &t, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return t;
}

static void rows_hold_until_the_next_and_begin_anew(void **state)
{
    (void)state;
    struct trace *t = trace_of("# measured\ntime, rate, loss\n0s, 1mbit, 0%\n2s,3mbit,1% # busy\n"
                               "3s,2mbit,0%\n");
    uint64_t until;
    assert_int_equal(t->kind, TRACE_ROWS);
    assert_true(t->has_rate && t->has_loss && !t->has_delay);
    assert_int_equal(t->period_ns, 4 * NS_PER_SEC); /* the last row is as long as the one before */
    assert_int_equal(t->rate_bps, 3000000);
    assert_int_equal(trace_row_at(t, false, 0, &until)->rate_bps, 1000000);
    assert_int_equal(until, 2 * NS_PER_SEC);
    assert_int_equal(trace_row_at(t, false, 2 * NS_PER_SEC, &until)->rate_bps, 3000000);
    assert_int_equal(trace_row_at(t, false, 4 * NS_PER_SEC - 1, &until)->rate_bps, 2000000);
    assert_int_equal(until, 4 * NS_PER_SEC);
    assert_int_equal(trace_row_at(t, false, 10 * NS_PER_SEC, &until)->rate_bps, 3000000);
    assert_int_equal(until, 11 * NS_PER_SEC);
    assert_int_equal(trace_row_at(t, true, 100 * NS_PER_SEC, &until)->rate_bps, 2000000);
    assert_true(until == UINT64_MAX);
    trace_free(t);
}

static void deliveries_repeat_with_their_last_time_as_the_period(void **state)
{
    (void)state;
    struct trace *t = trace_of("2\n2\n5\n10\n");
    static const uint64_t expected[] = {2, 2, 5, 10, 12, 12, 15, 20, 22};
    assert_int_equal(t->kind, TRACE_DELIVERY);
    assert_int_equal(t->rate_bps, 4 * 1504 * 8 * 100);
    for (uint64_t n = 0; n < ARRAY_LEN(expected); n++)
        assert_int_equal(trace_delivery_ns(t, n), expected[n] * NS_PER_MS);
    for (uint64_t ms = 0; ms < 22; ms++) {
        uint64_t n = trace_delivery_from(t, ms * NS_PER_MS);
        assert_true(expected[n] >= ms);
        assert_true(n == 0 || expected[n - 1] < ms);
    }
    trace_free(t);
}

static void an_opportunity_at_the_very_beginning_counts_once_a_round(void **state)
{
    (void)state;
    struct trace *t = trace_of("0\n4\n");
    assert_int_equal(trace_delivery_from(t, 0), 0);
    assert_int_equal(trace_delivery_from(t, 1), 1);
    assert_int_equal(trace_delivery_from(t, 4 * NS_PER_MS), 1);
    assert_int_equal(trace_delivery_ns(t, 2), 4 * NS_PER_MS);
    assert_int_equal(trace_delivery_from(t, 4 * NS_PER_MS + 1), 3);
    trace_free(t);
}

static void millions_of_opportunities_at_one_time_are_a_rate(void **state)
{
    (void)state;
    enum { COUNT = 2000000 };
    static char text[2 * COUNT + sizeof("1000\n")];
    memset(text, '1', 2 * COUNT);
    for (size_t i = 1; i < 2 * COUNT; i += 2)
        text[i] = '\n';
    strcat(text, "1000\n");
    struct trace *t = trace_of(text);
    assert_int_equal(t->rate_bps, (COUNT + 1ULL) * TRACE_OPPORTUNITY * 8);
    assert_int_equal(t->rate_peak_bps, 100ULL * COUNT * TRACE_OPPORTUNITY * 8);
    trace_free(t);
}

static void faults_have_a_place(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", ":1:1: the trace is empty"},
        {"0\n0\n", ":1:1: the trace lasts 0 ms"},
        {"3\n2\n", ":2:1: found 2 after 3"},
        {"3\nx\n", ":2:1: expected a whole number, found 'x'"},
        {"time,speed\n0s,1\n", ":1:1: found the column 'speed'"},
        {"rate,time\n", ":1:1: found the column 'rate', expected 'time', then"},
        {"time,rate,rate\n", ":1:1: found the column 'rate'"},
        {"time\n0s\n", ":1:1: found only times"},
        {"time,rate\n1s,1mbit\n", ":2:1: expected times that begin with 0s"},
        {"time,rate\n0s,1mbit\n0s,1mbit\n", ":3:1: expected times that begin with 0s and grow"},
        {"time,rate\n0s, 1\n", ":2:5: '1' has no unit"},
        {"time,rate\n0s\n", ":2:1: found 1 cells, expected the header's 2"},
        {"time,rate\n0s,1mbit,3%\n", ":2:10: more cells than the header's 2"},
        {"time,loss\n0s,101%\n", ":2:4: '101%' is out of range"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *path = expect_file("bad", bad[i][0]);
        struct trace *t = NULL;
        struct error err;
        if (trace_open(path, "bad", &t, &err) == 0)
            fail_msg("accepted: %s", bad[i][0]);
        expect_input_error(&err, bad[i][1]);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold_until_the_next_and_begin_anew),
        cmocka_unit_test(deliveries_repeat_with_their_last_time_as_the_period),
        cmocka_unit_test(an_opportunity_at_the_very_beginning_counts_once_a_round),
        cmocka_unit_test(millions_of_opportunities_at_one_time_are_a_rate),
        cmocka_unit_test(faults_have_a_place),
    };
    return RUN_TESTS(tests);
}
