/* SPDX-License-Identifier: MIT */
#include "topology/impairment.h"

#include <stddef.h>

#include "base/clock.h"
#include "topology/trace.h"

enum { FRAME_HEADER = 14, STANDING_MIN = 100, UNLIMITED_MIN = 10000 };

#define STANDING_NS      (100 * NS_PER_MS)
#define UNLIMITED_RATE   40000000000ULL   /* more than a wire without a rate reaches here */
#define ORDER_RATE       8000000000000ULL /* a byte in a picosecond */
#define SUPER_RATE       1000000000ULL
#define NETEM_JITTER_MAX (2 * NS_PER_SEC) /* netem's is 31 bits of nanoseconds */

bool impairment_is_none(const struct impairment *i)
{
    return !i->cut && i->delay_ns == 0 && i->jitter_ns == 0 && i->loss == 0 && i->rate_bps == 0 &&
           i->duplicate.probability == 0 && i->corrupt.probability == 0 && !i->trace;
}

bool impairment_needs_wire_packets(const struct impairment *i)
{
    const struct framing *f = &i->framing;
    return i->loss > 0 || i->jitter_ns > 0 || i->duplicate.probability > 0 ||
           i->corrupt.probability > 0 || i->reorder.probability > 0 || i->trace || f->overhead ||
           f->cell || (i->rate_bps > 0 && i->rate_bps < SUPER_RATE);
}

uint64_t impairment_rate(const struct impairment *i)
{
    return i->rate_bps ? i->rate_bps : i->trace ? i->trace->rate_bps : 0;
}

bool impairment_has_rate(const struct impairment *i)
{
    return impairment_rate(i) > 0;
}

uint64_t impairment_cost(const struct framing *f, uint64_t frame_bytes)
{
    int64_t bytes = (int64_t)frame_bytes + f->overhead;
    if (bytes < 1)
        bytes = 1;
    if (f->cell) {
        int64_t cell = f->cell + f->cell_overhead;
        bytes = (bytes + f->cell - 1) / f->cell * (cell < 1 ? 1 : cell);
    }
    return (uint64_t)bytes;
}

/* Frames that a rate sends in a time, rounded up; 128 bits since 1 Tbit/s for 1,000 h is 2^91. */
static uint64_t frames_in(uint64_t rate_bps, uint64_t time_ns, uint64_t frame_bits)
{
    const unsigned __int128 unit = (unsigned __int128)frame_bits * NS_PER_SEC;
    return (uint64_t)(((unsigned __int128)rate_bps * time_ns + unit - 1) / unit);
}

uint64_t impairment_default_queue(const struct impairment *i, uint32_t mtu)
{
    const uint64_t frame_bits = ((uint64_t)mtu + FRAME_HEADER) * 8;
    uint64_t time = 2 * i->delay_ns > STANDING_NS ? 2 * i->delay_ns : STANDING_NS;
    uint64_t frames = frames_in(impairment_rate(i), time, frame_bits);
    return impairment_has_rate(i) && frames < STANDING_MIN ? STANDING_MIN : frames;
}

double impairment_queue_s(const struct impairment *i, uint32_t mtu)
{
    if (!impairment_has_rate(i))
        return 0;
    const double size = (double)i->queue.size, rate = (double)impairment_rate(i);
    switch (i->queue.unit) {
    case QUEUE_TIME:
        return size / 1e9;
    case QUEUE_BYTES:
        return size * 8 / rate;
    default:
        return size * (double)impairment_cost(&i->framing, mtu + FRAME_HEADER) * 8 / rate;
    }
}

bool impairment_is_plain(const struct impairment *i)
{
    const struct framing *f = &i->framing;
    bool bursts = i->loss_model != LOSS_RANDOM || i->loss_parameters[0] > 0;
    return i->jitter_ns == 0 && i->duplicate.probability == 0 && i->corrupt.probability == 0 &&
           i->reorder.probability == 0 && !i->trace && !f->overhead && !f->cell && !bursts;
}

