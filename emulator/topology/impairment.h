/* SPDX-License-Identifier: MIT
 *
 * What a wire does to the packets of one direction. Both wire engines realise this one model.
 */
#ifndef WANLAB_TOPOLOGY_IMPAIRMENT_H
#define WANLAB_TOPOLOGY_IMPAIRMENT_H

#include <stdbool.h>
#include <stdint.h>

struct impairment {
    uint64_t delay_ns; /* one way, added to every packet after its transmission */
    double loss;       /* probability 0…1 that a wire packet is lost, each independently */
    uint64_t rate_bps; /* transmission rate in bits per second of Ethernet frames; 0: unlimited */
    uint64_t queue_packets; /* packets in transmission queue and flight together; never 0 once
                               impairment_default_queue() ran */
};

/* Whether the wire changes anything at all. */
static inline bool impairment_is_none(const struct impairment *i)
{
    return i->delay_ns == 0 && i->loss == 0 && i->rate_bps == 0;
}

/* Whether each packet on the wire has to be handled on its own, so that segmentation offload must
 * be off: one loss must be one wire packet, and a super-packet would occupy a slow wire for many
 * milliseconds at once. Delay alone, and rates from 1 Gbit/s up, carry super-packets. */
static inline bool impairment_needs_wire_packets(const struct impairment *i)
{
    return i->loss > 0 || (i->rate_bps > 0 && i->rate_bps < 1000000000ULL);
}

/* The queue that the rate and the delay need, in packets, for frames of `mtu` + 14 bytes: what is
 * in flight during the delay plus the larger of 100 ms of the rate and 100 packets of standing
 * queue; for an unlimited rate, what 40 Gbit/s would have in flight in MTU-sized packets, at least
 * 1,000. */
uint64_t impairment_default_queue(const struct impairment *i, uint32_t mtu);

#endif
