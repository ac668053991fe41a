/* SPDX-License-Identifier: MIT
 *
 * The connections to all databases, the own one included: `lanes` to each of the others, one to the
 * own. Opening tries again and again where nobody listens yet, and a connection that is lost later
 * is opened again too. All on the loop's thread; embedded
 * in its owner.
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

struct cluster_setup {
    const struct peers *peers; /* stays the caller's */
    size_t own;                /* index */
    const char *own_socket;    /* the own database's; NULL: over TCP too */
    unsigned lanes;            /* connections to each other database */
    uint64_t connect_timeout_ns;
    uint64_t cut_timeout_ns; /* how long a database may then be away */
    void (*opened)(void *owner);
    void (*failed)(void *owner, const struct error *err); /* its text names the node */
    void *owner;
};

struct cluster {
    struct cluster_setup setup;
    struct connection *connections; /* all first lanes by index, then all second ones, … */
    struct error *refusals;         /* of the last attempt to connect; as the connections */
    size_t count, open;
    size_t unprepared;
    void (*prepared)(void *owner);
    void *prepared_owner;
    bool ready;
    uint64_t deadline_ns; /* until then it has to be ready; CLOCK_MONOTONIC */
    uint64_t reconnects;
    uv_timer_t timer;
};

/* `opened` is called once all connections are there; `failed` when that takes longer than the
 * timeout, later when a database is away for longer than the other one: it leaves a statement
 * unanswered, or cannot be connected to; and at once for what a repetition cannot cure. */
void cluster_open(struct cluster *c, uv_loop_t *loop, const struct cluster_setup *setup);

/* Makes the insert known to all databases, then calls `done`. */
void cluster_prepare(struct cluster *c, void (*done)(void *owner), void *owner);

/* A connection to the database of a node; lane 0 alone to the own one. */
struct connection *cluster_connection(const struct cluster *c, size_t index, unsigned lane);

/* Statements that had to be sent again. */
uint64_t cluster_resent(const struct cluster *c);

/* Closes all connections; the handles' close is left to the loop, after which cluster_done()
 * releases the memory. */
void cluster_close(struct cluster *c);
void cluster_done(struct cluster *c);

#endif
