/* SPDX-License-Identifier: MIT
 *
 * Judging constant delays, independent losses and rates; what else there is lies in
 * verify_chance.c.
 */
#include <math.h>
#include <string.h>

#include "agent/train.h"
#include "experiment/verify_find.h"

/* The sender may be so late with a flood and still keep the wire busy. */
static const double cushion_s = 0.03;

double answer_number(json_t *answer, const char *key)
{
    return json_number_value(json_object_get(answer, key));
}

uint64_t answer_count(json_t *answer, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(answer, key));
}

/* A percentile of the delays, between the two that are known. */
static double delay_at(json_t *answer, double share)
{
    json_t *list = json_object_get(answer, "delay_s");
    double at = fmin(fmax(share, 0), 1) * (TRAIN_PERCENTILES - 1), below = floor(at);
    double low = json_number_value(json_array_get(list, (size_t)below));
    double high = json_number_value(json_array_get(list, (size_t)fmin(below + 1, 100)));
    return low + (high - low) * (at - below);
}

/* The confidence interval of the median, by order statistics. */
static struct interval median_interval(json_t *answer, double z)
{
    double half = z / 2 / sqrt(fmax((double)answer_count(answer, "received"), 1));
    return (struct interval){delay_at(answer, 0.5 - half), delay_at(answer, 0.5 + half)};
}

static double asked_delay_s(const struct path *p)
{
    return (double)path_passage_ns(p, VERIFY_PACE_PAYLOAD + TRAIN_HEADERS) / 1e9;
}

/* Where the middle of jitter lies depends on its distribution: there it is the mean. */
double delay_error_s(const struct path *p, json_t *heard, const struct verify_facts *facts)
{
    struct delay_law law;
    if (path_is_plain(p))
        return delay_at(heard, 0.5) - asked_delay_s(p);
    delay_law_init(&law, p);
    double error = law.has_jitter ? facts->mean_s - law.mean_s : facts->median_s;
    delay_law_done(&law);
    return error;
}

static void settle(struct finding *f)
{
    if (f->result == FINDING_UNKNOWN)
        return;
    bool within = isnan(f->limit) ? f->asked >= f->interval.low && f->asked <= f->interval.high
                                  : fabs(f->achieved - f->asked) <= f->limit;
    f->result = !within ? FINDING_BEYOND : f->needed > 0 ? FINDING_UNKNOWN : FINDING_WITHIN;
}

/* Between two clocks only the sum of both directions is known: each gets half of its error. */
static struct finding find_delay(const struct context *c)
{
    double error = delay_error_s(c->path, c->heard, c->facts), shift = 0;
    struct interval interval = median_interval(c->heard, c->v->z);
    if (c->apart)
        shift = (delay_error_s(c->way_back, c->back, c->back_facts) - error) / 2;
    return (struct finding){
        .what = "delay",
        .unit = FINDING_TIME,
        .asked = asked_delay_s(c->path),
        .achieved = asked_delay_s(c->path) + error + shift,
        .interval = {interval.low + shift, interval.high + shift},
        .limit = (double)c->limits->delay_error_ns / 1e9,
        .why = c->apart ? "half of the round trip's error" : NULL,
    };
}

/* Half of what the middle two thirds spread over: a normal distribution's standard deviation, and
 * not to be spoilt by the few packets that waited for a processor. */
static struct finding find_jitter(const struct context *c)
{
    return (struct finding){
        .what = "jitter",
        .unit = FINDING_TIME,
        .achieved = (delay_at(c->heard, 0.841) - delay_at(c->heard, 0.159)) / 2,
        .interval = {NAN, NAN},
        .limit = (double)c->limits->delay_error_ns / 1e9,
    };
}

static struct finding find_loss(const struct context *c, uint64_t sent)
{
    uint64_t received = answer_count(c->heard, "received");
    uint64_t lost = sent > received ? sent - received : 0;
    struct finding f = {
        .what = "loss",
        .unit = FINDING_SHARE,
        .achieved = (double)lost / (double)sent,
        .interval = stats_wilson(lost, sent, c->v->z),
        .limit = c->limits->drops,
        .packets = sent,
    };
    if (answer_count(c->heard, "overflows") > 0) {
        f.result = FINDING_UNKNOWN;
        f.why = "the receiver's own socket overflowed";
    }
    return f;
}

static struct finding find_share(const struct context *c, const char *what, const char *key)
{
    uint64_t received = answer_count(c->heard, "received");
    return (struct finding){
        .what = what,
        .unit = FINDING_SHARE,
        .achieved = (double)answer_count(c->heard, key) / (double)received,
        .interval = stats_wilson(answer_count(c->heard, key), received, c->v->z),
        .limit = 0,
    };
}

/* How well a rate can be known by that many packets: chance may take some of them behind the
 * slowest wire, and jitter moves the first and the last. As a share of it. */
static double rate_uncertainty(const struct context *c, size_t slowest, double packets,
                               double span_s)
{
    const struct path behind = {.wires = c->path->wires + slowest + 1,
                                .wire_count = c->path->wire_count - slowest - 1};
    const double lost = loss_law_of(&behind).share_variance;
    const double copied = path_duplicate(&behind).probability;
    const double chance = sqrt((lost + copied * (1 - copied)) / packets);
    struct delay_law law;
    delay_law_init(&law, c->path);
    double jitter = law.sd_s * M_SQRT2 / span_s;
    delay_law_done(&law);
    return c->v->z * sqrt(jitter * jitter + chance * chance);
}

