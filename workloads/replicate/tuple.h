/* SPDX-License-Identifier: MIT
 *
 * The tuples. Pure: what tuple number `seq` of a node holds follows from (seed, node,
 * seq) alone, so it can be drawn again to check a database.
 */
#ifndef REPLICATE_TUPLE_H
#define REPLICATE_TUPLE_H

#include <stdint.h>

enum {
    TUPLE_LEN_MAX = 8192,
    TUPLE_ROW_OVERHEAD = 32, /* most bytes of a row on the wire beside its string */
};

struct tuple {
    unsigned number;              /* 0…100 */
    char text[TUPLE_LEN_MAX + 1]; /* letters, digits, '-' and '_': nothing that SQL escapes */
};

/* The stream of a node's tuples. */
uint64_t tuple_key(uint64_t seed, const char *node);

/* Tuple number `seq` (from 1) of that stream with a string of `len` characters. */
void tuple_draw(uint64_t key, uint64_t seq, unsigned len, struct tuple *ret);

#endif
