/* SPDX-License-Identifier: MIT
 *
 * What all phases of a run share: parameters, peers, the loop, the connections, the output, and the
 * one way to fail. A phase is an object embedded in the run (run.c); it is started with a
 * callback for its end and works on the session. All on the loop's thread.
 */
#ifndef REPLICATE_SESSION_H
#define REPLICATE_SESSION_H

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"

#include "cluster.h"
#include "output.h"
#include "parameters.h"
#include "peers.h"

struct session {
    struct parameters parameters;
    struct identity identity;
    struct peers peers;
    size_t master; /* the index whose database is the meeting place */
    uv_loop_t loop;
    struct output output;
    struct cluster cluster;
    char *own_socket;
    void (*connected)(void *owner);
    void *connected_owner;
    uv_signal_t on_term, on_int;
    const char *phase; /* for messages */
    bool failed;
    struct error error; /* the first failure */
};

/* Reads the environment and the peers, opens loop and output, and ends on SIGTERM and SIGINT. After
 * an error session_close() is not needed. */
int session_open(struct session *s, struct error *err);

/* Runs the loop until nothing is left to do or the session has failed. */
int session_run(struct session *s, struct error *err);

/* Releases everything; what a phase embeds in the loop must be closed already. Returns the first
 * error in writing the output. */
int session_close(struct session *s, struct error *err);

/* Connects to all databases, by `lanes` connections each, then calls `connected`. */
void session_connect(struct session *s, unsigned lanes, void (*connected)(void *owner),
                     void *owner);

void session_enter(struct session *s, const char *phase);

/* Keeps the first error, with the phase's name before it, and ends session_run(). */
void session_fail(struct session *s, const struct error *err);

/* Ends session_run() with success. */
void session_finish(struct session *s);

struct connection *session_own(struct session *s);
struct connection *session_master(struct session *s);

#endif