/* What the sender made of it, as far as it could get there. */
static double sent_bps(const struct context *c, const struct train_answers *train, double bits)
{
    return answer_number(train->sender, "sent") * bits /
           fmax(answer_number(train->sender, "send_s"), 1e-9) * (1 - path_loss(c->path));
}

/* Where something held up the sender, or the delay line, for want of a processor, or where losses
 * come in rows, the wire stood idle or its packets came in heaps, which is not its rate: then what
 * it was most of the time counts. */
static struct finding find_rate(const struct context *c, const struct train_answers *train,
                                bool disturbed)
{
    json_t *heard = train->receiver;
    size_t slowest;
    const uint64_t bytes = train->payload + TRAIN_HEADERS;
    const double frames_per_s = path_frames_per_s(c->path, bytes, &slowest);
    const double bits = (double)impairment_cost(&c->path->wires[slowest]->framing, bytes) * 8;
    const double span_s = fmax(answer_number(heard, "span_s"), 1e-9);
    bool held_up = answer_number(train->sender, "lag_max_s") > cushion_s ||
                   !loss_law_of(c->path).is_independent || disturbed;
    double bytes_per_s =
        held_up ? answer_number(heard, "bytes_per_s") : answer_number(heard, "bytes") / span_s;
    struct finding f = {
        .what = "rate",
        .unit = FINDING_RATE,
        .asked = frames_per_s * bits,
        .achieved = bytes_per_s / (double)train->payload * bits,
        .interval = {NAN, NAN},
        .packets = answer_count(heard, "received"),
        .stage = VERIFY_RATE,
    };
    double half = f.asked * rate_uncertainty(c, slowest, (double)f.packets, span_s);
    f.limit = c->limits->rate_error * f.asked + half;
    finding_require(&f, half, 2 * c->limits->rate_error * f.asked);
    if (held_up && f.achieved < f.asked - f.limit && sent_bps(c, train, bits) < f.asked) {
        f.result = FINDING_UNKNOWN;
        f.why = "this machine could not send fast enough";
    }
    return f;
}

/* Nothing came: all is lost, and of the rest nothing can be said. */
static struct finding find_silence(const struct context *c, uint64_t sent)
{
    bool as_asked = path_loss(c->path) >= 1;
    return (struct finding){
        .what = "loss",
        .unit = FINDING_SHARE,
        .asked = path_loss(c->path),
        .achieved = 1,
        .interval = stats_wilson(sent, sent, c->v->z),
        .limit = 0,
        .packets = sent,
        .why = as_asked ? NULL : "no packet arrived",
    };
}

static size_t find_plain(const struct context *c, uint64_t sent, struct finding *ret)
{
    size_t n = 0;
    if (!c->apart || answer_count(c->back, "received") > 0)
        ret[n++] = find_delay(c);
    ret[n++] = find_jitter(c);
    if (c->facts->known)
        return n + find_listed_counts(c, ret + n);
    ret[n++] = find_loss(c, sent);
    ret[n++] = find_share(c, "reordered", "reordered");
    ret[n++] = find_share(c, "duplicated", "duplicates");
    return n;
}

static size_t find_listed(const struct context *c, struct finding *ret)
{
    size_t n = find_listed_delay(c, ret);
    return n + find_listed_counts(c, ret + n);
}

bool verify_is_apart(const struct path *p, const struct plan *plan)
{
    const struct node *nodes = plan->scenario->nodes;
    return scenario_is_machine(nodes[p->from].kind) || scenario_is_machine(nodes[p->to].kind);
}

static struct context context_of(const struct verify_plan *v, const struct plan *plan,
                                 size_t number, const struct verify_answers *answers)
{
    const struct train_answers *pace = answers->stages[VERIFY_PACE];
    const struct train_answers *counted = &answers->stages[VERIFY_COUNT][number % 2];
    const bool has_own = counted->facts.known;
    return (struct context){
        .v = v,
        .path = &v->paths[number],
        .way_back = &v->paths[number ^ 1],
        .limits = &plan->scenario->verdict,
        .heard = pace[number % 2].receiver,
        .back = pace[1 - number % 2].receiver,
        .facts = &pace[number % 2].facts,
        .back_facts = &pace[1 - number % 2].facts,
        .counted = has_own ? &counted->facts : &pace[number % 2].facts,
        .counted_stage = has_own ? VERIFY_COUNT : VERIFY_PACE,
        .apart = verify_is_apart(&v->paths[number], plan),
    };
}

size_t verify_judge(const struct verify_plan *v, const struct plan *plan, size_t pair,
                    unsigned direction, const struct verify_answers *answers,
                    struct finding ret[FINDINGS_OF_PATH])
{
    const size_t number = 2 * pair + direction;
    const struct context c = context_of(v, plan, number, answers);
    const struct train_answers *rate = &answers->stages[VERIFY_RATE][direction];
    const uint64_t sent = answer_count(answers->stages[VERIFY_PACE][direction].sender, "sent");
    const bool came = answer_count(c.heard, "received") > 0;
    size_t n = 0;
    if (!came)
        ret[n++] = find_silence(&c, sent);
    else if (path_is_plain(c.path))
        n = find_plain(&c, sent, ret);
    else
        n = find_listed(&c, ret);
    if (came && rate->facts.known && path_has_trace_rate(c.path))
        ret[n++] = find_trace_rate(&c, rate);
    else if (came && rate->receiver)
        ret[n++] = find_rate(&c, rate, answers->disturbed);
    for (size_t i = 0; i < n; i++) {
        ret[i].path = number;
        if (ret[i].packets == 0)
            ret[i].packets = answer_count(c.heard, "received");
        settle(&ret[i]);
    }
    return n;
}
