/* SPDX-License-Identifier: MIT
 *
 * The model of the wires: loss, rate, queue and delay, packet by packet. Pure: time comes in as an
 * argument and nothing is read or written, so that the tests can run years of it.
 *
 * A packet's way: its fate is drawn (loss); a full queue turns it away; then it is transmitted
 * behind those before it, at the wire's rate, and flies for the delay. Each wire keeps its packets
 * in order, first in, first out; a heap has the wires that hold packets, by the time at which
 * their first is due. So a packet costs O(log busy wires), whatever the number of wires.
 *
 * Packet n of a wire meets the same fate under the same seed whatever happens on other wires, and
 * whatever ARP, ND or MLD sends: these have no number.
 *
 * One thread. Packets are the wires' from wires_enqueue() to wires_take_due().
 */
#ifndef WANLAB_WIRE_DELAYLINE_WIRES_H
#define WANLAB_WIRE_DELAYLINE_WIRES_H

#include "topology/plan.h"
#include "wire/delayline/delayline.h"
#include "wire/delayline/pool.h"

struct wire_state {
    struct impairment impairment;
    uint64_t loss_key;
    uint64_t number;        /* of the next packet that has one; a super-packet takes as many as it
                               has segments */
    uint64_t free_ns;       /* when the transmission of the last packet ends … */
    uint64_t free_fraction; /* … and this many 1/rate_bps of a nanosecond later */
    struct packet *head, *tail;
    uint64_t queued; /* frames waiting, in transmission or in flight */
    struct delayline_wire_stats *stats;
};

struct wires_entry {
    uint64_t due_ns; /* of the wire's first packet */
    uint32_t wire;
};

struct wires {
    struct wire_state *wire; /* plan order */
    size_t count;
    struct wires_entry *heap; /* one for each wire that holds packets, the earliest first */
    size_t heap_len;
};

enum wires_fate {
    WIRES_QUEUED,
    WIRES_LOST, /* by the asked loss */
    WIRES_FULL, /* the queue had no room */
};

/* The wires of a plan, all idle. `stats` has a place for each and must outlive them. */
void wires_init(struct wires *w, const struct plan *plan, struct delayline_stats *stats);
void wires_done(struct wires *w); /* packets in it are not given back */

/* A packet that came in at `arrival_ns` (which never goes back). `segments`, `wire_bytes` and
 * `control` are filled in. Only with WIRES_QUEUED does it become the wires'. Counts what it drops.
 */
enum wires_fate wires_enqueue(struct wires *w, uint32_t wire, struct packet *packet,
                              uint64_t arrival_ns);

/* When the next packet is due; UINT64_MAX: there is none. */
static inline uint64_t wires_next_due(const struct wires *w)
{
    return w->heap_len ? w->heap[0].due_ns : UINT64_MAX;
}

/* The first packet if it is due at `now_ns`, and its wire; else NULL. */
struct packet *wires_take_due(struct wires *w, uint64_t now_ns, uint32_t *ret_wire);

#endif
