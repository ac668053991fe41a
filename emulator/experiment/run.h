/* SPDX-License-Identifier: MIT
 *
 * One run: a scenario's lab comes up, its wires are measured, the workload's services and programs
 * run, the result is checked, everything is collected into a results folder, and the lab goes down.
 */
#ifndef WANLAB_EXPERIMENT_RUN_H
#define WANLAB_EXPERIMENT_RUN_H

#include "experiment/barrier.h"
#include "experiment/cost.h"
#include "experiment/crew.h"
#include "experiment/events.h"
#include "experiment/facts.h"
#include "experiment/fidelity.h"
#include "experiment/host.h"
#include "experiment/host_cpu.h"
#include "experiment/metrics.h"
#include "experiment/results.h"
#include "experiment/workload.h"
#include "lab/lab.h"

struct run_options {
    const char *folder; /* of the results; NULL: results/NAME-TIME */
    bool pin;           /* the nodes are names for `ip netns` */
    const char *name;   /* of the lab; NULL: the scenario's */
    lab_step *on_step;
    struct capture_options capture; /* its folder is that of the results */
    int fates_fd;                   /* see lab/lab.h; 0: none */
    bool print_tables;              /* on standard output, at the end */
    bool report;                    /* writes the report, with its pictures */
};

/* What a finished run leaves to its caller; released by run_done(). */
struct run_outcome {
    char *folder; /* of the results; NULL if there is none */
    enum verdict verdict;
    char *main_unit;            /* of it */
    char *main_metric;          /* NULL: the workload names none */
    double main_max, main_mean; /* of that metric over the nodes; NAN without */
    struct cost cost;           /* of a node */
    bool interrupted;           /* the user asked to stop, and the run had ended already */
};

/* SIGINT, SIGTERM and SIGHUP end the run cleanly, with -EINTR and no results folder. A run that
 * fails leaves a results folder whose run.json says "outcome": "failed" with the reason;
 * `ret->folder` names it also then. */
int run_scenario(const struct scenario *s, const struct run_options *options,
                 struct run_outcome *ret, struct error *err);
void run_done(struct run_outcome *o);

/* --- inside the layer: run.c conducts, run_programs.c starts, run_output.c understands,
 * run_check.c checks, summary.c writes --- */

/* What the programs of a node have reported. */
struct output {
    FILE *file; /* nodes/NAME.jsonl */
    uint64_t lines, bytes;
    bool failed; /* nothing more is taken */
};

struct run {
    const struct scenario *scenario;
    const struct run_options *options;
    struct workload *workload;
    struct workload_value *values;
    struct results results;
    struct lab lab;
    struct crew *crew;
    struct metrics metrics;
    struct fidelity fidelity;
    struct facts facts;
    struct events events;
    char *file_folder; /* of the scenario's file, with a slash at its end */
    json_t *costs;     /* the lab's status when the workload ended: for what nodes cost */
    struct emulator_cpu emulator_cpu;
    struct host_cpu host_cpu;
    FILE *samples; /* samples.csv */
    struct output *outputs;
    struct barrier barrier; /* of the workload's programs */
    bool wants_cpu;         /* one of them asked what the nodes have taken */
    char *metered_barrier;  /* that opens as soon as that is known; NULL: none */
    double *progress;       /* of each node, 0…1 */
    bool done;              /* all went well */
    bool interrupted;
};

/* For a node that was booted anew, or whose services are ready again; a command of an event, the
 * `number`-th of the schedule. */
int run_start_services(struct run *r, unsigned node, struct error *err);
int run_start_workload(struct run *r, unsigned node, struct error *err);
int run_start_command(struct run *r, unsigned node, const char *command, unsigned number,
                      struct error *err);
/* The same on the host, with the rights of this process, in the folder of the scenario's file. */
int run_start_on_host(struct run *r, const char *command, unsigned number, struct error *err);
/* Starts a service on its nodes, and waits until it is ready there. */
int run_start_service(struct run *r, const struct workload_service *s, struct error *err);
/* The program of a node has ended, or is lost with the node: others may wait for it. */
void run_leave_barrier(struct run *r, unsigned node, bool lost);

/* Starts a program of the workload in task.node, with its environment and log. */
int run_start_program(struct run *r, const char *role, char *const *argv, struct crew_task task,
                      struct error *err);
/* What all programs of the workload get, wherever they run. */
void run_fill_environment(const struct run *r, struct environment *e);

/* Brings the files that the workload names into the results. */
int run_collect(struct run *r, struct error *err);
/* Whether the result is what the workload promises. */
int run_check(struct run *r, struct error *err);

/* A line of a node's WANLAB_OUTPUT; `arg` is the run. One that cannot be understood fails it. */
void run_on_output(unsigned node, const char *line, void *arg);

/* Writes run.json (also for a failed run, with its reason), fidelity.json, summary.csv and
 * nodes.csv. */
int summary_write(struct run *r, const struct error *failure, struct error *err);
/* Prints the tables for people on standard output. */
void summary_print(const struct run *r);
/* A metric's unit as workload.yaml has it; "" if it is not in there. */
const char *summary_unit(const struct run *r, const char *metric);

/* A value as people read it, times with a fitting unit, or as it is; nothing for NAN. */
void summary_add_cell(struct table *t, double value, const char *unit, bool for_people);
/* A file itself, with --set applied: texts stay texts. */
json_t *summary_describe_yaml(const struct yaml *node);
/* {"main_loop": "s", …} as workload.yaml has them. */
json_t *summary_describe_units(const struct workload *w);
/* The --set that the scenario was opened with. */
json_t *summary_describe_sets(const struct scenario *s);
/* The main metric over the nodes. */
void summary_main_metric(const struct run *r, double *ret_max, double *ret_mean);

#endif
