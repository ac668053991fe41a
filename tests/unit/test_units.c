/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/units.h"
#include "expect.h"

static uint64_t time_of(const char *text)
{
    uint64_t ns = 0;
    struct error err;
    if (units_parse_time(text, &ns, &err) < 0)
        fail_msg("%s", err.text);
    return ns;
}

static uint64_t rate_of(const char *text)
{
    uint64_t bps = 0;
    struct error err;
    if (units_parse_rate(text, &bps, &err) < 0)
        fail_msg("%s", err.text);
    return bps;
}

static void times_have_units_from_ns_to_h(void **state)
{
    (void)state;
    assert_int_equal(time_of("7ns"), 7);
    assert_int_equal(time_of("7us"), 7000);
    assert_int_equal(time_of("10ms"), 10000000);
    assert_int_equal(time_of("1.5 s"), 1500000000);
    assert_int_equal(time_of("2min"), 120000000000);
    assert_int_equal(time_of("1h"), 3600000000000);
    assert_int_equal(time_of("0ms"), 0);
    assert_int_equal(time_of(".5ms"), 500000);
    assert_int_equal(time_of("0.1ms"), 100000);
}

static void expect_no_time(const char *text, const char *part)
{
    uint64_t ns = 77;
    struct error err;
    assert_true(units_parse_time(text, &ns, &err) < 0);
    expect_input_error(&err, part);
    assert_int_equal(ns, 77);
}

static void a_time_without_unit_is_refused(void **state)
{
    (void)state;
    expect_no_time("10", "'10' has no unit: expected a time such as 10ms");
    expect_no_time("10 ", "has no unit");
    expect_no_time("0", "has no unit");
}

static void what_is_no_time_is_refused_with_an_example(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "ms",    "-1ms", "+1ms",  "infs", "nans",
                                      "0x1s", "0X10s", " 1ms", ".0x1s", "ten",  "."};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        expect_no_time(bad[i], "such as 10ms");
    expect_no_time("10sec", "unknown unit 'sec'");
    expect_no_time("10  ms", "unknown unit ' ms'");
    expect_no_time("10ms ", "unknown unit 'ms '");
    expect_no_time("10MS", "(units: h, min, s, ms, us, ns)");
    expect_no_time("1.2.3s", "unknown unit '.3s'");
    expect_no_time("1001h", "at most 1000h");
    expect_no_time("1e999s", "expected a time");
}

static void rates_are_decimal_bits_per_second(void **state)
{
    (void)state;
    assert_int_equal(rate_of("8bit"), 8);
    assert_int_equal(rate_of("1.5mbit"), 1500000);
    assert_int_equal(rate_of("100 kbit"), 100000);
    assert_int_equal(rate_of("10gbit"), 10000000000);
}

static void a_rate_of_zero_is_refused(void **state)
{
    (void)state;
    uint64_t bps = 77;
    struct error err;
    assert_true(units_parse_rate("0mbit", &bps, &err) < 0);
    expect_input_error(&err, "would let nothing pass");
    assert_true(units_parse_rate("1001gbit", &bps, &err) < 0);
    expect_input_error(&err, "at most 1000gbit");
    assert_int_equal(bps, 77);
}

static void times_may_have_a_sign(void **state)
{
    (void)state;
    int64_t ns = 7;
    struct error err;
    assert_int_equal(units_parse_signed_time("-30s", &ns, NULL), 0);
    assert_int_equal(ns, -30000000000);
    assert_int_equal(units_parse_signed_time("+1.5ms", &ns, NULL), 0);
    assert_int_equal(ns, 1500000);
    assert_int_equal(units_parse_signed_time("2us", &ns, NULL), 0);
    assert_int_equal(ns, 2000);
    assert_true(units_parse_signed_time("--2us", &ns, &err) < 0);
    expect_input_error(&err, "expected a time");
    assert_true(units_parse_signed_time("-30", &ns, &err) < 0);
    expect_input_error(&err, "has no unit");
    assert_int_equal(ns, 2000);
}

