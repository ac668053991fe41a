/* SPDX-License-Identifier: MIT
 *
 * Known values: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2 (critical values of
 * Student's t), and the data set "NumAcc1" of NIST's Statistical Reference Datasets. Where a
 * value is a closed form, the formula stands beside it.
 */
#include "base/stats.h"

#include <math.h>

#include "expect.h"

static void expect_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within))
        fail_msg("expected %.12g within %g, found %.12g", wanted, within, value);
}

static void quantiles_of_t_are_those_of_the_tables(void **state)
{
    (void)state;
    static const struct {
        double df, t;
    } table[] = {{1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},
                 {9, 2.262},  {30, 2.042}, {60, 2.000}, {100, 1.984}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        expect_near(stats_t_quantile(0.975, table[i].df), table[i].t, 0.0005);
    expect_near(stats_t_quantile(0.995, 10), 3.169, 0.0005);
    expect_near(stats_t_quantile(0.975, 1e7), 1.959964, 1e-6); /* the normal distribution's */
}

static void t_of_one_and_two_degrees_has_closed_forms(void **state)
{
    (void)state;
    for (double t = -30; t <= 30; t += 0.7) {
        expect_near(stats_t_distribution(t, 1), 0.5 + atan(t) / M_PI, 1e-12); /* Cauchy's */
        expect_near(stats_t_distribution(t, 2), 0.5 + t / (2 * sqrt(2 + t * t)), 1e-12);
    }
    expect_near(stats_t_quantile(0.975, 1), tan(M_PI * 0.475), 1e-9);
    expect_near(stats_t_quantile(0.025, 1), -tan(M_PI * 0.475), 1e-9);
    expect_near(stats_t_distribution(INFINITY, 5), 1, 0);
}

static void three_values_have_mean_median_deviation_and_interval(void **state)
{
    (void)state;
    const double values[] = {10000001, 10000003, 10000002}; /* NumAcc1: mean 10000002, sd 1 */
    struct stats s = stats_of(values, 3);
    assert_int_equal(s.count, 3);
    expect_near(s.mean, 10000002, 0);
    expect_near(s.median, 10000002, 0);
    expect_near(s.sd, 1, 0);
    expect_near(s.ci.high - s.mean, 4.30265272975 / sqrt(3), 1e-8);
    expect_near(s.mean - s.ci.low, 4.30265272975 / sqrt(3), 1e-8);
}

static void too_few_values_have_no_interval(void **state)
{
    (void)state;
    const double one[] = {7};
    struct stats s = stats_of(one, 1), none = stats_of(NULL, 0);
    expect_near(s.mean, 7, 0);
    expect_near(s.median, 7, 0);
    assert_true(isnan(s.sd) && isnan(s.ci.low) && isnan(s.ci.high));
    assert_true(isinf(stats_relative_width(&s)));
    assert_true(none.count == 0 && isnan(none.mean) && isnan(none.median));
    assert_true(isnan(stats_median_bootstrap(one, 1, 1).low));
}

static void equal_values_have_an_interval_of_no_width(void **state)
{
    (void)state;
    const double same[] = {2, 2, 2, 2};
    struct stats s = stats_of(same, 4);
    expect_near(stats_relative_width(&s), 0, 0);
    struct stats_difference d = stats_compare(&s, &s);
    assert_true(d.difference == 0 && isnan(d.p));
}

static void median_of_an_even_number_is_between_the_middle_two(void **state)
{
    (void)state;
    const double values[] = {9, 1, 4, 2};
    expect_near(stats_of(values, 4).median, 3, 0);
}

static void bootstrap_is_repeatable_and_holds_the_median(void **state)
{
    (void)state;
    double values[101];
    for (int i = 0; i <= 100; i++)
        values[i] = i;
    struct interval a = stats_median_bootstrap(values, 101, 7);
    struct interval b = stats_median_bootstrap(values, 101, 7);
    assert_true(a.low == b.low && a.high == b.high);
    /* by order statistics the interval is [40, 60]: ranks 51 -+ 1.96 * sqrt(101) / 2 */
    expect_near(a.low, 40, 3);
    expect_near(a.high, 60, 3);
}

/* The data set "Norris" of NIST's Statistical Reference Datasets, with its certified values. */
static void a_line_is_fitted_as_certified(void **state)
{
    (void)state;
    static const double y[] = {0.1,   338.8, 118.1, 888.0, 9.2,   228.1, 668.5, 998.5, 449.1,
                               778.9, 559.2, 0.3,   0.1,   778.1, 668.8, 339.3, 448.9, 10.8,
                               557.7, 228.3, 998.0, 888.8, 119.6, 0.3,   0.6,   557.6, 339.3,
                               888.0, 998.5, 778.9, 10.2,  117.6, 228.9, 668.4, 449.2, 0.2};
    static const double x[] = {0.2,   337.4, 118.2, 884.6, 10.1,  226.5, 666.3, 996.3, 448.6,
                               777.0, 558.2, 0.4,   0.6,   775.5, 666.9, 338.0, 447.5, 11.6,
                               556.0, 228.1, 995.8, 887.6, 120.2, 0.3,   0.3,   556.8, 339.1,
                               887.2, 999.0, 779.0, 11.1,  118.3, 229.2, 669.1, 448.9, 0.5};
    struct stats_line line = stats_fit_line(x, y, 36);
    expect_near(line.intercept, -0.262323073774029, 1e-11);
    expect_near(line.slope, 1.00211681802045, 1e-13);
    expect_near(line.r_squared, 0.999993745883712, 1e-14);
    double half = stats_t_quantile(0.975, 34) * 0.429796848199937e-3; /* its standard deviation */
    expect_near(line.slope_ci.high - line.slope, half, 1e-13);
    expect_near(line.slope - line.slope_ci.low, half, 1e-13);
}

static void a_line_needs_two_places_and_an_interval_three_values(void **state)
{
    (void)state;
    static const double x[] = {1, 2, 2}, same[] = {4, 4, 4}, y[] = {3, 5, 5};
    assert_true(isnan(stats_fit_line(same, y, 3).slope));
    assert_true(isnan(stats_fit_line(x, y, 0).slope));
    struct stats_line two = stats_fit_line(x, y, 2), flat = stats_fit_line(x, same, 3);
    expect_near(two.slope, 2, 1e-12);
    expect_near(two.intercept, 1, 1e-12);
    assert_true(isnan(two.slope_ci.low));
    expect_near(stats_fit_line(x, y, 3).slope_ci.high, 2, 1e-12);
    assert_true(flat.slope == 0 && isnan(flat.r_squared));
}

/* Welch's own kind of example: closed forms for n = 2 and 2 with equal variances (df = 2). */
static void welch_finds_p_and_interval(void **state)
{
    (void)state;
    const double x[] = {1, 3}, y[] = {11, 13};
    struct stats a = stats_of(x, 2), b = stats_of(y, 2);
    struct stats_difference d = stats_compare(&a, &b);
    double error = sqrt(2), t = 10 / error;
    expect_near(d.difference, 10, 0);
    expect_near(d.df, 2, 1e-12);
    expect_near(d.p, 1 - t / sqrt(2 + t * t), 1e-12);
    expect_near(d.ci.high - 10, 4.30265272975 * error, 1e-8);
}

static void welch_lowers_the_degrees_where_variances_differ(void **state)
{
    (void)state;
    const double quiet[] = {10, 10, 10}, loud[] = {8, 12, 10, 14};
    struct stats a = stats_of(quiet, 3), b = stats_of(loud, 4);
    expect_near(stats_compare(&a, &b).df, 3, 1e-12); /* only the second has any variance */
    assert_true(stats_compare(&a, &b).p > 0.05);
}

static void quantiles_of_the_normal_distribution_are_those_of_the_tables(void **state)
{
    (void)state;
    expect_near(stats_normal_quantile(0.5), 0, 1e-9);
    expect_near(stats_normal_quantile(0.975), 1.959963985, 1e-8);
    expect_near(stats_normal_quantile(0.9995), 3.290526731, 1e-8);
    expect_near(stats_normal_quantile(0.001), -3.090232306, 1e-8);
}

/* Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17
 * (1998), table I: method 3, 95 %. */
static void wilsons_intervals_are_those_of_the_literature(void **state)
{
    (void)state;
    static const struct {
        uint64_t count, n;
        double low, high;
    } table[] = {{81, 263, 0.2553, 0.3662},
                 {15, 148, 0.0624, 0.1605},
                 {0, 20, 0, 0.1611},
                 {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct interval w = stats_wilson(table[i].count, table[i].n, 1.959964);
        expect_near(w.low, table[i].low, 5e-5);
        expect_near(w.high, table[i].high, 5e-5);
    }
    struct interval half = stats_wilson_share(15 / 148.0, 74, 1.959964);
    struct interval less = stats_wilson(15, 148, 1.959964);
    assert_true(half.low < less.low && half.high > less.high);
    /* sqrt(ln(2 / 0.05) / 2 / 100) */
    expect_near(stats_distribution_bound(100, 1.959964), 0.135810, 1e-6);
    struct interval nothing = stats_wilson(0, 0, 2);
    assert_true(nothing.low == 0 && nothing.high == 1);
}

/* n = 4 each with a coefficient of variation of 0.1: 6 degrees, t = 2.44691, half of the
 * logarithm's interval 2.44691 sqrt(2 * 0.01 / 4) = 0.173023. */
static void a_ratio_has_the_interval_of_its_logarithm(void **state)
{
    (void)state;
    const struct stats a = {.count = 4, .mean = 2, .sd = 0.2},
                       b = {.count = 4, .mean = 1, .sd = 0.1};
    struct stats_ratio r = stats_ratio(&a, &b);
    expect_near(r.ratio, 2, 0);
    expect_near(r.ci.low, 2 * exp(-0.173023), 2e-6);
    expect_near(r.ci.high, 2 * exp(0.173023), 2e-6);
    const struct stats exact = {.count = 3, .mean = 4, .sd = 0}; /* 3 degrees: t = 3.18245 */
    r = stats_ratio(&exact, &b);
    expect_near(r.ci.high, 4 * exp(3.18245 * 0.05), 2e-5);
    r = stats_ratio(&exact, &exact);
    expect_near(r.ci.low, 1, 0);
    expect_near(r.ci.high, 1, 0);
}

/* Pairs whose ratios are 2 and 8: the mean of their logarithms is log 4, its standard error log 2,
 * and t with one degree of freedom 12.706. */
static void a_ratio_of_pairs_has_nothing_of_what_they_share(void **state)
{
    (void)state;
    const double a[] = {2, 800, 5}, b[] = {1, 100, 0};
    struct stats_ratio r = stats_ratio_paired(a, b, 2);
    expect_near(r.ratio, 4, 1e-12);
    expect_near(log(r.ci.high / 4), 12.7062 * log(2), 1e-3);
    expect_near(log(4 / r.ci.low), 12.7062 * log(2), 1e-3);
    const double slow[] = {1, 10, 100}, twice[] = {2, 20, 200};
    r = stats_ratio_paired(twice, slow, 3);
    expect_near(r.ratio, 2, 1e-12);
    expect_near(r.ci.high - r.ci.low, 0, 1e-12);
    assert_true(isnan(stats_ratio_paired(a, b, 3).ratio) &&
                isnan(stats_ratio_paired(a, b, 1).ratio));
}

static void a_ratio_without_spread_or_to_nothing_has_no_interval(void **state)
{
    (void)state;
    const struct stats b = {.count = 4, .mean = 1, .sd = 0.1}, one = {.count = 1, .mean = 3},
                       zero = {.count = 4, .mean = 0, .sd = 1},
                       below = {.count = 4, .mean = -1, .sd = 1};
    assert_true(isnan(stats_ratio(&one, &b).ci.low) && stats_ratio(&one, &b).ratio == 3);
    assert_true(isnan(stats_ratio(&b, &zero).ratio) && isnan(stats_ratio(&b, &zero).ci.low));
    assert_true(isnan(stats_ratio(&below, &b).ci.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_of_the_normal_distribution_are_those_of_the_tables),
        cmocka_unit_test(wilsons_intervals_are_those_of_the_literature),
        cmocka_unit_test(quantiles_of_t_are_those_of_the_tables),
        cmocka_unit_test(t_of_one_and_two_degrees_has_closed_forms),
        cmocka_unit_test(three_values_have_mean_median_deviation_and_interval),
        cmocka_unit_test(too_few_values_have_no_interval),
        cmocka_unit_test(equal_values_have_an_interval_of_no_width),
        cmocka_unit_test(median_of_an_even_number_is_between_the_middle_two),
        cmocka_unit_test(bootstrap_is_repeatable_and_holds_the_median),
        cmocka_unit_test(a_line_is_fitted_as_certified),
        cmocka_unit_test(a_line_needs_two_places_and_an_interval_three_values),
        cmocka_unit_test(a_ratio_has_the_interval_of_its_logarithm),
        cmocka_unit_test(a_ratio_of_pairs_has_nothing_of_what_they_share),
        cmocka_unit_test(a_ratio_without_spread_or_to_nothing_has_no_interval),
        cmocka_unit_test(welch_finds_p_and_interval),
        cmocka_unit_test(welch_lowers_the_degrees_where_variances_differ),
    };
    return RUN_TESTS(tests);
}
