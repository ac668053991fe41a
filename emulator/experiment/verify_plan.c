/* SPDX-License-Identifier: MIT */
#include "experiment/verify_plan.h"

#include <math.h>
#include <stdlib.h>

#include "agent/train.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"

enum { PACKETS = 400, PACKETS_MAX = 100000, RATE_PACKETS_MIN = 300, ETHERNET_HEADER = 14 };

static const uint64_t gap_min_ns = 400 * NS_PER_US;    /* of packets whose loss is counted */
static const uint64_t gap_plain_ns = 2500 * NS_PER_US; /* of others: 400 take a second */
static const double loss_precision = 0.25; /* the interval is ± so much of the asked loss */
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

static double frame_ns(uint64_t payload, uint64_t rate_bps)
{
    return (double)(payload + TRAIN_HEADERS) * 8e9 / (double)rate_bps;
}

struct train_plan verify_pace(const struct path *p, double z, bool quick)
{
    const double loss = path_loss(p), longest_s = quick ? quick_max_s : pace_max_s;
    const uint64_t rate = path_rate_bps(p);
    struct train_plan t = {
        .count = PACKETS, .gap_ns = gap_plain_ns, .payload = VERIFY_PACE_PAYLOAD, .burst = 1};
    if (loss > 0 && loss < 1) {
        double needed = z * z * (1 - loss) / (loss * loss_precision * loss_precision);
        t.gap_ns = gap_min_ns;
        t.count = (uint64_t)fmin(fmax(ceil(needed), PACKETS), PACKETS_MAX);
    }
    if (rate)
        t.gap_ns = (uint64_t)fmax((double)t.gap_ns, frame_ns(VERIFY_PACE_PAYLOAD, rate) / load);
    double most = fmax(longest_s * 1e9 / (double)t.gap_ns, 10);
    if ((double)t.count > most)
        t.count = (uint64_t)most;
    return t;
}

/* Packets as large as they can be, but smaller ones where a slow wire would else carry only a few
 * in the time. */
struct train_plan verify_rate(const struct path *p, bool quick)
{
    const uint64_t rate = path_rate_bps(p);
    const double seconds = quick ? quick_rate_s : rate_s;
    if (rate == 0 || path_loss(p) >= 1)
        return (struct train_plan){0};
    double frame = (double)rate * seconds / 8 / RATE_PACKETS_MIN;
    const double most = fmin(TRAIN_PAYLOAD_MAX, (double)p->mtu - (TRAIN_HEADERS - ETHERNET_HEADER));
    double payload = fmin(fmax(frame - TRAIN_HEADERS, TRAIN_PAYLOAD_MIN), most);
    struct train_plan t = {.payload = (uint64_t)payload, .ahead_ns = ahead_ns};
    double each_ns = frame_ns(t.payload, rate) / flood * (1 - path_loss(p));
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

static void add_job(struct verify_plan *v, struct verify_job job)
{
    if (job.trains[0].count + job.trains[1].count > 0)
        v->jobs[v->job_count++] = job;
}

/* Two rates together would be more than the processors can do: one after the other. */
static void add_rates(struct verify_plan *v, size_t pair, bool quick, unsigned cores)
{
    struct verify_job both = {.stage = VERIFY_RATE, .pair = pair};
    double bits = 0;
    for (size_t d = 0; d < 2; d++) {
        both.trains[d] = verify_rate(&v->paths[2 * pair + d], quick);
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

void verify_plan_init(struct verify_plan *v, const struct plan *plan, bool quick, unsigned cores)
{
    size_t count, lossy = 0;
    *v = (struct verify_plan){.paths = paths_of(plan, &count)};
    v->pair_count = count / 2;
    size_t step = quick ? v->pair_count / VERIFY_QUICK_PAIRS + 1 : 1;
    v->measured_count = (v->pair_count + step - 1) / step;
    for (size_t i = 0; i < v->pair_count; i += step)
        for (size_t d = 0; d < 2; d++)
            lossy += path_loss(&v->paths[2 * i + d]) > 0;
    /* Each interval gets so much that all together hold with the confidence of the file. */
    double each = pow(plan->scenario->verdict.confidence, 1.0 / (double)(lossy ? lossy : 1));
    v->z = stats_normal_quantile((1 + each) / 2);
    v->jobs = xcalloc(3 * v->measured_count + 1, sizeof(*v->jobs));
    for (size_t i = 0; i < v->pair_count; i += step)
        add_job(v, (struct verify_job){.stage = VERIFY_PACE,
                                       .pair = i,
                                       .trains = {verify_pace(&v->paths[2 * i], v->z, quick),
                                                  verify_pace(&v->paths[2 * i + 1], v->z, quick)}});
    for (size_t i = 0; i < v->pair_count; i += step)
        add_rates(v, i, quick, cores);
    make_batches(v, plan->scenario->node_count, cores);
}

void verify_plan_done(struct verify_plan *v)
{
    free(v->paths);
    free(v->jobs);
    *v = (struct verify_plan){0};
}
