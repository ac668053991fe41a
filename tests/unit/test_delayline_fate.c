/* SPDX-License-Identifier: MIT
 *
 * The statistics of what chance does, with fixed seeds: each bound is one that a right generator
 * passes with a chance of 99.9 % or more.
 */
#include <math.h>

#include "base/clock.h"
#include "base/prng.h"
#include "expect.h"
#include "topology/distribution.h"
#include "wire/delayline/fate.h"

enum { PACKETS = 100000 };

/* The z value that a standard normal variable exceeds with 1 in 2,000, either way. */
#define Z999 3.29

static uint64_t key_of(uint64_t seed)
{
    return prng_key(seed, "a->b");
}

/* What happened to each of PACKETS packets. The caller frees it. */
static struct fate *fates_of(const struct impairment *i, uint64_t seed)
{
    struct fate *fates = xcalloc(PACKETS, sizeof(*fates));
    struct fate_memory memory = {0};
    for (uint64_t n = 0; n < PACKETS; n++)
        fate_draw(&memory, i, key_of(seed), n, -1, &fates[n]);
    return fates;
}

enum what { LOST, DUPLICATE, CORRUPT, EARLY };

static bool happened(const struct fate *f, enum what what)
{
    const bool all[] = {f->lost, f->duplicate, f->corrupt, f->early};
    return all[what];
}

/* How often, how often twice in a row, and in how many runs. */
struct tally {
    double share, correlation, burst;
    double count, runs;
};

static struct tally tally_of(const struct fate *fates, enum what what)
{
    struct tally t = {0};
    double pairs = 0;
    for (int n = 0; n < PACKETS; n++) {
        bool now = happened(&fates[n], what);
        t.count += now;
        if (n > 0) {
            bool before = happened(&fates[n - 1], what);
            pairs += now && before;
            t.runs += now && !before;
        } else {
            t.runs += now;
        }
    }
    t.share = t.count / PACKETS;
    t.burst = t.runs > 0 ? t.count / t.runs : 0;
    t.correlation = (pairs / PACKETS - t.share * t.share) / (t.share * (1 - t.share));
    return t;
}

static void expect_near(double value, double wanted, double tolerance, const char *what)
{
    if (fabs(value - wanted) > tolerance)
        fail_msg("%s: %g, expected %g ± %g", what, value, wanted, tolerance);
}

/* A share's tolerance, widened by what correlation takes of the independent information. */
static double tolerance(double share, double correlation)
{
    return Z999 * sqrt(share * (1 - share) / PACKETS * (1 + correlation) / (1 - correlation));
}

static void all_chances_have_their_share_and_correlation(void **state)
{
    (void)state;
    static const double shares[] = {0.001, 0.05, 0.5}, correlations[] = {0, 0.25, 0.9};
    for (size_t a = 0; a < ARRAY_LEN(shares) * ARRAY_LEN(correlations); a++) {
        const double p = shares[a % 3], c = correlations[a / 3];
        const struct chance chance = {p, c};
        const struct impairment i = {
            .delay_ns = NS_PER_SEC,
            .loss = p,
            .loss_parameters = {c},
            .duplicate = chance,
            .corrupt = chance,
            .reorder = chance,
        };
        struct fate *fates = fates_of(&i, 7 + a);
        for (enum what what = LOST; what <= EARLY; what++) {
            struct tally t = tally_of(fates, what);
            expect_near(t.share, p, tolerance(p, c), "share");
            /* of as many pairs as there are events */
            expect_near(t.correlation, c, Z999 * sqrt(1 / (p * PACKETS)) + 0.001, "correlation");
        }
        free(fates);
    }
}

static void chances_do_not_depend_on_each_other(void **state)
{
    (void)state;
    const struct chance half = {0.5, 0};
    const struct impairment i = {
        .delay_ns = NS_PER_SEC, .loss = 0.5, .duplicate = half, .corrupt = half, .reorder = half};
    struct fate *fates = fates_of(&i, 3);
    unsigned counts[16] = {0};
    double chi = 0;
    for (int n = 0; n < PACKETS; n++)
        counts[fates[n].lost | fates[n].duplicate << 1 | fates[n].corrupt << 2 |
               fates[n].early << 3]++;
    for (int n = 0; n < 16; n++)
        chi += pow(counts[n] - PACKETS / 16.0, 2) / (PACKETS / 16.0);
    if (chi > 37.7) /* 15 degrees of freedom, 99.9 % */
        fail_msg("chi-square %g", chi);
    free(fates);
}

