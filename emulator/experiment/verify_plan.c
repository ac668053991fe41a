/* SPDX-License-Identifier: MIT */
#include "experiment/verify_plan.h"

#include <math.h>
#include <stdlib.h>

#include "agent/train.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "topology/delay_law.h"
#include "topology/loss_law.h"
#include "topology/trace.h"

enum {
    PACKETS = 400,
    PACKETS_MAX = 2000000,
    RATE_PACKETS_MIN = 300,
    FLOOD_FRAMES = 20000, /* a second, at most where they could be larger */
    ORDER_PACKETS = 1000,
    ETHERNET_HEADER = 14,
    WAITING_MAX = 50, /* of spaced packets, while a trace lets none pass */
    LOSS_BURST = 4,   /* handed over in one piece: one loss has to be one of them all the same */
};

static const uint64_t gap_min_ns = 400 * NS_PER_US;    /* of packets whose loss is counted */
static const uint64_t gap_plain_ns = 2500 * NS_PER_US; /* of others: 400 take a second */
static const double precision = 0.25; /* the interval is ± so much of what is asked … */
static const double distribution_precision = 0.03; /* … or of the distribution function */
static const double pace_max_s = 10, quick_max_s = 2;
static const double load = 0.4;  /* of a rate that the spaced packets take */
static const double flood = 1.1; /* of a rate that is sent to measure it */
static const double rate_s = 2, quick_rate_s = 1;
static const uint64_t burst_ns = 500 * NS_PER_US, ahead_ns = 30 * NS_PER_MS;
static const double batch_overhead_s = 0.25; /* programs to start, hands to shake */

uint64_t train_plan_ns(const struct train_plan *t)
{
    uint64_t bursts = t->burst ? (t->count + t->burst - 1) / t->burst : 0;
    return bursts * t->gap_ns;
}

double train_plan_packets_per_s(const struct train_plan *t)
{
    return t->count && t->gap_ns ? (double)t->burst * 1e9 / (double)t->gap_ns : 0;
}

double train_plan_bits_per_s(const struct train_plan *t)
{
    return train_plan_packets_per_s(t) * (double)(t->payload + TRAIN_HEADERS) * 8;
}

/* --- how many, and how far apart */

static double longest_s(const struct verify_effort *e)
{
    return e->longest_s > 0 ? e->longest_s : e->quick ? quick_max_s : pace_max_s;
}

/* Packets for an interval of a share, of which neighbours may be correlated. */
static double packets_for(const struct chance *c, double z)
{
    if (c->probability <= 0 || c->probability >= 1 || c->correlation >= 1)
        return 0;
    return z * z * (1 - c->probability) / (c->probability * precision * precision) *
           (1 + c->correlation) / (1 - c->correlation);
}

static double packets_for_loss(const struct path *p, double z)
{
    const struct loss_law law = loss_law_of(p);
    if (law.share <= 0 || law.share >= 1)
        return 0;
    double of_share = law.share * precision, of_burst = law.burst * precision;
    double needed = z * z * law.share_variance / (of_share * of_share);
    if (!law.is_independent && isfinite(law.burst_variance))
        needed = fmax(needed, z * z * law.burst_variance / (of_burst * of_burst));
    return isfinite(needed) ? needed : 0;
}

/* The mean that traces lose. */
static double trace_loss(const struct path *p)
{
    double kept = 1;
    for (size_t i = 0; i < p->wire_count; i++)
        kept *= 1 - (p->wires[i]->trace ? p->wires[i]->trace->loss_mean : 0);
    return 1 - kept;
}

/* 0: nothing is left to chance but jitter. */
static double packets_to_count(const struct path *p, double z)
{
    struct delay_law law;
    delay_law_init(&law, p);
    const struct chance duplicate = path_duplicate(p), corrupt = path_corrupt(p),
                        early = {law.early, law.early_correlation}, lost = {trace_loss(p), 0};
    delay_law_done(&law);
    double needed = fmax(packets_for_loss(p, z), packets_for(&lost, z));
    needed = fmax(needed, fmax(packets_for(&duplicate, z), packets_for(&corrupt, z)));
    return fmax(needed, packets_for(&early, z));
}

static double packets_for_jitter(const struct path *p, double z)
{
    struct delay_law law;
    delay_law_init(&law, p);
    double bound = stats_distribution_bound(1, z) / distribution_precision;
    double needed = law.has_jitter && law.correlation < 1
                        ? bound * bound * (1 + law.correlation) / (1 - law.correlation)
                        : 0;
    delay_law_done(&law);
    return needed;
}

uint64_t verify_delay_gap_ns(const struct path *p)
{
    struct delay_law law;
    delay_law_init(&law, p);
    double gap_s = delay_law_gap(&law);
    delay_law_done(&law);
    return (uint64_t)(gap_s * 1e9);
}

