/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "base/mem.h"

enum {
    NOT_NULL = 0, /* before each value */
    UNSIGNED = 0x80,
    ONE_BYTE_LEN_MAX = 250,
    TWO_BYTE_LEN = 0xfc, /* says that such a length follows */
    FIXED_SIZE = 11,     /* of a row's numbers with their indicators, and of the text's */
};

const char rows_insert_sql[] = "INSERT IGNORE INTO tuples VALUES (?,?,?,?)";

const uint8_t rows_types[] = {MYSQL_TYPE_SHORT, UNSIGNED, MYSQL_TYPE_LONG,   UNSIGNED,
                              MYSQL_TYPE_TINY,  UNSIGNED, MYSQL_TYPE_STRING, 0};

void rows_init(struct rows *r, unsigned tuple_len)
{
    size_t prefix = tuple_len <= ONE_BYTE_LEN_MAX ? 1 : 3;
    *r = (struct rows){.tuple_len = tuple_len, .row_size = FIXED_SIZE + prefix + tuple_len};
}

void rows_done(struct rows *r)
{
    free(r->data);
    *r = (struct rows){0};
}

static uint8_t *put(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *out++ = (uint8_t)(value >> 8 * i);
    return out;
}

static uint8_t *put_value(uint8_t *out, uint64_t value, unsigned bytes)
{
    *out++ = NOT_NULL;
    return put(out, value, bytes);
}

void rows_add(struct rows *r, unsigned origin, uint64_t seq, const struct tuple *t)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 8;
        r->data = xrealloc(r->data, r->capacity, r->row_size);
    }
    uint8_t *out = r->data + r->count++ * r->row_size;
    out = put_value(out, origin, 2);
    out = put_value(out, seq, 4);
    out = put_value(out, t->number, 1);
    *out++ = NOT_NULL;
    if (r->tuple_len > ONE_BYTE_LEN_MAX)
        *out++ = TWO_BYTE_LEN;
    out = put(out, r->tuple_len, r->tuple_len > ONE_BYTE_LEN_MAX ? 2 : 1);
    memcpy(out, t->text, r->tuple_len);
}
