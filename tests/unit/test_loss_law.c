/* SPDX-License-Identifier: MIT
 *
 * The laws of the models of loss, against closed forms and against chains that are played out.
 */
#include "topology/loss_law.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "expect.h"

static void expect_near(double value, double wanted, double within)
{
    if (!(fabs(value - wanted) <= within))
        fail_msg("expected %.9g within %g, found %.9g", wanted, within, value);
}

static struct loss_law law_of(const struct impairment *first, const struct impairment *second)
{
    const struct impairment *wires[] = {first, second};
    return loss_law_of(&(struct path){.wires = wires, .wire_count = second ? 2 : 1});
}

static struct impairment impairment_of(enum loss_model model, const double *p)
{
    struct impairment i = {.loss_model = model};
    memcpy(i.loss_parameters, p, sizeof(i.loss_parameters));
    i.loss = impairment_mean_loss(model, p);
    return i;
}

static struct impairment random_loss(double loss, double correlation)
{
    return (struct impairment){.loss = loss, .loss_parameters = {correlation}};
}

static void independent_losses_are_the_binomials(void **state)
{
    (void)state;
    struct impairment i = random_loss(0.02, 0);
    struct loss_law law = law_of(&i, NULL);
    assert_true(law.is_independent);
    expect_near(law.share, 0.02, 1e-12);
    expect_near(law.share_variance, 0.02 * 0.98, 1e-12);
    expect_near(law.burst, 1 / 0.98, 1e-12);
    /* A chain with next to no correlation has the same numbers by the other way. */
    i = random_loss(0.02, 1e-12);
    struct loss_law other = law_of(&i, NULL);
    assert_false(other.is_independent);
    expect_near(other.share_variance, law.share_variance, 1e-9);
    expect_near(other.burst, law.burst, 1e-9);
    expect_near(other.burst_variance, law.burst_variance, 1e-6);
    expect_near(other.bursts_per_packet, law.bursts_per_packet, 1e-9);
}

static void correlation_widens_the_mean_by_one_plus_c_over_one_minus_c(void **state)
{
    (void)state;
    struct impairment i = random_loss(0.1, 0.6);
    struct loss_law law = law_of(&i, NULL);
    expect_near(law.share, 0.1, 1e-12);
    expect_near(law.share_variance, 0.1 * 0.9 * 1.6 / 0.4, 1e-9);
    /* Bursts end with the chance (1 - 0.1)(1 - 0.6). */
    expect_near(law.burst, 1 / (0.9 * 0.4), 1e-9);
}

/* Gilbert's channel: 0.2 of the time is bad, bursts last 4 packets, as independent geometric ones.
 */
static void a_gilbert_channel_has_geometric_bursts(void **state)
{
    (void)state;
    struct impairment i = impairment_of(LOSS_GEMODEL, (double[5]){0.0625, 0.25, 1, 0});
    struct loss_law law = law_of(&i, NULL);
    expect_near(law.share, 0.2, 1e-9);
    expect_near(law.burst, 4, 1e-9);
    expect_near(law.bursts_per_packet, 0.05, 1e-9);
    /* Neighbours are correlated by 1 - p - r = 0.6875. */
    expect_near(law.share_variance, 0.16 * 1.6875 / 0.3125, 1e-9);
    /* A geometric length of mean 4 has the variance 12; there are n / 20 of them. */
    expect_near(law.burst_variance, 12 * 20, 1e-6);
}

static void an_elliott_channel_loses_in_both_states(void **state)
{
    (void)state;
    const double p = 0.02, r = 0.18, bad = 0.1, h = 0.6, k = 0.01;
    struct impairment i = impairment_of(LOSS_GEMODEL, (double[5]){p, r, h, k});
    struct loss_law law = law_of(&i, NULL);
    double mean = bad * h + (1 - bad) * k, lambda = 1 - p - r;
    expect_near(law.share, mean, 1e-9);
    double covariance = bad * (1 - bad) * (h - k) * (h - k) * lambda / (1 - lambda);
    expect_near(law.share_variance, mean * (1 - mean) + 2 * covariance, 1e-9);
}

