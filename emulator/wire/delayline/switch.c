/* SPDX-License-Identifier: MIT */
#include "wire/delayline/switch.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static struct switch_slot slot_key(int family, const uint8_t *bytes)
{
    struct switch_slot key = {.family = family, .member = SWITCH_NONE};
    uint32_t v4;
    if (family == AF_INET) {
        memcpy(&v4, bytes, sizeof(v4));
        key.low = v4;
    } else {
        memcpy(&key.high, bytes, 8);
        memcpy(&key.low, bytes + 8, 8);
    }
    return key;
}

/* Where the address is, or where it would be put. Never full: see make_slots(). */
static struct switch_slot *find_slot(const struct switch_table *s, const struct switch_slot *key)
{
    uint64_t hash = (key->low ^ key->high * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    for (uint32_t at = (uint32_t)(hash >> 32);; at++) {
        struct switch_slot *slot = &s->slots[at & s->slot_mask];
        if (slot->member == SWITCH_NONE ||
            (slot->low == key->low && slot->high == key->high && slot->family == key->family))
            return slot;
    }
}

static void add_address(struct switch_table *s, const struct ip *ip, uint32_t member)
{
    if (ip->family == 0)
        return;
    struct switch_slot key = slot_key(ip->family, ip->bytes);
    struct switch_slot *slot = find_slot(s, &key);
    *slot = key;
    slot->member = member;
}

/* At least half of the slots stay free, so that a look-up ends soon. */
static void make_slots(struct switch_table *s)
{
    uint32_t count = 8;
    while (count < 4 * s->member_count)
        count *= 2;
    s->slots = xcalloc(count, sizeof(*s->slots));
    s->slot_mask = count - 1;
    for (uint32_t i = 0; i < count; i++)
        s->slots[i].member = SWITCH_NONE;
}

/* Numbers the members by their TAPs; `member_taps` becomes the TAP of each. */
static void number_members(struct switch_table *s, const struct plan *plan, unsigned *member_taps)
{
    for (size_t i = 0; i < plan_wires(plan); i++) {
        const struct wire *w = &plan->wires[i];
        if (w->kind != WIRE_WAN) {
            s->taps[w->from_tap].wire = (uint32_t)i;
            continue;
        }
        if (s->taps[w->from_tap].member != SWITCH_NONE)
            continue;
        member_taps[s->member_count] = w->from_tap;
        s->taps[w->from_tap].member = s->member_count++;
    }
}

static void add_member(struct switch_table *s, uint32_t member, const struct port *port)
{
    memcpy(s->members[member].macs, port->node_mac, 6);
    memcpy(s->members[member].macs + 6, port->mac, 6);
    add_address(s, &port->v4, member);
    add_address(s, &port->v6, member);
}

static void fill_pairs(struct switch_table *s, const struct plan *plan)
{
    size_t n = s->member_count;
    s->pairs = xcalloc(n * n, sizeof(*s->pairs));
    for (size_t i = 0; i < n * n; i++)
        s->pairs[i] = SWITCH_NONE;
    for (size_t i = 0; i < plan_wires(plan); i++) {
        const struct wire *w = &plan->wires[i];
        if (w->kind == WIRE_WAN)
            s->pairs[s->taps[w->from_tap].member * n + s->taps[w->to_tap].member] = (uint32_t)i;
    }
}

void switch_init(struct switch_table *s, const struct plan *plan)
{
    _cleanup_(freep) unsigned *member_taps = xcalloc(plan_taps(plan), sizeof(*member_taps));
    *s = (struct switch_table){0};
    s->taps = xcalloc(plan_taps(plan), sizeof(*s->taps));
    for (size_t i = 0; i < plan_taps(plan); i++)
        s->taps[i] = (struct switch_tap){SWITCH_NONE, SWITCH_NONE};
    number_members(s, plan, member_taps);
    s->members = xcalloc(s->member_count, sizeof(*s->members));
    make_slots(s);
    for (uint32_t m = 0; m < s->member_count; m++)
        add_member(s, m, &plan->ports[plan->taps[member_taps[m]].port]);
    fill_pairs(s, plan);
}

void switch_done(struct switch_table *s)
{
    free(s->taps);
    free(s->members);
    free(s->pairs);
    free(s->slots);
    *s = (struct switch_table){0};
}

struct switch_way switch_find(const struct switch_table *s, uint32_t tap, const struct frame *f)
{
    const struct switch_tap *t = &s->taps[tap];
    struct switch_way nobody = {.wire = SWITCH_NONE};
    if (t->member == SWITCH_NONE)
        return (struct switch_way){.wire = t->wire};
    if (f->group || !f->destination)
        return nobody;
    struct switch_slot key = slot_key(f->family, f->destination);
    uint32_t to = find_slot(s, &key)->member;
    if (to == SWITCH_NONE)
        return nobody;
    return (struct switch_way){
        .wire = s->pairs[(size_t)t->member * s->member_count + to],
        .macs = s->members[to].macs,
    };
}
