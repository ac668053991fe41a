/* SPDX-License-Identifier: MIT
 *
 * A wire's model becomes a chain whose states say whether the packet was lost, two wires' chains
 * one of pairs of states, and so on: more than a few wires with memories are too many states. What
 * is asked for are then sums over its transitions.
 */
#include "topology/loss_law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

enum { STATES_MAX = 16, HIDDEN_MAX = 2 };

struct chain {
    unsigned count;
    bool lost[STATES_MAX];
    double move[STATES_MAX][STATES_MAX];
    double share[STATES_MAX]; /* of the time in each, in the long run */
};

/* --- chains */

/* A state for each of what the packet before was. */
static void random_chain(struct chain *c, double loss, double correlation)
{
    *c = (struct chain){.count = 2, .lost = {false, true}};
    for (unsigned last = 0; last < 2; last++) {
        double p = loss * (1 - correlation) + correlation * last;
        c->move[last][0] = 1 - p;
        c->move[last][1] = p;
    }
}

/* States 2 h + lost: h is where the channel was, good or bad, when the packet came. */
static void gemodel_chain(struct chain *c, const double p[LOSS_PARAMETERS_MAX])
{
    const double lose[HIDDEN_MAX] = {p[3], p[2]};
    const double move[HIDDEN_MAX][HIDDEN_MAX] = {{1 - p[0], p[0]}, {p[1], 1 - p[1]}};
    *c = (struct chain){.count = 4, .lost = {false, true, false, true}};
    for (unsigned from = 0; from < 4; from++)
        for (unsigned to = 0; to < 4; to++)
            c->move[from][to] = move[from / 2][to / 2] * (to % 2 ? lose[to / 2] : 1 - lose[to / 2]);
}

/* netem's four states, from zero: gaps send or (3) lose a packet, bursts lose (2) or send (1). */
static void states_chain(struct chain *c, const double p[LOSS_PARAMETERS_MAX])
{
    const double p13 = p[0], p31 = p[1], p32 = p[2], p23 = p[3], p14 = p[4];
    *c = (struct chain){.count = 4, .lost = {false, false, true, true}};
    c->move[0][3] = p14;
    c->move[0][2] = p13;
    c->move[0][0] = 1 - p13 - p14;
    c->move[1][2] = p23;
    c->move[1][1] = 1 - p23;
    c->move[2][1] = p32;
    c->move[2][0] = p31;
    c->move[2][2] = 1 - p31 - p32;
    c->move[3][0] = 1;
}

static void chain_of(struct chain *c, const struct impairment *i)
{
    if (i->loss_model == LOSS_STATE)
        states_chain(c, i->loss_parameters);
    else if (i->loss_model == LOSS_GEMODEL)
        gemodel_chain(c, i->loss_parameters);
    else
        random_chain(c, i->loss, i->loss_parameters[0]);
}

/* States in pairs: the second chain stays where it is when the first loses the packet. */
static void combine(struct chain *ret, const struct chain *a, const struct chain *b)
{
    *ret = (struct chain){.count = a->count * b->count};
    for (unsigned from = 0; from < ret->count; from++) {
        ret->lost[from] = a->lost[from / b->count] || b->lost[from % b->count];
        for (unsigned to = 0; to < ret->count; to++) {
            const unsigned a_to = to / b->count, b_from = from % b->count, b_to = to % b->count;
            double second = a->lost[a_to] ? b_from == b_to : b->move[b_from][b_to];
            ret->move[from][to] = a->move[from / b->count][a_to] * second;
        }
    }
}

/* --- linear algebra */

/* Solves m x = y in place; false: it has no one solution. */
static bool solve(double m[STATES_MAX][STATES_MAX], double y[STATES_MAX], unsigned n)
{
    for (unsigned c = 0; c < n; c++) {
        unsigned best = c;
        for (unsigned r = c + 1; r < n; r++)
            if (fabs(m[r][c]) > fabs(m[best][c]))
                best = r;
        if (fabs(m[best][c]) < 1e-14)
            return false;
        for (unsigned k = 0; k < n; k++) {
            double held = m[c][k];
            m[c][k] = m[best][k];
            m[best][k] = held;
        }
        double held = y[c];
        y[c] = y[best];
        y[best] = held;
        for (unsigned r = 0; r < n; r++) {
            double factor = r == c ? 0 : m[r][c] / m[c][c];
            for (unsigned k = c; factor != 0 && k < n; k++)
                m[r][k] -= factor * m[c][k];
            y[r] -= factor * y[c];
        }
    }
    for (unsigned r = 0; r < n; r++)
        y[r] /= m[r][r];
    return true;
}

