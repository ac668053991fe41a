/* SPDX-License-Identifier: MIT
 *
 * What happened in a run, in the order in which it did: its events, what its programs reported, and
 * the lines of their logs, merged out of the files of a results folder. All of these have times on
 * the run's clock, in seconds from its start. A line of a log without a time (the second line of a
 * message, say) belongs to the one before it.
 */
#ifndef WANLAB_EXPERIMENT_TIMELINE_H
#define WANLAB_EXPERIMENT_TIMELINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

struct timeline_options {
    const char *node;    /* only what is about this one, and about none; NULL: everything */
    double from_s, to_s; /* only what lies between */
    bool json;           /* an object a line, else columns */
};

/* Prints the timeline of the run in `folder`. */
int timeline_print(const char *folder, const struct timeline_options *options, FILE *out,
                   struct error *err);

#endif
