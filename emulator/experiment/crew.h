/* SPDX-License-Identifier: MIT
 *
 * Programs at work in the nodes of a lab: starts them, reads what they say line by line, and turns
 * everything that goes wrong (a program that fails, a service that ends, a node, the engine or the
 * lab that dies, an interrupt by the user) into one error. One libuv loop, one thread.
 */
#ifndef WANLAB_EXPERIMENT_CREW_H
#define WANLAB_EXPERIMENT_CREW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "lab/lab.h"

struct crew;

/* What one program is to be. */
struct crew_task {
    unsigned node;
    const char *role; /* "mariadb": for messages; must outlive the crew */
    char *const *argv;
    char *const *env;
    FILE *log;            /* gets its standard output and error; consumed; NULL: dropped */
    const char *log_file; /* what that is called, for messages; copied; NULL: it has no name */
    double log_start_s;   /* realtime from which the log's times count */
    uint64_t log_limit;   /* bytes of the log; what is beyond is cut */
    int out_fd;           /* gets its standard output instead, bytes as they are; 0: none */
    const char *ready;    /* a service: ready when a line of its output contains this; else NULL */
    bool service;         /* may not end before the crew is dismissed */
    const char
        *lacks; /* a service: ready when its probe has ended well; what is lacking till then */
    bool probe; /* of the service `role`; nobody waits for it */
    bool hears; /* crew_tell() reaches its standard input; else there is nothing to read */
    uint64_t
        silence_ns; /* one that writes nothing to WANLAB_OUTPUT for so long has hung; 0: may be */
    /* Each line that it writes to WANLAB_OUTPUT; NULL: it has no such file. */
    void (*on_output)(unsigned node, const char *line, void *arg);
    /* Each line of its standard output and error; NULL: only the log. */
    void (*on_line)(unsigned node, const char *line, void *arg);
    /* Once, after the last line, when it has ended well, or `lost` with its node; may be NULL. */
    void (*on_end)(unsigned node, bool lost, void *arg);
    void *arg;
};

/* Connects to the lab. SIGINT, SIGTERM and SIGHUP must be blocked; from here on they fail the crew.
 */
int crew_open(const struct lab *lab, struct crew **ret, struct error *err);
void crew_close(struct crew *c); /* ends all programs that still run; accepts NULL */

/* Starts a program. */
int crew_start(struct crew *c, const struct crew_task *task, struct error *err);

/* The same for one that every node has: argv[0] is a name of agent/builtin.h. */
int crew_start_builtin(struct crew *c, const struct crew_task *task, struct error *err);

/* The same for one on the host, in the working folder `folder`; `task->node` means nothing. The
 * crew's end kills it and its process group. */
int crew_start_on_host(struct crew *c, const struct crew_task *task, const char *folder,
                       struct error *err);

/* Wait until all services are ready; until all that are no services have ended well. They end
 * early, with an error, as soon as anything fails, or after `timeout_ns` (0: never). `on_tick` (may
 * be NULL) is called ten times a second. */
int crew_await_ready(struct crew *c, uint64_t timeout_ns, struct error *err);
int crew_await_end(struct crew *c, uint64_t timeout_ns, void (*on_tick)(void *arg), void *arg,
                   struct error *err);

/* A line to the programs of a node that hear. */
void crew_tell(struct crew *c, unsigned node, const char *line);

/* The program whose end has failed the crew: its log's name, and the last lines of that on `out`,
 * if there are more than the one in the error. False if it was no program, or said no more. */
bool crew_print_last_words(const struct crew *c, const char **ret_log_file, FILE *out);

/* Whether the user asked to stop, at any time since crew_open(). */
bool crew_was_interrupted(const struct crew *c);

/* Asks the services to end (SIGTERM) and waits, at most `timeout_ns`. What then remains ends with
 * the lab, and is the error. */
int crew_dismiss(struct crew *c, uint64_t timeout_ns, struct error *err);

/* Whom to tell, from inside the awaits, that somebody has changed wires of the lab: the event is as
 * lab/channel.h describes it, and borrowed. */
void crew_on_link(struct crew *c, void (*on_link)(json_t *event, void *arg), void *arg);

/* Asks the lab for something (consumes `request`) and waits; the answer is the caller's to
 * json_decref(). */
int crew_request(struct crew *c, json_t *request, json_t **ret, struct error *err);

/* The same without waiting: `on_answer` is called from inside an await, with
 * the answer (borrowed) as lab/channel.h describes it, or with the error. */
int crew_post(struct crew *c, json_t *request,
              void (*on_answer)(json_t *answer, const struct error *failure, void *arg), void *arg,
              struct error *err);

/* Calls `on_alarm` once from inside an await, as soon as CLOCK_MONOTONIC is past `when_ns`; there
 * is one alarm. `on_alarm` NULL: not any more. */
void crew_set_alarm(struct crew *c, uint64_t when_ns, void (*on_alarm)(void *arg), void *arg);

/* What is being done to a node, lest its silence or its death fail the crew: programs of a paused
 * one may be silent; one that is ended dies with its programs. */
enum crew_node { CREW_NODE_RUNS, CREW_NODE_PAUSED, CREW_NODE_ENDED };
void crew_set_node(struct crew *c, unsigned node, enum crew_node state);
enum crew_node crew_node(const struct crew *c, unsigned node);
/* Whether all services of a node that runs are ready. */
bool crew_node_is_ready(const struct crew *c, unsigned node);

/* Fails the crew, as if one of its programs had. */
void crew_fail(struct crew *c, const struct error *err);

/* The lab's status, as lab/status.c describes it; the caller's to json_decref(). */
int crew_status(struct crew *c, json_t **ret, struct error *err);

#endif
