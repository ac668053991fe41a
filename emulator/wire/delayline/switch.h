/* SPDX-License-Identifier: MIT
 *
 * Which wire a packet takes. A TAP of a link or a network has one outgoing wire. A TAP of the wan
 * has one for every other member, and the destination address says which: address to member by a
 * hash table, pair of members to wire by a dense matrix, so two look-ups however many there are.
 * There the delay line also does a router's work on the Ethernet header.
 *
 * Pure, and constant once made.
 */
#ifndef WANLAB_WIRE_DELAYLINE_SWITCH_H
#define WANLAB_WIRE_DELAYLINE_SWITCH_H

#include "topology/plan.h"
#include "wire/delayline/frame.h"

#define SWITCH_NONE UINT32_MAX /* no such wire, or no such member */

struct switch_member {
    uint8_t macs[12]; /* the node's and its port's: the header of a frame on the last hop */
};

/* An address of a wan member in the hash table. */
struct switch_slot {
    uint64_t high, low; /* the address; IPv4 is low alone */
    uint32_t member;    /* SWITCH_NONE: free */
    int family;
};

struct switch_tap {
    uint32_t wire;   /* the only one, for links and networks; else SWITCH_NONE */
    uint32_t member; /* of the wan, else SWITCH_NONE */
};

struct switch_table {
    struct switch_tap *taps; /* plan order */
    struct switch_member *members;
    uint32_t member_count;
    uint32_t *pairs; /* [from * member_count + to]: a wire */
    struct switch_slot *slots;
    uint32_t slot_mask; /* their number (a power of two) - 1 */
};

struct switch_way {
    uint32_t wire;       /* SWITCH_NONE: nobody is there */
    const uint8_t *macs; /* what frame_route() has to write; NULL: nothing */
};

void switch_init(struct switch_table *s, const struct plan *plan);
void switch_done(struct switch_table *s);

struct switch_way switch_find(const struct switch_table *s, uint32_t tap, const struct frame *f);

#endif
