/* SPDX-License-Identifier: MIT
 *
 * Carries out the schedule of a run's events (topology/events.h has what they are and when their
 * zero is) while the workload runs, and writes into events.jsonl what was asked, when it was
 * planned and when it took effect. Such a file can be given as the events of another run.
 *
 * On the crew's loop: nothing here waits. An event that fails, fails the run. One whose time has
 * not come when the workload ends is not carried out, and says so in the file; partitions that are
 * still there then are healed, for the check of the result.
 */
#ifndef WANLAB_EXPERIMENT_EVENTS_H
#define WANLAB_EXPERIMENT_EVENTS_H

#include <jansson.h>

#include "experiment/workload.h"
#include "topology/events.h"

struct run;

struct events {
    struct run *run;
    const struct schedule *schedule; /* NULL: none */
    struct event *events;            /* its own, and those of conditions that were fulfilled */
    size_t count, next;
    bool *fulfilled; /* by condition */
    bool begun;
    double zero_s;          /* on the run's clock */
    uint64_t zero_ns;       /* CLOCK_MONOTONIC */
    size_t partitions;      /* that are there */
    unsigned *restarts;     /* by node */
    bool *busy;             /* by node: an action on it is under way */
    struct event *deferred; /* whose time has come, but whose nodes are busy; in their order */
    size_t deferred_count;
    struct pending *pending; /* actions that are not answered yet */
    bool *waits;             /* by node: for its services, after a restart */
    double late_s; /* the most by which a change of wires, or a pause, took effect too late … */
    const char *late_kind; /* … and what that was */
};

/* Whether all events happen while the workload runs; the nodes of those that end before may be
 * any. */
int events_check(const struct scenario *s, const struct workload *w,
                 const struct workload_value *values, struct error *err);

void events_init(struct events *e, struct run *r);
void events_done(struct events *e);

/* Before the wires are measured: those that events will change are made ready for it. */
int events_prepare(struct events *e, struct error *err);

/* The zero has come, at `zero_s` on the run's clock: from here on they happen. Only the first call
 * counts. */
void events_begin(struct events *e, double zero_s);

/* A program of a node has written a line, or a sample of a metric: for the conditions. */
void events_heard(struct events *e, unsigned node, const char *line);
void events_measured(struct events *e, unsigned node, const char *metric, double value);

/* Ten times a second: programs of restarted nodes are started when their services are ready. */
void events_watch(struct events *e);

/* The workload has ended. */
int events_end(struct events *e, struct error *err);

/* What of it is a reason for a worse verdict. */
void events_judge(struct events *e);

/* The request that carries out an action which is no command; a new reference. `folder` is where
 * the names of files in it begin. */
json_t *events_request(const char *kind, json_t *asked, const char *folder, bool scheduled);

#endif
