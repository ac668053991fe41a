/* SPDX-License-Identifier: MIT */
#include "wire/delayline/wires.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"
#include "topology/stations.h"
#include "topology/trace.h"
#include "wire/delayline/frame.h"

static void set_impairment(struct wire_state *s, const struct impairment *impairment)
{
    s->impairment = *impairment;
    s->is_random = fate_is_random(impairment);
    s->needs_wire_packets = impairment_needs_wire_packets(impairment);
    s->has_rate = impairment_has_rate(impairment);
}

void wires_init(struct wires *w, const struct plan *plan, struct delayline_stats *stats,
                uint64_t origin_ns)
{
    *w = (struct wires){.count = plan_wires(plan), .origin_ns = origin_ns};
    w->wire = xcalloc(w->count, sizeof(*w->wire));
    agenda_init(&w->agenda, w->count);
    for (size_t i = 0; i < w->count; i++) {
        struct wire_state *s = &w->wire[i];
        set_impairment(s, &plan->wires[i].impairment);
        s->key = prng_key(plan->scenario->seed, plan->wires[i].name);
        s->stats = &stats->wire[i];
    }
}

void wires_done(struct wires *w)
{
    free(w->wire);
    agenda_done(&w->agenda);
    *w = (struct wires){0};
}

static void record(const struct wires *w, uint32_t wire, const struct packet *packet, unsigned fate)
{
    if (w->recorder)
        recorder_add(w->recorder, wire, packet, fate);
}

/* --- rate */

/* The end of a transmission of `bytes` bytes at a rate. What a division leaves over is carried to
 * the next packet of the same busy period, so that the rate is exact however long it lasts. */
static void send_at_rate(struct wire_state *s, uint64_t bytes, uint64_t rate_bps)
{
    uint64_t work = bytes * 8 * NS_PER_SEC + s->free_fraction;
    s->free_ns += work / rate_bps;
    s->free_fraction = work % rate_bps;
}

/* The same at the rates that the rows of a trace have meanwhile. */
static void send_by_rows(struct wire_state *s, uint64_t bytes, uint64_t origin_ns)
{
    const struct impairment *i = &s->impairment;
    unsigned __int128 work = (unsigned __int128)bytes * 8 * NS_PER_SEC;
    for (;;) {
        uint64_t until_ns, at_ns = s->free_ns - origin_ns;
        const struct trace_row *row = trace_row_at(i->trace, i->trace_hold, at_ns, &until_ns);
        unsigned __int128 possible = (unsigned __int128)(until_ns - at_ns) * row->rate_bps;
        if (work <= possible) {
            s->free_ns += (uint64_t)((work + row->rate_bps / 2) / row->rate_bps);
            return;
        }
        work -= possible;
        s->free_ns = origin_ns + until_ns;
    }
}

/* The same by a trace's opportunities, of which each carries so many bytes of packets that are
 * there when it comes. */
static void send_by_opportunities(struct wire_state *s, uint32_t frame_bytes, uint64_t origin_ns)
{
    const struct trace *t = s->impairment.trace;
    uint64_t bytes = frame_bytes > TRACE_HEADER_LESS ? frame_bytes - TRACE_HEADER_LESS : 1;
    uint64_t from = s->free_ns - origin_ns;
    if (s->left == 0 || trace_delivery_ns(t, s->opportunity) < from) {
        uint64_t next = trace_delivery_from(t, from);
        bool used = s->has_opportunity && s->opportunity >= next;
        s->opportunity = used ? s->opportunity + 1 : next;
        s->has_opportunity = true;
        s->left = TRACE_OPPORTUNITY;
    }
    while (bytes > s->left) {
        bytes -= s->left;
        s->opportunity++;
        s->left = TRACE_OPPORTUNITY;
    }
    s->left -= (uint32_t)bytes;
    s->free_ns = origin_ns + trace_delivery_ns(t, s->opportunity);
}

