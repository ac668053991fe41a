/* SPDX-License-Identifier: MIT */
#include "wire/delayline/fate.h"

#include <math.h>

#include "base/prng.h"
#include "topology/distribution.h"
#include "topology/trace.h"

/* Which words of which block are for what. */
enum { BLOCK_COMMON, BLOCK_LOSS, BLOCK_JITTER, BLOCK_COPY };
enum { COMMON_LOSS, COMMON_JITTER, COMMON_CORRUPT, COMMON_DUPLICATE };
enum { LOSS_SECOND, LOSS_REORDER, LOSS_WHERE_LOW, LOSS_WHERE_HIGH };

enum fate_last { LAST_UNKNOWN, LAST_NO, LAST_YES };

static struct prng_block draw(uint64_t key, uint64_t number, uint32_t block)
{
    const uint32_t k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
    const uint32_t c[4] = {(uint32_t)number, (uint32_t)(number >> 32), block, 0};
    return prng_philox(k, c);
}

/* In [0, 1). */
static double unit(uint32_t word)
{
    return word * 0x1p-32;
}

/* A chain of two states with the chance as its long-run share and its correlation as that of
 * neighbours; the first packet draws from the long run. */
static bool happens(const struct chance *c, uint32_t word, uint8_t *last)
{
    double p = c->probability;
    if (c->correlation > 0 && *last != LAST_UNKNOWN)
        p = p * (1 - c->correlation) + (*last == LAST_YES ? c->correlation : 0);
    bool yes = unit(word) < p;
    *last = yes ? LAST_YES : LAST_NO;
    return yes;
}

/* As in netem: the chain moves, and whether the packet is lost depends on where it was. */
static bool lost_by_gemodel(const double *p, uint32_t move, uint32_t lose, uint8_t *state)
{
    bool bad = *state;
    if (unit(move) < p[bad])
        *state = !bad;
    return unit(lose) < (bad ? p[2] : p[3]);
}

/* netem's four states, numbered from zero in its order of thought: gaps send (0) or lose (3) a
 * packet, bursts lose (2) or send (1). The state that is entered tells what becomes of it. */
static bool lost_by_states(const double *p, uint32_t word, uint8_t *state)
{
    enum { GAP_SENDS, BURST_SENDS, BURST_LOSES, GAP_LOSES };
    const double p13 = p[0], p31 = p[1], p32 = p[2], p23 = p[3], p14 = p[4], u = unit(word);
    switch (*state) {
    case GAP_SENDS:
        *state = u < p14 ? GAP_LOSES : u < p14 + p13 ? BURST_LOSES : GAP_SENDS;
        break;
    case BURST_SENDS:
        *state = u < p23 ? BURST_LOSES : BURST_SENDS;
        break;
    case BURST_LOSES:
        *state = u < p32 ? BURST_SENDS : u < p32 + p31 ? GAP_SENDS : BURST_LOSES;
        break;
    default:
        *state = GAP_SENDS;
    }
    return *state == BURST_LOSES || *state == GAP_LOSES;
}

static bool is_lost(struct fate_memory *m, const struct impairment *i, uint64_t key,
                    uint64_t number, const struct prng_block *common, double trace_loss)
{
    const double *p = i->loss_parameters;
    if (trace_loss >= 0)
        return unit(common->word[COMMON_LOSS]) < trace_loss;
    if (i->loss_model == LOSS_STATE)
        return lost_by_states(p, common->word[COMMON_LOSS], &m->loss_state);
    if (i->loss_model == LOSS_GEMODEL)
        return lost_by_gemodel(p, common->word[COMMON_LOSS],
                               draw(key, number, BLOCK_LOSS).word[LOSS_SECOND], &m->loss_state);
    return i->loss > 0 &&
           happens(&(struct chance){i->loss, p[0]}, common->word[COMMON_LOSS], &m->lost);
}

/* netem's rule: `gap` - 1 packets always keep their place, the next has a chance not to. */
static bool is_early(struct fate_memory *m, const struct impairment *i, uint64_t key,
                     uint64_t number)
{
    if (i->reorder.probability == 0)
        return false;
    if (m->since_early + 1 < i->reorder_gap ||
        !happens(&i->reorder, draw(key, number, BLOCK_LOSS).word[LOSS_REORDER], &m->early)) {
        m->since_early++;
        return false;
    }
    m->since_early = 0;
    return true;
}

/* A standard normal variable (Box and Muller). */
static double normal(const struct prng_block *b)
{
    double radius = sqrt(-2 * log((b->word[0] + 1.0) * 0x1p-32));
    return radius * cos(2 * M_PI * unit(b->word[1]));
}

/* The share of the distribution below the jitter to be drawn: uniform in [0, 1). Correlation is
 * that of a Gaussian process behind it, so that it changes nothing of the distribution itself. */
static double jitter_rank(struct fate_memory *m, const struct impairment *i, uint64_t key,
                          uint64_t number, uint32_t word)
{
    const double c = i->jitter_correlation;
    if (c == 0)
        return unit(word);
    const struct prng_block block = draw(key, number, BLOCK_JITTER);
    double fresh = normal(&block);
    m->jitter = m->has_jitter ? c * m->jitter + sqrt(1 - c * c) * fresh : fresh;
    m->has_jitter = true;
    double rank = 0.5 * erfc(-m->jitter * M_SQRT1_2);
    return rank < 1 ? rank : 1 - 0x1p-53;
}

static int64_t jitter_at(const struct impairment *i, double rank)
{
    const struct distribution *d = i->distribution;
    if (!d)
        return (int64_t)((2 * rank - 1) * (double)i->jitter_ns);
    int16_t value = d->values[(size_t)(rank * (double)d->count)];
    return (int64_t)((double)value * (double)i->jitter_ns / DISTRIBUTION_SCALE);
}

void fate_draw(struct fate_memory *m, const struct impairment *i, uint64_t key, uint64_t number,
               double trace_loss, struct fate *ret)
{
    const struct prng_block common = draw(key, number, BLOCK_COMMON);
    *ret = (struct fate){.lost = is_lost(m, i, key, number, &common, trace_loss)};
    if (i->duplicate.probability > 0)
        ret->duplicate = happens(&i->duplicate, common.word[COMMON_DUPLICATE], &m->duplicate);
    if (i->corrupt.probability > 0)
        ret->corrupt = happens(&i->corrupt, common.word[COMMON_CORRUPT], &m->corrupt);
    ret->early = is_early(m, i, key, number);
    if (i->jitter_ns > 0)
        ret->jitter_ns = jitter_at(i, jitter_rank(m, i, key, number, common.word[COMMON_JITTER]));
}

bool fate_is_random(const struct impairment *i)
{
    return i->loss > 0 || i->jitter_ns > 0 || i->duplicate.probability > 0 ||
           i->corrupt.probability > 0 || i->reorder.probability > 0 ||
           (i->trace && i->trace->has_loss);
}

uint64_t fate_corruption(uint64_t key, uint64_t number)
{
    const struct prng_block b = draw(key, number, BLOCK_LOSS);
    return (uint64_t)b.word[LOSS_WHERE_HIGH] << 32 | b.word[LOSS_WHERE_LOW];
}

int64_t fate_copy_jitter(const struct impairment *i, uint64_t key, uint64_t number)
{
    return i->jitter_ns > 0 ? jitter_at(i, unit(draw(key, number, BLOCK_COPY).word[0])) : 0;
}
