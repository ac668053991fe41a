/* SPDX-License-Identifier: MIT
 *
 * Shared by the parts of events.h: events.c keeps and checks a schedule, events_read.c reads the
 * entries, events_clock.c those about clocks, events_names.c the nodes that they name,
 * events_draw.c draws what is left to chance.
 */
#ifndef WANLAB_TOPOLOGY_EVENTS_INTERNAL_H
#define WANLAB_TOPOLOGY_EVENTS_INTERNAL_H

#include "topology/events.h"

/* Some nodes, each once. */
struct node_list {
    unsigned *nodes;
    size_t count;
};

/* One entry while it is read. */
struct events_entry {
    const struct scenario *scenario;
    struct schedule *schedule;
    const struct yaml *map;
    struct mark mark;       /* that its actions get */
    unsigned number;        /* from 1 */
    uint64_t at_ns, for_ns; /* for_ns 0: not said */
    uint64_t duration_ns;   /* of the workload; 0: not known */
    uint64_t key;           /* of its stream of random numbers … */
    uint64_t draws;         /* … and how many were drawn */
};

/* By time; actions of one time keep their order. */
void schedule_sort(struct schedule *c);

/* The same, and checks that they go together; and that nothing stays paused. */
int schedule_settle(const struct scenario *s, struct schedule *c, struct error *err);

/* Adds an action; consumes `asked`. */
int schedule_add(struct events_entry *e, enum event_kind kind, uint64_t at_ns, json_t *asked,
                 struct error *err);

/* Adds a partition of groups (an array of arrays of names; consumed), named `name` or, where that
 * is NULL, by itself, and its healing after `for_ns` if that is not 0. */
int schedule_add_partition(struct events_entry *e, uint64_t at_ns, uint64_t for_ns, json_t *groups,
                           const char *name, bool one_way, struct error *err);

/* Names of nodes, groups, regions and roles, one or a list of them; all nodes where `node` is NULL.
 */
int events_names(const struct scenario *s, const struct yaml *node, struct node_list *ret,
                 struct error *err);
/* ["db1", …] */
json_t *events_json_names(const struct scenario *s, const unsigned *nodes, size_t count);

/* A time of the map, at least `min_ns`; without the key `*io_ns` stays. */
int events_time(const struct yaml *map, const char *key, uint64_t min_ns, uint64_t *io_ns,
                struct error *err);

/* A word that stands alone, as in {down}, or with yes. */
int events_flag(const struct yaml *map, const char *key, bool *ret, struct error *err);

/* One entry, from its map. */
int events_read_entry(struct events_entry *e, struct error *err);
json_t *events_json_of(const struct yaml *node);

/* events_when.c: an entry that has `when`. */
int events_read_when(struct events_entry *e, const struct yaml *when, struct error *err);
void condition_done(struct condition *c);

/* events_draw.c: the words that stand for a partition, and their groups. */
#define PARTITION_WORDS "halves", "minority", "one", "ring", "bridge", "random"
int events_draw_partition(struct events_entry *e, const char *word, const struct node_list *of,
                          const struct mark *mark, json_t **ret_groups, struct error *err);
int events_read_random(struct events_entry *e, const struct yaml *map, struct error *err);
int events_read_churn(struct events_entry *e, const struct yaml *map, struct error *err);

/* events_clock.c */
int events_read_clock(struct events_entry *e, const struct yaml *map, struct error *err);

/* events_waves.c: links that change step by step. */
int events_read_ramp(struct events_entry *e, const struct yaml *map, struct error *err);
int events_read_flap(struct events_entry *e, const struct yaml *map, struct error *err);

/* `wires` or `ends` of a map, as a list of words of change.h. */
int events_wires(const struct yaml *map, json_t **ret, struct error *err);

#endif
