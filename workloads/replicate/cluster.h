/* SPDX-License-Identifier: MIT
 *
 * The connections to all databases, the own one included, by index. Opening tries again and again
 * where nobody listens yet. All on the loop's thread; embedded in its owner.
 */
#ifndef REPLICATE_CLUSTER_H
#define REPLICATE_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"

#include "connection.h"
#include "peers.h"

struct cluster {
    const struct peers *peers;
    struct connection *connections;
    struct error *refusals; /* of the last attempt to connect, by index */
    size_t count, open;
    bool ready;
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    uv_timer_t timer;
    void (*opened)(void *owner);
    void (*failed)(void *owner, const struct error *err); /* its text names the node */
    void *owner;
};

/* `opened` is called once all connections are there; `failed` when that takes longer than
 * `timeout_ns`, and later for every connection that ends. `peers` stays the caller's. */
void cluster_open(struct cluster *c, uv_loop_t *loop, const struct peers *peers,
                  uint64_t timeout_ns, void (*opened)(void *owner),
                  void (*failed)(void *owner, const struct error *err), void *owner);

/* Closes all connections; the handles' close is left to the loop, after which cluster_done()
 * releases the memory. */
void cluster_close(struct cluster *c);
void cluster_done(struct cluster *c);

#endif
