/* SPDX-License-Identifier: MIT
 *
 * Histories of registers that are linearizable by construction: every operation takes effect at a
 * moment drawn between its call and its return, or, if nobody knows how it ended, at any time later
 * or never.
 */
#ifndef TESTS_RANDOM_HISTORY_H
#define TESTS_RANDOM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check/linear.h"

enum { RANDOM_HISTORY_FAILED = 1, RANDOM_HISTORY_UNKNOWN = 2 };

struct random_history {
    uint64_t seed;
    unsigned processes, keys;
    size_t operations; /* of all processes together */
    unsigned values;   /* different ones of a key; 0: each written once */
    double unknown;    /* share of operations */
    double cas;        /* share; of the others half are reads */
};

struct random_operation {
    unsigned process, key;
    int result; /* 0: ok */
    struct linear_op op;
    double effect; /* when; infinite: never */
};

/* The caller frees it. The value 0 is null. By call, of each process one after the other. */
struct random_operation *random_history(const struct random_history *what);

/* What a checker sees of one key; returns how many. `out` has room for all. */
size_t random_history_of_key(const struct random_operation *all, size_t count, unsigned key,
                             struct linear_op *out);

#endif
