/* SPDX-License-Identifier: MIT
 *
 * Paths: what can be measured from outside, from one node to another over one connection. A wire of
 * a link or of the wan is a path by itself; over a network a path is an uplink and a downlink, and
 * its members in a ring give paths which together use every wire. Where there are routers there are
 * also paths over several hops, from each node to one that is far from it in the file.
 * Pure.
 */
#ifndef WANLAB_TOPOLOGY_PATH_H
#define WANLAB_TOPOLOGY_PATH_H

#include <stddef.h>

#include "topology/plan.h"

struct path {
    unsigned from, to;          /* nodes */
    const struct port *to_port; /* its address takes a packet over this connection */
    const char *network;        /* that it leads over; NULL: a link, the wan or several hops */
    const struct impairment *const *wires; /* in the order in which a packet meets them */
    size_t wire_count;
    const unsigned *via; /* the routers that it passes */
    size_t via_count;
    unsigned mtu; /* the least on the way */
};

/* All paths of a plan, which must outlive them. Number 2k + 1 is the way back of number 2k, so
 * their number is even. The caller frees the result, which is one piece of memory. */
struct path *paths_of(const struct plan *plan, size_t *ret_count);

/* "a->b", "a->b (lan0)" or "a->b (2 routers)"; the caller frees it. */
char *path_name(const struct path *p, const struct plan *plan);

/* What the file asks for: delays added, chances of being lost combined, the slowest rate (0: none).
 */
uint64_t path_delay_ns(const struct path *p);
/* The same with all that jitter, reordering and traces may do to it, beside queues. */
uint64_t path_earliest_ns(const struct path *p);
uint64_t path_latest_ns(const struct path *p);
double path_loss(const struct path *p);
uint64_t path_rate_bps(const struct path *p);

/* Whether that is all that the file asks of its wires: see impairment_is_plain(). */
bool path_is_plain(const struct path *p);

/* Copies and damage, of the packets that arrive; the correlation is the larger one of its wires'.
 */
struct chance path_duplicate(const struct path *p);
struct chance path_corrupt(const struct path *p);

/* Frames of `bytes` a second that arrive of more than it can take; INFINITY without a rate. The
 * number of the slowest wire is in `*ret_slowest` (may be NULL), with traces at what
 * impairment_rate() says. */
double path_frames_per_s(const struct path *p, uint64_t bytes, size_t *ret_slowest);

/* Whether a trace changes what its packets meet; whether one has a rate, or losses. */
bool path_has_trace(const struct path *p);
bool path_has_trace_rate(const struct path *p);
bool path_has_trace_loss(const struct path *p);

/* The time that a frame of `bytes` takes over it when nothing else is on the way. */
uint64_t path_passage_ns(const struct path *p, uint64_t bytes);

#endif
