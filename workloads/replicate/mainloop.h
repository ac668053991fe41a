/* SPDX-License-Identifier: MIT
 *
 * The second phase: local inserts at their intended times, and after every `aggregate` of them the
 * same tuples as one batch to all other databases. How a batch gets there is the mode's affair,
 * behind `struct distribution`.
 */
#ifndef REPLICATE_MAINLOOP_H
#define REPLICATE_MAINLOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"

#include "alarm.h"
#include "pace.h"
#include "rows.h"
#include "session.h"
#include "tuple.h"

struct mainloop;

/* Consecutive tuples: inserted locally one by one, then remotely all at once. */
struct batch {
    struct rows rows;
    size_t missing;    /* databases that have not acknowledged it */
    uint64_t first_ns; /* when its first local insert was acknowledged */
    uint64_t ready_ns; /* when its last one was */
};

struct distribution {
    bool waits; /* no local insert before the batch has arrived everywhere */
    void (*init)(struct mainloop *);
    /* The batch is ready, and the distribution's to free. When it `waits`, mainloop_resume() has to
     * follow. */
    void (*ship)(struct mainloop *, struct batch *);
    void (*done)(struct mainloop *); /* also after init alone, and within a failed run */
};

void batch_free(struct batch *b); /* accepts NULL */

extern const struct distribution distribution_sequential;
extern const struct distribution distribution_parallel;

struct mainloop {
    struct session *session;
    const struct distribution *distribution;
    void *distribution_data;
    struct pace pace;
    struct alarm alarm;
    uint64_t key;    /* of the own tuples */
    uint64_t next;   /* number of the insert due or under way, from 1 */
    uint64_t due_ns; /* its intended time */
    struct tuple tuple;
    struct batch *filling; /* NULL: the next insert begins one */
    bool over;
    uint64_t batches_missing; /* shipped, not acknowledged by all */
    uint64_t last_commit_ns;
    uint64_t last_remote_ns;   /* 0: none yet */
    uint64_t backlog_max;      /* batches */
    uint64_t missed;           /* iterations that began a mean gap or more too late */
    struct histogram lateness; /* of their beginnings after the intended times, in ns */
    void (*finished)(void *owner);
    void *owner;
};

int mainloop_open(struct mainloop *m, struct session *session, struct error *err);

/* The barrier is now; `finished` is called when all that was inserted here is everywhere. */
void mainloop_start(struct mainloop *m, void (*finished)(void *owner), void *owner);

/* Handles' close is left to the loop. */
void mainloop_close(struct mainloop *m);

/* For distributions: the number of remote databases that get tuples, and a connection to the n-th
 * of them in the order of the indices that begins behind the own one. */
size_t mainloop_remotes(const struct mainloop *m);
struct connection *mainloop_remote(struct mainloop *m, size_t n, unsigned lane);

/* For distributions: a remote database acknowledged `b`, which it could have been sent at
 * `since_ns`. Returns whether it was the last one to do so. */
bool mainloop_acknowledged(struct mainloop *m, const struct connection *c, struct batch *b,
                           uint64_t since_ns);

/* For distributions that wait: goes on with the local inserts. */
void mainloop_resume(struct mainloop *m);

/* For distributions that do not: the last acknowledgement may have been that of the main loop. */
void mainloop_check_finished(struct mainloop *m);

#endif
