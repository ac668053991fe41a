/* SPDX-License-Identifier: MIT
 *
 * Shared by the scenario's parts: scenario.c reads the file and decodes what is simple,
 * scenario_nodes.c makes the nodes and finds them by name, scenario_wires.c decodes wan, links and
 * networks, scenario_workload.c the workload, scenario_sweep.c the sweep.
 *
 * Every decoder fills its own arrays of the scenario as it goes; on error the caller frees the
 * scenario, half filled as it is. All errors begin with the place.
 */
#ifndef WANLAB_TOPOLOGY_SCENARIO_DECODE_H
#define WANLAB_TOPOLOGY_SCENARIO_DECODE_H

#include "topology/scenario.h"

/* What a name in the file stands for: one node, or all nodes of a group. */
struct scenario_name {
    const char *name;
    unsigned first, count; /* into nodes */
    bool is_group;         /* declared with `count`: its nodes have names of their own */
    struct mark mark;      /* where the group is declared */
};

/* What a scenario is read from: the file's text, and what --set changes in it. */
struct scenario_source {
    const char *file;
    const char *text;
    size_t size;
    const char *const *sets;
    size_t set_count;
    uint64_t *effort; /* of all trials so far */
};

/* Reads and decodes all but the sweep, with `key` set to `value` after the source's own sets. An
 * error, too, when the trials of the source have come to be too much work in all. */
int scenario_try(const struct scenario_source *source, const char *key, const char *value,
                 struct error *err);
/* The same with `sets` after the source's own. */
int scenario_try_sets(const struct scenario_source *source, const char *const *sets, size_t count,
                      struct error *err);

/* scenario_nodes.c: the keys of a node or group. */
#define NODE_KEYS                                                                                  \
    "kind", "region", "root", "image", "cpus", "memory", "pids", "scratch", "io", "boot_timeout",  \
        "answer_timeout", "accelerator", "role"

int scenario_decode_nodes(struct scenario *s, const struct yaml *map, struct error *err);
/* scenario_resources.c: kind, root, limits, … of a group; `ret` gets a root of its own to free. */
int scenario_decode_resources(const struct yaml *map, struct node *ret, struct error *err);

/* scenario_routing.c. `node` is NULL where the file says nothing. */
int scenario_decode_role(const struct yaml *node, enum node_role *ret, struct error *err);
int scenario_decode_metric(struct scenario *s, const struct yaml *root, struct error *err);
/* `weight` of a link, of one of its directions, or of a network; without it `*io` stays. */
int scenario_decode_weight(const struct scenario *s, const struct yaml *map, unsigned *io,
                           struct error *err);
/* Last of all, where there are routers: the shortest paths, and whether all nodes have one. */
int scenario_make_routing(struct scenario *s, struct error *err);

/* scenario_address.c: the interfaces of one link or network. */
struct interface_list {
    const unsigned *nodes;
    struct interface_choice **choices;
    size_t count;
    const char *what; /* "link" */
};
#define INTERFACE_KEYS "mtu", "subnet", "addresses", "macs"

int scenario_decode_mtu(const struct yaml *map, unsigned *ret, struct error *err);
/* Whether a node's kind can have the MTU that `map` asks for. */
int scenario_check_machine_mtu(const struct scenario *s, const struct yaml *map, unsigned node,
                               unsigned mtu, struct error *err);
/* `subnet`, `addresses` and `macs` of a link or network, into its choices. */
int scenario_decode_addresses(const struct scenario *s, const struct yaml *map,
                              const struct interface_list *list, struct error *err);
/* Whether what all links and networks say of that goes together. */
int scenario_check_addresses(const struct scenario *s, struct error *err);

/* scenario_generate.c: replaces what `generate` asks for by entries of `nodes` and `links`. */
int scenario_generate(struct scenario *s, struct error *err);

/* scenario_impairment.c: the keys of a wire, in the order of their meaning. */
#define WIRE_KEYS                                                                                  \
    "delay", "jitter", "distribution", "correlation", "loss", "duplicate", "corrupt", "reorder",   \
        "rate", "overhead", "cell", "cell_overhead", "queue", "drop", "trace"

/* Changes those values that the map has. Nothing is left out for others' sake: see below. */
int scenario_decode_impairment(struct scenario *s, const struct yaml *map, struct impairment *io,
                               struct error *err);