/* A queue must not overflow by the packets that are to measure the wire. */
static double gap_of_traces(const struct path *p, uint64_t frame)
{
    double gap = 0;
    for (size_t n = 0; n < p->wire_count; n++) {
        const struct impairment *i = p->wires[n];
        if (!i->trace || i->trace->rate_bps == 0)
            continue;
        double bits = (double)impairment_cost(&i->framing, frame) * 8;
        double least = (double)i->trace->rate_min_bps;
        gap = fmax(gap, least > 0 ? bits * 1e9 / least / load : 0);
        gap = fmax(gap, (double)i->trace->silence_ns / WAITING_MAX);
    }
    return gap;
}

static double period_of(const struct path *p)
{
    double longest_ns = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        if (p->wires[i]->trace)
            longest_ns = fmax(longest_ns, (double)p->wires[i]->trace->period_ns);
    return longest_ns;
}

/* `count` packets at the gap, or more where the wire or a trace wants it; fewer if there is no time
 * for them. */
static struct train_plan spaced(const struct path *p, double count, uint64_t gap_ns,
                                const struct verify_effort *effort)
{
    struct train_plan t = {.gap_ns = gap_ns, .payload = VERIFY_PACE_PAYLOAD, .burst = 1};
    if (verify_needs_frames(p))
        t.payload = VERIFY_FRAMES_PAYLOAD;
    const uint64_t frame = t.payload + TRAIN_HEADERS;
    double gap = fmax((double)gap_ns, 1e9 / path_frames_per_s(p, frame, NULL) / load);
    gap = fmax(gap, gap_of_traces(p, frame));
    t.gap_ns = (uint64_t)gap;
    count = fmax(count, period_of(p) / gap);
    t.count = (uint64_t)fmin(fmax(ceil(count), PACKETS), PACKETS_MAX);
    double most = fmax(longest_s(effort) * 1e9 / (double)t.gap_ns, 10);
    if ((double)t.count > most)
        t.count = (uint64_t)most;
    return t;
}

struct train_plan verify_pace(const struct path *p, double z, const struct verify_effort *effort)
{
    const uint64_t delay_gap_ns = verify_delay_gap_ns(p);
    double count = packets_to_count(p, z);
    uint64_t gap_ns = count > 0 ? gap_min_ns : gap_plain_ns;
    if (delay_gap_ns > gap_min_ns) {
        count = 0;
        gap_ns = delay_gap_ns;
    }
    struct train_plan t = spaced(p, fmax(count, packets_for_jitter(p, z)), gap_ns, effort);
    if (path_is_plain(p) && path_loss(p) > 0 && isinf(path_frames_per_s(p, 1, NULL))) {
        t.burst = LOSS_BURST;
        t.gap_ns *= LOSS_BURST;
    }
    return t;
}

struct train_plan verify_count(const struct path *p, double z, const struct verify_effort *effort)
{
    if (verify_delay_gap_ns(p) <= gap_min_ns)
        return (struct train_plan){0};
    return spaced(p, fmax(packets_to_count(p, z), ORDER_PACKETS), gap_min_ns, effort);
}

bool verify_needs_list(const struct path *p)
{
    return !path_is_plain(p) || path_loss(p) > 0;
}

bool verify_needs_frames(const struct path *p)
{
    return path_corrupt(p).probability > 0;
}

/* As long as no packet is fragmented on the way. */
static double most_payload(const struct path *p)
{
    return fmin(TRAIN_PAYLOAD_MAX, (double)p->mtu - (TRAIN_HEADERS - ETHERNET_HEADER));
}

/* As small as the packets of a flood may be: where framing counts it counts most for small ones,
 * but there must not be more of them than a processor can send. */
static double least_payload(const struct path *p)
{
    size_t wire;
    path_frames_per_s(p, TRAIN_PAYLOAD_MAX + TRAIN_HEADERS, &wire);
    const struct impairment *slowest = p->wires[wire];
    if (!slowest->framing.overhead && !slowest->framing.cell)
        return most_payload(p);
    double payload = VERIFY_FRAMES_PAYLOAD;
    while (payload < most_payload(p) &&
           path_frames_per_s(p, (uint64_t)payload + TRAIN_HEADERS, NULL) > FLOOD_FRAMES)
        payload *= 1.25;
    return fmin(payload, most_payload(p));
}

/* Packets as large as they can be, but smaller ones where a slow wire would else carry only a few
 * in the time, or where there is framing to be measured. */
