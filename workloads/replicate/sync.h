/* SPDX-License-Identifier: MIT
 *
 * The first and the last phase: all instances meet in a table of the master's database, which each
 * of them lists again and again until all rows are there, or all are gone.
 */
#ifndef REPLICATE_SYNC_H
#define REPLICATE_SYNC_H

#include <stdbool.h>
#include <uv.h>

#include "session.h"

struct sync {
    struct session *session;
    unsigned expected; /* rows to wait for: all or none */
    bool *present;     /* by index, as last listed */
    uint64_t pause_ms; /* between an answer and the next question */
    uv_timer_t pause, deadline;
    char create[256], statement[64];
    void (*done)(void *owner);
    void *owner;
};

void sync_init(struct sync *s, struct session *session);

/* Makes the tables where they are missing, adds the own row, and calls `done` when all instances
 * have. The session fails when that takes longer than the parameters allow. */
void sync_arrive(struct sync *s, void (*done)(void *owner), void *owner);

/* Removes the own row and calls `done` when the table is empty. There is no deadline: others may
 * rightly need any time for their main loop. */
void sync_leave(struct sync *s, void (*done)(void *owner), void *owner);

/* The handles' close is left to the loop. */
void sync_close(struct sync *s);

#endif
