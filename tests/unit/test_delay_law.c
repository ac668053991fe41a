/* SPDX-License-Identifier: MIT
 *
 * The laws of jitter and reordering, against closed forms.
 */
#include "topology/delay_law.h"

#include <math.h>

#include "base/clock.h"
#include "expect.h"
#include "topology/distribution.h"

static struct delay_law law;

static void law_of(const struct impairment *first, const struct impairment *second)
{
    const struct impairment *wires[] = {first, second};
    delay_law_init(&law, &(struct path){.wires = wires, .wire_count = second ? 2 : 1});
}

static void expect_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within))
        fail_msg("expected %.9g within %g, found %.9g", wanted, within, value);
}

static struct impairment uniform(double delay_ms, double jitter_ms)
{
    return (struct impairment){.delay_ns = (uint64_t)(delay_ms * 1e6),
                               .jitter_ns = (uint64_t)(jitter_ms * 1e6)};
}

static void uniform_jitter_has_the_moments_of_the_books(void **state)
{
    (void)state;
    struct impairment i = uniform(10, 6);
    law_of(&i, NULL);
    expect_near(law.mean_s, 0, 1e-7);
    expect_near(law.sd_s, 0.006 / sqrt(3), 1e-7);
    expect_near(law.fourth, 1.8, 1e-3);
    expect_near(delay_law_share(&law, 0.003), 0.75, 1e-3);
    expect_near(delay_law_quantile(&law, 0.25), -0.003, 1e-5);
    /* The difference of two is above g with the chance (2 - g / 6 ms)^2 / 8. */
    expect_near(delay_law_catches_up(&law, 0.006), 0.125, 1e-3);
    expect_near(delay_law_gap(&law), 0.006 * (2 - sqrt(8.0 / 500)), 5e-5);
    delay_law_done(&law);
}

static void tables_have_theirs(void **state)
{
    (void)state;
    struct distribution *normal = distribution_named("normal");
    struct impairment i = uniform(10, 2);
    i.distribution = normal;
    law_of(&i, NULL);
    expect_near(law.sd_s, 0.002, 5e-6);
    expect_near(law.fourth, 3, 0.02);
    expect_near(delay_law_share(&law, 0.002), 0.8413, 1e-3);
    delay_law_done(&law);
    /* No packet is there before it is sent: half of a normal variable, of mean 0.3989. */
    i.delay_ns = 0;
    law_of(&i, NULL);
    expect_near(law.mean_s, 0.002 * 0.39894, 5e-6);
    expect_near(law.values_s[0], 0, 0);
    delay_law_done(&law);
    distribution_free(normal);
}

static void two_wires_jitter_adds_up(void **state)
{
    (void)state;
    struct impairment first = uniform(10, 3), second = uniform(10, 4);
    first.jitter_correlation = 0.5;
    law_of(&first, &second);
    expect_near(law.sd_s, 0.005 / sqrt(3), 1e-6);
    expect_near(law.correlation, 0.5 * 9 / 25, 1e-4);
    expect_near(law.values_s[0], -0.007, 5e-5);
    expect_near(delay_law_share(&law, 0), 0.5, 5e-3);
    delay_law_done(&law);
}

/* Of packets so far apart that only the next one can overtake: as often as two are in disorder. */
static void disorder_is_what_draws_of_neighbours_make_of_it(void **state)
{
    (void)state;
    struct impairment i = uniform(10, 6);
    i.order_free = true;
    law_of(&i, NULL);
    assert_true(delay_law_gap(&law) == 0);
    expect_near(delay_law_disorder(&law, 0.006, 0), 0.125, 1e-3);
    expect_near(delay_law_disorder(&law, 0.006, 0.2), 0.1, 1e-3);
    expect_near(delay_law_disorder(&law, 0.012, 0), 0, 1e-9);
    delay_law_done(&law);
}

static void early_packets_are_told_where_their_delay_is_long_enough(void **state)
{
    (void)state;
    struct impairment first = uniform(20, 2), second = uniform(5, 1);
    first.reorder = (struct chance){0.5, 0};
    first.reorder_gap = 5;
    law_of(&first, &second);
    expect_near(law.early, 1.0 / 6, 1e-12); /* one of four and two, in the mean */
    /* They take 20 ms less, and 1 ms more or less; the others 3 ms more or less. */
    expect_near(law.early_below_s, (-0.003 - 0.019) / 2, 2e-4);
    delay_law_done(&law);
    first = uniform(2, 2);
    first.reorder = (struct chance){0.1, 0};
    law_of(&first, NULL);
    assert_true(isnan(law.early_below_s));
    delay_law_done(&law);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_jitter_has_the_moments_of_the_books),
        cmocka_unit_test(tables_have_theirs),
        cmocka_unit_test(two_wires_jitter_adds_up),
        cmocka_unit_test(disorder_is_what_draws_of_neighbours_make_of_it),
        cmocka_unit_test(early_packets_are_told_where_their_delay_is_long_enough),
    };
    return RUN_TESTS(tests);
}
