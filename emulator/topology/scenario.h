/* SPDX-License-Identifier: MIT
 *
 * A scenario: what the YAML file says, checked and resolved into plain arrays. Pure: it reads the
 * file and the matrices that it names, and knows nothing of the machine.
 *
 * Every node, link, network and wan is listed in file order, so that the same file always gives the
 * same addresses, interface names and wire names. All strings and arrays belong to the scenario.
 */
#ifndef WANLAB_TOPOLOGY_SCENARIO_H
#define WANLAB_TOPOLOGY_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "topology/impairment.h"
#include "topology/yaml.h"

enum node_kind {
    NODE_KIND_PROCESS,
    NODE_KIND_CONTAINER,
    NODE_KIND_UML,
    NODE_KIND_QEMU,
    NODE_KIND_DOCKER,
    NODE_KIND_NATIVE
};
enum node_role { ROLE_HOST, ROLE_ROUTER };
enum engine_choice { ENGINE_AUTO, ENGINE_NETEM, ENGINE_DELAYLINE };

/* What processors do that have nothing to do; see lab/idle.h. */
enum idle_choice { IDLE_AUTO, IDLE_POLL, IDLE_HALT };
enum routing_metric { METRIC_DELAY, METRIC_WEIGHT, METRIC_HOPS };

enum {
    SCENARIO_NODES_MAX = 10000,      /* in all */
    SCENARIO_WAN_MEMBERS_MAX = 1000, /* each ordered pair of them is a wire */
    SCENARIO_SWEEP_AXES_MAX = 16,    /* keys of a sweep */
    SCENARIO_NAME_MAX = 32,          /* characters of a node, network, or scenario name */
};

/* What a node may use of the machine; 0: no limit. */
struct node_limits {
    double cpus; /* processor time for time passed: 0.5 is half of one processor */
    uint64_t memory_bytes;
    uint64_t pids;              /* processes and threads */
    uint64_t io_read, io_write; /* bytes/s, of the disk that its scratch folder is on */
};

enum scratch { SCRATCH_IN_MEMORY, SCRATCH_ON_DISK, SCRATCH_IN_FOLDER };
enum accelerator { ACCELERATOR_AUTO, ACCELERATOR_KVM, ACCELERATOR_TCG };

/* Names are [a-z0-9-], begin with a letter, and have at most SCENARIO_NAME_MAX characters. A group
 * `db: {count: 5}` makes db1…db5; a group without `count` is one node with the group's own name. */
struct node {
    char *name;
    char *group;
    char *region; /* NULL if none; `region: [a, b, c]` is dealt out to the group's nodes in turn */
    enum node_kind kind;
    enum node_role role;
    char *root;  /* as in the file; NULL: the host's own */
    char *image; /* the name of one, instead of a root; NULL: none; kind docker always has one */
    struct node_limits limits;
    enum accelerator accelerator; /* what runs the guest's code; kind qemu */
    enum scratch scratch;         /* where the scratch folder is */
    uint64_t boot_timeout_ns;     /* after which a node that has not booted has failed */
    uint64_t answer_timeout_ns;   /* after which a guest that does not answer is dead */
    struct mark mark;             /* where the file declares its group */
};

/* What the file says of an interface: see scenario_address.c. */
struct interface_choice {
    struct ip v4, v6; /* with the prefix of their subnets; family 0: assigned by the plan */
    uint8_t mac[6];
    bool has_mac;               /* else it is assigned, too */
    struct mark mark, mac_mark; /* where it says so */
};

/* A point-to-point link between two nodes. */
struct link {
    unsigned end[2];                /* indices into nodes */
    struct impairment direction[2]; /* [0]: end[0] -> end[1], [1]: back */
    unsigned weight[2];             /* alike; default 1 */
    unsigned mtu;
    struct interface_choice given[2]; /* by end */
    struct mark mark;
};

struct network_member {
    unsigned node;
    struct impairment up;   /* member -> LAN */
    struct impairment down; /* LAN -> member */
    struct interface_choice given;
};

