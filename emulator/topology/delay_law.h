/* SPDX-License-Identifier: MIT
 *
 * What a path's jitter and reordering say about the delays of spaced packets: the distribution of
 * what each takes beyond the path's constant delay, as the tables of its wires give it (several
 * wires' convolved; no wire is faster than light: a delay below zero is zero), how neighbours are
 * correlated, and which packets skip a delay altogether.
 *
 * Where the order is kept, a packet that catches up with the one before is held back by it, and its
 * delay is no longer its own draw. At delay_law_gap() between packets that is rare.
 *
 * Pure.
 */
#ifndef WANLAB_TOPOLOGY_DELAY_LAW_H
#define WANLAB_TOPOLOGY_DELAY_LAW_H

#include <stdbool.h>
#include <stddef.h>

#include "topology/path.h"

struct delay_law {
    double *values_s; /* sorted, each as likely as any other; at least one */
    size_t count;
    double mean_s, sd_s;
    double fourth;      /* central moment, in units of sd^4: 3 of a normal distribution */
    double correlation; /* of neighbours' normal scores */
    bool has_jitter, order_free;
    /* Packets that skip a delay: their share, their correlation, and the excess below which one
     * must be such a packet; NAN: cannot be told from the others. */
    double early, early_correlation, early_below_s;
};

void delay_law_init(struct delay_law *l, const struct path *p);
void delay_law_done(struct delay_law *l);

/* The share of excesses up to a value, and the value below which a share lies. */
double delay_law_share(const struct delay_law *l, double value_s);
double delay_law_quantile(const struct delay_law *l, double share);

/* How likely a packet is to catch up with the one sent so long before it, and the gap at which only
 * one in 500 does; 0 without jitter or where no order is kept. */
double delay_law_catches_up(const struct delay_law *l, double gap_s);
double delay_law_gap(const struct delay_law *l);

/* The share of packets, sent with a gap and lost independently, that arrive after one that was sent
 * later, where jitter may reorder and is not correlated. */
double delay_law_disorder(const struct delay_law *l, double gap_s, double loss);

#endif
