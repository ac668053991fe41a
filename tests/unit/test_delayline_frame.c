/* SPDX-License-Identifier: MIT */
#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "expect.h"
#include "wire/delayline/frame.h"

enum { ETHERNET_AT = FRAME_VNET_HEADER, IP_AT = ETHERNET_AT + FRAME_ETHERNET_HEADER };

/* A packet to write into: an Ethernet frame of a type from and to a station. */
struct sample {
    uint8_t data[70000];
};

static struct sample *sample_new(uint16_t type)
{
    struct sample *s = xcalloc(1, sizeof(*s));
    memcpy(s->data + ETHERNET_AT, (uint8_t[]){2, 1, 0, 0, 0, 1, 2, 1, 0, 0, 0, 2}, 12);
    s->data[ETHERNET_AT + 12] = (uint8_t)(type >> 8);
    s->data[ETHERNET_AT + 13] = (uint8_t)type;
    return s;
}

static void set_segmentation(struct sample *s, uint8_t type, uint16_t start, uint16_t size)
{
    struct virtio_net_hdr_v1 h = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = type,
        .hdr_len = 9999, /* a hint that is wrong */
        .gso_size = size,
        .csum_start = start,
    };
    memcpy(s->data, &h, sizeof(h));
}

static struct frame parse(const struct sample *s, size_t frame_size)
{
    struct frame f;
    assert_true(frame_parse(s->data, FRAME_VNET_HEADER + frame_size, &f));
    return f;
}

static void an_ipv4_destination_is_found(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0800);
    memcpy(s->data + IP_AT + 16, (uint8_t[]){10, 0, 0, 7}, 4);
    struct frame f = parse(s, 14 + 20 + 8);
    assert_int_equal(f.family, AF_INET);
    assert_memory_equal(f.destination, ((uint8_t[]){10, 0, 0, 7}), 4);
    assert_false(f.control);
    assert_false(f.group);
    assert_int_equal(f.segments, 1);
    assert_int_equal(f.wire_bytes, 42);
    free(s);
}

static void an_ipv6_destination_is_found(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x86dd);
    s->data[IP_AT + 6] = IPPROTO_UDP;
    memset(s->data + IP_AT + 24, 0xfd, 16);
    struct frame f = parse(s, 14 + 40 + 8);
    assert_int_equal(f.family, AF_INET6);
    assert_int_equal(f.destination[15], 0xfd);
    assert_false(f.control);
    free(s);
}

static void arp_is_control_and_has_no_destination(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0806);
    memset(s->data + ETHERNET_AT, 0xff, 6);
    struct frame f = parse(s, 42);
    assert_true(f.control);
    assert_true(f.group);
    assert_null(f.destination);
    free(s);
}

static void neighbour_discovery_is_control_but_ping_is_not(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x86dd);
    s->data[IP_AT + 6] = IPPROTO_ICMPV6;
    for (unsigned type = 128; type < 140; type++) {
        s->data[IP_AT + 40] = (uint8_t)type;
        bool nd = type >= 133 && type <= 137, mld = type >= 130 && type <= 132;
        assert_int_equal(parse(s, 14 + 40 + 24).control, nd || mld);
    }
    free(s);
}

static void mld_behind_a_hop_by_hop_header_is_control(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x86dd);
    s->data[IP_AT + 6] = IPPROTO_HOPOPTS;
    s->data[IP_AT + 40] = IPPROTO_ICMPV6;
    s->data[IP_AT + 48] = 143;
    assert_true(parse(s, 14 + 48 + 20).control);
    s->data[IP_AT + 40] = IPPROTO_UDP;
    assert_false(parse(s, 14 + 48 + 20).control);
    s->data[IP_AT + 40] = IPPROTO_ICMPV6;
    s->data[IP_AT + 41] = 255; /* the header claims to be longer than the packet */
    assert_false(parse(s, 14 + 48 + 20).control);
    free(s);
}

static void short_packets_are_refused_or_have_no_address(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0800);
    struct frame f;
    assert_false(frame_parse(s->data, 0, &f));
    assert_false(frame_parse(s->data, FRAME_VNET_HEADER + 13, &f));
    assert_null(parse(s, 14).destination);
    assert_null(parse(s, 14 + 19).destination);
    free(s);
    s = sample_new(0x86dd);
    assert_null(parse(s, 14 + 39).destination);
    s->data[IP_AT + 6] = IPPROTO_ICMPV6;
    assert_false(parse(s, 14 + 40).control);
    s->data[IP_AT + 6] = IPPROTO_HOPOPTS;
    assert_false(parse(s, 14 + 41).control);
    free(s);
}

