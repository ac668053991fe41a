/* SPDX-License-Identifier: MIT
 *
 * Writes a history as history.h describes it, for workloads: whole lines, buffered by stdio.
 */
#ifndef CHECK_WRITER_H
#define CHECK_WRITER_H

#include <stdint.h>
#include <stdio.h>

#include "history.h"

/* What a client asked and got; texts are JSON ("\"a\"", "null") and borrowed. */
struct writer_operation {
    const char *process, *key; /* plain; without characters that JSON escapes */
    enum history_op op;
    enum history_result result;
    const char *value; /* NULL: nothing was read, or nothing came back */
    const char *old;   /* of a cas */
    int64_t version;   /* HISTORY_VERSION_NONE: not said */
    double call, ret;  /* seconds on the run's clock; ret infinite: nothing came back */
};

void writer_write(FILE *out, const struct writer_operation *o);

#endif
