/* SPDX-License-Identifier: MIT
 *
 * A history: what clients asked of a system and what it answered, with the times on one clock. It
 * is read from JSON Lines, one completed operation a line:
 *
 *   {"process": "c1", "op": "cas", "key": "k7", "old": V, "value": V, "call": 1.25, "return": 1.27,
 *    "result": "ok"}
 *
 * op: read, write, cas (of a register: one value a key), add, members (of a set: `value` of an add
 * is the element, of members the array of all). result: ok; fail (certainly without effect);
 * unknown (it may take effect at any time after its call, or never; `return` may then be absent).
 * Values are any JSON; null is an absent key. `version`, a whole number, is optional: the system's
 * own order of a key's values. Lines that a wanlab program writes beside its history (metric,
 * phase, progress, error) are passed over, so nodes/NAME.jsonl of a results folder can be read as
 * it is.
 */
#ifndef CHECK_HISTORY_H
#define CHECK_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#include "intern.h"

enum history_op { OP_READ, OP_WRITE, OP_CAS, OP_ADD, OP_MEMBERS };
enum history_result { RESULT_OK, RESULT_FAIL, RESULT_UNKNOWN };
enum { HISTORY_NULL = 0, HISTORY_VERSION_NONE = -1 };

struct operation {
    double call, ret;      /* seconds; ret is infinite if nothing came back */
    int64_t version;       /* HISTORY_VERSION_NONE: not said */
    uint32_t key, process; /* of history.keys, history.processes */
    uint32_t value, old;   /* of history.values; of members: a place in history.lists */
    uint32_t member_count; /* of members */
    uint32_t line, file;   /* where it stands; file of history.files */
    enum history_op op;
    enum history_result result;
};

struct history {
    struct operation *operations;
    size_t count;
    struct intern keys, processes, values, files; /* the value 0 is null; values are JSON texts */
    uint32_t *lists; /* the elements of all members, one after another */
    size_t list_len;
    uint64_t other_lines; /* passed over */
};                        /* all zero is an empty one */

/* Adds the operations of a file; `slack_s` moves calls back and returns on, where the processes'
 * clocks may differ by so much. Errors: STATUS_INPUT beginning with FILE:LINE; STATUS_MACHINE if it
 * would take more than `memory` bytes. */
int history_read(struct history *h, FILE *in, const char *name, double slack_s, uint64_t memory,
                 struct error *err);
void history_done(struct history *h);

/* Orders the operations by key, then by call. */
void history_sort(struct history *h);

bool history_is_set(const struct operation *o); /* add or members; else of a register */
const char *history_op_name(enum history_op op);
const char *history_result_name(enum history_result result);

#endif
