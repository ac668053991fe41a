/* SPDX-License-Identifier: MIT
 *
 * A load that is killed and started again with its node goes on where it would be now, and its
 * history stays whole: what was asked and not yet answered when it was killed may have taken
 * effect. Every such call is therefore noted in a file before it is made, and becomes an operation
 * with an unknown result when the next life finds it unanswered. The files are in the scratch
 * folder, which outlives a node, and are written line by line.
 */
#ifndef LOAD_JOURNAL_H
#define LOAD_JOURNAL_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "check/writer.h"

#define JOURNAL_HISTORY "history.jsonl"

struct journal {
    FILE *history, *calls;
    double begin_s; /* of the load, on the run's clock; NaN: nobody has begun yet */
    /* Counted by the load, and begun with what earlier lives have done: */
    double *commits; /* when they were acknowledged */
    size_t commit_count;
    uint64_t reads, by_result[3];
};

/* Opens, after the history of earlier lives has been completed. */
int journal_open(struct journal *j, const char *folder, struct error *err);

/* Notes when the load began. */
int journal_begin(struct journal *j, const char *folder, double begin_s, struct error *err);

void journal_call(struct journal *j, const struct writer_operation *o);   /* its result: unknown */
void journal_answer(struct journal *j, const struct writer_operation *o); /* known or given up */

/* Counts one more commit, acknowledged at `at_s`. */
void journal_commit(struct journal *j, double at_s);

int journal_close(struct journal *j, struct error *err); /* the first write error; idempotent */

#endif