/* A LAN: one bridge, each member with a wire of its own to it. */
struct network {
    char *name;
    struct network_member *members;
    size_t member_count;
    unsigned weight; /* of the way into it; default 1 */
    unsigned mtu;
    struct mark mark;
};

/* A full mesh at layer 3 with its own impairment for each ordered pair. */
struct wan {
    unsigned *members;        /* indices into nodes */
    size_t member_count;      /* 0: the file has no wan */
    struct impairment *pairs; /* [from * member_count + to], by position in `members` */
    unsigned mtu;
    struct mark mark;
};

/* TCP as it is to be in every node. */
struct tcp_profile {
    char *congestion;      /* name of a congestion control; default: cubic */
    uint64_t buffer_bytes; /* the most of each socket; 0: by what the wires need */
};

/* What a verdict holds a run, and `wanlab verify` a wire, against; scenario_verdict.c has the
 * defaults and why. Shares are 0…1. */
struct verdict_limits {
    uint64_t delay_error_ns; /* of a wire, or of a round trip */
    uint64_t lateness_ns;    /* by which the delay line may send 1 packet in 100 */
    double drops;            /* of packets that nothing in the file asked to drop */
    double rate_error;       /* of the asked rate; verify */
    double confidence;       /* that verify passes wires which are as asked */
    double steal;            /* of the processors' time, taken by what this machine runs on */
    double pressure;         /* of the time, in which something waited for a processor */
    uint64_t clock_jump_ns;  /* by which the wall clock was set during the run */
};

/* A parameter of the workload, still as text: workload.yaml knows its type. */
struct parameter {
    char *name;
    char *value;
    struct mark mark;
};

struct workload_choice {
    char *name; /* NULL: the file has no workload */
    char *path; /* of its folder, where the file names that; NULL: only its name is known */
    struct parameter *parameters;
    size_t parameter_count;
    struct mark mark;
};

enum { SWEEP_AS_FILE = -1u }; /* a point of a list that says nothing of a key */

/* One axis of a sweep: the key as for `--set`, and the texts of its values. */
struct sweep_axis {
    char *key; /* a bare name such as `rate` has been completed to `workload.NAME.rate` */
    char **values;
    size_t value_count;
    struct mark mark;
};

/* A search for the highest value of a parameter that the workload keeps up with. */
struct saturation_choice {
    char *of;          /* the key, completed as in a sweep; NULL: the file asks for none */
    char *from, *to;   /* where to look; NULL: the ends of the sweep's values */
    double within;     /* of the nominal time; default 0.05 */
    double resolution; /* default 0.05 */
    unsigned repeat;   /* runs near the edge; default 3 */
    struct mark mark;
};

/* Which values of one of the sweep's keys are held against each other, and in what. */
struct comparison_metric {
    char *name; /* of the workload: it may not have it */
    struct mark mark;
};

struct comparison_choice {
    char *of;    /* the key, completed as in a sweep; NULL: the file asks for no comparison */
    size_t axis; /* of the sweep, whose key it is: every point has a value of it */
    char *to;    /* the value that ratios refer to */
    struct comparison_metric *metrics;
    size_t metric_count; /* 0: all that say which values are better */
    char *published;     /* the path of a file with others' results; NULL: none */
    struct mark published_mark;
    char **among; /* the values of the sweep between which those chose; NULL: not said */
    size_t among_count;
    struct mark mark;
};

struct scenario {
    struct yaml_document document; /* what the rest was read from; owns the marks' file names */
    char **sets;                   /* the "KEY=VALUE" it was opened with */
    size_t set_count;
    char *name;                /* default: the file's name without .yaml */
    uint64_t seed;             /* default 1 */
    enum engine_choice engine; /* default ENGINE_AUTO */
    enum idle_choice idle;     /* default IDLE_AUTO */

