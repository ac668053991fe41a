/* SPDX-License-Identifier: MIT
 *
 * One operation as etcd's JSON gateway (v3) has it: what is posted where, and what the answer means
 * for the history. Pure: text in, text out.
 *
 * Registers are keys "r/NAME". The set is all keys under "s/": an element is a key of its own, so
 * that adding one is one put, and reading all is one range.
 */
#ifndef ETCD_GATEWAY_H
#define ETCD_GATEWAY_H

#include <stddef.h>

#include "load/request.h"

const char *gateway_path(const struct request *r);
char *gateway_body(const struct request *r); /* the caller frees it */

/* From a body that came back with an HTTP status. An error of etcd leaves it unknown whether the
 * operation took, or will take, effect. */
void gateway_answer(const struct request *r, long status, const char *body, size_t size,
                    struct answer *ret);

#endif
