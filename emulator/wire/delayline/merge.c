/* SPDX-License-Identifier: MIT */
#include "wire/delayline/merge.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

#include "wire/delayline/frame.h"
#include "wire/delayline/header.h"

enum {
    NETWORK = FRAME_VNET_HEADER + FRAME_ETHERNET_HEADER,
    IP_MAX = 65535,
};

/* Where the transport header begins, and which it is; false: not a packet that can be merged. The
 * lengths that IP says must be those of the frame, without padding. */
static bool find_transport(struct merge *m, const uint8_t *packet, size_t size, uint8_t *ret)
{
    if (size < NETWORK + IPV4_HEADER)
        return false;
    unsigned type = get16(packet + FRAME_VNET_HEADER + ETHERNET_TYPE_AT);
    m->is_ipv4 = type == TYPE_IPV4;
    m->transport = NETWORK + (m->is_ipv4 ? IPV4_HEADER : IPV6_HEADER);
    *ret = packet[m->is_ipv4 ? NETWORK + IPV4_PROTOCOL_AT : NETWORK + IPV6_NEXT_AT];
    if (m->is_ipv4) /* version 4 without options, and neither a fragment nor followed by one */
        return packet[NETWORK] == 0x45 &&
               (get16(packet + NETWORK + IPV4_FRAGMENT_AT) & 0x3fff) == 0 &&
               get16(packet + NETWORK + IPV4_LENGTH_AT) + NETWORK == size;
    return type == TYPE_IPV6 &&
           get16(packet + NETWORK + IPV6_LENGTH_AT) + NETWORK + IPV6_HEADER == size;
}