static void a_tcp_super_packet_counts_headers_of_each_segment(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0800);
    const uint16_t transport = 14 + 20;
    set_segmentation(s, VIRTIO_NET_HDR_GSO_TCPV4, transport, 1448);
    s->data[ETHERNET_AT + transport + 12] = 8 << 4; /* 20 bytes and 12 of time stamps */
    const unsigned headers = transport + 32;
    struct frame f = parse(s, headers + 10 * 1448);
    assert_int_equal(f.segments, 10);
    assert_int_equal(f.wire_bytes, 10 * 1514);
    f = parse(s, headers + 10 * 1448 + 1);
    assert_int_equal(f.segments, 11);
    assert_int_equal(f.wire_bytes, 10 * 1514 + headers + 1);
    free(s);
}

static void a_udp_super_packet_counts_headers_of_each_segment(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x86dd);
    set_segmentation(s, 5, 14 + 40, 1400);
    struct frame f = parse(s, 14 + 40 + 8 + 20 * 1400);
    assert_int_equal(f.segments, 20);
    assert_int_equal(f.wire_bytes, 20 * (14 + 40 + 8 + 1400));
    free(s);
}

static void nonsense_in_the_virtio_header_is_one_segment(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0800);
    set_segmentation(s, VIRTIO_NET_HDR_GSO_TCPV4, 14 + 20, 0);
    assert_int_equal(parse(s, 5000).segments, 1);
    set_segmentation(s, VIRTIO_NET_HDR_GSO_TCPV4, 65000, 1448);
    assert_int_equal(parse(s, 5000).segments, 1);
    set_segmentation(s, VIRTIO_NET_HDR_GSO_TCPV4, 3, 1448);
    assert_int_equal(parse(s, 5000).segments, 1);
    set_segmentation(s, 5, 4999, 1);
    assert_int_equal(parse(s, 5000).segments, 1);
    free(s);
}

static const uint8_t new_macs[12] = {0xa0, 1, 2, 3, 4, 5, 0xb0, 1, 2, 3, 4, 5};

/* The sum of an IPv4 header's words; 0xffff when its checksum is right. */
static unsigned header_sum(const uint8_t *ip)
{
    unsigned sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (unsigned)ip[i] << 8 | ip[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void an_ipv4_packet_is_routed_with_a_right_checksum(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 65536; id++) { /* every value that the checksum can have */
        struct sample *s = sample_new(0x0800);
        uint8_t *ip = s->data + IP_AT;
        memcpy(ip, (uint8_t[]){0x45, 0, 0, 28, (uint8_t)(id >> 8), (uint8_t)id, 0, 0, 64, 17}, 10);
        memcpy(ip + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 7}, 8);
        unsigned sum = ~header_sum(ip) & 0xffff;
        ip[10] = (uint8_t)(sum >> 8);
        ip[11] = (uint8_t)sum;
        struct frame f = parse(s, 14 + 28);
        assert_true(frame_route(s->data, &f, new_macs));
        assert_memory_equal(s->data + ETHERNET_AT, new_macs, 12);
        assert_int_equal(ip[8], 63);
        assert_int_equal(header_sum(ip), 0xffff);
        free(s);
    }
}

static void routing_changes_macs_and_hop_limit_and_nothing_else(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x86dd);
    uint8_t before[96];
    s->data[IP_AT + 7] = 2;
    memcpy(before, s->data, sizeof(before));
    struct frame f = parse(s, 14 + 40 + 8);
    assert_true(frame_route(s->data, &f, new_macs));
    memcpy(before + ETHERNET_AT, new_macs, 12);
    before[IP_AT + 7] = 1;
    assert_memory_equal(s->data, before, sizeof(before));
    assert_false(frame_route(s->data, &f, new_macs)); /* the last hop was the one before */
    assert_memory_equal(s->data, before, sizeof(before));
    free(s);
}

