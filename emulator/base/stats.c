/* SPDX-License-Identifier: MIT */
#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/prng.h"

enum { FRACTION_STEPS_MAX = 10000, BOOTSTRAP_SAMPLES = 2000 };
static const double CONFIDENCE = 0.95;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Sorts the values. */
static double median_of(double *values, size_t count)
{
    if (count == 0)
        return NAN;
    qsort(values, count, sizeof(*values), by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

struct stats stats_of(const double *values, size_t count)
{
    struct stats s = {count, NAN, NAN, NAN, {NAN, NAN}};
    if (count == 0)
        return s;
    _cleanup_(freep) double *sorted = xcalloc(count, sizeof(*sorted));
    memcpy(sorted, values, count * sizeof(*values));
    s.median = median_of(sorted, count);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    s.mean = sum / (double)count;
    if (count < 2)
        return s;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - s.mean) * (values[i] - s.mean);
    s.sd = sqrt(squares / (double)(count - 1));
    double t = stats_t_quantile((1 + CONFIDENCE) / 2, (double)(count - 1));
    double half = t * s.sd / sqrt((double)count);
    s.ci = (struct interval){s.mean - half, s.mean + half};
    return s;
}

double stats_relative_width(const struct stats *s)
{
    double half = (s->ci.high - s->ci.low) / 2;
    if (isnan(half))
        return INFINITY;
    return half == 0 ? 0 : half / fabs(s->mean);
}

/* The continued fraction of the incomplete beta function; converges fast for x < (a+1)/(a+b+2). */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double result = d;
    for (int m = 1; m < FRACTION_STEPS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double factor = 1;
        for (int k = 0; k < 2; k++) {
            double term = k == 0 ? even : odd;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            result *= factor;
        }
        if (fabs(factor - 1) < 1e-15)
            break;
    }
    return result;
}

/* I_x(a, b), for 0 <= x <= 1; `rest` is 1 - x, which may be known more exactly. */
static double incomplete_beta(double x, double rest, double a, double b)
{
    if (x <= 0 || rest <= 0)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(x, a, b) / a;
    return 1 - front * beta_fraction(rest, b, a) / b;
}

double stats_t_distribution(double t, double df)
{
    double square = t * t, tail;
    if (isinf(square))
        return t > 0;
    tail = incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5) / 2;
    return t > 0 ? 1 - tail : tail;
}