/* Mean loss, and mean length of a burst, of a chain that loses all in its bad state: its length of
 * stay there is geometric, 1/r with variance (1-r)/r^2. */
static void gilbert_elliott_has_its_loss_and_bursts(void **state)
{
    (void)state;
    static const double cases[][2] = {{0.01, 0.25}, {0.001, 0.1}, {0.2, 0.5}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        const double p = cases[k][0], r = cases[k][1];
        struct impairment i = {.loss_model = LOSS_GEMODEL, .loss_parameters = {p, r, 1, 0}};
        i.loss = impairment_mean_loss(LOSS_GEMODEL, i.loss_parameters);
        struct fate *fates = fates_of(&i, 11);
        struct tally t = tally_of(fates, LOST);
        expect_near(t.share, p / (p + r), 3 * tolerance(p / (p + r), 1 - p - r) / Z999, "loss");
        expect_near(t.burst, 1 / r, 3 * sqrt((1 - r) / (r * r) / t.runs), "burst");
        free(fates);
    }
}

static void gilbert_elliott_loses_in_both_states(void **state)
{
    (void)state;
    struct impairment i = {.loss_model = LOSS_GEMODEL, .loss_parameters = {0.05, 0.15, 0.6, 0.02}};
    i.loss = impairment_mean_loss(LOSS_GEMODEL, i.loss_parameters);
    struct fate *fates = fates_of(&i, 5);
    expect_near(tally_of(fates, LOST).share, 0.25 * 0.6 + 0.75 * 0.02, tolerance(0.165, 0.6),
                "loss");
    free(fates);
}

static void four_states_have_the_loss_of_their_chain(void **state)
{
    (void)state;
    static const double cases[][5] = {
        {0.01, 0.3, 0.2, 0.5, 0.001}, {0.05, 0.9, 0, 1, 0}, {0, 1, 0, 1, 0.02}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        struct impairment i = {.loss_model = LOSS_STATE};
        memcpy(i.loss_parameters, cases[k], sizeof(i.loss_parameters));
        i.loss = impairment_mean_loss(LOSS_STATE, i.loss_parameters);
        struct fate *fates = fates_of(&i, 17 + k);
        struct tally t = tally_of(fates, LOST);
        expect_near(t.share, i.loss, tolerance(i.loss, fmax(t.correlation, 0)), "loss");
        if (cases[k][0] == 0) /* isolated losses only */
            assert_true(t.burst == 1);
        free(fates);
    }
}

