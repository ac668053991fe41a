/* SPDX-License-Identifier: MIT
 *
 * The packets of one wire that fly, by the time at which they are due; those due at once in the
 * order in which they took off. Most come in that order and form a list; what is due before the
 * last of these goes into a pairing heap beside it. O(1) to add, O(log overtakers) to take. Pure.
 */
#ifndef WANLAB_WIRE_DELAYLINE_FLIGHT_H
#define WANLAB_WIRE_DELAYLINE_FLIGHT_H

#include "wire/delayline/pool.h"

struct flight {
    struct packet *head, *tail; /* the list */
    struct packet *heap;        /* its root */
    uint32_t order;             /* of the next */
};

/* `due_ns` is filled in; the flight sets `next`, `child` and `order`. */
void flight_add(struct flight *f, struct packet *packet);

/* The first packet, or NULL. */
struct packet *flight_first(const struct flight *f);

/* Takes the first; there is one. */
struct packet *flight_take(struct flight *f);

#endif
