/* SPDX-License-Identifier: MIT
 *
 * When packets should arrive over a path on which nothing is left to chance, traces included: what
 * the file asks for, computed from it alone and packet by packet, beside what the engine did. Only
 * those that do arrive are forecast: what is lost or finds a queue full takes no time of a wire.
 * Pure.
 */
#ifndef WANLAB_TOPOLOGY_FORECAST_H
#define WANLAB_TOPOLOGY_FORECAST_H

#include <stdbool.h>

#include "topology/path.h"

/* One wire of it. */
struct forecast_hop {
    double free_ns;       /* when its last transmission ends */
    double last_ns;       /* when its last packet leaves it: order is kept */
    uint64_t opportunity; /* of a trace: the next one that nothing has used … */
    uint64_t left;        /* … and the bytes left of the one before it */
};

struct forecast {
    const struct path *path;
    uint64_t origin_ns; /* when the traces began */
    struct forecast_hop *hops;
};

void forecast_init(struct forecast *f, const struct path *p, uint64_t origin_ns);
void forecast_done(struct forecast *f);

/* When a frame of `bytes` arrives that is sent at `sent_ns`, behind all forecast before. */
double forecast_arrival(struct forecast *f, uint64_t sent_ns, uint64_t bytes);

/* The chance that a frame sent at a time is lost: of traces, and of what is independent of time. */
double forecast_loss(const struct forecast *f, uint64_t sent_ns);

#endif
