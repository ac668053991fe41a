/* SPDX-License-Identifier: MIT */
#include "wire/delayline/agenda.h"

#include <stdlib.h>

#include "base/mem.h"

void agenda_init(struct agenda *a, size_t wire_count)
{
    *a = (struct agenda){
        .heap = xcalloc(wire_count, sizeof(*a->heap)),
        .place = xcalloc(wire_count, sizeof(*a->place)),
    };
    for (size_t i = 0; i < wire_count; i++)
        a->place[i] = AGENDA_NONE;
}

void agenda_done(struct agenda *a)
{
    free(a->heap);
    free(a->place);
    *a = (struct agenda){0};
}

static void put(struct agenda *a, uint32_t at, struct agenda_entry entry)
{
    a->heap[at] = entry;
    a->place[entry.wire] = at;
}

/* `entry` is to be at `at` or nearer to the top. */
static void rise(struct agenda *a, uint32_t at, struct agenda_entry entry)
{
    while (at > 0 && a->heap[(at - 1) / 2].due_ns > entry.due_ns) {
        put(a, at, a->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(a, at, entry);
}

/* `entry` is to be at `at` or farther from the top. */
static void sink(struct agenda *a, uint32_t at, struct agenda_entry entry)
{
    uint32_t child;
    while ((child = 2 * at + 1) < a->len) {
        if (child + 1 < a->len && a->heap[child + 1].due_ns < a->heap[child].due_ns)
            child++;
        if (a->heap[child].due_ns >= entry.due_ns)
            break;
        put(a, at, a->heap[child]);
        at = child;
    }
    put(a, at, entry);
}

static void place_entry(struct agenda *a, uint32_t at, struct agenda_entry entry)
{
    if (at > 0 && a->heap[(at - 1) / 2].due_ns > entry.due_ns)
        rise(a, at, entry);
    else
        sink(a, at, entry);
}

static void take_out(struct agenda *a, uint32_t at)
{
    a->place[a->heap[at].wire] = AGENDA_NONE;
    a->len--;
    if (at < a->len)
        place_entry(a, at, a->heap[a->len]);
}

void agenda_set(struct agenda *a, uint32_t wire, uint64_t due_ns)
{
    const struct agenda_entry entry = {due_ns, wire};
    uint32_t at = a->place[wire];
    if (due_ns == UINT64_MAX) {
        if (at != AGENDA_NONE)
            take_out(a, at);
    } else if (at == AGENDA_NONE) {
        rise(a, a->len++, entry);
    } else if (a->heap[at].due_ns != due_ns) {
        place_entry(a, at, entry);
    }
}
