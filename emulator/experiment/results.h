/* SPDX-License-Identifier: MIT
 *
 * A results folder: results/NAME-TIME. While a run is under way it is called NAME-TIME.partial, and
 * only a run that ended well, or failed and says so in its run.json, gets the final name.
 */
#ifndef WANLAB_EXPERIMENT_RESULTS_H
#define WANLAB_EXPERIMENT_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"

struct results {
    char *folder;   /* where things are written now */
    char *final;    /* what it will be called */
    FILE *events;   /* events.jsonl */
    double start_s; /* realtime of the run's zero */
};

/* Makes the folder: `folder`, or results/NAME-YYYYMMDD-HHMMSS in the working folder if NULL. An
 * existing one is refused. */
int results_open(const char *folder, const char *name, struct results *ret, struct error *err);

/* The name that results_open() would take: results/NAME-YYYYMMDD-HHMMSS. The caller frees it. */
char *results_free_name(const char *name);

/* Gives the folder its final name; else it stays a .partial one. */
int results_finish(struct results *r, struct error *err);
/* Removes the folder: for runs that were interrupted. */
void results_discard(struct results *r);
void results_done(struct results *r); /* releases the memory, accepts a zeroed one */

/* Opens FOLDER/NAME for writing, making its folder if need be. The caller closes it. */
FILE *results_create(const struct results *r, const char *name, struct error *err);

/* Writes a JSON document, indented; consumes `document`. */
int results_write_json(const struct results *r, const char *name, json_t *document,
                       struct error *err);

/* Appends to events.jsonl: what happened, and when, in seconds since the run's start; consumes
 * `event`. */
void results_event(struct results *r, json_t *event);

/* Seconds since the run's start. */
double results_now(const struct results *r);

#endif
