/* SPDX-License-Identifier: MIT */
#include "base/histogram.h"
#include "expect.h"

static void an_empty_histogram_answers_zero(void **state)
{
    (void)state;
    static struct histogram h;
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    assert_true(histogram_mean(&h) == 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    static struct histogram h;
    for (uint64_t i = 1; i <= 100; i++)
        histogram_record(&h, i < 64 ? i : 63);
    assert_int_equal(histogram_quantile(&h, 0), 1);
    assert_int_equal(histogram_quantile(&h, 0.01), 1);
    assert_int_equal(histogram_quantile(&h, 0.5), 50);
    assert_int_equal(histogram_quantile(&h, 1), 63);
}

/* 0.55 * 100 is more than 55 in floating point, and 0.07 * 100 more than 7. */
static void shares_that_floating_point_rounds_up_do_not_skip_a_value(void **state)
{
    (void)state;
    static struct histogram h;
    for (uint64_t i = 1; i <= 60; i++)
        histogram_record(&h, i);
    for (uint64_t i = 61; i <= 100; i++)
        histogram_record(&h, 1000);
    assert_int_equal(histogram_quantile(&h, 0.55), 55);
    assert_int_equal(histogram_quantile(&h, 0.07), 7);
}

static void a_value_read_back_is_at_most_a_64th_above(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_MAX / 3; value = value * 3 + 1) {
        static struct histogram h;
        h = (struct histogram){0};
        histogram_record(&h, value);
        histogram_record(&h, UINT64_MAX); /* else the maximum would hide the bucket's width */
        uint64_t read = histogram_quantile(&h, 0.5);
        assert_true(read >= value && read - value <= value / 64);
    }
}

static void the_extremes_are_kept_exactly(void **state)
{
    (void)state;
    static struct histogram h;
    histogram_record(&h, 123456789);
    histogram_record(&h, UINT64_MAX);
    histogram_record(&h, 1000003);
    assert_int_equal(h.min, 1000003);
    assert_int_equal(h.max, UINT64_MAX);
    assert_int_equal(histogram_quantile(&h, 1), UINT64_MAX);
}

static void the_result_never_exceeds_the_largest_value(void **state)
{
    (void)state;
    static struct histogram h;
    histogram_record(&h, 1000000);
    assert_int_equal(histogram_quantile(&h, 0.99), 1000000);
}

static void zero_is_a_value(void **state)
{
    (void)state;
    static struct histogram h;
    histogram_record(&h, 5);
    histogram_record(&h, 0);
    assert_int_equal(h.min, 0);
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
}

static void adding_equals_recording_both(void **state)
{
    (void)state;
    static struct histogram a, b, both;
    for (uint64_t i = 0; i < 1000; i++) {
        histogram_record(i % 3 ? &a : &b, i * i);
        histogram_record(&both, i * i);
    }
    histogram_add(&a, &b);
    assert_memory_equal(&a, &both, sizeof(a));
    static struct histogram empty;
    histogram_add(&a, &empty);
    assert_memory_equal(&a, &both, sizeof(a));
    histogram_add(&empty, &a);
    assert_memory_equal(&empty, &both, sizeof(a));
}

static void subtracting_an_earlier_copy_leaves_what_came_since(void **state)
{
    (void)state;
    static struct histogram h, earlier, since;
    histogram_record(&h, 5);
    histogram_record_many(&h, 9000000, 7);
    earlier = h;
    for (uint64_t i = 1; i <= 100; i++) {
        histogram_record(&h, i * 1000);
        histogram_record(&since, i * 1000);
    }
    histogram_subtract(&h, &earlier);
    assert_int_equal(h.count, 100);
    assert_true(histogram_mean(&h) == histogram_mean(&since));
    for (int i = 0; i < 10; i++) /* the last value is only known by its bucket */
        assert_int_equal(histogram_quantile(&h, i / 10.0), histogram_quantile(&since, i / 10.0));
    assert_in_range(h.max, 100000, 100000 * 65 / 64);
    assert_in_range(h.min, 1000, 1000 * 65 / 64);
    earlier = h;
    histogram_subtract(&h, &earlier);
    assert_int_equal(h.count, 0);
    assert_int_equal(histogram_quantile(&h, 0.99), 0);
}

static void the_mean_is_of_the_values_not_of_the_buckets(void **state)
{
    (void)state;
    static struct histogram h;
    histogram_record(&h, 1000001);
    histogram_record(&h, 3000003);
    assert_true(histogram_mean(&h) == 2000002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_answers_zero),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(shares_that_floating_point_rounds_up_do_not_skip_a_value),
        cmocka_unit_test(a_value_read_back_is_at_most_a_64th_above),
        cmocka_unit_test(the_extremes_are_kept_exactly),
        cmocka_unit_test(the_result_never_exceeds_the_largest_value),
        cmocka_unit_test(zero_is_a_value),
        cmocka_unit_test(adding_equals_recording_both),
        cmocka_unit_test(subtracting_an_earlier_copy_leaves_what_came_since),
        cmocka_unit_test(the_mean_is_of_the_values_not_of_the_buckets),
    };
    return RUN_TESTS(tests);
}
