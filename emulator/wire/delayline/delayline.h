/* SPDX-License-Identifier: MIT
 *
 * The delay line: the user-space engine. One process of its own per lab, so that nothing else ever
 * delays a packet. It reads packets from the TAPs of the plan, decides each one's fate by its
 * wire's impairment, holds it, and writes it to the wire's other TAP when it is due.
 *
 * What it measures about itself lies in memory that it shares with whoever started it.
 */
#ifndef WANLAB_WIRE_DELAYLINE_DELAYLINE_H
#define WANLAB_WIRE_DELAYLINE_DELAYLINE_H

#include "base/histogram.h"
#include "wire/engine.h"

extern const struct wire_engine delayline_engine;

/* Counters of one wire, in plan order. Packets are what the TAP handed over: with segmentation
 * offload on (wires with delay alone) one of them may be a super-packet of up to 64 KB. */
struct delayline_wire_stats {
    uint64_t packets, bytes; /* released; bytes of Ethernet frames */
    /* wire packets: */
    uint64_t lost;        /* by the asked loss */
    uint64_t queue_drops; /* the wire's queue was full */
    uint64_t duplicated, corrupted;
    uint64_t reordered;   /* skipped the delay */
    uint64_t late_sum_ns; /* over the released ones … */
    uint64_t late_max_ns; /* … and the worst of them */
};

struct delayline_stats {
    struct histogram lateness; /* ns from due to written, of every released packet */
    uint64_t no_wire; /* packets for nobody: unknown destination, multicast or no time to live on a
                         wan */
    uint64_t control; /* ARP, ND, MLD: delayed, but never lost by chance */
    uint64_t write_errors; /* the TAP refused a packet: its interface is down or gone */
    uint64_t no_memory;    /* dropped since the pool's limit was reached */
    uint64_t merged;       /* packets that left together with others in one write */
    uint64_t spun_ns;      /* waited without sleeping, to be punctual (waiting.h) */
    uint64_t origin_ns;    /* CLOCK_MONOTONIC: when the traces began */
    uint64_t realtime;     /* 1: runs under SCHED_FIFO */
    uint64_t wire_count;
    struct delayline_wire_stats wire[];
};

#endif
