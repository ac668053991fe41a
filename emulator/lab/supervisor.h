/* SPDX-License-Identifier: MIT
 *
 * The supervisor's parts share this: supervisor.c builds the lab and runs the loop, control.c
 * answers clients, programs.c starts and watches programs in nodes, life.c watches the nodes
 * themselves and ends and boots them. One thread, one libuv loop;
 * every object here is touched only on it.
 */
#ifndef WANLAB_LAB_SUPERVISOR_H
#define WANLAB_LAB_SUPERVISOR_H

#include <uv.h>

#include "lab/apply.h"
#include "lab/channel.h"
#include "lab/tree.h"
#include "wire/engine.h"

/* A client's connection. */
struct connection {
    struct connection *next;
    struct supervisor *supervisor;
    struct channel channel;
    uv_poll_t poll;
    bool closing;
};

/* A program that runs in a node on behalf of a client. */
struct program {
    struct program *next;
    struct supervisor *supervisor;
    struct connection *owner; /* NULL once it has gone: nobody is told of the end */
    json_int_t id;            /* the owner's request */
    struct node_instance *node;
    pid_t pid; /* also its process group and session */
    bool tty;  /* it has a terminal, whose master is the owner's */
    int pidfd;
    uv_poll_t poll;
};

struct supervisor {
    const struct tree *tree;
    uv_loop_t loop;
    struct fabric fabric;
    char *nodes_folder, *labs_folder, *cgroups; /* what its nodes are made of */
    const struct wire_engine *engine;
    struct engine_run *engine_run;
    uint64_t started_ns; /* realtime */
    int listener;
    uv_poll_t listener_poll, engine_poll, lifeline_poll;
    struct life *lives;     /* one a node; see life.c */
    struct errand *errands; /* requests that are under way */
    size_t booting;         /* nodes */
    struct connection *connections;
    struct program *programs;
};

/* control.c: listens on FOLDER/control. */
int control_start(struct supervisor *s, struct error *err);
void control_broadcast(struct supervisor *s, json_t *event); /* consumes event */
void control_send(struct connection *c, json_t *object);     /* consumes object */

/* The answer to a request whose handler returned CONTROL_LATER; `err` is NULL if it went well. */
enum { CONTROL_LATER = 1 };
void control_answer(struct connection *c, json_int_t id, const struct error *err);

/* life.c: handles "pause" and "resume"; "kill" and "restart", which return CONTROL_LATER. */
int life_pause(struct connection *c, json_t *request, bool paused, struct error *err);
enum life_end { LIFE_KILL, LIFE_STOP, LIFE_RESTART };
int life_end(struct connection *c, json_int_t id, json_t *request, enum life_end how,
             struct error *err);
void life_orphan(struct connection *c); /* nobody is told any more */
void life_start(struct supervisor *s);  /* watches all nodes */

/* programs.c: handles "exec", "builtin" and "shell"; descriptors are taken from the connection. For
 * a shell `*ret_master` is the caller's, to go with the answer and to be closed. */
int programs_start(struct connection *c, json_int_t id, json_t *request, int *ret_master,
                   struct error *err);
int programs_signal(struct connection *c, json_t *request, struct error *err);
void programs_orphan(struct connection *c); /* ends those of a client that has gone */

/* status.c: what "status" answers. */
json_t *status_describe(const struct supervisor *s);

#endif
