/* SPDX-License-Identifier: MIT
 *
 * Tuples as rows of the one prepared statement that inserts them, laid out as Connector/C takes
 * them for its bulk execution. A row that is in the table already is passed over, so the statement
 * may be carried out again.
 */
#ifndef REPLICATE_ROWS_H
#define REPLICATE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <mysql.h>

#include "tuple.h"

enum { ROWS_COLUMNS = 4 };

extern const char rows_insert_sql[];

struct row {
    uint32_t seq;
    uint16_t origin;
    uint8_t number;
    unsigned long len; /* of the text */
    char text[];       /* not terminated */
};

struct rows {
    unsigned tuple_len;
    size_t row_size;
    unsigned count, capacity;
    char *data; /* rows, row_size apart */
};

void rows_init(struct rows *r, unsigned tuple_len);
void rows_done(struct rows *r);

void rows_add(struct rows *r, unsigned origin, uint64_t seq, const struct tuple *t);

/* Describes the columns from row `first` on; valid until a row is added. */
void rows_bind(const struct rows *r, unsigned first, MYSQL_BIND ret[ROWS_COLUMNS]);

#endif
