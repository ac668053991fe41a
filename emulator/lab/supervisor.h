/* SPDX-License-Identifier: MIT
 *
 * The supervisor's parts share this: supervisor.c builds the lab and runs the loop, control.c
 * answers clients, programs.c starts and watches programs in nodes, life.c watches the nodes
 * themselves and ends and boots them, clocks.c keeps their clocks. One thread, one libuv loop;
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

/* What is asked of the wires now. */
struct links {
    struct impairment *asked; /* by wire, bare ones included */
    bool *bare;               /* by wire: not in the engine's hands yet */
    bool *wire_packets;       /* by port: its node's offloads are off */
    unsigned *changed;        /* by wire: how often */
    unsigned *cut;            /* by wire: the partitions that cut it, whatever is asked of it */
    const struct stations **refused; /* by wire: whose frames do not get through; NULL: nobody's */
    struct held_partition **partitions; /* see partitions.c */
    size_t partition_count;
    struct change_tables tables; /* what `asked` refers to beside the scenario's */
    json_t *history;             /* of changes, as "status" shows them; the last of very many */
    uint64_t changes;            /* in all */
};

struct supervisor {
    const struct tree *tree;
    uv_loop_t loop;
    struct fabric fabric;
    char *nodes_folder, *labs_folder, *cgroups; /* what its nodes are made of */
    const struct wire_engine *engine;
    struct engine_run *engine_run;
    struct links links;
    uint64_t started_ns; /* realtime */
    int listener;
    uv_poll_t listener_poll, engine_poll, lifeline_poll;
    struct life *lives;     /* one a node; see life.c */
    struct errand *errands; /* requests that are under way */
    size_t booting;         /* nodes */
    struct clock *clocks;   /* one a node; see clocks.c */
    uv_timer_t clock_tick;  /* while one drifts that is ours to write */
    struct connection *connections;
    struct program *programs;
};

/* control.c: listens on FOLDER/control. */
int control_start(struct supervisor *s, struct error *err);
void control_broadcast(struct supervisor *s, json_t *event); /* consumes event */
void control_send(struct connection *c, json_t *object);     /* consumes object */

/* The answer to a request whose handler returned CONTROL_LATER; `err` is NULL if it went well, and
 * then it says when that was. */
enum { CONTROL_LATER = 1 };
void control_answer(struct connection *c, json_int_t id, const struct error *err,
                    const struct wire_switch *when);

/* {"at_s": …, "monotonic_s": …, "skew_s": …}, the last being the time from the first wire or node
 * to the last. */
json_t *control_describe_switch(const struct wire_switch *when);

/* What comes about at this moment, at one more wire or node. */
void control_note_time(struct wire_switch *when);

/* Marks the nodes that a request names in "nodes"; none at all is an error. */
int control_named(struct supervisor *s, json_t *request, bool *ret_named, struct error *err);

/* clocks.c: handles "clock". A node that boots is forgotten. */
void clocks_init(struct supervisor *s);
int clocks_request(struct supervisor *s, json_t *request, json_t *answer, struct error *err);
void clocks_forget(struct supervisor *s, unsigned node);

/* life.c: handles "pause" and "resume"; "kill" and "restart", which return CONTROL_LATER. */
int life_pause(struct connection *c, json_t *request, bool paused, json_t *answer,
               struct error *err);
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

/* status.c: what "status" answers; a wire as it shows there. */
json_t *status_describe(const struct supervisor *s);
json_t *status_describe_wire(const struct supervisor *s, unsigned wire);

/* links.c: changes of wires. */
void links_init(struct supervisor *s);

/* A change is prepared and then made, at once or later, but before another one: it holds whole
 * models. `words` say in JSON what is asked, [{"wires":["a-b"],"set":["delay=5ms"]},…]; `folder` is
 * where the names of files in them begin. */
int links_prepare(struct supervisor *s, json_t *words, const char *folder, struct change *ret,
                  struct error *err);
/* Puts those of its wires that are bare into the engine's hands, which does nothing to their
 * packets yet, but takes its time. */
int links_splice(struct supervisor *s, const struct change *c, struct error *err);
/* Makes it, at one instant or not at all; notes it and tells all clients, with `scheduled` if it
 * belongs to a run. What partitions cut, stays cut. */
int links_apply(struct supervisor *s, const struct change *c, json_t *words, bool scheduled,
                struct wire_switch *ret, struct error *err);

/* What a wire is to do now: what is asked of it, unless a partition cuts it. */
struct impairment links_effective(const struct supervisor *s, unsigned wire);

/* partitions.c: handle "link" with "partition" or with "heal". */
int partitions_part(struct supervisor *s, json_t *request, json_t *answer, struct error *err);
int partitions_heal(struct supervisor *s, json_t *request, json_t *answer, struct error *err);
json_t *partitions_describe(const struct supervisor *s); /* ["split", …] */

/* Handles "events": what an entry of a scenario's `events` comes to in this lab. */
int partitions_expand(struct supervisor *s, json_t *request, json_t *answer, struct error *err);

/* Handles "link". */
int links_request(struct connection *c, json_t *request, json_t *answer, struct error *err);

/* A node that was booted anew gets those settings that changes have brought. */
int links_rewire(struct supervisor *s, unsigned node, struct error *err);

#endif
