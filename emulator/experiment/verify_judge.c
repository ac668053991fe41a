/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "agent/train.h"
#include "experiment/verify.h"

/* The sender may be so late with a flood and still keep the wire busy. */
static const double cushion_s = 0.03;

static double number(json_t *answer, const char *key)
{
    return json_number_value(json_object_get(answer, key));
}

static uint64_t count(json_t *answer, const char *key)
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
    double half = z / 2 / sqrt(fmax((double)count(answer, "received"), 1));
    return (struct interval){delay_at(answer, 0.5 - half), delay_at(answer, 0.5 + half)};
}

struct context {
    const struct verify_plan *v;
    const struct path *path;
    const struct verdict_limits *limits;
    json_t *heard, *back; /* spaced packets: what came over the path, and over the way back */
    bool apart;           /* the two ends have clocks of their own */
    const struct path *way_back;
};

static double asked_delay_s(const struct path *p)
{
    return (double)path_passage_ns(p, VERIFY_PACE_PAYLOAD + TRAIN_HEADERS) / 1e9;
}

static void settle(struct finding *f)
{
    if (f->result == FINDING_UNKNOWN)
        return;
    bool within = isnan(f->limit) ? f->asked >= f->interval.low && f->asked <= f->interval.high
                                  : fabs(f->achieved - f->asked) <= f->limit;
    f->result = within ? FINDING_WITHIN : FINDING_BEYOND;
}

/* Between two clocks only the sum of both directions is known: each gets half of its error. */
static struct finding find_delay(const struct context *c)
{
    double asked = asked_delay_s(c->path), shift = 0;
    struct interval interval = median_interval(c->heard, c->v->z);
    double achieved = delay_at(c->heard, 0.5);
    if (c->apart) {
        double error = achieved - asked, back = delay_at(c->back, 0.5) - asked_delay_s(c->way_back);
        shift = (error + back) / 2 - error;
    }
    return (struct finding){
        .what = "delay",
        .unit = FINDING_TIME,
        .asked = asked,
        .achieved = achieved + shift,
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
    uint64_t received = count(c->heard, "received"), lost = sent > received ? sent - received : 0;
    struct finding f = {
        .what = "loss",
        .unit = FINDING_SHARE,
        .asked = path_loss(c->path),
        .achieved = (double)lost / (double)sent,
        .interval = stats_wilson(lost, sent, c->v->z),
        .limit = path_loss(c->path) > 0 ? NAN : c->limits->drops,
        .packets = sent,
    };
    if (count(c->heard, "overflows") > 0) {
        f.result = FINDING_UNKNOWN;
        f.why = "the receiver's own socket overflowed";
    }
    return f;
}

static struct finding find_share(const struct context *c, const char *what, const char *key)
{
    uint64_t received = count(c->heard, "received");
    return (struct finding){
        .what = what,
        .unit = FINDING_SHARE,
        .achieved = (double)count(c->heard, key) / (double)received,
        .interval = stats_wilson(count(c->heard, key), received, c->v->z),
        .limit = 0,
    };
}

/* Where something held up the sender, or the delay line, for want of a processor, the wire stood
 * idle or its packets came in heaps, which is not its rate: then what it was most of the time
 * counts. */
static struct finding find_rate(const struct context *c, const struct train_answers *train,
                                bool disturbed)
{
    json_t *heard = train->receiver;
    const double payload = (double)train->payload, framing = (payload + TRAIN_HEADERS) / payload;
    bool held_up = disturbed || number(train->sender, "lag_max_s") > cushion_s;
    double bytes_per_s = held_up ? number(heard, "bytes_per_s")
                                 : number(heard, "bytes") / fmax(number(heard, "span_s"), 1e-9);
    struct finding f = {
        .what = "rate",
        .unit = FINDING_RATE,
        .asked = (double)path_rate_bps(c->path),
        .achieved = bytes_per_s * framing * 8,
        .interval = {NAN, NAN},
        .limit = c->limits->rate_error * (double)path_rate_bps(c->path),
        .packets = count(heard, "received"),
    };
    double sent_bps = number(train->sender, "sent") * (payload + TRAIN_HEADERS) * 8 /
                      fmax(number(train->sender, "send_s"), 1e-9) * (1 - path_loss(c->path));
    if (held_up && f.achieved < f.asked - f.limit && sent_bps < f.asked) {
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

size_t verify_judge(const struct verify_plan *v, const struct plan *plan, size_t pair,
                    unsigned direction, const struct verify_answers *answers,
                    struct finding ret[FINDINGS_OF_PATH])
{
    const size_t number_of_path = 2 * pair + direction;
    const struct path *p = &v->paths[number_of_path];
    const struct node *nodes = plan->scenario->nodes;
    const struct train_answers *pace = answers->stages[VERIFY_PACE];
    const struct context c = {
        .v = v,
        .path = p,
        .way_back = &v->paths[number_of_path ^ 1],
        .limits = &plan->scenario->verdict,
        .heard = pace[direction].receiver,
        .back = pace[1 - direction].receiver,
        .apart = scenario_is_machine(nodes[p->from].kind) || scenario_is_machine(nodes[p->to].kind),
    };
    const struct train_answers *rate = &answers->stages[VERIFY_RATE][direction];
    const uint64_t sent = count(pace[direction].sender, "sent");
    size_t n = 0;
    if (count(c.heard, "received") == 0) {
        ret[n++] = find_silence(&c, sent);
    } else {
        if (!c.apart || count(c.back, "received") > 0)
            ret[n++] = find_delay(&c);
        ret[n++] = find_jitter(&c);
        ret[n++] = find_loss(&c, sent);
        ret[n++] = find_share(&c, "reordered", "reordered");
        ret[n++] = find_share(&c, "duplicated", "duplicates");
    }
    if (rate->receiver && count(c.heard, "received") > 0)
        ret[n++] = find_rate(&c, rate, answers->disturbed);
    for (size_t i = 0; i < n; i++) {
        ret[i].path = number_of_path;
        if (!path_is_plain(p)) {
            ret[i].result = FINDING_UNKNOWN;
            ret[i].why = "not told apart from what else the file asks of this wire";
        }
        if (ret[i].packets == 0)
            ret[i].packets = count(c.heard, "received");
        settle(&ret[i]);
    }
    return n;
}
