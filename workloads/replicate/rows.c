/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char rows_insert_sql[] = "INSERT IGNORE INTO tuples VALUES (?,?,?,?)";

void rows_init(struct rows *r, unsigned tuple_len)
{
    size_t align = _Alignof(struct row);
    *r = (struct rows){.tuple_len = tuple_len,
                       .row_size = (sizeof(struct row) + tuple_len + align - 1) / align * align};
}

void rows_done(struct rows *r)
{
    free(r->data);
    *r = (struct rows){0};
}

static struct row *row_at(const struct rows *r, unsigned index)
{
    return (struct row *)(void *)(r->data + index * r->row_size);
}

void rows_add(struct rows *r, unsigned origin, uint64_t seq, const struct tuple *t)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 8;
        r->data = xrealloc(r->data, r->capacity, r->row_size);
    }
    struct row *row = row_at(r, r->count++);
    *row = (struct row){.seq = (uint32_t)seq,
                        .origin = (uint16_t)origin,
                        .number = (uint8_t)t->number,
                        .len = r->tuple_len};
    memcpy(row->text, t->text, r->tuple_len);
}

void rows_bind(const struct rows *r, unsigned first, MYSQL_BIND ret[ROWS_COLUMNS])
{
    struct row *row = row_at(r, first);
    memset(ret, 0, ROWS_COLUMNS * sizeof(*ret));
    ret[0] =
        (MYSQL_BIND){.buffer_type = MYSQL_TYPE_SHORT, .buffer = &row->origin, .is_unsigned = 1};
    ret[1] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = &row->seq, .is_unsigned = 1};
    ret[2] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_TINY, .buffer = &row->number, .is_unsigned = 1};
    ret[3] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                          .buffer = row->text,
                          .buffer_length = r->tuple_len,
                          .length = &row->len};
}
