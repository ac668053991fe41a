/* SPDX-License-Identifier: MIT
 *
 * Judging what the file leaves to chance, and what it lets change with time.
 *
 * Each judgement has an interval of the confidence that is asked for, by a theory that knows of the
 * dependence of neighbouring packets: Wilson's interval for shares, with as many trials as that
 * many independent packets would be worth (loss_law.h; (1 + c) / (1 - c) for a chance of
 * correlation c); the moments' own variances for mean and standard deviation; a bound that holds
 * for any distribution for its shape; Bartlett's variance (1 - c^2) / n for the correlation of a
 * process of first order ("On the Theoretical Specification and Sampling Properties of
 * Autocorrelated Time-Series", 1946). An interval too wide to say anything is no judgement: see
 * finding_require().
 */
#include <math.h>

#include "agent/train.h"
#include "experiment/verify_find.h"

static const double precision = 0.5, share_precision = 2e-3; /* of shares: the larger one */
static const double spread_precision = 0.25;                 /* of jitter, in its own deviation */
static const double distribution_precision = 0.125, correlation_precision = 0.25;
/* What spacing and the machine's own noise may do to shape and correlation. */
static const double held_back = 0.002, correlation_noise = 0.05;
/* Of packets that skipped a delay, and then waited for a processor as long as that. */
static const double mistaken_max = 0.01;

void finding_require(struct finding *f, double half, double wanted)
{
    if (half > wanted)
        f->needed = (uint64_t)fmin(ceil((double)f->packets * pow(half / wanted, 2)), 1e15);
}

/* --- delays */

/* How many dependent values are worth one independent one. */
static double inflation(double correlation)
{
    return correlation < 1 ? (1 + correlation) / (1 - correlation) : INFINITY;
}

/* Between two clocks only the sum of both directions is known: each gets half of its error. */
static struct finding find_mean(const struct context *c, const struct delay_law *law)
{
    const struct verify_facts *facts = c->facts;
    const double error = delay_error_s(c->path, c->heard, facts);
    const double n = (double)(facts->kept - facts->late);
    double half = c->v->z * law->sd_s * sqrt(inflation(law->correlation) / n);
    double limit = (double)c->limits->delay_error_ns / 1e9;
    struct finding f = {
        .what = "delay",
        .unit = FINDING_TIME,
        .asked = facts->forecast_s + law->mean_s,
        .limit = limit + half,
        .packets = facts->kept,
        .why = c->apart ? "half of the round trip's error" : NULL,
    };
    f.achieved = f.asked + error;
    if (c->apart)
        f.achieved = f.asked + (error + delay_error_s(c->way_back, c->back, c->back_facts)) / 2;
    f.interval = (struct interval){f.achieved - half, f.achieved + half};
    finding_require(&f, half, fmax(limit, law->sd_s * spread_precision));
    return f;
}

static struct finding find_spread(const struct context *c, const struct delay_law *law)
{
    const struct verify_facts *facts = c->facts;
    const double n = (double)(facts->kept - facts->late), square = pow(law->correlation, 2);
    double half =
        c->v->z * law->sd_s / 2 *
        sqrt((law->fourth - 1) / n * (square < 1 ? (1 + square) / (1 - square) : INFINITY));
    double limit = (double)c->limits->delay_error_ns / 1e9;
    struct finding f = {
        .what = "jitter",
        .unit = FINDING_TIME,
        .asked = law->sd_s,
        .achieved = law->has_jitter ? facts->sd_s : facts->spread_s,
        .limit = limit + half,
        .packets = facts->kept,
    };
    f.interval = (struct interval){fmax(f.achieved - half, 0), f.achieved + half};
    finding_require(&f, half, fmax(limit, law->sd_s * spread_precision));
    return f;
}

static struct finding find_shape(const struct context *c, const struct delay_law *law)
{
    const double n = (double)(c->facts->kept - c->facts->late) / inflation(law->correlation);
    const double bound = stats_distribution_bound(n, c->v->z);
    struct finding f = {
        .what = "distribution",
        .unit = FINDING_SHARE,
        .achieved = c->facts->distance,
        .interval = {fmax(c->facts->distance - bound, 0), fmin(c->facts->distance + bound, 1)},
        .limit = bound + held_back,
        .packets = c->facts->kept,
    };
    finding_require(&f, bound, distribution_precision);
    return f;
}

static struct finding find_correlation(const struct context *c, const struct delay_law *law)
{
    const double n = fmax((double)c->facts->neighbours, 1), achieved = c->facts->correlation;
    const double half = c->v->z * sqrt((1 - pow(law->correlation, 2)) / n);
    struct finding f = {
        .what = "correlation",
        .unit = FINDING_SHARE,
        .asked = law->correlation,
        .achieved = achieved,
        .interval = {fmax(achieved - half, -1), fmin(achieved + half, 1)},
        .limit = half + correlation_noise,
        .packets = c->facts->neighbours,
    };
    finding_require(&f, half, correlation_precision);
    return f;
}

