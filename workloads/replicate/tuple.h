/* SPDX-License-Identifier: MIT
 *
 * The tuples and their SQL. Pure: what tuple number `seq` of a node holds follows from (seed, node,
 * seq) alone, so it can be drawn again to check a database.
 */
#ifndef REPLICATE_TUPLE_H
#define REPLICATE_TUPLE_H

#include <stdint.h>

#include "base/text.h"

enum {
    TUPLE_LEN_MAX = 8192,
    TUPLE_ROW_OVERHEAD = 32, /* most characters of a row in SQL beside its string */
};

struct tuple {
    unsigned number;              /* 0…100 */
    char text[TUPLE_LEN_MAX + 1]; /* letters, digits, '-' and '_': nothing that SQL escapes */
};

/* The stream of a node's tuples. */
uint64_t tuple_key(uint64_t seed, const char *node);

/* Tuple number `seq` (from 1) of that stream with a string of `len` characters. */
void tuple_draw(uint64_t key, uint64_t seq, unsigned len, struct tuple *ret);

/* Adds one row to the statement that grows in `sql`; to an empty text its beginning too. A row that
 * is in the table already is passed over, so the statement may be carried out again. */
void tuple_add_row(struct text *sql, unsigned origin, uint64_t seq, const struct tuple *t);

#endif
