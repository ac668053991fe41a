/* SPDX-License-Identifier: MIT
 *
 * The headers of Ethernet, IP, TCP and UDP as bytes: where their fields are, each counted from the
 * beginning of its own header, and numbers in the network's byte order. Pure; the caller knows that
 * the bytes are there.
 */
#ifndef WANLAB_WIRE_DELAYLINE_HEADER_H
#define WANLAB_WIRE_DELAYLINE_HEADER_H

#include <stddef.h>
#include <stdint.h>

enum {
    ETHERNET_TYPE_AT = 12,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_IPV6 = 0x86dd,

    IPV4_HEADER = 20, /* without options */
    IPV4_LENGTH_AT = 2,
    IPV4_ID_AT = 4,
    IPV4_FRAGMENT_AT = 6,
    IPV4_TTL_AT = 8,
    IPV4_PROTOCOL_AT = 9,
    IPV4_CHECKSUM_AT = 10,
    IPV4_SOURCE_AT = 12,
    IPV4_DESTINATION_AT = 16,

    IPV6_HEADER = 40,
    IPV6_LENGTH_AT = 4,
    IPV6_NEXT_AT = 6,
    IPV6_HOP_LIMIT_AT = 7,
    IPV6_SOURCE_AT = 8,
    IPV6_DESTINATION_AT = 24,

    TCP_HEADER = 20, /* without options */
    TCP_SEQUENCE_AT = 4,
    TCP_OFFSET_AT = 12,
    TCP_FLAGS_AT = 13,
    TCP_FIN = 0x01,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_CWR = 0x80,
    TCP_CHECKSUM_AT = 16,

    UDP_HEADER = 8,
    UDP_LENGTH_AT = 4,
    UDP_CHECKSUM_AT = 6,
};

static inline unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

/* The Internet checksum of at most 64 KiB, not yet complemented; `sum` is that of what comes
 * before. */
static inline unsigned sum16(const uint8_t *data, size_t size, unsigned sum)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += get16(data + i);
    if (size % 2)
        sum += (unsigned)data[size - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

#endif
