/* SPDX-License-Identifier: MIT */
#include "wire/delayline/frame.h"

#include <assert.h>
#include <linux/icmpv6.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

#include "wire/delayline/header.h"

static_assert(sizeof(struct virtio_net_hdr_v1) == FRAME_VNET_HEADER, "virtio-net header");

enum {
    ND_FIRST = 133, /* router solicitation … */
    ND_LAST = 137,  /* … redirect */
};

static bool is_control_type(uint8_t type)
{
    return (type >= ND_FIRST && type <= ND_LAST) || type == ICMPV6_MGM_QUERY ||
           type == ICMPV6_MGM_REPORT || type == ICMPV6_MGM_REDUCTION || type == ICMPV6_MLD2_REPORT;
}

/* MLD comes behind a hop-by-hop header with a router alert; ND behind no other header. */
static bool is_ipv6_control(const uint8_t *ip, size_t size)
{
    uint8_t next = ip[IPV6_NEXT_AT];
    size_t at = IPV6_HEADER;
    if (next == IPPROTO_HOPOPTS && size >= at + 2) {
        next = ip[at];
        at += 8 * (ip[at + 1] + 1U);
    }
    return next == IPPROTO_ICMPV6 && size > at && is_control_type(ip[at]);
}

static void parse_network(const uint8_t *frame, size_t size, struct frame *f)
{
    const uint8_t *ip = frame + FRAME_ETHERNET_HEADER;
    size_t ip_size = size - FRAME_ETHERNET_HEADER;
    switch (get16(frame + ETHERNET_TYPE_AT)) {
    case TYPE_ARP:
        f->control = true;
        break;
    case TYPE_IPV4:
        if (ip_size < IPV4_HEADER)
            break;
        f->family = AF_INET;
        f->destination = ip + IPV4_DESTINATION_AT;
        break;
    case TYPE_IPV6:
        if (ip_size < IPV6_HEADER)
            break;
        f->family = AF_INET6;
        f->destination = ip + IPV6_DESTINATION_AT;
        f->control = is_ipv6_control(ip, ip_size);
        break;
    }
}

/* The headers that each segment repeats, or 0. The header's own hdr_len is only a hint: Linux puts
 * there what happens to lie in the first piece of memory. */
static size_t segment_headers(const struct virtio_net_hdr_v1 *h, const uint8_t *frame, size_t size)
{
    size_t transport = h->csum_start;
    if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || transport < FRAME_ETHERNET_HEADER)
        return 0;
    if ((h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == FRAME_GSO_UDP)
        return transport + UDP_HEADER;
    if (transport + TCP_OFFSET_AT >= size)
        return 0;
    return transport + 4 * (size_t)(frame[transport + TCP_OFFSET_AT] >> 4);
}

static void count_segments(const struct virtio_net_hdr_v1 *h, const uint8_t *frame, size_t size,
                           struct frame *f)
{
    f->segments = 1;
    f->wire_bytes = (uint32_t)size;
    if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE || h->gso_size == 0)
        return;
    size_t headers = segment_headers(h, frame, size);
    if (headers == 0 || size <= headers)
        return;
    size_t segments = (size - headers + h->gso_size - 1) / h->gso_size;
    f->segments = segments > UINT16_MAX ? UINT16_MAX : (uint16_t)segments;
    f->wire_bytes += (uint32_t)((f->segments - 1) * headers);
}

size_t frame_segment_headers(const uint8_t *packet, size_t size)
{
    struct virtio_net_hdr_v1 header;
    if (size < FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER)
        return 0;
    memcpy(&header, packet, sizeof(header));
    if (header.gso_type == VIRTIO_NET_HDR_GSO_NONE || header.gso_size == 0)
        return 0;
    return segment_headers(&header, packet + FRAME_VNET_HEADER, size - FRAME_VNET_HEADER);
}

bool frame_parse(const uint8_t *packet, size_t size, struct frame *ret)
{
    if (size < FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER)
        return false;
    struct virtio_net_hdr_v1 header; /* in the machine's byte order, as TAPs have it by default */
    memcpy(&header, packet, sizeof(header));
    const uint8_t *frame = packet + FRAME_VNET_HEADER;
    *ret = (struct frame){.group = frame[0] & 1};
    parse_network(frame, size - FRAME_VNET_HEADER, ret);
    count_segments(&header, frame, size - FRAME_VNET_HEADER, ret);
    return true;
}

/* The header's checksum follows without being computed anew (RFC 1624): the sum of the header's
 * 16-bit words gets smaller by 0x0100, so its complement gets larger by that. */
static void lower_ttl(uint8_t *ip)
{
    unsigned sum = get16(ip + IPV4_CHECKSUM_AT) + 0x0100;
    sum = (sum & 0xffff) + (sum >> 16);
    ip[IPV4_TTL_AT]--;
    put16(ip + IPV4_CHECKSUM_AT, sum);
}

bool frame_route(uint8_t *packet, const struct frame *f, const uint8_t macs[12])
{
    uint8_t *ip = packet + FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER;
    if (ip[f->family == AF_INET ? IPV4_TTL_AT : IPV6_HOP_LIMIT_AT] <= 1)
        return false;
    memcpy(packet + FRAME_VNET_HEADER, macs, 12);
    if (f->family == AF_INET)
        lower_ttl(ip);
    else
        ip[IPV6_HOP_LIMIT_AT]--;
    return true;
}

/* The Internet checksum of what follows `start`; the field itself holds the pseudo-header's. */
static void finish_checksum(uint8_t *frame, size_t size, size_t start, size_t field)
{
    if (field + 2 > size || start > field)
        return;
    const unsigned checksum = ~sum16(frame + start, size - start, 0) & 0xffff;
    put16(frame + field, checksum ? checksum : 0xffff); /* in UDP 0 would mean "none" */
}

bool frame_corrupt(uint8_t *packet, size_t size, uint64_t random)
{
    struct virtio_net_hdr_v1 header;
    if (size <= FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER)
        return false;
    memcpy(&header, packet, sizeof(header));
    if (header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
        return false;
    uint8_t *frame = packet + FRAME_VNET_HEADER;
    size_t frame_size = size - FRAME_VNET_HEADER;
    if (header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        finish_checksum(frame, frame_size, header.csum_start,
                        (size_t)header.csum_start + header.csum_offset);
    memset(packet, 0, FRAME_VNET_HEADER);
    uint64_t bit = random % ((frame_size - FRAME_ETHERNET_HEADER) * 8);
    frame[FRAME_ETHERNET_HEADER + bit / 8] ^= (uint8_t)(1U << bit % 8);
    return true;
}
