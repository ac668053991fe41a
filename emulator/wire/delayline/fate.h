/* SPDX-License-Identifier: MIT
 *
 * What chance does to packet n of a wire: a function of the wire's key, the number n and the wire's
 * impairment; only Markov chains (correlation, Gilbert-Elliott, four states) also know what
 * happened to the packets before. Never is it a matter of time, of other wires or of the queue.
 *
 * The draws are Philox blocks with counter (n, block): a purpose has its own words, so that a
 * change of one parameter leaves the draws of the others alone.
 */
#ifndef WANLAB_WIRE_DELAYLINE_FATE_H
#define WANLAB_WIRE_DELAYLINE_FATE_H

#include <stdbool.h>
#include <stdint.h>

#include "topology/impairment.h"

/* What the chains of a wire remember. All zero: nothing has happened yet. */
struct fate_memory {
    uint8_t loss_state;               /* of LOSS_GEMODEL and LOSS_STATE; 0: the first, good one */
    uint8_t lost, duplicate, corrupt; /* enum fate_last */
    uint8_t early;
    bool has_jitter;
    uint32_t since_early; /* packets that kept their place since the last that did not */
    double jitter;        /* of the packet before, as a standard normal variable */
};

struct fate {
    bool lost, duplicate, corrupt, early;
    int64_t jitter_ns; /* to be added to the delay; may be below zero */
};

/* `loss` is the probability where it is not the impairment's own (a trace's), else negative.
 * Packets are drawn in the order of their numbers. */
void fate_draw(struct fate_memory *m, const struct impairment *i, uint64_t key, uint64_t number,
               double trace_loss, struct fate *ret);

/* Whether anything of the impairment is left to chance. */
bool fate_is_random(const struct impairment *i);

/* 64 more bits for a corrupted packet: which bit of it. */
uint64_t fate_corruption(uint64_t key, uint64_t number);

/* The jitter of a packet's copy. */
int64_t fate_copy_jitter(const struct impairment *i, uint64_t key, uint64_t number);

#endif