double stats_t_quantile(double p, double df)
{
    if (p < 0.5)
        return -stats_t_quantile(1 - p, df);
    double low = 0, high = 1;
    while (stats_t_distribution(high, df) < p && high < 1e15)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-14 * high; i++) {
        double middle = (low + high) / 2;
        if (stats_t_distribution(middle, df) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double stats_normal_quantile(double p)
{
    double low = -8, high = 8;
    while (high - low > 1e-12) {
        double middle = (low + high) / 2;
        if (erfc(-middle / M_SQRT2) / 2 < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

struct interval stats_wilson_share(double share, double trials, double z)
{
    if (trials <= 0)
        return (struct interval){0, 1};
    double square = z * z / trials;
    double centre = (share + square / 2) / (1 + square);
    double half = z / (1 + square) * sqrt(share * (1 - share) / trials + square / trials / 4);
    return (struct interval){fmax(centre - half, 0), fmin(centre + half, 1)};
}

struct interval stats_wilson(uint64_t count, uint64_t n, double z)
{
    return stats_wilson_share(n ? (double)count / (double)n : 0, (double)n, z);
}

double stats_distribution_bound(double n, double z)
{
    return sqrt(log(2 / erfc(z / M_SQRT2)) / 2 / n);
}

struct interval stats_median_bootstrap(const double *values, size_t count, uint64_t seed)
{
    if (count < 2)
        return (struct interval){NAN, NAN};
    _cleanup_(freep) double *drawn = xcalloc(count, sizeof(*drawn));
    _cleanup_(freep) double *medians = xcalloc(BOOTSTRAP_SAMPLES, sizeof(*medians));
    uint64_t key = prng_key(seed, "bootstrap"), n = 0;
    for (size_t i = 0; i < BOOTSTRAP_SAMPLES; i++) {
        for (size_t k = 0; k < count; k++)
            drawn[k] = values[(size_t)(prng_unit(key, n++) * (double)count)];
        medians[i] = median_of(drawn, count);
    }
    qsort(medians, BOOTSTRAP_SAMPLES, sizeof(*medians), by_value);
    size_t outside = (size_t)(BOOTSTRAP_SAMPLES * (1 - CONFIDENCE) / 2 + 0.5);
    return (struct interval){medians[outside], medians[BOOTSTRAP_SAMPLES - 1 - outside]};
}

struct stats_line stats_fit_line(const double *x, const double *y, size_t count)
{
    struct stats_line line = {count, NAN, NAN, {NAN, NAN}, NAN};
    const struct stats sx = stats_of(x, count), sy = stats_of(y, count);
    double sum_xx = 0, sum_xy = 0, sum_yy = 0, residuals = 0;
    for (size_t i = 0; i < count; i++) { /* about the means: sums of raw squares would cancel */
        sum_xx += (x[i] - sx.mean) * (x[i] - sx.mean);
        sum_xy += (x[i] - sx.mean) * (y[i] - sy.mean);
        sum_yy += (y[i] - sy.mean) * (y[i] - sy.mean);
    }
    if (!(sum_xx > 0))
        return line;
    line.slope = sum_xy / sum_xx;
    line.intercept = sy.mean - line.slope * sx.mean;
    for (size_t i = 0; i < count; i++) {
        double residual = y[i] - line.intercept - line.slope * x[i];
        residuals += residual * residual;
    }
    if (sum_yy > 0)
        line.r_squared = 1 - residuals / sum_yy;
    if (count < 3)
        return line;
    double df = (double)(count - 2);
    double half = stats_t_quantile((1 + CONFIDENCE) / 2, df) * sqrt(residuals / df / sum_xx);
    line.slope_ci = (struct interval){line.slope - half, line.slope + half};
    return line;
}

/* By Welch and Satterthwaite: of a sum of two variances with `m` and `n` degrees of freedom. */
static double degrees_of_sum(double va, double m, double vb, double n)
{
    return (va + vb) * (va + vb) / (va * va / m + vb * vb / n);
}

struct stats_difference stats_compare(const struct stats *a, const struct stats *b)
{
    struct stats_difference d = {b->mean - a->mean, {NAN, NAN}, NAN, NAN};
    if (a->count < 2 || b->count < 2)
        return d;
    double va = a->sd * a->sd / (double)a->count, vb = b->sd * b->sd / (double)b->count;
    double error = sqrt(va + vb);
    if (!(error > 0))
        return d;
    d.df = degrees_of_sum(va, (double)(a->count - 1), vb, (double)(b->count - 1));
    d.p = 2 * stats_t_distribution(-fabs(d.difference) / error, d.df);
    double half = stats_t_quantile((1 + CONFIDENCE) / 2, d.df) * error;
    d.ci = (struct interval){d.difference - half, d.difference + half};
    return d;
}

/* The variance of the logarithm of a mean, nearly. */
static double log_variance(const struct stats *s)
{
    return s->sd * s->sd / ((double)s->count * s->mean * s->mean);
}

struct stats_ratio stats_ratio_paired(const double *a, const double *b, size_t count)
{
    struct stats_ratio r = {NAN, {NAN, NAN}};
    double *logs = xcalloc(count + 1, sizeof(*logs));
    bool known = count > 1;
    for (size_t i = 0; i < count; i++) {
        known = known && a[i] > 0 && b[i] > 0;
        logs[i] = known ? log(a[i] / b[i]) : 0;
    }
    struct stats s = stats_of(logs, count);
    free(logs);
    if (known)
        r = (struct stats_ratio){exp(s.mean), {exp(s.ci.low), exp(s.ci.high)}};
    return r;
}

struct stats_ratio stats_ratio(const struct stats *a, const struct stats *b)
{
    struct stats_ratio r = {a->mean / b->mean, {NAN, NAN}};
    if (!isfinite(r.ratio))
        r.ratio = NAN;
    if (a->count < 2 || b->count < 2 || !(a->mean > 0) || !(b->mean > 0))
        return r;
    double va = log_variance(a), vb = log_variance(b), half = 0;
    if (va + vb > 0) {
        double df = degrees_of_sum(va, (double)(a->count - 1), vb, (double)(b->count - 1));
        half = stats_t_quantile((1 + CONFIDENCE) / 2, df) * sqrt(va + vb);
    }
    r.ci = (struct interval){r.ratio * exp(-half), r.ratio * exp(half)};
    return r;
}