/* A UDP datagram of 11 bytes over IPv4 whose checksum is still to be computed. */
static struct sample *unfinished_udp(void)
{
    static const uint8_t udp[] = {0,   7,   0,   9,   0,   19,  0,   0,   'h', 'e',
                                  'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'};
    struct sample *s = sample_new(0x0800);
    memcpy(s->data + IP_AT,
           (uint8_t[]){0x45, 0, 0, 39, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, 20);
    memcpy(s->data + IP_AT + 20, udp, sizeof(udp));
    /* of the pseudo-header: 0a00 + 0001 + 0a00 + 0002 + 17 + 19 */
    s->data[IP_AT + 26] = 0x14;
    s->data[IP_AT + 27] = 3 + 17 + 19;
    const struct virtio_net_hdr_v1 h = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
    memcpy(s->data, &h, sizeof(h));
    return s;
}

enum { UDP_FRAME = 14 + 20 + 19 };

/* 0xffff if the datagram's checksum is right. */
static unsigned udp_sum(const struct sample *s)
{
    const uint8_t *udp = s->data + IP_AT + 20;
    unsigned sum = 0x1403 + 17 + 19;
    for (unsigned i = 0; i < 19; i += 2)
        sum += (unsigned)udp[i] << 8 | (i + 1 < 19 ? udp[i + 1] : 0);
    return (sum & 0xffff) + (sum >> 16);
}

static void corruption_is_one_bit_after_the_checksum_was_computed(void **state)
{
    (void)state;
    static const uint8_t no_header[FRAME_VNET_HEADER];
    for (uint64_t random = 0; random < (UDP_FRAME - 14) * 8; random++) {
        struct sample *s = unfinished_udp();
        assert_true(frame_corrupt(s->data, FRAME_VNET_HEADER + UDP_FRAME, random));
        assert_memory_equal(s->data, no_header, sizeof(no_header));
        s->data[IP_AT + random / 8] ^= (uint8_t)(1U << random % 8); /* back again */
        assert_int_equal(udp_sum(s), 0xffff);
        free(s);
    }
}

static void a_computed_checksum_of_zero_is_written_as_its_other_zero(void **state)
{
    (void)state;
    struct sample *s = unfinished_udp(), *probe = unfinished_udp();
    assert_true(frame_corrupt(probe->data, FRAME_VNET_HEADER + UDP_FRAME, 0));
    /* a port larger by the checksum: now all sums up to 0xffff without one */
    unsigned ports = 9 + ((unsigned)probe->data[IP_AT + 26] << 8 | probe->data[IP_AT + 27]);
    s->data[IP_AT + 22] = (uint8_t)(ports >> 8);
    s->data[IP_AT + 23] = (uint8_t)ports;
    assert_true(frame_corrupt(s->data, FRAME_VNET_HEADER + UDP_FRAME, 0));
    assert_int_equal(s->data[IP_AT + 26], 0xff);
    assert_int_equal(s->data[IP_AT + 27], 0xff);
    free(s);
    free(probe);
}

static void a_super_packet_and_a_lying_header_are_not_corrupted(void **state)
{
    (void)state;
    struct sample *s = sample_new(0x0800);
    set_segmentation(s, VIRTIO_NET_HDR_GSO_TCPV4, 34, 1000);
    assert_false(frame_corrupt(s->data, FRAME_VNET_HEADER + 3000, 1));
    assert_false(frame_corrupt(s->data, FRAME_VNET_HEADER + 14, 1));
    free(s);
    s = unfinished_udp();
    s->data[8] = 0xff; /* the checksum's place is far behind the end */
    assert_true(frame_corrupt(s->data, FRAME_VNET_HEADER + UDP_FRAME, 1));
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_destination_is_found),
        cmocka_unit_test(an_ipv6_destination_is_found),
        cmocka_unit_test(arp_is_control_and_has_no_destination),
        cmocka_unit_test(neighbour_discovery_is_control_but_ping_is_not),
        cmocka_unit_test(mld_behind_a_hop_by_hop_header_is_control),
        cmocka_unit_test(short_packets_are_refused_or_have_no_address),
        cmocka_unit_test(a_tcp_super_packet_counts_headers_of_each_segment),
        cmocka_unit_test(a_udp_super_packet_counts_headers_of_each_segment),
        cmocka_unit_test(nonsense_in_the_virtio_header_is_one_segment),
        cmocka_unit_test(an_ipv4_packet_is_routed_with_a_right_checksum),
        cmocka_unit_test(routing_changes_macs_and_hop_limit_and_nothing_else),
        cmocka_unit_test(corruption_is_one_bit_after_the_checksum_was_computed),
        cmocka_unit_test(a_computed_checksum_of_zero_is_written_as_its_other_zero),
        cmocka_unit_test(a_super_packet_and_a_lying_header_are_not_corrupted),
    };
    return RUN_TESTS(tests);
}