/* Plays a chain of losses out, in `rounds` samples of `n` packets, and holds the spread of what
 * they show against the law. */
static void expect_spread(const struct loss_law *law, bool (*next)(uint64_t number, void *arg),
                          void *arg)
{
    enum { ROUNDS = 400, PACKETS = 4000 };
    double shares = 0, shares2 = 0, bursts = 0, bursts2 = 0;
    uint64_t number = 0;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned lost = 0, begun = 0;
        bool last = true;
        for (int i = 0; i < PACKETS; i++) {
            bool now = next(number++, arg);
            lost += now;
            begun += now && !last;
            last = now;
        }
        double share = lost / (double)PACKETS, burst = lost / (double)begun;
        shares += share, shares2 += share * share;
        bursts += burst, bursts2 += burst * burst;
    }
    double mean = shares / ROUNDS, variance = shares2 / ROUNDS - mean * mean;
    expect_near(mean, law->share, 5 * sqrt(law->share_variance / PACKETS / ROUNDS));
    expect_near(variance * PACKETS / law->share_variance, 1, 0.3);
    mean = bursts / ROUNDS, variance = bursts2 / ROUNDS - mean * mean;
    expect_near(mean, law->burst, 6 * sqrt(law->burst_variance / PACKETS / ROUNDS));
    expect_near(variance * PACKETS / law->burst_variance, 1, 0.35);
}

struct two_wires {
    unsigned first; /* state of netem's four */
    bool second;
};

/* Four states, then a correlated loss of what the first wire let pass. */
static bool next_of_two(uint64_t number, void *arg)
{
    struct two_wires *w = arg;
    double u = prng_unit(1, number), v = prng_unit(2, number);
    switch (w->first) {
    case 1:
        w->first = u < 0.01 ? 4 : u < 0.04 ? 3 : 1;
        break;
    case 2:
        w->first = u < 0.3 ? 3 : 2;
        break;
    case 3:
        w->first = u < 0.2 ? 2 : u < 0.45 ? 1 : 3;
        break;
    default:
        w->first = 1;
    }
    if (w->first > 2)
        return true;
    w->second = v < 0.1 * 0.5 + (w->second ? 0.5 : 0);
    return w->second;
}

static void two_wires_are_one_chain(void **state)
{
    (void)state;
    struct impairment first = impairment_of(LOSS_STATE, (double[5]){0.03, 0.25, 0.2, 0.3, 0.01});
    struct impairment second = random_loss(0.1, 0.5);
    struct loss_law law = law_of(&first, &second);
    expect_near(law.share, 1 - (1 - first.loss) * 0.9, 1e-9);
    struct two_wires wires = {.first = 1};
    expect_spread(&law, next_of_two, &wires);
}

static void what_never_settles_is_not_known(void **state)
{
    (void)state;
    struct impairment none = random_loss(0, 0), all = random_loss(1, 0);
    assert_true(law_of(&none, NULL).share == 0 && law_of(&none, NULL).burst == 0);
    assert_true(law_of(&all, NULL).share == 1);
    /* Ends in the state that loses all. */
    struct impairment i = impairment_of(LOSS_GEMODEL, (double[5]){0.1, 0, 1, 0});
    assert_true(!isfinite(law_of(&i, NULL).burst));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(independent_losses_are_the_binomials),
        cmocka_unit_test(correlation_widens_the_mean_by_one_plus_c_over_one_minus_c),
        cmocka_unit_test(a_gilbert_channel_has_geometric_bursts),
        cmocka_unit_test(an_elliott_channel_loses_in_both_states),
        cmocka_unit_test(two_wires_are_one_chain),
        cmocka_unit_test(what_never_settles_is_not_known),
    };
    return RUN_TESTS(tests);
}
