/* SPDX-License-Identifier: MIT
 *
 * A few wires with invented time and packets that are nothing but their sizes.
 */
#ifndef WANLAB_TESTS_UNIT_RIG_H
#define WANLAB_TESTS_UNIT_RIG_H

#include "base/clock.h"
#include "expect.h"
#include "wire/delayline/wires.h"

enum { FRAME = 1514, WIRES_MAX = 4, POOL_SIZE = 4096 };

/* A few wires, and packets without data to send over them. */
struct rig {
    struct scenario scenario;
    struct wire plan_wires[WIRES_MAX];
    struct plan plan;
    struct delayline_stats *stats;
    struct wires wires;
    struct packet packets[POOL_SIZE];
    unsigned next;
};

static inline struct impairment clean(void)
{
    return (struct impairment){0};
}

static inline struct rig *rig_new(uint64_t seed, const char *const *names,
                                  const struct impairment *impairments, size_t count)
{
    struct rig *r = xcalloc(1, sizeof(*r));
    r->scenario.seed = seed;
    for (size_t i = 0; i < count; i++)
        r->plan_wires[i] = (struct wire){.name = (char *)names[i], .impairment = impairments[i]};
    r->plan = (struct plan){.scenario = &r->scenario, .wires = r->plan_wires, .wire_count = count};
    r->stats = xcalloc(1, sizeof(*r->stats) + count * sizeof(r->stats->wire[0]));
    wires_init(&r->wires, &r->plan, r->stats, 0);
    return r;
}

static inline struct rig *rig_of(struct impairment impairment)
{
    return rig_new(1, (const char *const[]){"a->b"}, &impairment, 1);
}

static inline void rig_free(struct rig *r)
{
    wires_done(&r->wires);
    free(r->stats);
    free(r);
}

static inline struct packet *next_packet(struct rig *r, uint32_t wire_bytes)
{
    struct packet *p = &r->packets[r->next++ % POOL_SIZE];
    *p = (struct packet){.size = 12 + wire_bytes, .wire_bytes = wire_bytes, .segments = 1};
    return p;
}

static inline enum wires_fate send_packet(struct rig *r, uint32_t wire, uint64_t now)
{
    return wires_enqueue(&r->wires, wire, next_packet(r, FRAME), now);
}

/* The next packet's due time, whenever that is; UINT64_MAX: none is left. */
static inline uint64_t take(struct rig *r)
{
    uint64_t due = wires_next_due(&r->wires);
    uint32_t wire;
    if (due == UINT64_MAX)
        return due;
    if (due > 0)
        assert_null(wires_take_due(&r->wires, due - 1, &wire));
    struct packet *p = wires_take_due(&r->wires, due, &wire);
    assert_non_null(p);
    assert_int_equal(p->due_ns, due);
    return due;
}

#endif
