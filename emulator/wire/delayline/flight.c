/* SPDX-License-Identifier: MIT */
#include "wire/delayline/flight.h"

/* The order wraps; neighbours in time are never 2^31 apart. */
static bool is_before(const struct packet *a, const struct packet *b)
{
    if (a->due_ns != b->due_ns)
        return a->due_ns < b->due_ns;
    return (int32_t)(a->order - b->order) < 0;
}

/* Two heaps into one: the later root becomes the first child of the earlier. A child's `next` is
 * its sibling. */
static struct packet *meld(struct packet *a, struct packet *b)
{
    if (!a || !b)
        return a ? a : b;
    if (is_before(b, a)) {
        struct packet *swap = a;
        a = b;
        b = swap;
    }
    b->next = a->child;
    a->child = b;
    return a;
}

/* The heap without its root: its children in pairs, then the pairs from the last to the first. */
static struct packet *meld_children(struct packet *root)
{
    struct packet *pairs = NULL, *heap = NULL;
    for (struct packet *first = root->child, *rest; first; first = rest) {
        struct packet *second = first->next;
        rest = second ? second->next : NULL;
        struct packet *pair = meld(first, second);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct packet *next = pairs->next;
        heap = meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

void flight_add(struct flight *f, struct packet *packet)
{
    packet->next = packet->child = NULL;
    packet->order = f->order++;
    if (!f->head) {
        f->head = f->tail = packet;
    } else if (packet->due_ns >= f->tail->due_ns) {
        f->tail->next = packet;
        f->tail = packet;
    } else {
        f->heap = meld(f->heap, packet);
    }
}

struct packet *flight_first(const struct flight *f)
{
    if (!f->heap)
        return f->head;
    return !f->head || is_before(f->heap, f->head) ? f->heap : f->head;
}

struct packet *flight_take(struct flight *f)
{
    struct packet *first = flight_first(f);
    if (first == f->heap)
        f->heap = meld_children(first);
    else
        f->head = first->next;
    return first;
}