/* The checksum has to be open, which also says that nothing was corrupted. */
static bool is_open(const struct merge *m, const uint8_t *packet)
{
    struct virtio_net_hdr_v1 h;
    memcpy(&h, packet, sizeof(h));
    return h.flags == VIRTIO_NET_HDR_F_NEEDS_CSUM && h.gso_type == VIRTIO_NET_HDR_GSO_NONE &&
           h.csum_start == m->transport - FRAME_VNET_HEADER &&
           h.csum_offset == (m->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
}

static bool find_headers(struct merge *m, const uint8_t *packet, size_t size)
{
    uint8_t protocol;
    if (!find_transport(m, packet, size, &protocol) || packet[FRAME_VNET_HEADER] & 1)
        return false;
    const uint8_t *transport = packet + m->transport;
    m->is_tcp = protocol == IPPROTO_TCP;
    if (m->is_tcp) {
        if (size < m->transport + (size_t)TCP_HEADER || transport[TCP_FLAGS_AT] != TCP_ACK)
            return false;
        m->headers_size = (uint16_t)(m->transport + 4 * (transport[TCP_OFFSET_AT] >> 4));
    } else {
        if (protocol != IPPROTO_UDP || size < m->transport + (size_t)UDP_HEADER ||
            get16(transport + UDP_LENGTH_AT) != size - m->transport)
            return false;
        m->headers_size = (uint16_t)(m->transport + UDP_HEADER);
    }
    return size > m->headers_size && m->headers_size >= m->transport && is_open(m, packet);
}

void merge_begin(struct merge *m, const uint8_t *packet, size_t size)
{
    m->count = 1;
    m->mergeable = find_headers(m, packet, size);
    m->parts[0] = (struct iovec){(void *)packet, size};
    if (!m->mergeable)
        return;
    m->segment = m->payload = (uint32_t)(size - m->headers_size);
    memcpy(m->headers, packet, m->headers_size);
}

/* Whether what no segment may have of its own is the first one's: from `from` to `to`. */
static bool same(const struct merge *m, const uint8_t *packet, size_t from, size_t to)
{
    return memcmp(m->headers + from, packet + from, to - from) == 0;
}

/* The kernel leaves the number of buffers in the virtio-net header as it was. */
static bool same_network(const struct merge *m, const uint8_t *packet)
{
    if (!same(m, packet, 0, offsetof(struct virtio_net_hdr_v1, num_buffers)))
        return false;
    if (!m->is_ipv4)
        return same(m, packet, FRAME_VNET_HEADER, NETWORK + IPV6_LENGTH_AT) &&
               same(m, packet, NETWORK + IPV6_LENGTH_AT + 2, m->transport);
    return same(m, packet, FRAME_VNET_HEADER, NETWORK + IPV4_LENGTH_AT) &&
           get16(packet + NETWORK + IPV4_ID_AT) ==
               ((get16(m->headers + NETWORK + IPV4_ID_AT) + m->count) & 0xffff) &&
           same(m, packet, NETWORK + IPV4_FRAGMENT_AT, NETWORK + IPV4_CHECKSUM_AT) &&
           same(m, packet, NETWORK + IPV4_CHECKSUM_AT + 2, m->transport);
}

static bool same_transport(const struct merge *m, const uint8_t *packet)
{
    const size_t t = m->transport;
    if (!m->is_tcp)
        return same(m, packet, t, t + UDP_LENGTH_AT);
    return same(m, packet, t, t + TCP_SEQUENCE_AT) &&
           get32(packet + t + TCP_SEQUENCE_AT) ==
               get32(m->headers + t + TCP_SEQUENCE_AT) + m->payload &&
           same(m, packet, t + TCP_SEQUENCE_AT + 4, t + TCP_FLAGS_AT) &&
           (packet[t + TCP_FLAGS_AT] & ~TCP_PSH) == TCP_ACK &&
           same(m, packet, t + TCP_FLAGS_AT + 1, t + TCP_CHECKSUM_AT) &&
           same(m, packet, t + TCP_CHECKSUM_AT + 2, m->headers_size);
}

bool merge_add(struct merge *m, const uint8_t *packet, size_t size)
{
    struct merge other;
    if (!m->mergeable || m->count == MERGE_MAX || size <= m->headers_size)
        return false;
    const size_t payload = size - m->headers_size;
    uint8_t protocol; /* the same, once the headers are */
    if (payload > m->segment || m->headers_size - (size_t)NETWORK + m->payload + payload > IP_MAX ||
        !same_network(m, packet) || !find_transport(&other, packet, size, &protocol) ||
        !same_transport(m, packet) ||
        (!m->is_tcp && get16(packet + m->transport + UDP_LENGTH_AT) != size - m->transport))
        return false;
    m->parts[m->count++] = (struct iovec){(void *)(packet + m->headers_size), payload};
    m->payload += (uint32_t)payload;
    /* What is pushed is the last, and so is what is shorter than the first. */
    bool pushed = m->is_tcp && packet[m->transport + TCP_FLAGS_AT] & TCP_PSH;
    if (pushed)
        m->headers[m->transport + TCP_FLAGS_AT] |= TCP_PSH;
    m->mergeable = !pushed && payload == m->segment;
    return true;
}

/* The pseudo-header's sum knows the length: that of the first packet becomes that of all. */
static void lengthen_checksum(uint8_t *field, unsigned more)
{
    put16(field, sum16(field, 2, more));
}

static void finish_ipv4(uint8_t *headers, unsigned length)
{
    put16(headers + NETWORK + IPV4_LENGTH_AT, length);
    put16(headers + NETWORK + IPV4_CHECKSUM_AT, 0);
    put16(headers + NETWORK + IPV4_CHECKSUM_AT, ~sum16(headers + NETWORK, IPV4_HEADER, 0));
}

static void finish_vnet(struct merge *m)
{
    struct virtio_net_hdr_v1 h;
    memcpy(&h, m->headers, sizeof(h));
    h.gso_type = !m->is_tcp   ? FRAME_GSO_UDP
                 : m->is_ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4
                              : VIRTIO_NET_HDR_GSO_TCPV6;
    h.gso_size = (uint16_t)m->segment;
    h.hdr_len = (uint16_t)(m->headers_size - FRAME_VNET_HEADER);
    memcpy(m->headers, &h, sizeof(h));
}

int merge_finish(struct merge *m)
{
    if (m->count == 1)
        return 1;
    uint8_t *transport = m->headers + m->transport;
    unsigned length = m->headers_size - m->transport + m->payload;
    finish_vnet(m);
    if (m->is_ipv4)
        finish_ipv4(m->headers, IPV4_HEADER + length);
    else
        put16(m->headers + NETWORK + IPV6_LENGTH_AT, length);
    if (!m->is_tcp)
        put16(transport + UDP_LENGTH_AT, length);
    lengthen_checksum(transport + (m->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT),
                      m->payload - m->segment);
    /* The first packet's own headers give way to those of all. */
    const uint8_t *first = m->parts[0].iov_base;
    for (unsigned i = m->count; i > 1; i--)
        m->parts[i] = m->parts[i - 1];
    m->parts[1] = (struct iovec){(void *)(first + m->headers_size), m->segment};
    m->parts[0] = (struct iovec){m->headers, m->headers_size};
    return (int)m->count + 1;
}