/* Where the chain is in the long run if it begins in state 0: (1/2 (I + P)) to a high power. */
static void settle(struct chain *c)
{
    enum { SQUARINGS = 40 };
    double m[STATES_MAX][STATES_MAX], square[STATES_MAX][STATES_MAX];
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++)
            m[i][k] = (c->move[i][k] + (i == k)) / 2;
    for (unsigned s = 0; s < SQUARINGS; s++) {
        for (unsigned i = 0; i < c->count; i++) {
            double sum = 0;
            for (unsigned k = 0; k < c->count; k++) {
                square[i][k] = 0;
                for (unsigned j = 0; j < c->count; j++)
                    square[i][k] += m[i][j] * m[j][k];
                sum += square[i][k];
            }
            for (unsigned k = 0; k < c->count; k++) /* or rounding grows with each squaring */
                square[i][k] /= sum;
        }
        memcpy(m, square, sizeof(m));
    }
    memcpy(c->share, m[0], sizeof(c->share));
}

/* n times the variance of the mean of a quantity of each transition, whose long-run mean is zero,
 * over n packets. With u = P u + (what a state expects next) each step's surprise is its quantity
 * and the change of u, and surprises are uncorrelated. */
static double variance_of(const struct chain *c, double (*quantity)[STATES_MAX])
{
    double m[STATES_MAX][STATES_MAX], u[STATES_MAX], variance = 0;
    for (unsigned i = 0; i < c->count; i++) {
        u[i] = 0;
        for (unsigned k = 0; k < c->count; k++) {
            u[i] += c->move[i][k] * quantity[i][k];
            m[i][k] = (i == k) - c->move[i][k] + c->share[k];
        }
    }
    if (!solve(m, u, c->count))
        return INFINITY;
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++) {
            double surprise = quantity[i][k] + u[k] - u[i];
            variance += c->share[i] * c->move[i][k] * surprise * surprise;
        }
    return variance;
}

static struct loss_law sum_up(const struct chain *c)
{
    double quantity[STATES_MAX][STATES_MAX];
    struct loss_law law = {0};
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++) {
            law.share += c->share[i] * c->move[i][k] * c->lost[k];
            law.bursts_per_packet += c->share[i] * c->move[i][k] * (c->lost[k] && !c->lost[i]);
        }
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++)
            quantity[i][k] = c->lost[k] - law.share;
    law.share_variance = variance_of(c, quantity);
    law.burst = law.share > 0 ? law.share / law.bursts_per_packet : 0;
    for (unsigned i = 0; i < c->count; i++)
        for (unsigned k = 0; k < c->count; k++)
            quantity[i][k] = c->lost[k] - law.burst * (c->lost[k] && !c->lost[i]);
    if (isfinite(law.burst))
        law.burst_variance =
            variance_of(c, quantity) / (law.bursts_per_packet * law.bursts_per_packet);
    return law;
}

static bool is_independent(const struct impairment *i)
{
    return i->loss == 0 || (i->loss_model == LOSS_RANDOM && i->loss_parameters[0] == 0);
}

/* The same, in closed form: there may be many such paths. */
static struct loss_law independent(double share)
{
    return (struct loss_law){
        .share = share,
        .burst = share > 0 ? 1 / (1 - share) : 0,
        .bursts_per_packet = share * (1 - share),
        .share_variance = share * (1 - share),
        .burst_variance = share > 0 ? 1 / pow(1 - share, 3) : 0,
        .is_independent = true,
    };
}

/* What is known of a path with too many states: the mean alone. */
static struct loss_law unknown(double share)
{
    return (struct loss_law){.share = share, .share_variance = INFINITY, .burst = INFINITY};
}

struct loss_law loss_law_of(const struct path *p)
{
    struct chain all, next, both;
    bool is_plain = true;
    for (size_t i = 0; i < p->wire_count; i++)
        is_plain &= is_independent(p->wires[i]);
    if (is_plain)
        return independent(path_loss(p));
    random_chain(&all, 0, 0);
    all.count = 1; /* none is lost so far */
    all.move[0][0] = 1;
    for (size_t i = 0; i < p->wire_count; i++) {
        if (p->wires[i]->loss == 0)
            continue;
        chain_of(&next, p->wires[i]);
        if (all.count * next.count > STATES_MAX)
            return unknown(path_loss(p));
        combine(&both, &all, &next);
        all = both;
    }
    settle(&all);
    return sum_up(&all);
}