    struct node *nodes;
    size_t node_count;
    struct scenario_name *names; /* of nodes and groups, sorted, for look-ups */
    size_t name_count;
    struct link *links;
    size_t link_count;
    struct network *networks;
    size_t network_count;
    struct wan wan;
    enum routing_metric metric; /* by which the shortest path is chosen; default: the delay */
    bool disconnected;          /* the file means it that some nodes do not reach each other */
    struct routing *routing;    /* NULL: no node is a router, and nothing is forwarded */
    double delay_scale; /* the factor that the delays of all wires have in them; default 1 */
    struct distribution **distributions; /* of the wires' jitter */
    size_t distribution_count;
    struct trace **traces; /* of the wires */
    size_t trace_count;
    bool reproducible;     /* the file asks for fates that depend on the seed alone */
    char *needs_delayline; /* what netem cannot do, and where the file asks for it; NULL: nothing */
    struct tcp_profile tcp;
    struct verdict_limits verdict;

    struct workload_choice workload;
    struct sweep_axis *sweep;
    size_t sweep_count;
    unsigned *points; /* [point * sweep_count + axis]: an index into its values, or SWEEP_AS_FILE */
    size_t point_count;
    unsigned repeat;     /* runs of each point; default 1 */
    double precision;    /* add runs until the mean is known so well (0.05: 5 %); 0: never */
    unsigned repeat_max; /* and never more than so many */
    struct saturation_choice saturation;
    struct comparison_choice comparison;
    unsigned warmup; /* discarded runs before the first that counts; default 1 */

    struct schedule *events; /* see events.h; NULL: the file has none */
};

/* `sets` are "KEY=VALUE" texts as given with --set, applied in order before the file is read;
 * SCENARIO_QUICK among them applies what the file has under that key, its form for a first look.
 * On error: status STATUS_INPUT and "FILE:LINE:COL: …" (or "--set KEY: …"). */
#define SCENARIO_QUICK "quick"
int scenario_open(const char *file, const char *const *sets, size_t set_count,
                  struct scenario **ret, struct error *err);
/* The same for one lab: the file's `sweep` and `saturation`, which may not go together with what
 * --set changes, are not looked at. */
int scenario_open_one(const char *file, const char *const *sets, size_t set_count,
                      struct scenario **ret, struct error *err);
void scenario_free(struct scenario *s);

/* As in the file. */
const char *scenario_kind_name(enum node_kind kind);

/* Whether nodes of a kind have a kernel of their own: their interfaces are then TAPs. */
bool scenario_is_machine(enum node_kind kind);

/* Whether nodes of a kind have a network of the lab: native ones are on the host's. */
bool scenario_is_wired(enum node_kind kind);

/* Whether `name` can be an image's: the rule for all names. */
bool scenario_is_image(const char *name);

/* Index of the node with that name, or -1. */
int scenario_node(const struct scenario *s, const char *name);

/* The nodes that a name stands for, of a node or of a group: `*ret_count` indices from `*ret_first`
 * on. An unknown name is an error of input with the nearest known one. */
int scenario_named(const struct scenario *s, const char *name, unsigned *ret_first,
                   unsigned *ret_count, struct error *err);

/* Whether the shortest paths of `routing` lead from one node to the other and back: the file has
 * routers, they join these two, and the wan does not. */
bool scenario_is_routed(const struct scenario *s, unsigned a, unsigned b);

/* The round-trip time that the file asks for between two nodes, both directions added: over the
 * paths between them if scenario_is_routed(), else over their direct connection (wan, link or
 * common network); UINT64_MAX if they have none. */
uint64_t scenario_rtt_ns(const struct scenario *s, unsigned a, unsigned b);

/* The same from one node to each: `rtts` has room for all nodes; 0 to itself. */
void scenario_rtts(const struct scenario *s, unsigned from, uint64_t *rtts);

/* scenario_rtt_ns() with the transmission of a frame of `bytes` bytes at each wire's rate, there
 * and back: what an echo of that size should take on an idle network. */
uint64_t scenario_echo_ns(const struct scenario *s, unsigned a, unsigned b, uint64_t bytes);

/* Whether all wires of that connection are plain ones, so that the round trip has to be that. */
bool scenario_is_plain(const struct scenario *s, unsigned a, unsigned b);

#endif
