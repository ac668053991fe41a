/* SPDX-License-Identifier: MIT */
#include "wire/delayline/wires.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"

void wires_init(struct wires *w, const struct plan *plan, struct delayline_stats *stats)
{
    *w = (struct wires){.count = plan->wire_count};
    w->wire = xcalloc(w->count, sizeof(*w->wire));
    w->heap = xcalloc(w->count, sizeof(*w->heap));
    for (size_t i = 0; i < w->count; i++) {
        char *stream = xasprintf("loss %s", plan->wires[i].name);
        w->wire[i] = (struct wire_state){
            .impairment = plan->wires[i].impairment,
            .loss_key = prng_key(plan->scenario->seed, stream),
            .stats = &stats->wire[i],
        };
        free(stream);
    }
}

void wires_done(struct wires *w)
{
    free(w->wire);
    free(w->heap);
    *w = (struct wires){0};
}

/* Up: an entry that is new at the end finds its place. */
static void heap_push(struct wires *w, struct wires_entry entry)
{
    size_t at = w->heap_len++;
    while (at > 0 && w->heap[(at - 1) / 2].due_ns > entry.due_ns) {
        w->heap[at] = w->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->heap[at] = entry;
}

/* Down: `entry` takes the place of the first and sinks to where it belongs. */
static void heap_replace_first(struct wires *w, struct wires_entry entry)
{
    size_t at = 0, child;
    while ((child = 2 * at + 1) < w->heap_len) {
        if (child + 1 < w->heap_len && w->heap[child + 1].due_ns < w->heap[child].due_ns)
            child++;
        if (w->heap[child].due_ns >= entry.due_ns)
            break;
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = entry;
}

static bool is_lost(struct wire_state *s, const struct packet *packet)
{
    if (packet->control)
        return false;
    uint64_t number = s->number;
    s->number += packet->segments;
    return s->impairment.loss > 0 && prng_unit(s->loss_key, number) < s->impairment.loss;
}

/* The end of the packet's transmission. What a division leaves over is carried to the next packet
 * of the same busy period, so that the rate is exact however long it lasts. */
static uint64_t transmit(struct wire_state *s, const struct packet *packet, uint64_t arrival_ns)
{
    const uint64_t rate = s->impairment.rate_bps;
    if (rate == 0)
        return arrival_ns;
    if (arrival_ns > s->free_ns) {
        s->free_ns = arrival_ns;
        s->free_fraction = 0;
    }
    uint64_t work = (uint64_t)packet->wire_bytes * 8 * NS_PER_SEC + s->free_fraction;
    s->free_ns += work / rate;
    s->free_fraction = work % rate;
    return s->free_ns;
}

static void append(struct wires *w, uint32_t wire, struct packet *packet)
{
    struct wire_state *s = &w->wire[wire];
    packet->next = NULL;
    if (s->head) {
        s->tail->next = packet;
    } else {
        s->head = packet;
        heap_push(w, (struct wires_entry){packet->due_ns, wire});
    }
    s->tail = packet;
    s->queued += packet->segments;
}

enum wires_fate wires_enqueue(struct wires *w, uint32_t wire, struct packet *packet,
                              uint64_t arrival_ns)
{
    struct wire_state *s = &w->wire[wire];
    if (is_lost(s, packet)) {
        s->stats->lost++;
        return WIRES_LOST;
    }
    /* A super-packet whose first frame finds room is taken whole: a queue shorter than it must not
     * turn all of them away. */
    if (s->queued >= s->impairment.queue_packets) {
        s->stats->queue_drops++;
        return WIRES_FULL;
    }
    packet->due_ns = transmit(s, packet, arrival_ns) + s->impairment.delay_ns;
    append(w, wire, packet);
    return WIRES_QUEUED;
}

struct packet *wires_take_due(struct wires *w, uint64_t now_ns, uint32_t *ret_wire)
{
    if (wires_next_due(w) > now_ns || w->heap_len == 0)
        return NULL;
    uint32_t wire = w->heap[0].wire;
    struct wire_state *s = &w->wire[wire];
    struct packet *packet = s->head;
    s->head = packet->next;
    s->queued -= packet->segments;
    if (s->head)
        heap_replace_first(w, (struct wires_entry){s->head->due_ns, wire});
    else if (--w->heap_len > 0)
        heap_replace_first(w, w->heap[w->heap_len]);
    *ret_wire = wire;
    return packet;
}
