/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_axis.h"

#include <math.h>

#include "expect.h"

static struct scenario *open_text(const char *text)
{
    char *path = expect_file("s.yaml", text);
    struct scenario *s = NULL;
    struct error err;
    if (scenario_open(path, NULL, 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return s;
}

static void values_are_numbers_in_the_units_of_the_papers(void **state)
{
    (void)state;
    double x;
    assert_true(sweep_axis_number("16", &x) && x == 16);
    assert_true(sweep_axis_number("0.5", &x) && x == 0.5);
    assert_true(sweep_axis_number("10/s", &x) && x == 600);
    assert_true(sweep_axis_number("100ms", &x) && fabs(x - 0.1) < 1e-12);
    assert_false(sweep_axis_number("uml", &x));
}

/* Points: rate 1 and 2 in loops as the file has them, rate 3 in shorter ones; each in modes a, b.
 */
static void shorter_loops_at_higher_rates_make_no_other_line_of_the_ratio(void **state)
{
    (void)state;
    struct scenario *s =
        open_text("nodes: {n: }\nworkload: {w: }\nsweep:\n"
                  "  - {mode: a, rate: 1/s}\n  - {mode: b, rate: 1/s}\n  - {mode: a, rate: 2/s}\n"
                  "  - {mode: b, rate: 2/s}\n  - {mode: a, rate: 3/s, duration: 5s}\n"
                  "  - {mode: b, rate: 3/s, duration: 5s}\n");
    const unsigned mode = SWEEP_AXIS(0), rate = SWEEP_AXIS(1), duration = SWEEP_AXIS(2);
    assert_int_equal(s->sweep_count, 3);
    assert_int_equal(sweep_axis_with_length(s, 1), rate | duration);
    assert_int_equal(sweep_axis_with_length(s, 0), mode); /* in mode a loops have two lengths */
    assert_true(sweep_same_line(s, 0, 2, rate));
    assert_false(sweep_same_line(s, 0, 4, rate));
    assert_true(sweep_same_line(s, 0, 4, rate | duration));
    assert_false(sweep_same_line(s, 0, 5, rate | duration));
    char *one = sweep_line_name(s, 5, rate), *both = sweep_line_name(s, 5, rate | duration),
         *none = sweep_line_name(s, 5, mode | rate | duration);
    assert_string_equal(one, "mode b, duration 5s");
    assert_string_equal(both, "mode b");
    assert_string_equal(none, "");
    free(one);
    free(both);
    free(none);
    scenario_free(s);
}

/* What else goes with an axis is not known to leave the ratio alone. */
static void other_axes_that_follow_do_make_another_line(void **state)
{
    (void)state;
    struct scenario *s = open_text("nodes: {n: {count: 1}}\nworkload: {w: }\nsweep:\n"
                                   "  - {rate: 1/s, nodes.n.count: 1}\n"
                                   "  - {rate: 2/s, nodes.n.count: 2}\n");
    assert_int_equal(sweep_axis_with_length(s, 0), SWEEP_AXIS(0));
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_numbers_in_the_units_of_the_papers),
        cmocka_unit_test(shorter_loops_at_higher_rates_make_no_other_line_of_the_ratio),
        cmocka_unit_test(other_axes_that_follow_do_make_another_line),
    };
    return RUN_TESTS(tests);
}