static void drifts_are_parts_of_a_million_or_a_hundred(void **state)
{
    (void)state;
    int64_t ppb = 7;
    struct error err;
    assert_int_equal(units_parse_drift("100ppm", &ppb, NULL), 0);
    assert_int_equal(ppb, 100000);
    assert_int_equal(units_parse_drift("-0.5%", &ppb, NULL), 0);
    assert_int_equal(ppb, -5000000);
    assert_int_equal(units_parse_drift("+10%", &ppb, NULL), 0);
    assert_int_equal(ppb, 100000000);
    assert_true(units_parse_drift("-11%", &ppb, &err) < 0);
    expect_input_error(&err, "'-11%' is out of range: at most 10%");
    assert_true(units_parse_drift("100", &ppb, &err) < 0);
    expect_input_error(&err, "has no unit: expected a drift such as 100ppm");
    assert_int_equal(ppb, 100000000);
}

static void shares_are_percentages(void **state)
{
    (void)state;
    double share = -1;
    assert_int_equal(units_parse_share("0.01%", &share, NULL), 0);
    assert_true(fabs(share - 0.0001) < 1e-18);
    assert_int_equal(units_parse_share("100%", &share, NULL), 0);
    assert_true(share == 1);
    struct error err;
    assert_true(units_parse_share("100.1%", &share, &err) < 0);
    expect_input_error(&err, "0% to 100%");
    assert_true(units_parse_share("0.5", &share, &err) < 0);
    expect_input_error(&err, "has no unit");
}

static void frequencies_are_per_second_minute_or_hour(void **state)
{
    (void)state;
    double per_s = -1;
    assert_int_equal(units_parse_frequency("600/min", &per_s, NULL), 0);
    assert_true(fabs(per_s - 10) < 1e-12);
    assert_int_equal(units_parse_frequency("3600/h", &per_s, NULL), 0);
    assert_true(fabs(per_s - 1) < 1e-12);
    struct error err;
    assert_true(units_parse_frequency("0/s", &per_s, &err) < 0);
    expect_input_error(&err, "is never");
    assert_true(units_parse_frequency("600", &per_s, &err) < 0);
    expect_input_error(&err, "has no unit");
}

static void sizes_are_decimal_or_binary(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    assert_int_equal(units_parse_size("64KiB", &bytes, NULL), 0);
    assert_int_equal(bytes, 65536);
    assert_int_equal(units_parse_size("64KB", &bytes, NULL), 0);
    assert_int_equal(bytes, 64000);
    assert_true(units_parse_size("64kb", &bytes, NULL) < 0);
}

static void throughputs_are_bytes_per_second(void **state)
{
    (void)state;
    uint64_t rate = 77;
    struct error err;
    assert_int_equal(units_parse_throughput("50MB/s", &rate, NULL), 0);
    assert_int_equal(rate, 50000000);
    assert_int_equal(units_parse_throughput("1.5 KiB/s", &rate, NULL), 0);
    assert_int_equal(rate, 1536);
    assert_true(units_parse_throughput("50MB", &rate, &err) < 0);
    expect_input_error(&err, "unknown unit 'MB' in '50MB': expected bytes per second");
    assert_true(units_parse_throughput("0B/s", &rate, &err) < 0);
    expect_input_error(&err, "'0B/s' is out of range");
    assert_int_equal(rate, 1536);
}

static void integers_stay_in_their_range(void **state)
{
    (void)state;
    uint64_t value = 77;
    struct error err;
    assert_int_equal(units_parse_integer("5", 1, 5, &value, NULL), 0);
    assert_int_equal(value, 5);
    static const char *const bad[] = {"", "-1", "+1", "1.5", "5x", " 5", "0x5", "five"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(units_parse_integer(bad[i], 0, 10, &value, &err) < 0);
        expect_input_error(&err, "expected a whole number");
    }
    assert_true(units_parse_integer("6", 1, 5, &value, &err) < 0);
    expect_input_error(&err, "expected 1 to 5");
    assert_true(units_parse_integer("18446744073709551616", 0, UINT64_MAX, &value, &err) < 0);
    assert_int_equal(value, 5);
}

static void times_print_short_and_exact(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0ms"},           {1, "1ns"},           {17000, "17us"},
        {17001, "17.001us"},  {1500000, "1.5ms"},   {10000000, "10ms"},
        {61500000, "61.5ms"}, {1000000000, "1s"},   {90000000000, "90s"},
        {100000000, "100ms"}, {1234000, "1.234ms"}, {1234567890123, "1234567890.123us"},
    };
    char buf[UNITS_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(units_format_time(buf, cases[i].ns), cases[i].text);
}

