/* SPDX-License-Identifier: MIT
 *
 * verdict: {delay_error: 1ms, lateness_p99: 500us, …}: where a run stops being trusted. Why the
 * defaults are what they are:
 *
 *   delay_error   1ms     ten times what an idle machine shows, a hundredth of an ocean
 *   lateness_p99  500us   half of that: a packet that waited for a processor is a longer wire
 *   drops         0%      a packet that nothing asked to drop is a loss nobody will look for
 *   rate_error    1%      a wire's framing alone is 1 to 3 %: beyond it the rate is another one
 *   confidence    99.9%   of all wires together, however many: one false alarm in 1,000 verifies
 *   steal         5%      while the hypervisor runs others nothing here runs, wires included
 *   pressure      100%    never: a busy machine makes databases slow, which is a measurement. It
 *                         is an error of the network only where packets left late, and that is
 *                         looked at itself
 *   clock_jump    1ms     samples are stamped with the wall clock
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/scenario_decode.h"

static int decode_time(const struct yaml *node, uint64_t *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, "a limit of the verdict", err);
    if (r == 0 && units_parse_time(node->scalar, ret, err) < 0)
        return yaml_wrap(err, &node->mark);
    return r;
}

static int decode_share(const struct yaml *node, double *ret, struct error *err)
{
    int r = yaml_expect_scalar(node, "a limit of the verdict", err);
    if (r == 0 && units_parse_share(node->scalar, ret, err) < 0)
        return yaml_wrap(err, &node->mark);
    return r;
}

static int decode_confidence(const struct yaml *node, double *ret, struct error *err)
{
    double share;
    int r = decode_share(node, &share, err);
    if (r == 0 && !(share >= 0.5 && share <= 0.999999))
        return yaml_error(err, &node->mark,
                          "a confidence of '%.60s' is out of range: expected 50%% to 99.9999%%",
                          node->scalar);
    if (r == 0)
        *ret = share;
    return r;
}

int scenario_decode_verdict(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct verdict_limits *v = &s->verdict;
    *v = (struct verdict_limits){
        .delay_error_ns = NS_PER_MS,
        .lateness_ns = 500 * NS_PER_US,
        .rate_error = 0.01,
        .confidence = 0.999,
        .steal = 0.05,
        .pressure = 1,
        .clock_jump_ns = NS_PER_MS,
    };
    const struct {
        const char *key;
        uint64_t *time;
        double *share;
    } limits[] = {
        {"delay_error", &v->delay_error_ns, NULL},
        {"lateness_p99", &v->lateness_ns, NULL},
        {"drops", NULL, &v->drops},
        {"rate_error", NULL, &v->rate_error},
        {"steal", NULL, &v->steal},
        {"pressure", NULL, &v->pressure},
        {"clock_jump", &v->clock_jump_ns, NULL},
        {"confidence", NULL, NULL},
    };
    const char *keys[ARRAY_LEN(limits)];
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        keys[i] = limits[i].key;
    int r = map ? yaml_expect_map(map, "the verdict's limits", keys, ARRAY_LEN(keys), err) : 0;
    for (size_t i = 0; r == 0 && map && i < ARRAY_LEN(limits); i++) {
        const struct yaml *node = yaml_get(map, limits[i].key);
        if (!node)
            continue;
        r = limits[i].time    ? decode_time(node, limits[i].time, err)
            : limits[i].share ? decode_share(node, limits[i].share, err)
                              : decode_confidence(node, &v->confidence, err);
    }
    return r;
}
