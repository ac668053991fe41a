/* SPDX-License-Identifier: MIT
 *
 * A sweep: the points of the scenario's `sweep`, each run `repeat` times in a lab of its own, in
 * random order (sweep_order.h), with more repetitions where `precision` asks for them. Every run
 * that ended is on record before the next begins (sweep_book.h), so a sweep can be stopped or
 * killed at any time and goes on where it was. Tables and the report are made of the records.
 *
 * A run that fails is tried once more; a repetition that failed twice is marked and averaged with
 * nothing. The first `warmup` runs of each start or resumption (caches are cold) are discarded.
 *
 * Labs are not shared between runs. A kept one would save the boot: 0.03 to 0.2 s of processes and
 * containers (2 to 16 nodes, two processors), 0.7 to 6 s of User-Mode Linux (`make bench-sweep`).
 * Databases have to be started anew either way, which takes longer there (up to 9.5 s: MariaDB's
 * start is 8,500 page faults each), and points come in random order, so that two in a row seldom
 * have the same nodes. Against that, a kept node's memory, page cache and disk would be in the next
 * run's result, and what it takes to boot and to run would no longer be measured.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_H
#define WANLAB_EXPERIMENT_SWEEP_H

#include "experiment/run.h"
#include "experiment/sweep_book.h"
#include "lab/lab.h"

struct sweep_options {
    const char *file;        /* the scenario; read anew for each point */
    const char *const *sets; /* "KEY=VALUE", under those of the point */
    size_t set_count;
    const char
        *folder; /* of the results, perhaps one to go on with; NULL: results/NAME-sweep-TIME */
    lab_step *on_step;
    bool saturation; /* the search that the file's `saturation` asks for, not the sweep */
};

/* Whether every point of the sweep makes a sound scenario with a workload that takes it. The error
 * names the place in the file. */
int sweep_check(const struct sweep_options *options, const struct scenario *s, struct error *err);

/* Prints a table on standard output at the end. SIGINT, SIGTERM and SIGHUP end it with -EINTR,
 * keeping what is finished; runs that failed make it fail at its end. `*ret_folder` (may be NULL
 * when nothing was written) is the caller's. */
int sweep_run(const struct sweep_options *options, char **ret_folder, struct error *err);

/* Prints the runs in their order (of a saturation search: the searches), with what each is expected
 * to take of time and memory, and starts nothing. STATUS_MACHINE when a point does not fit the
 * machine, naming it. */
int sweep_dry_run(const struct sweep_options *options, struct error *err);

/* --- inside the layer --- */

struct sweep {
    const struct sweep_options *options;
    struct scenario *scenario; /* of the file as it stands: points and repetitions */
    struct workload *workload;
    char **points;      /* the text of each, as in the records */
    json_t *comparison; /* what sweep.json says of it; NULL: the file asks for none */
    struct sweep_book book;
    bool is_warm; /* the runs to be discarded have been made */
};

/* Reads the scenario and checks every point. sweep_close() accepts it also when it failed. */
int sweep_open(const struct sweep_options *options, struct sweep *ret, struct error *err);
void sweep_close(struct sweep *w);

/* {"workload.replicate.rate": "600/min", …}: what a point says. */
json_t *sweep_point(const struct scenario *s, size_t point);

/* The scenario of a point, with some more "KEY=VALUE" (may be none). */
int sweep_open_point(const struct sweep_options *o, json_t *point, const char *extra,
                     struct scenario **ret, struct error *err);

/* Runs a point once, or a second time where the first failed, and records it. `label` is the first
 * part of its folder's name. 0 also for a run that failed: -EINTR, or what keeps the sweep from
 * going on, is returned. */
int sweep_run_once(struct sweep *w, json_t *point, unsigned repeat, const char *label,
                   struct error *err);

/* Runs the points that are due, with as many repetitions as the scenario asks for. Errors as above.
 */
int sweep_run_all(struct sweep *w, struct error *err);

/* The discarded runs, of a point; they should take `run_s` each and what comes after them `left_s`.
 * That one fails is only warned of. */
int sweep_warm_up(struct sweep *w, json_t *point, double run_s, double left_s, struct error *err);

/* What a run of a point's scenario should take, before any was made (estimate_time). */
double sweep_guess(const struct scenario *s);

/* "[####......] run 3 of 12, about 41 s left: WHAT" on standard error. */
void sweep_show(const struct sweep *w, double share, double left_s, const char *step,
                const char *what);

#endif
