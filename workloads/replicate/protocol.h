/* SPDX-License-Identifier: MIT
 *
 * The two messages of MariaDB's client protocol that this program sends and reads itself: the bulk
 * execution of its prepared insert, and the answer. All others are the client library's; for these
 * it took a third of the client's processor time, encoding the same rows for each database anew.
 * Pure.
 */
#ifndef REPLICATE_PROTOCOL_H
#define REPLICATE_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "rows.h"

enum {
    PROTOCOL_HEADER_SIZE = 11 + 2 * ROWS_COLUMNS,
    PROTOCOL_ANSWER_MAX = 576, /* bytes; an error's text has at most 512 */
};

/* What goes before `size` bytes of rows. */
void protocol_begin_insert(uint8_t ret[PROTOCOL_HEADER_SIZE], uint32_t statement, size_t size);

enum protocol_answer { PROTOCOL_INCOMPLETE, PROTOCOL_DONE, PROTOCOL_REFUSED, PROTOCOL_UNKNOWN };

/* Reads an answer of which `size` bytes have come; REFUSED is with the error's code and text. */
enum protocol_answer protocol_read_answer(const uint8_t *data, size_t size, unsigned *ret_code,
                                          char *ret_text, size_t text_size);

#endif
