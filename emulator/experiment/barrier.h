/* SPDX-License-Identifier: MIT
 *
 * A barrier at which a workload's programs wait for each other, as often as they like, each time
 * under a name. Nobody waits for a program that was lost with its node; one that is started anew
 * finds open what was opened before. Pure: who is told, and how, is the caller's.
 */
#ifndef WANLAB_EXPERIMENT_BARRIER_H
#define WANLAB_EXPERIMENT_BARRIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "topology/scenario.h"

enum barrier_state {
    BARRIER_ABSENT,   /* no program is meant for this node */
    BARRIER_EXPECTED, /* it is not started yet, or lost */
    BARRIER_RUNS,
    BARRIER_WAITS,
    BARRIER_RELEASED, /* and not told yet */
    BARRIER_ENDED,
};

struct barrier {
    const struct node *nodes; /* for messages; borrowed */
    struct {
        enum barrier_state state;
        unsigned lives; /* started so often */
    } * states;
    size_t count;
    char *name;    /* at which they wait; NULL: nobody does */
    char **opened; /* names of those that were */
    size_t opened_count;
};

/* Programs are to run on the `chosen` of the `count` nodes. */
void barrier_init(struct barrier *b, const struct node *nodes, const bool *chosen, size_t count);
void barrier_done(struct barrier *b);

/* The program of a node is started; false: there is none for it. */
bool barrier_join(struct barrier *b, unsigned node);

/* The program of a node has come. 1: it was the last, all may go on; 0: others are still to come.
 * What can never end is an error: another name than the others wait at, a node that came already,
 * one that has ended. */
int barrier_arrive(struct barrier *b, unsigned node, const char *name, struct error *err);

/* Whether this node is one of those that may go on; true once. */
bool barrier_take(struct barrier *b, unsigned node);

/* The program of a node has ended; an error if others wait for it. */
int barrier_leave(struct barrier *b, unsigned node, struct error *err);

/* It was lost with its node. 1: the others may go on. */
int barrier_lose(struct barrier *b, unsigned node);

#endif
