/* SPDX-License-Identifier: MIT
 *
 * The model of the wires: fate, queue, rate and delay, packet by packet. Pure: time comes in as an
 * argument and nothing is read or written, so that the tests can run years of it.
 *
 * A packet's way: its fate is drawn (fate.h). On a wire with a rate it then waits in the queue,
 * which may have no room for it, until the transmission of those before it has ended; only the
 * packet that is being transmitted has a time at which it will be done, so that a change of the
 * rate or a drop at the queue's head concern all that still wait. After its transmission it flies
 * (flight.h) for the delay and its jitter. Unless the wire may reorder, it leaves no earlier than
 * the one before it. An agenda has the wires by the time at which their first packet is due.
 *
 * Transmissions are not started by a timer: the packet before is due no earlier than its own
 * transmission ends, and when it is taken, the next is started, at the time at which it should have
 * been. Only where a packet may overtake others is the end of a transmission on the agenda, too.
 *
 * Packet n of a wire meets the same fate under the same seed whatever happens on other wires, and
 * whatever ARP, ND or MLD sends: these have no number.
 *
 * One thread. Packets are the wires' from wires_enqueue() to wires_take_due() or
 * wires_take_dropped().
 */
#ifndef WANLAB_WIRE_DELAYLINE_WIRES_H
#define WANLAB_WIRE_DELAYLINE_WIRES_H

#include "topology/plan.h"
#include "wire/delayline/agenda.h"
#include "wire/delayline/delayline.h"
#include "wire/delayline/fate.h"
#include "wire/delayline/flight.h"
#include "wire/delayline/pool.h"
#include "wire/delayline/record.h"

struct wire_state {
    struct impairment impairment;
    bool is_random;          /* fates have to be drawn */
    bool needs_wire_packets; /* a super-packet has to be cut before it comes here */
    bool has_rate;
    uint64_t key;    /* of all its randomness */
    uint64_t number; /* of the next packet that has one; a super-packet takes as many as it has
                        segments */
    struct fate_memory memory;

    uint64_t free_ns;       /* when the transmission under way, or the last one, ends … */
    uint64_t free_fraction; /* … and this many 1/rate_bps of a nanosecond later */
    uint64_t opportunity;   /* of a trace: the one in use, … */
    uint32_t left;          /* … and the bytes left of it */
    bool has_opportunity;   /* there was one already */
    struct packet *waiting, *waiting_last;
    uint64_t waiting_packets, waiting_bytes, waiting_cost; /* frames; cost with its framing */
    uint64_t sending_packets, sending_bytes;               /* until free_ns */

    uint64_t last_due_ns; /* of the packets that keep their order */
    struct flight flight;
    struct delayline_wire_stats *stats;
};

struct wires {
    struct wire_state *wire; /* plan order */
    size_t count;
    uint64_t origin_ns; /* when the traces begin */
    struct agenda agenda;
    struct recorder *recorder; /* of fates; NULL: none; not owned */
    struct packet *dropped;    /* at the head of a queue: the caller takes them back */
};

enum wires_fate {
    WIRES_QUEUED,
    WIRES_LOST, /* by the asked loss */
    WIRES_FULL, /* the queue had no room */
};

/* The wires of a plan, bare ones included, all idle. `stats` has a place for each and must outlive
 * them. */
void wires_init(struct wires *w, const struct plan *plan, struct delayline_stats *stats,
                uint64_t origin_ns);
void wires_done(struct wires *w); /* packets in it are not given back */

/* Another impairment from now on. What flies is not touched; what waits goes on at the new rate;
 * chains of fate and numbers go on. */
void wires_change(struct wires *w, uint32_t wire, const struct impairment *impairment,
                  uint64_t now_ns);

/* A packet that came in at `arrival_ns` (which never goes back). `segments`, `wire_bytes` and
 * `control` are filled in. Only with WIRES_QUEUED does it become the wires'; then `corrupt` and
 * `duplicate` say what is still to be done to it. Counts what it drops. */
enum wires_fate wires_enqueue(struct wires *w, uint32_t wire, struct packet *packet,
                              uint64_t arrival_ns);

/* The copy of a packet that has `duplicate` set, with its contents; no draw but its own jitter. */
enum wires_fate wires_enqueue_copy(struct wires *w, uint32_t wire, struct packet *copy,
                                   const struct packet *original);

static inline bool wires_needs_wire_packets(const struct wires *w, uint32_t wire)
{
    return w->wire[wire].needs_wire_packets;
}

/* 64 random bits of a packet that has `corrupt` set. */
uint64_t wires_corruption(const struct wires *w, uint32_t wire, const struct packet *packet);

/* When there is something to do next; UINT64_MAX: nothing is. */
static inline uint64_t wires_next_due(const struct wires *w)
{
    return agenda_next(&w->agenda);
}

/* The first packet if it is due at `now_ns`, and its wire; else NULL. */
struct packet *wires_take_due(struct wires *w, uint64_t now_ns, uint32_t *ret_wire);

/* A packet that was dropped after it had been queued, or NULL: call it after each enqueue. */
static inline struct packet *wires_take_dropped(struct wires *w)
{
    struct packet *packet = w->dropped;
    if (packet)
        w->dropped = packet->next;
    return packet;
}

#endif