/* Transmits a packet from `free_ns`, or its arrival if that is later. */
static void transmit(struct wire_state *s, const struct packet *packet, uint64_t origin_ns)
{
    const struct impairment *i = &s->impairment;
    if (packet->arrival_ns > s->free_ns) {
        s->free_ns = packet->arrival_ns;
        s->free_fraction = 0;
    }
    uint64_t cost = packet->wire_bytes;
    if (i->framing.overhead || i->framing.cell)
        cost = impairment_cost(&i->framing, cost);
    if (i->rate_bps)
        send_at_rate(s, cost, i->rate_bps);
    else if (i->trace->kind == TRACE_ROWS)
        send_by_rows(s, cost, origin_ns);
    else
        send_by_opportunities(s, packet->wire_bytes, origin_ns);
}

/* --- flight */

/* On the agenda is what comes first: a packet that is due, or, where that can be due before those
 * that fly already, the end of the transmission under way. */
static void note(struct wires *w, uint32_t wire)
{
    struct wire_state *s = &w->wire[wire];
    const struct packet *first = flight_first(&s->flight);
    uint64_t due_ns = first ? first->due_ns : UINT64_MAX;
    bool overtakes = s->impairment.order_free || s->impairment.reorder.probability > 0;
    if (s->waiting && (overtakes || !first) && s->free_ns < due_ns)
        due_ns = s->free_ns;
    agenda_set(&w->agenda, wire, due_ns);
}

/* Lets a packet go at `from_ns`. */
static void fly(struct wires *w, struct wire_state *s, struct packet *packet, uint64_t from_ns)
{
    const struct impairment *i = &s->impairment;
    int64_t flight_ns = packet->flight_ns;
    uint64_t ignored;
    if (i->trace && i->trace->has_delay && !packet->early)
        flight_ns +=
            (int64_t)trace_row_at(i->trace, i->trace_hold, from_ns - w->origin_ns, &ignored)
                ->delay_ns;
    packet->due_ns = from_ns + (flight_ns > 0 ? (uint64_t)flight_ns : 0);
    if (!packet->early && !i->order_free) {
        if (packet->due_ns < s->last_due_ns)
            packet->due_ns = s->last_due_ns;
        s->last_due_ns = packet->due_ns;
    }
    flight_add(&s->flight, packet);
}

/* --- queue */

static struct packet *leave_queue(struct wire_state *s)
{
    struct packet *packet = s->waiting;
    s->waiting = packet->next;
    s->waiting_packets -= packet->segments;
    s->waiting_bytes -= packet->wire_bytes;
    s->waiting_cost -= impairment_cost(&s->impairment.framing, packet->wire_bytes);
    return packet;
}

static void join_queue(struct wire_state *s, struct packet *packet)
{
    packet->next = NULL;
    if (s->waiting)
        s->waiting_last->next = packet;
    else
        s->waiting = packet;
    s->waiting_last = packet;
    s->waiting_packets += packet->segments;
    s->waiting_bytes += packet->wire_bytes;
    s->waiting_cost += impairment_cost(&s->impairment.framing, packet->wire_bytes);
}

/* Starts the transmissions that should have begun by now. */
static void start_transmissions(struct wires *w, struct wire_state *s, uint64_t now_ns)
{
    while (s->waiting && s->free_ns <= now_ns) {
        struct packet *packet = leave_queue(s);
        if (s->has_rate)
            transmit(s, packet, w->origin_ns);
        else if (packet->arrival_ns > s->free_ns)
            s->free_ns = packet->arrival_ns;
        s->sending_packets = packet->segments;
        s->sending_bytes = packet->wire_bytes;
        fly(w, s, packet, s->free_ns);
    }
}