/* scenario_wire_check.c: whether a wire's values fit together, once all of its maps (the most
 * general first) are decoded; sizes its queue if the file does not. */
enum wire_place { IN_LINK, IN_NETWORK, IN_WAN };
int scenario_finish_wire(struct scenario *s, const struct yaml *const *maps, size_t count,
                         enum wire_place place, struct impairment *io, struct error *err);

/* Notes that netem cannot do what `key` at `mark` asks for; an error if the file wants netem. */
int scenario_need_delayline(struct scenario *s, const struct mark *mark, const char *key,
                            const char *why, struct error *err);

/* What the path `path` at `mark` means: it begins in the folder of the file that names it. The
 * caller frees it. */
char *scenario_path(const struct scenario *s, const char *path, const struct mark *mark);

/* The path of an existing file that `node` names, relative to the folder of the file that names it.
 */
int scenario_find_file(const struct scenario *s, const struct yaml *node, const char *what,
                       char **ret, struct error *err);

int scenario_decode_wan(struct scenario *s, const struct yaml *map, struct error *err);
int scenario_decode_links(struct scenario *s, const struct yaml *list, struct error *err);
int scenario_decode_networks(struct scenario *s, const struct yaml *map, struct error *err);
/* scenario_tcp.c; `map` is NULL where the file has no such section. */
int scenario_decode_tcp(struct scenario *s, const struct yaml *map, struct error *err);
/* scenario_verdict.c; `map` is NULL where the file has no such section. */
int scenario_decode_verdict(struct scenario *s, const struct yaml *map, struct error *err);
int scenario_decode_events(struct scenario *s, const struct yaml *node, struct error *err);
int scenario_decode_workload(struct scenario *s, const struct yaml *map, struct error *err);
int scenario_decode_sweep(struct scenario *s, const struct scenario_source *source,
                          const struct yaml *node, struct error *err);
/* repeat, precision, repeat_max, warmup */
int scenario_decode_repeats(struct scenario *s, const struct yaml *root, struct error *err);

int scenario_decode_saturation(struct scenario *s, const struct yaml *map, struct error *err);
/* The key of a sweep that a text means, as the sweep has it: `rate` is `workload.NAME.rate`. */
int scenario_decode_key(const struct scenario *s, const struct yaml *node, char **ret,
                        struct error *err);
/* scenario_comparison.c; after the sweep */
int scenario_decode_comparison(struct scenario *s, const struct yaml *map, struct error *err);
void scenario_comparison_done(struct comparison_choice *c);

/* Whether nothing was written for a value. */
bool scenario_is_nothing(const struct yaml *node);

/* The key of a --set or a sweep must not make up a node or network that the file does not have. */
int scenario_check_key(const struct yaml *root, const char *key, const struct mark *mark,
                       struct error *err);

/* Whether `name` follows the rule for names of `what` ("a node"). */
int scenario_check_name(const char *name, const char *what, const struct mark *mark,
                        struct error *err);

/* The entry of a node's or group's name, or NULL. */
const struct scenario_name *scenario_find(const struct scenario *s, const char *name);

/* The same; an unknown name is an error at `mark` with the nearest known one. */
int scenario_find_or_fail(const struct scenario *s, const char *name, const struct mark *mark,
                          const struct scenario_name **ret, struct error *err);

/* Whether the nodes of that name can have wires; an error at `mark` if not. */
int scenario_check_wired(const struct scenario *s, const struct scenario_name *name,
                         const struct mark *mark, struct error *err);

/* A list of nodes and groups as indices into nodes, each node at most once and at least one. */
int scenario_decode_members(const struct scenario *s, const struct yaml *list, unsigned **ret,
                            size_t *ret_count, struct error *err);

/* A single value that is a whole number. */
int scenario_decode_integer(const struct yaml *node, const char *what, uint64_t min, uint64_t max,
                            uint64_t *ret, struct error *err);

/* A single value that is a plain number; `what` with its article. */
int scenario_decode_number(const struct yaml *node, const char *what, double min, double max,
                           double *ret, struct error *err);
/* A single value that is yes or no. */
int scenario_decode_bool(const struct yaml *node, const char *what, bool *ret, struct error *err);

enum { SCENARIO_PLACE_MAX = 160 };
/* "line 4, column 3" or "--set KEY", for the other place in an error's text. */
const char *scenario_place(char *buf, const struct mark *mark);

#endif
