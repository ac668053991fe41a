/* SPDX-License-Identifier: MIT
 *
 * A workload: a folder with a workload.yaml and any programs. This module reads the yaml, checks
 * the scenario's parameters against it, and turns them into what the programs get: plain numbers
 * in the environment.
 */
#ifndef WANLAB_EXPERIMENT_WORKLOAD_H
#define WANLAB_EXPERIMENT_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "topology/scenario.h"

enum workload_type {
    WORKLOAD_FREQUENCY, /* "600/min" -> per second */
    WORKLOAD_TIME,      /* "20s" -> seconds */
    WORKLOAD_SIZE,      /* "64KiB" -> bytes */
    WORKLOAD_SHARE,     /* "5%" -> 0…1 */
    WORKLOAD_INTEGER,
    WORKLOAD_CHOICE, /* one of `values` */
};

/* Texts that the yaml leaves out are "" where nothing else is said. */
struct workload_parameter {
    char *name; /* [a-z0-9_] */
    enum workload_type type;
    char *default_text;        /* NULL: the scenario has to give it */
    char *min_text, *max_text; /* NULL: no bound of its own; same notation as the value */
    char **values;             /* WORKLOAD_CHOICE: NULL-terminated, at least one; else NULL */
    char *help;
};

/* The nodes that a command runs on: all, or some. */
struct workload_where {
    char **names; /* of nodes and groups of the scenario; NULL-terminated; NULL: any */
    enum workload_role { WORKLOAD_ANY, WORKLOAD_HOSTS, WORKLOAD_ROUTERS } role;
    char *place; /* FILE:LINE:COL, for messages */
};

/* A program that runs on nodes before the workload's own, until the end. Of the four ways to know
 * that it is ready at most one is set; without any it is as soon as it has been started. */
struct workload_service {
    char *name;      /* [a-z0-9_-], no two alike */
    char **command;  /* NULL-terminated; a relative first word is inside the workload's folder */
    char *ready_log; /* its output has a line that contains this text */
    unsigned ready_port;  /* somebody in the node listens on it; 0: no matter */
    bool ready_udp;       /* it is one of UDP */
    char **ready_command; /* this, run in the node again and again, ends with status 0 */
    char *lacks; /* till its port or command says so: "nobody listens on TCP port 7000"; or NULL */
    uint64_t timeout_ns; /* not ready by then: the run fails; 60 s if the yaml does not say */
    struct workload_where where;
};

/* A command as the yaml has it, and where. */
struct workload_command {
    char *const *argv; /* one of the workload's */
    char *word;        /* its first, as far as that can be told */
    char *place;
};

/* A command that the workload's programs call, and what to install for it. */
struct workload_need {
    char *command, *package; /* of Debian */
    char *place;
};

/* Which values of a metric are the better ones: what a comparison finds the winner by. */
enum workload_better { WORKLOAD_BETTER_UNSAID, WORKLOAD_BETTER_MORE, WORKLOAD_BETTER_LESS };

struct workload_metric {
    char *name, *unit, *help;
    enum workload_better better;
    char **because;    /* metrics that can be the reason for it; NULL-terminated, or NULL */
    bool adopted;      /* not declared, but reported */
    bool adds_up;      /* the nodes' values have a sum that means something */
    bool has_expected; /* a run in which it has another value is not to be trusted */
    uint64_t expected;
};

struct workload {
    char *folder; /* absolute */
    char *name, *summary;
    struct workload_parameter *parameters; /* these three in the order of the yaml */
    size_t parameter_count;
    struct workload_service *services;
    size_t service_count;
    struct workload_metric *metrics;
    size_t metric_count;
    uint64_t memory;  /* bytes that each node needs in RAM; 0: not said */
    uint64_t scratch; /* and in its scratch folder */
    char **prepare;   /* on the host, once, before the lab starts; NULL: nothing */
    char **lint;      /* on the host: prints warnings about the parameters; NULL: nothing */
    char **run;       /* on nodes */
    struct workload_where where; /* on which */
    uint64_t timeout_ns;         /* `run` has to have ended by then; 0: never */
    uint64_t silence_ns; /* `run` has hung if it reports nothing for so long; 0: it may be silent */
    char *begins;        /* the phase or barrier behind which `run` begins; NULL: it has none */
    uint64_t log_limit;  /* bytes of a program's log; what is beyond is cut */
    uint64_t output_limit; /* bytes that the programs of a node may report */
    char **collect;        /* files of every node's scratch folder, for the results; NULL: none */
    char **check;          /* when `run` has ended everywhere; NULL: nothing */
    bool check_on_host;    /* not on the first node */
    uint64_t check_timeout_ns;
    struct workload_command *commands; /* all of them */
    size_t command_count;
    struct workload_need *needs;
    size_t need_count;
    char *main_metric; /* the metric that a sweep shows; NULL: none */
    char **table;      /* metrics that are the columns of a run's summary; NULL: none */
};

/* A parameter with its value: as text for people and as WANLAB_PARAM_… for programs. */
struct workload_value {
    const char *name; /* the workload's */
    char *text;       /* "600/min" */
    char *number;     /* "10": decimal without exponent, parses back exactly; a choice as it is */
};

/* Reads the workload.yaml of the folder that the scenario names; of a mere NAME, the first of that
 * name in the folders of the colon-separated $WANLAB_WORKLOADS, then in ../share/wanlab/workloads
 * from the program's own folder (true in the build tree and where it is installed). Programs inside
 * the folder must be there, unless the workload has a `prepare`, which may make them.
 * Errors: STATUS_INPUT, naming the place in the scenario file where the workload is asked for and
 * the known workloads; errors in workload.yaml begin with its own FILE:LINE:COL. */
int workload_open(const struct workload_choice *choice, struct workload **ret, struct error *err);
void workload_free(struct workload *w);
DEFINE_CLEANUP(struct workload *, workload_free);

/* Checks the scenario's parameters (unknown ones with the nearest name, types, bounds, choices) and
 * fills in the defaults: one value per declared parameter, in that order. They are valid as long
 * as the workload. Free with workload_values_free(). */
int workload_resolve(const struct workload *w, const struct workload_choice *choice,
                     struct workload_value **ret, struct error *err);
void workload_values_free(struct workload_value *values, size_t count);

/* Which nodes of the scenario `where` means: `chosen` has room for all of them. None at all, or a
 * name that the scenario does not have, is STATUS_INPUT with the place. */
int workload_select(const struct workload_where *where, const struct scenario *s, bool *chosen,
                    struct error *err);
/* The same for all commands of the workload, before anything is started. */
int workload_check_nodes(const struct workload *w, const struct scenario *s, struct error *err);

/* Takes note of a metric that workload.yaml does not declare. */
void workload_adopt_metric(struct workload *w, const char *name, const char *unit);

/* The metric with that name, or NULL. */
const struct workload_metric *workload_find_metric(const struct workload *w, const char *name);

/* The parameter with that name, or NULL: for the axes of a sweep. */
const struct workload_parameter *workload_find_parameter(const struct workload *w,
                                                         const char *name);

#endif
