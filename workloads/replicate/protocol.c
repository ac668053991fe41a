/* SPDX-License-Identifier: MIT
 *
 * A packet is the length of what follows (3 bytes, little-endian as all numbers here), its number
 * within the exchange (0 for the command, 1 for the answer), and the content. A server that ends a
 * connection may say so at any time, with any number.
 */
#include "protocol.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mysql.h>

enum {
    PACKET_HEADER_SIZE = 4,
    ANSWER_NUMBER = 1,
    ANSWER_OK = 0x00,
    ANSWER_ERROR = 0xff,
    ERROR_HEADER_SIZE = 3, /* the kind, the code */
    SQLSTATE_SIZE = 6,     /* '#' and five characters, where the server sends it */
};

void protocol_begin_insert(uint8_t ret[PROTOCOL_HEADER_SIZE], uint32_t statement, size_t size)
{
    size_t content = PROTOCOL_HEADER_SIZE - PACKET_HEADER_SIZE + size;
    for (unsigned i = 0; i < 3; i++)
        ret[i] = (uint8_t)(content >> 8 * i);
    ret[3] = 0;
    ret[4] = COM_STMT_BULK_EXECUTE;
    for (unsigned i = 0; i < 4; i++)
        ret[5 + i] = (uint8_t)(statement >> 8 * i);
    ret[9] = STMT_BULK_FLAG_CLIENT_SEND_TYPES;
    ret[10] = 0;
    memcpy(ret + 11, rows_types, sizeof(rows_types));
}

enum protocol_answer protocol_read_answer(const uint8_t *data, size_t size, unsigned *ret_code,
                                          char *ret_text, size_t text_size)
{
    if (size < PACKET_HEADER_SIZE)
        return PROTOCOL_INCOMPLETE;
    size_t content = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
    bool is_next = data[3] == ANSWER_NUMBER && size <= content + PACKET_HEADER_SIZE;
    if (content == 0 || content > PROTOCOL_ANSWER_MAX - PACKET_HEADER_SIZE)
        return PROTOCOL_UNKNOWN;
    if (size < content + PACKET_HEADER_SIZE)
        return PROTOCOL_INCOMPLETE;
    data += PACKET_HEADER_SIZE;
    if (data[0] == ANSWER_OK && is_next)
        return PROTOCOL_DONE;
    if (data[0] != ANSWER_ERROR || content < ERROR_HEADER_SIZE)
        return PROTOCOL_UNKNOWN;
    *ret_code = data[1] | (unsigned)data[2] << 8;
    size_t begin = ERROR_HEADER_SIZE;
    if (content >= begin + SQLSTATE_SIZE && data[begin] == '#')
        begin += SQLSTATE_SIZE;
    snprintf(ret_text, text_size, "%.*s", (int)(content - begin), (const char *)data + begin);
    return PROTOCOL_REFUSED;
}
