/* SPDX-License-Identifier: MIT
 *
 * Events: what happens to a lab's wires and nodes while its workload runs, as a schedule of single
 * actions, each at an instant. What the file says of a time (a ramp, a link that flaps, churn,
 * faults at random) is taken apart into such actions when it is read; whatever is drawn, is drawn
 * from the seed and the entry's place in the list, and from nothing else. Pure.
 *
 * Times count from the events' zero: the barrier of the workload, behind which the main loops
 * begin, as far as the workload tells (`begins` in its workload.yaml, the first node speaks for
 * all); else the moment when its programs have been started on all nodes. On a running lab
 * (`wanlab event`) it is now.
 *
 * An action as JSON, which is also what the file may say, with all that was drawn or named by a
 * group said node by node:
 *   {"partition": [["db1"], ["db2", "db3"]], "name": "split", "direction": "one-way"}
 *   {"heal": "split"}                                      or "all"
 *   {"link": {"wires": ["db1-db2"], "delay": "50ms"}}      keys of a wire, "down": true, "up": true
 *   {"pause": ["db1"]}                                     resume, kill, restart
 *   {"command": "…", "nodes": ["db1"]}                     run by sh -c
 *   {"clock": {"nodes": ["db1"], "step": "-30s"}}          or "drift": "100ppm", "reset": true
 *   {"host": "…"}                                          run by sh -c on this machine
 */
#ifndef WANLAB_TOPOLOGY_EVENTS_H
#define WANLAB_TOPOLOGY_EVENTS_H

#include <jansson.h>

#include "topology/plan.h"
#include "topology/scenario.h"

enum event_kind {
    EVENT_PARTITION,
    EVENT_HEAL,
    EVENT_LINK,
    EVENT_PAUSE,
    EVENT_RESUME,
    EVENT_KILL,
    EVENT_RESTART,
    EVENT_COMMAND,
    EVENT_CLOCK,
    EVENT_HOST,
    EVENT_KINDS, /* their number */
};
enum { SCHEDULE_EVENTS_MAX = 100000 };

const char *event_kind_name(enum event_kind kind); /* "partition" */

struct event {
    uint64_t at_ns; /* since the events' zero */
    enum event_kind kind;
    unsigned entry;   /* of the list, from 1 */
    json_t *asked;    /* the action; see above */
    struct mark mark; /* of its entry */
};

/* An entry that waits for something: for a line of a program that contains a text, or for a sample
 * of a metric. It happens once, the first time. In its action the name `it` is the node that said
 * so. */
struct condition {
    char *log;    /* NULL: a metric … */
    char *metric; /* … which is to be … */
    double limit;
    bool below;       /* … below that, or above it */
    bool *nodes;      /* which may say so */
    uint64_t from_ns; /* since the events' zero: before, it does not count */
    uint64_t after_ns;
    json_t *entry; /* the action, with what stands beside it */
    unsigned number;
    struct mark mark;
};

struct schedule {
    struct event *events; /* in the order of their times; of one time, in that of the file */
    size_t count;
    struct condition *conditions;
    size_t condition_count;
    unsigned partitions; /* that got their name here */
};

/* What `events` says: a list of entries, one entry, or {file: PATH}, a results folder's
 * events.jsonl or a part of it. `duration_ns` is the workload's as far as the file says it, else 0.
 * Checked: the names, and that the actions go together in their order. The scenario needs its nodes
 * and seed. Errors are of input, with their place. */
int schedule_read(const struct scenario *s, const struct yaml *node, uint64_t duration_ns,
                  struct schedule *ret, struct error *err);
/* One entry for a lab that runs, `at` included, the `number`-th of its life. What the lab is like
 * is not looked at. */
int schedule_read_by_hand(const struct scenario *s, const struct yaml *node, unsigned number,
                          struct schedule *ret, struct error *err);
void schedule_done(struct schedule *c);

/* What a condition comes to that is fulfilled by node `it`; times count from then. */
int schedule_read_fulfilled(const struct scenario *s, const struct condition *condition,
                            unsigned it, struct schedule *ret, struct error *err);

/* Whether there are the wires that the actions name, and can be what they ask. `*ret_sieve` becomes
 * the first event, if any, that netem cannot carry out (partition.h); else NULL. */
int schedule_check_wires(const struct schedule *c, const struct plan *plan,
                         const struct event **ret_sieve, struct error *err);

/* Whether all of it happens while a workload of that duration runs. */
int schedule_check_times(const struct schedule *c, uint64_t duration_ns, struct error *err);

/* A line for each action: "   20s  partition [["db1"],["db2"]]", behind a prefix. */
void schedule_print(const struct schedule *c, const char *prefix, FILE *out);

/* "[["db1"],["db2"]] (one-way)": what the action is about; the caller frees it. */
char *event_describe(const struct event *e);

/* {"at": "20s", …}: the action as an entry of a file, a new reference. */
json_t *event_entry(const struct event *e);

/* The names of the nodes that an action is about, ["db1", …], borrowed; NULL: of none, or of wires.
 */
json_t *event_nodes(const struct event *e);

/* What happens to clocks. */
struct clock_change {
    int64_t step_ns;
    bool has_drift;
    int64_t drift_ppb; /* by how much they run fast from then on */
    bool reset;        /* the host's time and rate again */
};

/* The value of "clock". Errors are of input. */
int clock_change_read(json_t *clock, struct clock_change *ret, struct error *err);

/* Marks the nodes whose clocks the schedule may change. */
void schedule_mark_clocks(const struct scenario *s, const struct schedule *c, bool *io_nodes);

/* For "link": the words and settings of change_add(), in JSON: [{"wires": […], "set": […]}]. */
json_t *event_link_words(json_t *asked);

#endif