struct train_plan verify_rate(const struct path *p, const struct verify_effort *effort)
{
    size_t wire;
    const double frames_per_s = path_frames_per_s(p, TRAIN_PAYLOAD_MAX + TRAIN_HEADERS, &wire);
    const struct impairment *slowest = p->wires[wire];
    double seconds = effort->quick ? quick_rate_s : rate_s, lost = path_loss(p);
    if (isinf(frames_per_s) || lost >= 1)
        return (struct train_plan){0};
    if (path_has_trace_rate(p))
        seconds = fmax(seconds, fmin(period_of(p) / 1e9, longest_s(effort)));
    double frame = (double)impairment_rate(slowest) * seconds / 8 / RATE_PACKETS_MIN;
    double payload = fmin(frame - TRAIN_HEADERS, least_payload(p));
    double least = verify_needs_frames(p) ? VERIFY_FRAMES_PAYLOAD : TRAIN_PAYLOAD_MIN;
    struct train_plan t = {.payload = (uint64_t)fmin(fmax(payload, least), most_payload(p)),
                           .ahead_ns = ahead_ns};
    double each_ns =
        1e9 / path_frames_per_s(p, t.payload + TRAIN_HEADERS, NULL) / flood * (1 - lost);
    if (slowest->trace && slowest->trace->rate_bps > 0)
        each_ns *= (double)slowest->trace->rate_bps / (double)slowest->trace->rate_peak_bps;
    double burst = floor((double)burst_ns / each_ns);
    t.burst = (uint64_t)fmin(fmax(burst, 1), TRAIN_BURST_MAX);
    t.gap_ns = (uint64_t)(each_ns * (double)t.burst);
    t.count = (uint64_t)fmax(seconds * 1e9 / each_ns, 10);
    return t;
}

/* Whether the job finds room in a batch beside what is there. */
struct room {
    double packets_per_s, bits_per_s;
    size_t pairs;
    bool *busy; /* by node: an end of a path, or passed by one */
};

static bool fits(const struct room *r, const struct path *p, double packets, double bits,
                 unsigned cores)
{
    if (r->busy[p->from] || r->busy[p->to])
        return false;
    for (size_t i = 0; i < p->via_count; i++)
        if (r->busy[p->via[i]])
            return false;
    return r->pairs == 0 || (r->packets_per_s + packets <= VERIFY_PACKETS_PER_CORE * cores &&
                             r->bits_per_s + bits <= (double)VERIFY_BITS_PER_CORE * cores &&
                             r->pairs < (size_t)VERIFY_PAIRS_PER_CORE * cores);
}

/* What one batch takes: the slowest job, and the flight of its last packet. */
static double job_seconds(const struct verify_plan *v, const struct verify_job *j)
{
    double longest = 0;
    for (int d = 0; d < 2; d++)
        longest =
            fmax(longest, (double)train_plan_ns(&j->trains[d]) / 1e9 +
                              (double)path_delay_ns(&v->paths[2 * j->pair + (size_t)d]) / 1e9);
    return longest;
}

/* The first jobs that have no batch yet and go together. */
static void fill_batch(struct verify_plan *v, unsigned batch, size_t first, size_t node_count,
                       unsigned cores)
{
    _cleanup_(freep) bool *busy = xcalloc(node_count, sizeof(*busy));
    struct room room = {.busy = busy};
    double longest = 0;
    const size_t most = (size_t)VERIFY_PAIRS_PER_CORE * cores;
    for (size_t i = first; i < v->job_count && room.pairs < most; i++) {
        struct verify_job *j = &v->jobs[i];
        const struct path *p = &v->paths[2 * j->pair];
        double packets = 0, bits = 0;
        for (int d = 0; d < 2; d++) {
            packets += train_plan_packets_per_s(&j->trains[d]);
            bits += train_plan_bits_per_s(&j->trains[d]);
        }
        if (j->stage != v->jobs[first].stage)
            break;
        if (j->batch || !fits(&room, p, packets, bits, cores) ||
            !fits(&room, p + 1, packets, bits, cores))
            continue;
        j->batch = batch;
        room.packets_per_s += packets;
        room.bits_per_s += bits;
        room.pairs++;
        busy[p->from] = busy[p->to] = true;
        for (int d = 0; d < 2; d++)
            for (size_t k = 0; k < p[d].via_count; k++)
                busy[p[d].via[k]] = true;
        longest = fmax(longest, job_seconds(v, j));
    }
    v->seconds += longest + batch_overhead_s;
}

static void make_batches(struct verify_plan *v, size_t node_count, unsigned cores)
{
    for (size_t first = 0; first < v->job_count; first++)
        if (!v->jobs[first].batch) /* they count from 1 */
            fill_batch(v, ++v->batch_count, first, node_count, cores);
}