static int compare_times(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance of the drawn jitter from the asked distribution. */
static double distance(const struct fate *fates, const struct impairment *i)
{
    int64_t *sorted = xcalloc(PACKETS, sizeof(*sorted));
    const struct distribution *d = i->distribution;
    double most = 0;
    for (int n = 0; n < PACKETS; n++)
        sorted[n] = fates[n].jitter_ns;
    qsort(sorted, PACKETS, sizeof(*sorted), compare_times);
    size_t below = 0; /* values of the table */
    for (int n = 0; n < PACKETS; n++) {
        double share = ((double)sorted[n] / (double)i->jitter_ns + 1) / 2;
        while (d && below < d->count &&
               (int64_t)((double)d->values[below] * (double)i->jitter_ns / DISTRIBUTION_SCALE) <=
                   sorted[n])
            below++;
        if (d)
            share = (double)below / (double)d->count;
        if (n + 1 == PACKETS || sorted[n + 1] > sorted[n])
            most = fmax(most, fabs(share - (n + 1.0) / PACKETS));
    }
    free(sorted);
    return most;
}

static double jitter_correlation(const struct fate *fates)
{
    double mean = 0, variance = 0, product = 0;
    for (int n = 0; n < PACKETS; n++)
        mean += (double)fates[n].jitter_ns / PACKETS;
    for (int n = 0; n < PACKETS; n++) {
        double v = (double)fates[n].jitter_ns - mean;
        variance += v * v;
        product += n ? v * ((double)fates[n - 1].jitter_ns - mean) : 0;
    }
    return product / variance;
}

static void jitter_has_its_distribution_whatever_the_correlation(void **state)
{
    (void)state;
    static const char *const names[] = {NULL, "normal", "pareto", "paretonormal"};
    for (size_t k = 0; k < 2 * ARRAY_LEN(names); k++) {
        struct distribution *d = names[k / 2] ? distribution_named(names[k / 2]) : NULL;
        const double c = k % 2 ? 0.5 : 0;
        struct impairment i = {.delay_ns = NS_PER_SEC, .jitter_ns = 10 * NS_PER_MS};
        i.distribution = d;
        i.jitter_correlation = c;
        struct fate *fates = fates_of(&i, 23 + k);
        /* 1.95 / sqrt(n) is the 99.9 % bound of independent draws; correlated ones are worth
         * (1 - c) / (1 + c) of them. */
        double bound = 1.95 * sqrt((1 + c) / (1 - c) / PACKETS);
        if (distance(fates, &i) > bound)
            fail_msg("%s: distance %g, bound %g", names[k / 2] ? names[k / 2] : "uniform",
                     distance(fates, &i), bound);
        /* Behind it is a Gaussian process: a skewed distribution keeps a little less of it. */
        expect_near(jitter_correlation(fates), c, c > 0 ? 0.12 : 0.01, "correlation");
        free(fates);
        distribution_free(d);
    }
}

static void a_gap_keeps_packets_between_in_their_places(void **state)
{
    (void)state;
    const struct impairment i = {.delay_ns = 1, .reorder = {1, 0}, .reorder_gap = 5};
    struct fate *fates = fates_of(&i, 1);
    for (int n = 0; n < 100; n++)
        assert_int_equal(fates[n].early, n % 5 == 4);
    free(fates);
}

static void another_parameter_leaves_the_other_draws_alone(void **state)
{
    (void)state;
    struct impairment i = {.delay_ns = NS_PER_SEC,
                           .loss = 0.1,
                           .jitter_ns = NS_PER_MS,
                           .duplicate = {0.1, 0},
                           .corrupt = {0.1, 0}};
    struct fate *before = fates_of(&i, 1);
    i.loss = 0.2;
    i.reorder = (struct chance){0.1, 0};
    struct fate *after = fates_of(&i, 1);
    for (int n = 0; n < PACKETS; n++) {
        assert_true(after[n].lost || !before[n].lost);
        assert_int_equal(before[n].duplicate, after[n].duplicate);
        assert_int_equal(before[n].corrupt, after[n].corrupt);
        assert_int_equal(before[n].jitter_ns, after[n].jitter_ns);
    }
    free(before);
    free(after);
}

/* Drawn once and noted: the fates of a seed are a promise to those who have published with it. */
static void the_fates_of_a_seed_do_not_change_between_versions(void **state)
{
    (void)state;
    const struct impairment i = {.delay_ns = NS_PER_SEC,
                                 .loss = 0.1,
                                 .jitter_ns = NS_PER_MS,
                                 .duplicate = {0.1, 0.2},
                                 .corrupt = {0.1, 0},
                                 .reorder = {0.1, 0}};
    struct fate *fates = fates_of(&i, 42);
    uint64_t hash = 0xcbf29ce484222325u;
    for (int n = 0; n < 1000; n++) {
        const uint64_t words[] = {fates[n].lost, fates[n].duplicate, fates[n].corrupt,
                                  fates[n].early, (uint64_t)fates[n].jitter_ns};
        for (size_t k = 0; k < ARRAY_LEN(words); k++)
            hash = (hash ^ words[k]) * 0x100000001b3u;
    }
    if (hash != 0xfa74c7214d510c71u)
        fail_msg("the hash is %#llx", (unsigned long long)hash);
    free(fates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_chances_have_their_share_and_correlation),
        cmocka_unit_test(chances_do_not_depend_on_each_other),
        cmocka_unit_test(gilbert_elliott_has_its_loss_and_bursts),
        cmocka_unit_test(gilbert_elliott_loses_in_both_states),
        cmocka_unit_test(four_states_have_the_loss_of_their_chain),
        cmocka_unit_test(jitter_has_its_distribution_whatever_the_correlation),
        cmocka_unit_test(a_gap_keeps_packets_between_in_their_places),
        cmocka_unit_test(another_parameter_leaves_the_other_draws_alone),
        cmocka_unit_test(the_fates_of_a_seed_do_not_change_between_versions),
    };
    return RUN_TESTS(tests);
}