static void what_was_printed_parses_back(void **state)
{
    (void)state;
    char buf[UNITS_TEXT_MAX];
    for (uint64_t v = 1; v < 1000000000000; v = v * 3 + 1) {
        assert_int_equal(time_of(units_format_time(buf, v)), v);
        assert_int_equal(rate_of(units_format_rate(buf, v)), v);
    }
    assert_string_equal(units_format_rate(buf, 100000000), "100mbit");
    assert_int_equal(time_of(units_format_time(buf, 3599999999999999)), 3599999999999999);
    assert_int_equal(rate_of(units_format_rate(buf, 999999999999)), 999999999999);
}

static void shares_print_back_to_the_same_value(void **state)
{
    (void)state;
    static const char *const texts[] = {"0%",   "0.01%",        "0.07%", "33.3333333333333%",
                                        "100%", "0.000000001%", "12.5%"};
    char buf[UNITS_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        double share = -1, again = -1;
        assert_int_equal(units_parse_share(texts[i], &share, NULL), 0);
        assert_int_equal(units_parse_share(units_format_share(buf, share), &again, NULL), 0);
        assert_true(share == again);
    }
    assert_string_equal(units_format_share(buf, 0.0001), "0.01%");
    assert_string_equal(units_format_share(buf, 1), "100%");
}

static void times_for_people_have_three_digits(void **state)
{
    (void)state;
    char buf[UNITS_TEXT_MAX];
    assert_string_equal(units_format_time_short(buf, 74.32e6), "74.32 ms");
    assert_string_equal(units_format_time_short(buf, 1.0311e9), "1.031 s");
    assert_string_equal(units_format_time_short(buf, 999.99e6), "1.000 s");
    assert_string_equal(units_format_time_short(buf, 123e3), "123.0 us");
    assert_string_equal(units_format_wait(buf, 0), "0 s");
    assert_string_equal(units_format_wait(buf, 40.1), "41 s");
    assert_string_equal(units_format_wait(buf, 99.5), "2 min");
    assert_string_equal(units_format_wait(buf, 99 * 60), "99 min");
    assert_string_equal(units_format_wait(buf, 3.41 * 3600), "3.5 h");
    assert_string_equal(units_format_time_short(buf, -2.5e6), "-2.500 ms");
}

static void expect_quantity(double v, const char *unit, const char *expected)
{
    char text[UNITS_TEXT_MAX];
    assert_string_equal(units_format_quantity(text, v, unit), expected);
}

static void quantities_have_prefixes(void **state)
{
    (void)state;
    expect_quantity(1.234e9, "B/s", "1.23 GB/s");
    expect_quantity(999.4, "B/s", "999 B/s");
    expect_quantity(999.9, "B/s", "1 kB/s");
    expect_quantity(0.5, "", "0.5");
    expect_quantity(12345, "", "12.3 k");
    expect_quantity(0.0012, "s", "1.200 ms");
    expect_quantity(NAN, "s", "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_units_from_ns_to_h),
        cmocka_unit_test(a_time_without_unit_is_refused),
        cmocka_unit_test(what_is_no_time_is_refused_with_an_example),
        cmocka_unit_test(rates_are_decimal_bits_per_second),
        cmocka_unit_test(a_rate_of_zero_is_refused),
        cmocka_unit_test(times_may_have_a_sign),
        cmocka_unit_test(drifts_are_parts_of_a_million_or_a_hundred),
        cmocka_unit_test(shares_are_percentages),
        cmocka_unit_test(frequencies_are_per_second_minute_or_hour),
        cmocka_unit_test(sizes_are_decimal_or_binary),
        cmocka_unit_test(throughputs_are_bytes_per_second),
        cmocka_unit_test(integers_stay_in_their_range),
        cmocka_unit_test(times_print_short_and_exact),
        cmocka_unit_test(what_was_printed_parses_back),
        cmocka_unit_test(shares_print_back_to_the_same_value),
        cmocka_unit_test(times_for_people_have_three_digits),
        cmocka_unit_test(quantities_have_prefixes),
    };
    return RUN_TESTS(tests);
}
