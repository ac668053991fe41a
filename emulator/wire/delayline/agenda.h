/* SPDX-License-Identifier: MIT
 *
 * Which of many wires is due next: a binary heap of wires by time, in which each has at most one
 * entry that can be moved. O(log busy wires), whatever the number of wires. Pure.
 */
#ifndef WANLAB_WIRE_DELAYLINE_AGENDA_H
#define WANLAB_WIRE_DELAYLINE_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
    uint64_t due_ns;
    uint32_t wire;
};

struct agenda {
    struct agenda_entry *heap; /* the earliest first */
    uint32_t *place;           /* by wire: its entry's index, or AGENDA_NONE */
    uint32_t len;
};

#define AGENDA_NONE UINT32_MAX

void agenda_init(struct agenda *a, size_t wire_count);
void agenda_done(struct agenda *a);

/* Enters, moves or (UINT64_MAX) removes a wire. */
void agenda_set(struct agenda *a, uint32_t wire, uint64_t due_ns);

/* When the first is due; UINT64_MAX: none is. */
static inline uint64_t agenda_next(const struct agenda *a)
{
    return a->len ? a->heap[0].due_ns : UINT64_MAX;
}

#endif
