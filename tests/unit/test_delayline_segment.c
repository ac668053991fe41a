/* SPDX-License-Identifier: MIT */
#include "wire/delayline/segment.h"

#include <linux/virtio_net.h>

#include "expect.h"
#include "wire/delayline/frame.h"

enum { ROOM = 70000, ETHERNET = FRAME_ETHERNET_HEADER, VNET = FRAME_VNET_HEADER };

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned sum(const uint8_t *p, size_t size, unsigned s)
{
    for (size_t i = 0; i < size; i += 2)
        s += (unsigned)p[i] << 8 | (i + 1 < size ? p[i + 1] : 0);
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

/* A super-packet of `payload` bytes 0, 1, 2, …; its size. */
static size_t build(uint8_t *packet, bool v6, bool udp, size_t payload, unsigned gso)
{
    const size_t ip = v6 ? 40 : 20, transport = udp ? 8 : 20;
    const struct virtio_net_hdr_v1 h = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                        .gso_type = udp  ? FRAME_GSO_UDP
                                                    : v6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                                         : VIRTIO_NET_HDR_GSO_TCPV4,
                                        .gso_size = (uint16_t)gso,
                                        .csum_start = (uint16_t)(ETHERNET + ip),
                                        .csum_offset = udp ? 6 : 16};
    memset(packet, 0, VNET + ETHERNET + ip + transport);
    memcpy(packet, &h, sizeof(h));
    uint8_t *f = packet + VNET, *n = f + ETHERNET, *t = n + ip;
    put16(f + 12, v6 ? 0x86dd : 0x0800);
    n[0] = v6 ? 0x60 : 0x45;
    n[v6 ? 6 : 9] = udp ? 17 : 6;
    memset(n + (v6 ? 8 : 12), 0x5a, v6 ? 32 : 8);
    put16(n + (v6 ? 4 : 2), (unsigned)(transport + payload + (v6 ? 0 : ip)));
    put16(n + 4 * !v6, v6 ? 0x6000 : 0xfffe); /* IPv4: its number, about to wrap */
    if (v6)
        put16(n + 4, (unsigned)(transport + payload));
    if (udp) {
        put16(t + 4, (unsigned)(8 + payload));
    } else {
        put16(t + 4, 0xffff); /* sequence number, about to carry */
        put16(t + 6, 0xff00);
        t[12] = 5 << 4;
        t[13] = 0x80 | 0x10 | 0x08 | 0x01; /* CWR, ACK, PSH, FIN */
    }
    for (size_t i = 0; i < payload; i++)
        t[transport + i] = (uint8_t)(i * 7 + i / 256);
    return VNET + ETHERNET + ip + transport + payload;
}

/* What the receiver's kernel would compute: finishes the checksum, then it must be right. */
static void expect_right_checksum(uint8_t *segment, size_t size, bool v6, bool udp)
{
    uint8_t *n = segment + VNET + ETHERNET, *t = n + (v6 ? 40 : 20);
    const size_t len = size - (size_t)(t - segment);
    uint8_t *field = t + (udp ? 6 : 16);
    put16(field, ~sum(t, len, 0)); /* the field has the pseudo-header's sum in it */
    unsigned pseudo = sum(n + (v6 ? 8 : 12), v6 ? 32 : 8, (udp ? 17U : 6U) + (unsigned)len);
    assert_int_equal(sum(t, len, pseudo), 0xffff);
    if (!v6)
        assert_int_equal(sum(n, 20, 0), 0xffff);
}

static void check_all(bool v6, bool udp, size_t payload, unsigned gso)
{
    static uint8_t packet[ROOM], segment[ROOM];
    const size_t size = build(packet, v6, udp, payload, gso), ip = v6 ? 40 : 20;
    const size_t headers = VNET + ETHERNET + ip + (udp ? 8 : 20);
    const unsigned count = (unsigned)((payload + gso - 1) / gso);
    size_t got = 0;
    for (unsigned n = 0; n < count; n++) {
        size_t s = segment_cut(packet, size, n, segment);
        uint8_t *net = segment + VNET + ETHERNET, *t = net + ip;
        struct frame frame;
        assert_int_equal(s - headers, n + 1 < count ? gso : payload - got);
        assert_memory_equal(segment + headers, packet + headers + got, s - headers);
        assert_int_equal(segment[1], VIRTIO_NET_HDR_GSO_NONE);
        assert_int_equal(segment[0], VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_true(frame_parse(segment, s, &frame));
        assert_int_equal(frame.segments, 1);
        assert_int_equal(frame.wire_bytes, s - VNET);
        assert_int_equal(get16(net + (v6 ? 4 : 2)), s - VNET - ETHERNET - (v6 ? 40 : 0));
        if (!v6)
            assert_int_equal(get16(net + 4), (0xfffe + n) & 0xffff);
        if (udp)
            assert_int_equal(get16(t + 4), 8 + s - headers);
        else {
            assert_int_equal((uint32_t)get16(t + 4) << 16 | get16(t + 6),
                             (uint32_t)(0xffffff00U + got));
            assert_int_equal(t[13], 0x10 | (n == 0 ? 0x80 : 0) | (n + 1 == count ? 0x09 : 0));
        }
        expect_right_checksum(segment, s, v6, udp);
        got += s - headers;
    }
    assert_int_equal(got, payload);
    assert_int_equal(segment_cut(packet, size, count, segment), 0);
}

static void tcp_is_cut_as_the_kernel_would(void **state)
{
    (void)state;
    check_all(false, false, 10 * 1448 + 1, 1448);
    check_all(true, false, 5 * 1428, 1428);
    check_all(false, false, 65000, 536);
}

static void udp_is_cut_as_the_kernel_would(void **state)
{
    (void)state;
    check_all(false, true, 20 * 1400 + 3, 1400);
    check_all(true, true, 3 * 1200, 1200);
}

static void what_is_no_super_packet_is_not_cut(void **state)
{
    (void)state;
    static uint8_t packet[ROOM], segment[ROOM];
    size_t size = build(packet, false, false, 5000, 1448);
    struct virtio_net_hdr_v1 h;
    memcpy(&h, packet, sizeof(h));
    for (size_t cut = 0; cut < VNET + ETHERNET + 40 + 1; cut++)
        assert_int_equal(segment_cut(packet, cut, 0, segment), 0);
    packet[1] = VIRTIO_NET_HDR_GSO_NONE;
    assert_int_equal(segment_cut(packet, size, 0, segment), 0);
    memcpy(packet, &h, sizeof(h));
    put16(packet + VNET + 12, 0x0806); /* ARP */
    assert_int_equal(segment_cut(packet, size, 0, segment), 0);
    size = build(packet, false, false, 5000, 1448);
    h.csum_offset = 60000;
    memcpy(packet, &h, sizeof(h));
    assert_int_equal(segment_cut(packet, size, 0, segment), 0);
    h.csum_offset = 16;
    h.csum_start = 2;
    memcpy(packet, &h, sizeof(h));
    assert_int_equal(segment_cut(packet, size, 0, segment), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_is_cut_as_the_kernel_would),
        cmocka_unit_test(udp_is_cut_as_the_kernel_would),
        cmocka_unit_test(what_is_no_super_packet_is_not_cut),
    };
    return RUN_TESTS(tests);
}
