/* SPDX-License-Identifier: MIT
 *
 * What a sample of repeated measurements says: middle, spread, and how well the mean is known. And
 * whether two samples differ by more than their noise. Pure.
 *
 * The quantiles of Student's t are exact to about 1e-10: they are found by bisection of its
 * distribution function, which is a regularised incomplete beta function (Abramowitz and Stegun,
 * "Handbook of Mathematical Functions", 26.7.1 and, for its continued fraction, 26.5.8, evaluated
 * by Lentz's method as Thompson and Barnett modified it). Lines are fitted as in Draper and Smith,
 * "Applied Regression Analysis", chapter 1. The GNU Scientific Library has all of this, under a
 * licence that would become the whole program's.
 */
#ifndef WANLAB_BASE_STATS_H
#define WANLAB_BASE_STATS_H

#include <stddef.h>
#include <stdint.h>

/* An interval that is not known is NAN at both ends. */
struct interval {
    double low, high;
};

struct stats {
    size_t count;
    double median, mean; /* NAN of no values */
    double sd;           /* of the sample (n - 1); NAN below two values */
    struct interval ci;  /* 95 % confidence interval of the mean, by Student's t; as sd */
};

/* Values that are not finite must not be among them. */
struct stats stats_of(const double *values, size_t count);

/* Half the width of the interval in terms of the mean (0.05: "± 5 %"); INFINITY if not known. */
double stats_relative_width(const struct stats *s);

/* P(T <= t) of Student's t with `df` > 0 degrees of freedom, which need not be whole. */
double stats_t_distribution(double t, double df);
/* The t below which the share `p`, 0 < p < 1, lies. */
double stats_t_quantile(double p, double df);

/* The same of the standard normal distribution, to about 1e-9 for 1e-6 < p < 1 - 1e-6. */
double stats_normal_quantile(double p);

/* Wilson's interval for a probability of which `count` of `n` trials were hits; `z` is the normal
 * quantile of the confidence. 0 to 1 without trials. */
struct interval stats_wilson(uint64_t count, uint64_t n, double z);
/* The same of a share of so many trials, which need not be whole: of dependent ones, as many as
 * independent ones would tell as much. */
struct interval stats_wilson_share(double share, double trials, double z);

/* How far the distribution function of `n` independent values may be from that which they are drawn
 * from, anywhere, with the confidence of `z`: the bound of Dvoretzky, Kiefer and Wolfowitz with
 * Massart's constant ("The Tight Constant in the Dvoretzky-Kiefer-Wolfowitz Inequality", 1990),
 * true for every n and every distribution. */
double stats_distribution_bound(double n, double z);

/* The 95 % confidence interval of the median, by percentile bootstrap: 2,000 samples drawn with
 * replacement from the stream `seed`. NAN below two values. */
struct interval stats_median_bootstrap(const double *values, size_t count, uint64_t seed);

/* The straight line y = intercept + slope x by ordinary least squares. */
struct stats_line {
    size_t count;
    double intercept, slope;  /* NAN where x has fewer than two values */
    struct interval slope_ci; /* 95 %, by Student's t with count - 2 degrees of freedom */
    double r_squared;         /* share of y's variance that the line explains; NAN: y has none */
};

struct stats_line stats_fit_line(const double *x, const double *y, size_t count);

/* Welch's t-test, which lets both samples have a variance of their own. */
struct stats_difference {
    double difference;  /* of the means: b - a */
    struct interval ci; /* of it, 95 % */
    double df;          /* by Welch and Satterthwaite */
    double p;           /* two-sided: how likely such a difference is by chance alone */
}; /* all but the difference NAN if a sample has less than two values, or no spread in either */

struct stats_difference stats_compare(const struct stats *a, const struct stats *b);

/* a's mean for b's, with its 95 % confidence interval by the delta method: the logarithm of the
 * ratio has the variance sd²/(n mean²), summed over both (Hedges, Gurevitch and Curtis, "The
 * Meta-Analysis of Response Ratios in Experimental Ecology", Ecology 80(4), 1999, equation 1), here
 * with Student's t and the degrees of freedom of Welch and Satterthwaite in place of the normal
 * quantile, as runs are few. Unlike Fieller's the interval is never unbounded. NAN where it is not
 * known: below two values, or where not both means are above 0. */
struct stats_ratio {
    double ratio;
    struct interval ci;
};

struct stats_ratio stats_ratio(const struct stats *a, const struct stats *b);

/* The same where a[i] and b[i] were measured under the same circumstances: the geometric mean of
 * a[i] / b[i], and Student's t interval of the mean of its logarithms. What both have in common,
 * such as a slow hour of the machine, is not in it. All NAN unless there are two pairs and all
 * values are above 0. */
struct stats_ratio stats_ratio_paired(const double *a, const double *b, size_t count);

#endif