static struct finding find_trace_error(const struct context *c)
{
    struct finding f = {
        .what = "trace",
        .unit = FINDING_TIME,
        .achieved = c->facts->error_s,
        .interval = {NAN, NAN},
        .limit = (double)c->limits->delay_error_ns / 1e9,
        .packets = c->facts->kept,
    };
    if (c->apart) {
        f.result = FINDING_UNKNOWN;
        f.why = "the ends have clocks of their own";
    }
    return f;
}

static bool is_back_known(const struct context *c)
{
    return path_is_plain(c->way_back) ? answer_count(c->back, "received") > 0
                                      : c->back_facts->known;
}

size_t find_listed_delay(const struct context *c, struct finding *ret)
{
    const double least_s = (double)c->limits->delay_error_ns / 4e9;
    struct delay_law law;
    size_t n = 0;
    delay_law_init(&law, c->path);
    if (c->facts->kept > c->facts->late) {
        if (!c->apart || is_back_known(c))
            ret[n++] = find_mean(c, &law);
        ret[n++] = find_spread(c, &law);
        if (law.has_jitter)
            ret[n++] = find_shape(c, &law);
        if (law.correlation > 0 || law.sd_s > least_s)
            ret[n++] = find_correlation(c, &law);
        if (path_has_trace(c->path) && !law.has_jitter)
            ret[n++] = find_trace_error(c);
    }
    delay_law_done(&law);
    return n;
}

/* --- shares */

static struct finding find_chance(const struct context *c, const char *what, uint64_t hits,
                                  uint64_t packets, const struct chance *asked)
{
    const double share = packets ? (double)hits / (double)packets : 0;
    struct finding f = {
        .what = what,
        .unit = FINDING_SHARE,
        .asked = asked->probability,
        .achieved = share,
        .interval =
            stats_wilson_share(share, (double)packets / inflation(asked->correlation), c->v->z),
        .limit = asked->probability > 0 ? NAN : 0,
        .packets = packets,
        .stage = c->counted_stage,
    };
    if (asked->probability > 0 && asked->probability < 1)
        finding_require(&f, (f.interval.high - f.interval.low) / 2,
                        fmax(asked->probability * precision, share_precision));
    return f;
}

static struct finding find_loss_of_law(const struct context *c, const struct loss_law *law)
{
    const struct verify_facts *facts = c->counted;
    const double share = (double)facts->lost / (double)facts->sent;
    const double worth = law->share * (1 - law->share) / law->share_variance;
    struct finding f = {
        .what = "loss",
        .unit = FINDING_SHARE,
        .asked = law->share,
        .achieved = share,
        .interval = stats_wilson_share(
            share, (double)facts->sent * (law->share_variance > 0 ? worth : 1), c->v->z),
        .limit = law->share > 0 ? NAN : c->limits->drops,
        .packets = facts->sent,
        .stage = c->counted_stage,
    };
    if (law->share > 0)
        finding_require(&f, (f.interval.high - f.interval.low) / 2,
                        fmax(law->share * precision, share_precision));
    return f;
}

static struct finding find_loss_of_trace(const struct context *c)
{
    const struct verify_facts *facts = c->counted;
    const double sent = (double)facts->sent, share = (double)facts->lost / sent;
    const double half = (c->v->z * facts->trace_lost_sd + (facts->trace_lost > 0)) / sent;
    struct finding f = {
        .what = "loss",
        .unit = FINDING_SHARE,
        .asked = facts->trace_lost / sent,
        .achieved = share,
        .interval = {fmax(share - half, 0), fmin(share + half, 1)},
        .limit = NAN,
        .packets = facts->sent,
        .stage = c->counted_stage,
    };
    if (f.asked > 0)
        finding_require(&f, half, fmax(f.asked * precision, share_precision));
    if (c->apart) {
        f.result = FINDING_UNKNOWN;
        f.why = "the ends have clocks of their own";
    }
    return f;
}

/* Whether one more loss follows a loss is what Wilson's interval is of: the mean length of a burst
 * is 1 / (1 - that). */
static struct finding find_burst(const struct context *c, const struct loss_law *law)
{
    const struct verify_facts *facts = c->counted;
    const double more = 1 - 1 / law->burst, lost = fmax((double)facts->lost, 1);
    const double achieved = 1 - (double)facts->bursts / lost;
    const double trials =
        more * (1 - more) * pow(law->burst, 4) * (double)facts->sent / law->burst_variance;
    const struct interval w = stats_wilson_share(achieved, trials, c->v->z);
    struct finding f = {
        .what = "burst",
        .unit = FINDING_PACKETS,
        .asked = law->burst,
        .achieved = 1 / (1 - achieved),
        .interval = {1 / (1 - w.low), 1 / fmax(1 - w.high, 1e-9)},
        .limit = NAN,
        .packets = facts->sent,
        .stage = c->counted_stage,
    };
    finding_require(&f, (f.interval.high - f.interval.low) / 2, law->burst * precision);
    return f;
}

