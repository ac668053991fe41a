/* SPDX-License-Identifier: MIT
 *
 * The delay line's event loop: packets in from the TAPs, through the model of the wires, out at
 * the other TAPs when they are due. One thread, which does nothing else and never allocates while
 * it runs. A loop has its own wires, switch, pool and epoll, and shares only the statistics, so
 * that several loops could divide a plan's TAPs among them.
 */
#ifndef WANLAB_WIRE_DELAYLINE_LOOP_H
#define WANLAB_WIRE_DELAYLINE_LOOP_H

#include "base/error.h"
#include "wire/delayline/child.h"
#include "wire/delayline/exchange.h"
#include "wire/delayline/merge.h"
#include "wire/delayline/pool.h"
#include "wire/delayline/record.h"
#include "wire/delayline/switch.h"
#include "wire/delayline/waiting.h"
#include "wire/delayline/wires.h"

/* All the packets that may be held at once, over all wires; what does not fit is dropped and
 * counted (no_memory): 270,000 wire packets or 8,000 super-packets. */
#define LOOP_MEMORY ((size_t)512 << 20)

/* Packets that leave over one wire in one write. */
struct train {
    uint32_t wire;
    unsigned count;
    struct packet *packets[MERGE_MAX];
    struct merge merge;
};

struct loop {
    struct delayline_stats *stats;   /* not owned */
    const struct plan *plan;         /* not owned */
    int *tap_fds;                    /* plan order; the descriptors are not owned; -1: bare */
    int *wire_fds;                   /* where each wire's packets leave */
    const struct exchange *exchange; /* not owned */
    struct wires wires;
    struct switch_table switch_table;
    struct pool pool;
    struct packet *spare[POOL_CLASSES]; /* what the next packet is read into; NULL: take one */
    struct recorder recorder;           /* of fates; without a file, unused */
    struct train train;                 /* about to be written */
    uint64_t released_ns;               /* when due packets were last written */
    struct waiting waiting;
    int pressure; /* /proc/pressure/cpu; -1: the kernel has none */
    int control;  /* not owned; its other end closed: the loop ends */
    int epoll;
};

int loop_init(struct loop *l, const struct child *c, struct error *err);
void loop_done(struct loop *l);

/* Runs until `control` is closed at its other end; 0, or an error of waiting itself. */
int loop_run(struct loop *l, struct error *err);

#endif