static uint64_t rate_at(const struct wires *w, const struct wire_state *s, uint64_t now_ns)
{
    const struct impairment *i = &s->impairment;
    uint64_t ignored;
    if (i->rate_bps || i->trace->kind == TRACE_DELIVERY)
        return impairment_rate(i);
    return trace_row_at(i->trace, i->trace_hold, now_ns - w->origin_ns, &ignored)->rate_bps;
}

/* A super-packet whose first frame finds room is taken whole: a queue shorter than it must not turn
 * all of them away. */
static bool has_room(const struct wires *w, const struct wire_state *s, const struct packet *packet,
                     uint64_t now_ns)
{
    const struct queue_limit *q = &s->impairment.queue;
    bool sending = s->free_ns > now_ns;
    uint32_t first = packet->wire_bytes / packet->segments;
    if (!s->has_rate || q->size == 0)
        return true;
    switch (q->unit) {
    case QUEUE_PACKETS:
        return s->waiting_packets + (sending ? s->sending_packets : 0) < q->size;
    case QUEUE_BYTES:
        return s->waiting_bytes + (sending ? s->sending_bytes : 0) + first <= q->size;
    default:
        break;
    }
    uint64_t cost = s->waiting_cost + impairment_cost(&s->impairment.framing, first);
    double ahead_ns = (double)cost * 8e9 / (double)rate_at(w, s, now_ns);
    return ahead_ns + (sending ? (double)(s->free_ns - now_ns) : 0) <= (double)q->size;
}

/* Makes room at the head, if that is the wire's way. */
static void drop_oldest(struct wires *w, struct wire_state *s, const struct packet *packet,
                        uint64_t now_ns)
{
    while (s->waiting && !has_room(w, s, packet, now_ns)) {
        struct packet *oldest = leave_queue(s);
        s->stats->queue_drops += oldest->segments;
        record(w, (uint32_t)(s - w->wire), oldest, RECORD_DROPPED);
        oldest->next = w->dropped;
        w->dropped = oldest;
    }
}

/* Behind those that wait; false: there is no room. */
static bool queue_up(struct wires *w, struct wire_state *s, struct packet *packet, uint64_t now_ns)
{
    start_transmissions(w, s, now_ns);
    if (!has_room(w, s, packet, now_ns) && s->impairment.queue.drop_head)
        drop_oldest(w, s, packet, now_ns);
    if (!has_room(w, s, packet, now_ns)) {
        s->stats->queue_drops += packet->segments;
        return false;
    }
    join_queue(s, packet);
    start_transmissions(w, s, now_ns);
    return true;
}

static enum wires_fate enter(struct wires *w, uint32_t wire, struct packet *packet)
{
    struct wire_state *s = &w->wire[wire];
    if (!s->has_rate && !s->waiting)
        fly(w, s, packet, packet->arrival_ns);
    else if (!queue_up(w, s, packet, packet->arrival_ns))
        return WIRES_FULL;
    note(w, wire);
    return WIRES_QUEUED;
}

/* --- fate */

/* Jitter may take away from the delay of a trace, too, which is known only when the packet flies.
 */
static int64_t flight_time(const struct impairment *i, int64_t jitter_ns)
{
    const bool by_trace = i->trace && i->trace->has_delay;
    int64_t flight_ns = (int64_t)i->delay_ns + jitter_ns;
    return flight_ns < 0 && !by_trace ? 0 : flight_ns;
}

static double trace_loss(const struct wires *w, const struct impairment *i, uint64_t now_ns)
{
    uint64_t ignored;
    if (!i->trace || !i->trace->has_loss)
        return -1;
    return trace_row_at(i->trace, i->trace_hold, now_ns - w->origin_ns, &ignored)->loss;
}

/* False: it is lost. Fates are drawn on a wire that is cut, too: those after it are then what they
 * would have been. */
