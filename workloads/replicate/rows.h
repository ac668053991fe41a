/* SPDX-License-Identifier: MIT
 *
 * Tuples as rows of the one prepared statement that inserts them, encoded once, as they go to every
 * database: what protocol.h puts in front of them is all that differs. A row that is in the table
 * already is passed over, so the statement may be carried out again.
 */
#ifndef REPLICATE_ROWS_H
#define REPLICATE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "tuple.h"

enum { ROWS_COLUMNS = 4 };

extern const char rows_insert_sql[];

/* Of the columns: the protocol's type, and its flag for what has no sign. */
extern const uint8_t rows_types[2 * ROWS_COLUMNS];

struct rows {
    unsigned tuple_len;
    size_t row_size; /* all have the same */
    unsigned count, capacity;
    uint8_t *data;
};

void rows_init(struct rows *r, unsigned tuple_len);
void rows_done(struct rows *r);

void rows_add(struct rows *r, unsigned origin, uint64_t seq, const struct tuple *t);

#endif