/* Both ends have one mode, and so both trains room for what it needs. */
static void add_job(struct verify_plan *v, struct verify_job job)
{
    const struct path *there = &v->paths[2 * job.pair], *back = there + 1;
    if (job.trains[0].count + job.trains[1].count == 0)
        return;
    if (verify_needs_frames(there) || verify_needs_frames(back))
        job.mode |= TRAIN_FRAMES;
    for (size_t d = 0; job.mode & TRAIN_FRAMES && d < 2; d++)
        if (job.trains[d].payload < VERIFY_FRAMES_PAYLOAD)
            job.trains[d].payload = VERIFY_FRAMES_PAYLOAD;
    bool lists = job.stage == VERIFY_RATE ? path_has_trace_rate(there) || path_has_trace_rate(back)
                                          : verify_needs_list(there) || verify_needs_list(back);
    job.mode |= lists ? TRAIN_LIST : 0;
    v->jobs[v->job_count++] = job;
}

static void add_spaced(struct verify_plan *v, enum verify_stage stage, size_t pair,
                       const struct verify_effort *effort)
{
    struct verify_job job = {.stage = stage, .pair = pair};
    for (size_t d = 0; d < 2; d++) {
        const struct path *p = &v->paths[2 * pair + d];
        job.trains[d] =
            stage == VERIFY_PACE ? verify_pace(p, v->z, effort) : verify_count(p, v->z, effort);
    }
    add_job(v, job);
}

/* Two rates together would be more than the processors can do: one after the other. */
static void add_rates(struct verify_plan *v, size_t pair, const struct verify_effort *effort,
                      unsigned cores)
{
    struct verify_job both = {.stage = VERIFY_RATE, .pair = pair};
    double bits = 0;
    for (size_t d = 0; d < 2; d++) {
        both.trains[d] = verify_rate(&v->paths[2 * pair + d], effort);
        bits += train_plan_bits_per_s(&both.trains[d]);
    }
    if (bits <= (double)VERIFY_BITS_PER_CORE * cores) {
        add_job(v, both);
        return;
    }
    for (size_t d = 0; d < 2; d++) {
        struct verify_job one = {.stage = VERIFY_RATE, .pair = pair};
        one.trains[d] = both.trains[d];
        add_job(v, one);
    }
}

/* How many things about a path are judged that are left to chance. */
static size_t chances_of(const struct path *p)
{
    struct delay_law law;
    delay_law_init(&law, p);
    size_t n = (law.has_jitter ? 4 : 0) + (law.early > 0 || law.order_free);
    delay_law_done(&law);
    n += path_duplicate(p).probability > 0;
    n += path_corrupt(p).probability > 0;
    n += path_loss(p) > 0 ? 2 : 0; /* how many, and how many in a row */
    return n + (trace_loss(p) > 0);
}

void verify_plan_init(struct verify_plan *v, const struct plan *plan,
                      const struct verify_effort *effort, unsigned cores)
{
    size_t count, chances = 0;
    *v = (struct verify_plan){.paths = paths_of(plan, &count)};
    v->pair_count = count / 2;
    size_t step = effort->quick ? v->pair_count / VERIFY_QUICK_PAIRS + 1 : 1;
    v->measured_count = (v->pair_count + step - 1) / step;
    for (size_t i = 0; i < v->pair_count; i += step)
        for (size_t d = 0; d < 2; d++)
            chances += chances_of(&v->paths[2 * i + d]);
    /* Each interval gets so much that all together hold with the confidence of the file. */
    double each = pow(plan->scenario->verdict.confidence, 1.0 / (double)(chances ? chances : 1));
    v->z = stats_normal_quantile((1 + each) / 2);
    v->jobs = xcalloc(4 * v->measured_count + 1, sizeof(*v->jobs));
    for (size_t i = 0; i < v->pair_count; i += step)
        add_spaced(v, VERIFY_PACE, i, effort);
    for (size_t i = 0; i < v->pair_count; i += step)
        add_spaced(v, VERIFY_COUNT, i, effort);
    for (size_t i = 0; i < v->pair_count; i += step)
        add_rates(v, i, effort, cores);
    make_batches(v, plan->scenario->node_count, cores);
}

void verify_plan_done(struct verify_plan *v)
{
    free(v->paths);
    free(v->jobs);
    *v = (struct verify_plan){0};
}

struct train_plan verify_plan_train(const struct verify_plan *v, size_t path,
                                    enum verify_stage stage)
{
    for (size_t i = 0; i < v->job_count; i++) {
        const struct verify_job *j = &v->jobs[i];
        if (j->pair == path / 2 && j->stage == stage && j->trains[path % 2].count > 0)
            return j->trains[path % 2];
    }
    return (struct train_plan){0};
}
