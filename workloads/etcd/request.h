/* SPDX-License-Identifier: MIT
 *
 * One operation as etcd's JSON gateway (v3) has it: what is posted where, and what the answer means
 * for the history. Pure: text in, text out.
 *
 * Registers are keys "r/NAME". The set is all keys under "s/": an element is a key of its own, so
 * that adding one is one put, and reading all is one range.
 */
#ifndef ETCD_REQUEST_H
#define ETCD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "check/history.h"

enum { REQUEST_NAME_MAX = 64 };

struct request {
    enum history_op op;
    char key[REQUEST_NAME_MAX];
    char value[REQUEST_NAME_MAX]; /* to write or add */
    char old[REQUEST_NAME_MAX];   /* of a cas; "" is an absent key */
    bool serializable;            /* a read may be answered by the member alone */
};

struct answer {
    enum history_result result;
    char *value;     /* JSON: what was read; NULL: nothing */
    int64_t version; /* of the value; HISTORY_VERSION_NONE */
    char *fault;     /* of one that is not ok, in words; NULL: a cas that found another value */
};

const char *request_path(const struct request *r);
char *request_body(const struct request *r); /* the caller frees it */

/* From a body that came back with an HTTP status. An error of etcd leaves it unknown whether the
 * operation took, or will take, effect. */
void request_answer(const struct request *r, long status, const char *body, size_t size,
                    struct answer *ret);
void answer_done(struct answer *a);

#endif