/* Of independent losses nobody asked for a burst: it is judged where it can be. */
static bool is_worth(const struct finding *burst, const struct loss_law *law)
{
    return !law->is_independent || burst->needed == 0;
}

static size_t find_losses(const struct context *c, struct finding *ret)
{
    const struct loss_law law = loss_law_of(c->path);
    size_t n = 0;
    ret[n++] = isnan(c->counted->trace_lost) ? find_loss_of_law(c, &law) : find_loss_of_trace(c);
    if (answer_count(c->heard, "overflows") > 0) {
        ret[0].result = FINDING_UNKNOWN;
        ret[0].why = "the receiver's own socket overflowed";
        return n;
    }
    if (!isnan(c->counted->trace_lost) || law.share <= 0 || law.share >= 1 ||
        c->counted->lost == 0 || !isfinite(law.burst_variance))
        return n;
    ret[n] = find_burst(c, &law);
    return n + is_worth(&ret[n], &law);
}

/* --- order */

static struct finding find_early(const struct context *c, const struct delay_law *law)
{
    const struct chance asked = {law->early, law->early_correlation};
    struct finding f = find_chance(c, "reordered", c->counted->early, c->counted->received, &asked);
    if (isnan(law->early_below_s)) {
        f.result = FINDING_UNKNOWN;
        f.why = "the delay that they skip is too short to be told from jitter";
    }
    return f;
}

/* Whether packets stay in order that do not skip a delay. Where jitter may reorder, what happens to
 * one depends on all that are sent while it may be on the way. */
static struct finding find_order(const struct context *c, const struct delay_law *law)
{
    const struct verify_facts *facts = c->counted;
    const size_t path = (size_t)(c->path - c->v->paths);
    const double gap_s = (double)verify_plan_train(c->v, path, c->counted_stage).gap_ns / 1e9;
    const double range_s = law->values_s[law->count - 1] - law->values_s[0];
    const double neighbours = 1 + 2 * floor(range_s / gap_s);
    const bool skips = law->early > 0;
    struct chance asked = {0, 0};
    if (law->order_free && !skips)
        asked = (struct chance){delay_law_disorder(law, gap_s, path_loss(c->path)),
                                1 - 2 / (neighbours + 1)}; /* worth 1 / neighbours */
    struct finding f =
        find_chance(c, skips ? "order" : "reordered", skips ? facts->overtakers : facts->overtaken,
                    facts->kept, &asked);
    if (skips)
        f.limit = mistaken_max;
    return f;
}

size_t find_listed_counts(const struct context *c, struct finding *ret)
{
    const struct verify_facts *facts = c->counted;
    const struct chance duplicate = path_duplicate(c->path), corrupt = path_corrupt(c->path);
    struct delay_law law;
    size_t n = find_losses(c, ret);
    const bool needs_frames = verify_needs_frames(c->path) || verify_needs_frames(c->way_back);
    delay_law_init(&law, c->path);
    if (law.early > 0)
        ret[n++] = find_early(c, &law);
    if (law.early > 0 ? !isnan(law.early_below_s) && !law.order_free
                      : !(law.order_free && law.correlation > 0))
        ret[n++] = find_order(c, &law);
    ret[n++] = find_chance(c, "duplicated", facts->copied, facts->received, &duplicate);
    if (needs_frames)
        ret[n++] = find_chance(c, "corrupted", facts->damaged, facts->received, &corrupt);
    delay_law_done(&law);
    for (size_t i = 0; needs_frames && answer_count(c->heard, "blind") && i < n; i++) {
        ret[i].result = FINDING_UNKNOWN;
        ret[i].why = "the node has no packet sockets to see damaged packets with";
    }
    return n;
}

/* --- traces */

struct finding find_trace_rate(const struct context *c, const struct train_answers *flood)
{
    const struct verify_facts *facts = &flood->facts;
    const uint64_t bytes = flood->payload + TRAIN_HEADERS;
    size_t slowest;
    path_frames_per_s(c->path, bytes, &slowest);
    const double bits = (double)impairment_cost(&c->path->wires[slowest]->framing, bytes) * 8;
    struct finding f = {
        .what = "rate",
        .unit = FINDING_RATE,
        .asked = (double)facts->frames * bits / fmax(facts->asked_span_s, 1e-9),
        .achieved = (double)facts->frames * bits / fmax(facts->span_s, 1e-9),
        .interval = {NAN, NAN},
        .packets = facts->received,
        .stage = VERIFY_RATE,
    };
    f.limit = c->limits->rate_error * f.asked + 2 * bits / fmax(facts->asked_span_s, 1e-9);
    if (c->apart) {
        f.result = FINDING_UNKNOWN;
        f.why = "the ends have clocks of their own";
    }
    return f;
}
