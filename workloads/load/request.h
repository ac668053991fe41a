/* SPDX-License-Identifier: MIT
 *
 * One operation that a client asks of a system, and what its answer means for the history.
 */
#ifndef LOAD_REQUEST_H
#define LOAD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "check/history.h"

enum { REQUEST_NAME_MAX = 64 };

struct request {
    enum history_op op;
    char key[REQUEST_NAME_MAX];
    char value[REQUEST_NAME_MAX]; /* to write or add */
    char old[REQUEST_NAME_MAX];   /* of a cas; "" is an absent key */
    bool weak;                    /* a read may be answered by one server alone, and be stale */
};

struct answer {
    enum history_result result;
    char *value;     /* JSON: what was read; NULL: nothing */
    int64_t version; /* of the value; HISTORY_VERSION_NONE */
    char *fault;     /* of one that is not ok, in words; NULL: a cas that found another value */
};

void answer_done(struct answer *a);

#endif