static bool suffer(const struct wires *w, struct wire_state *s, struct packet *packet)
{
    const struct impairment *i = &s->impairment;
    struct fate fate;
    packet->number = s->number;
    s->number += packet->segments;
    if (!s->is_random)
        return true;
    fate_draw(&s->memory, i, s->key, packet->number, trace_loss(w, i, packet->arrival_ns), &fate);
    if (fate.lost)
        return false;
    packet->corrupt = fate.corrupt;
    packet->duplicate = fate.duplicate;
    packet->early = fate.early;
    packet->flight_ns = fate.early ? 0 : flight_time(i, fate.jitter_ns);
    if (i->cut)
        return true;
    s->stats->corrupted += fate.corrupt;
    s->stats->reordered += fate.early;
    return true;
}

/* Of a member of a network that is to be apart from this one. */
static bool is_refused(const struct impairment *i, const struct packet *packet)
{
    return i->refused && packet->size >= FRAME_VNET_HEADER + 12 &&
           stations_have(i->refused, packet->data + FRAME_VNET_HEADER + 6);
}

enum wires_fate wires_enqueue(struct wires *w, uint32_t wire, struct packet *packet,
                              uint64_t arrival_ns)
{
    struct wire_state *s = &w->wire[wire];
    packet->arrival_ns = arrival_ns;
    packet->flight_ns = (int64_t)s->impairment.delay_ns;
    packet->number = 0;
    packet->early = packet->duplicate = packet->corrupt = false;
    bool survives = packet->control || suffer(w, s, packet);
    if (!survives || s->impairment.cut || is_refused(&s->impairment, packet)) {
        s->stats->lost += packet->segments;
        record(w, wire, packet, RECORD_LOST);
        return WIRES_LOST;
    }
    enum wires_fate fate = enter(w, wire, packet);
    record(w, wire, packet, fate == WIRES_QUEUED ? RECORD_SENT : RECORD_FULL);
    return fate;
}

enum wires_fate wires_enqueue_copy(struct wires *w, uint32_t wire, struct packet *copy,
                                   const struct packet *original)
{
    struct wire_state *s = &w->wire[wire];
    copy->arrival_ns = original->arrival_ns;
    copy->number = original->number;
    copy->wire_bytes = original->wire_bytes;
    copy->segments = original->segments;
    copy->early = original->early;
    copy->control = copy->duplicate = copy->corrupt = false;
    copy->flight_ns = copy->early
                          ? 0
                          : flight_time(&s->impairment,
                                        fate_copy_jitter(&s->impairment, s->key, original->number));
    s->stats->duplicated++;
    enum wires_fate fate = enter(w, wire, copy);
    record(w, wire, copy, fate == WIRES_QUEUED ? RECORD_COPY : RECORD_FULL);
    return fate;
}

uint64_t wires_corruption(const struct wires *w, uint32_t wire, const struct packet *packet)
{
    return fate_corruption(w->wire[wire].key, packet->number);
}

/* --- release and change */

struct packet *wires_take_due(struct wires *w, uint64_t now_ns, uint32_t *ret_wire)
{
    while (wires_next_due(w) <= now_ns && w->agenda.len > 0) {
        uint32_t wire = w->agenda.heap[0].wire;
        struct wire_state *s = &w->wire[wire];
        start_transmissions(w, s, now_ns);
        struct packet *packet = flight_first(&s->flight);
        bool due = packet && packet->due_ns <= now_ns;
        if (due)
            flight_take(&s->flight);
        note(w, wire);
        if (due) {
            *ret_wire = wire;
            return packet;
        }
    }
    return NULL;
}

void wires_change(struct wires *w, uint32_t wire, const struct impairment *impairment,
                  uint64_t now_ns)
{
    struct wire_state *s = &w->wire[wire];
    start_transmissions(w, s, now_ns);
    s->waiting_cost = 0;
    for (const struct packet *p = s->waiting; p; p = p->next)
        s->waiting_cost += impairment_cost(&impairment->framing, p->wire_bytes);
    set_impairment(s, impairment);
    s->free_fraction = 0;
    s->left = 0;
    s->has_opportunity = false;
    note(w, wire);
}
