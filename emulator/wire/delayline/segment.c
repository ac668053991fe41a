/* SPDX-License-Identifier: MIT */
#include "wire/delayline/segment.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "wire/delayline/frame.h"
#include "wire/delayline/header.h"

static void fix_tcp(uint8_t *tcp, uint32_t offset, bool first, bool last)
{
    uint32_t sequence = get32(tcp + TCP_SEQUENCE_AT) + offset;
    put16(tcp + TCP_SEQUENCE_AT, sequence >> 16);
    put16(tcp + TCP_SEQUENCE_AT + 2, sequence & 0xffff);
    if (!last)
        tcp[TCP_FLAGS_AT] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (!first)
        tcp[TCP_FLAGS_AT] &= (uint8_t)~TCP_CWR;
}

/* Lengths, and IPv4's number and checksum. `transport` is where TCP or UDP begins in the frame;
 * `len` what is there from then on. The sum of the pseudo-header. */
static unsigned fix_ip(uint8_t *frame, size_t transport, size_t len, unsigned n, uint8_t protocol)
{
    uint8_t *ip = frame + FRAME_ETHERNET_HEADER;
    const size_t header = transport - FRAME_ETHERNET_HEADER;
    unsigned pseudo = protocol + (unsigned)len;
    if (get16(frame + ETHERNET_TYPE_AT) == TYPE_IPV6) {
        put16(ip + IPV6_LENGTH_AT, (unsigned)(header - IPV6_HEADER + len));
        return sum16(ip + IPV6_SOURCE_AT, 32, pseudo);
    }
    put16(ip + IPV4_LENGTH_AT, (unsigned)(header + len));
    put16(ip + IPV4_ID_AT, get16(ip + IPV4_ID_AT) + n);
    put16(ip + IPV4_CHECKSUM_AT, 0);
    put16(ip + IPV4_CHECKSUM_AT, ~sum16(ip, header, 0));
    return sum16(ip + IPV4_SOURCE_AT, 8, pseudo);
}

static bool is_sound(const uint8_t *frame, size_t size, const struct virtio_net_hdr_v1 *h,
                     bool is_udp, size_t headers)
{
    const unsigned type = get16(frame + ETHERNET_TYPE_AT);
    const size_t least = FRAME_ETHERNET_HEADER + (type == TYPE_IPV6 ? IPV6_HEADER : IPV4_HEADER);
    const size_t checksum = (size_t)h->csum_start + h->csum_offset;
    return (type == TYPE_IPV4 || type == TYPE_IPV6) && h->csum_start >= least &&
           headers >= h->csum_start + (size_t)(is_udp ? UDP_HEADER : TCP_HEADER) &&
           headers < size && checksum + 2 <= headers && h->gso_size > 0;
}

size_t segment_cut(const uint8_t *packet, size_t size, unsigned n, uint8_t *ret)
{
    struct virtio_net_hdr_v1 h;
    if (size <= FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER)
        return 0;
    memcpy(&h, packet, sizeof(h));
    const uint8_t *frame = packet + FRAME_VNET_HEADER;
    const size_t frame_size = size - FRAME_VNET_HEADER;
    const size_t headers = frame_segment_headers(packet, size);
    const bool is_udp = (h.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) == FRAME_GSO_UDP;
    if (!is_sound(frame, frame_size, &h, is_udp, headers))
        return 0;
    const size_t payload = frame_size - headers, from = (size_t)n * h.gso_size;
    if (from >= payload)
        return 0;
    const bool last = payload - from <= h.gso_size;
    const size_t part = last ? payload - from : h.gso_size;

    const struct virtio_net_hdr_v1 plain = {
        .flags = h.flags, .csum_start = h.csum_start, .csum_offset = h.csum_offset};
    uint8_t *out = ret + FRAME_VNET_HEADER;
    memcpy(ret, &plain, sizeof(plain));
    memcpy(out, frame, headers);
    memcpy(out + headers, frame + headers + from, part);
    const size_t len = headers - h.csum_start + part;
    if (is_udp)
        put16(out + h.csum_start + UDP_LENGTH_AT, (unsigned)len);
    else
        fix_tcp(out + h.csum_start, (uint32_t)from, n == 0, last);
    unsigned pseudo = fix_ip(out, h.csum_start, len, n, is_udp ? IPPROTO_UDP : IPPROTO_TCP);
    put16(out + h.csum_start + h.csum_offset, pseudo);
    return FRAME_VNET_HEADER + headers + part;
}
