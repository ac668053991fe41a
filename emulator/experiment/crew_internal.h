/* SPDX-License-Identifier: MIT
 *
 * What crew.c, which waits, crew_program.c, which starts programs and listens to them, and
 * crew_host.c, which does so on the host, share.
 */
#ifndef WANLAB_EXPERIMENT_CREW_INTERNAL_H
#define WANLAB_EXPERIMENT_CREW_INTERNAL_H

#include <uv.h>

#include "experiment/crew.h"
#include "experiment/lines.h"
#include "experiment/program_log.h"
#include "lab/client.h"

struct program {
    struct crew *crew;
    struct crew_task task; /* argv and env are not kept */
    const char *node_name;
    char *where;     /* "node 'db1'": for messages */
    json_int_t exec; /* its number at the lab */
    pid_t pid;       /* of one on the host, which leads a process group; 0: a node's */
    int pidfd;       /* its; -1: none */
    uv_poll_t poll;
    bool ready, ended;
    bool excused;      /* it ends with its node, as it is to */
    uint64_t heard_ns; /* monotonic; of the last line of output, or the start */
    struct lines output, lines;
    struct program_log log;
    char *log_file;      /* in the results; NULL: none */
    int input;           /* the writing end of what it hears; -1: nothing */
    char last_line[256]; /* of its log, for messages */
    char said[256];      /* the text of its last {"error":…} */
};

/* A request that is under way. */
struct post {
    struct post *next;
    json_int_t id;
    void (*on_answer)(json_t *answer, const struct error *failure, void *arg);
    void *arg;
};

enum wait { WAIT_NOTHING, WAIT_READY, WAIT_END, WAIT_DISMISS };

struct crew {
    uv_loop_t loop;
    struct client *client;
    const struct plan *plan;
    uv_poll_t client_poll, signal_poll;
    uv_timer_t tick;
    int signals;
    struct program **programs;
    size_t count;
    enum wait wait;
    bool dismissed;
    uint64_t deadline_ns;
    void (*on_tick)(void *arg);
    void *tick_arg;
    void (*on_link)(json_t *event, void *arg);
    void *link_arg;
    enum crew_node *nodes;
    struct post *posts;
    int alarm; /* a timerfd */
    uv_poll_t alarm_poll;
    void (*on_alarm)(void *arg);
    void *alarm_arg;
    bool interrupted;
    bool failed;
    struct error failure;          /* the first one counts */
    const struct program *culprit; /* whose end that was; NULL: nobody's */
};

/* Ends the wait that is under way if there is nothing more to wait for. */
void crew_settle(struct crew *c);

/* A new program of the crew's; `where` is consumed. */
struct program *crew_add_program(struct crew *c, const struct crew_task *task,
                                 const char *node_name, char *where);
/* Opens its pipes: fds[0..3] for it, the other ends for us. */
int crew_open_pipes(struct program *p, int fds[4], struct error *err);
/* It has ended, as {"status": 0} or {"signal": 9} says. */
void crew_end_program(struct program *p, json_t *end);
/* Ends one on the host and all that it has started; others are left alone. */
void crew_kill_on_host(struct program *p);

/* Ends a program's log, and says what was cut from it. Its streams have ended before. */
void crew_close_program(struct program *p);

#endif
