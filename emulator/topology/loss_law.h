/* SPDX-License-Identifier: MIT
 *
 * What a path's models of loss say about a sequence of packets: how many are lost, in how long
 * bursts, and how far a sample of them may stray from that.
 *
 * All of the models are Markov chains, and the losses of a path over several wires are one too: a
 * wire's chain moves only with the packets that those before it let pass. Neighbouring
 * packets being dependent, the binomial says nothing of their mean; its variance is that of the
 * central limit theorem for Markov chains, from the fundamental matrix (Kemeny and Snell, "Finite
 * Markov Chains", 1960, section 4.6; the models: Gilbert, "Capacity of a Burst-Noise Channel",
 * 1960, Elliott, "Estimates of Error Rates for Codes on Burst-Noise Channels", 1963, and for the
 * four states Salsano and others, "Definition of a general and intuitive loss model for packet
 * networks", 2009). Of the mean length of a burst, a ratio of two sums over the same chain, it
 * follows by the delta method.
 *
 * Pure. Losses of traces depend on time and are not in it.
 */
#ifndef WANLAB_TOPOLOGY_LOSS_LAW_H
#define WANLAB_TOPOLOGY_LOSS_LAW_H

#include <stdbool.h>

#include "topology/path.h"

struct loss_law {
    double share; /* lost in the long run */
    double burst; /* mean number of packets lost in a row; 0: none is lost */
    double bursts_per_packet;
    /* n times the variance of what n packets show; INFINITY where it never settles. */
    double share_variance, burst_variance;
    bool is_independent; /* each packet is lost on its own */
};

struct loss_law loss_law_of(const struct path *p);

#endif