uint32_t impairment_netem_limit(const struct impairment *i, uint32_t mtu)
{
    const uint64_t frame_bits = ((uint64_t)mtu + FRAME_HEADER) * 8;
    const uint64_t flight_ns = i->delay_ns + 4 * i->jitter_ns; /* the tables end at 4 */
    uint64_t limit = i->queue.size +
                     frames_in(i->rate_bps ? i->rate_bps : UNLIMITED_RATE, flight_ns, frame_bits);
    if (i->rate_bps == 0 && limit < UNLIMITED_MIN)
        limit = UNLIMITED_MIN;
    return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}

uint64_t impairment_ordering_rate(const struct impairment *i)
{
    return i->rate_bps ? i->rate_bps : ORDER_RATE;
}

uint64_t impairment_netem_rate(const struct impairment *i)
{
    if (i->rate_bps > 0 || i->jitter_ns == 0 || i->order_free)
        return i->rate_bps;
    return impairment_ordering_rate(i);
}

/* The states of netem's model: 1 sends and 4 loses within a gap, 3 loses and 2 sends within a
 * burst. Flows between neighbours balance: 1 and 4, {1, 4} and {2, 3}, 2 and 3. */
static double mean_of_states(const double p[LOSS_PARAMETERS_MAX])
{
    const double p13 = p[0], p31 = p[1], p32 = p[2], p23 = p[3], p14 = p[4];
    if (p13 == 0)
        return p14 / (1 + p14);
    if (p32 > 0 && p23 == 0) /* ends in state 2 */
        return 0;
    double in_burst = 1 + (p32 > 0 ? p32 / p23 : 0);
    if (p31 == 0) /* the first burst never ends */
        return 1 / in_burst;
    double lost_in_burst = p13 / p31;
    return (p14 + lost_in_burst) / (1 + p14 + lost_in_burst * in_burst);
}

double impairment_mean_loss(enum loss_model model, const double p[LOSS_PARAMETERS_MAX])
{
    if (model == LOSS_STATE)
        return mean_of_states(p);
    double bad = p[0] > 0 ? p[0] / (p[0] + p[1]) : 0;
    return bad * p[2] + (1 - bad) * p[3];
}

void impairment_correlated_loss(const struct impairment *i, double *ret_p, double *ret_r)
{
    double others = 1 - i->loss_parameters[0];
    *ret_p = i->loss * others;
    *ret_r = (1 - i->loss) * others;
}

const char *impairment_netem_lacks(const struct impairment *i, const char **ret_key)
{
    const struct {
        bool asked;
        const char *key, *why;
    } lacks[] = {
        {i->trace, "trace", "cannot follow a trace"},
        {i->queue.size > 0 && i->queue.unit == QUEUE_BYTES, "queue",
         "cannot limit a queue by bytes"},
        {i->queue.size > 0 && i->queue.unit == QUEUE_TIME, "queue", "cannot limit a queue by time"},
        {i->queue.drop_head, "drop", "cannot drop at the head of a queue"},
        {i->jitter_correlation > 0, "correlation", "cannot correlate jitter"},
        {i->duplicate.correlation > 0, "duplicate", "has another probability with a correlation"},
        {i->corrupt.correlation > 0, "corrupt", "has another probability with a correlation"},
        {i->reorder.correlation > 0, "reorder", "has another probability with a correlation"},
        {i->order_free && i->rate_bps > 0, "reorder", "cannot reorder by jitter at a rate"},
        {i->jitter_ns > NETEM_JITTER_MAX, "jitter", "cannot have a jitter above 2s"},
    };
    for (size_t n = 0; n < sizeof(lacks) / sizeof(*lacks); n++) {
        if (!lacks[n].asked)
            continue;
        *ret_key = lacks[n].key;
        return lacks[n].why;
    }
    return NULL;
}
