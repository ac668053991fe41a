/* SPDX-License-Identifier: MIT
 *
 * Super-packets are cut again here as the kernel does it, and must be the packets they were made
 * of, bit by bit.
 */
#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "expect.h"
#include "wire/delayline/merge.h"

enum { NETWORK = 26, PACKET_MAX = 1600, PACKETS = 100, TCP_OPTIONS = 12 };

struct bytes {
    uint8_t data[70000];
    size_t size;
};

struct flow {
    bool tcp, ipv6;
    uint16_t id;
    uint32_t sequence;
};

static uint8_t packets[PACKETS][PACKET_MAX];
static size_t sizes[PACKETS];

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

static unsigned sum_of(const uint8_t *p, size_t size, unsigned sum)
{
    for (size_t i = 0; i < size; i += 2)
        sum += (unsigned)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static size_t network_size(const struct flow *f)
{
    return f->ipv6 ? 40 : 20;
}

static size_t transport_size(const struct flow *f)
{
    return f->tcp ? 20 + TCP_OPTIONS : 8;
}

static size_t headers_size(const struct flow *f)
{
    return NETWORK + network_size(f) + transport_size(f);
}

static void write_vnet(uint8_t *p, const struct flow *f)
{
    const struct virtio_net_hdr_v1 h = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_start = (uint16_t)(14 + network_size(f)),
        .csum_offset = f->tcp ? 16 : 6,
    };
    memcpy(p, &h, sizeof(h));
}

static void write_ip(uint8_t *ip, const struct flow *f, size_t payload)
{
    uint8_t protocol = f->tcp ? IPPROTO_TCP : IPPROTO_UDP;
    if (f->ipv6) {
        put32(ip, 0x60012345);
        put16(ip + 4, (unsigned)payload);
        ip[6] = protocol;
        ip[7] = 64;
        memset(ip + 8, 0x21, 32);
        return;
    }
    put16(ip, 0x4500);
    put16(ip + 2, (unsigned)(20 + payload));
    put16(ip + 4, f->id);
    put16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = protocol;
    put16(ip + 10, 0);
    put32(ip + 12, 0x0a400001);
    put32(ip + 16, 0x0a400002);
    put16(ip + 10, ~sum_of(ip, 20, 0) & 0xffff);
}

/* With the sum of the pseudo-header in place of the checksum. */
static void write_transport(uint8_t *t, const struct flow *f, size_t size, uint8_t flags)
{
    const uint8_t *ip = t - network_size(f);
    unsigned sum = sum_of(f->ipv6 ? ip + 8 : ip + 12, f->ipv6 ? 32 : 8,
                          (unsigned)size + (f->tcp ? IPPROTO_TCP : IPPROTO_UDP));
    put16(t, 1234);
    put16(t + 2, 4321);
    if (!f->tcp) {
        put16(t + 4, (unsigned)size);
        put16(t + 6, sum);
        return;
    }
    put32(t + 4, f->sequence);
    put32(t + 8, 77);
    t[12] = (20 + TCP_OPTIONS) / 4 << 4;
    t[13] = flags;
    put16(t + 14, 500);
    put16(t + 16, sum);
    put16(t + 18, 0);
    memset(t + 20, 1, TCP_OPTIONS);
}

static void write_headers(uint8_t *p, const struct flow *f, size_t payload, uint8_t flags)
{
    write_vnet(p, f);
    memset(p + 12, 2, 12);
    put16(p + 24, f->ipv6 ? 0x86dd : 0x0800);
    write_ip(p + NETWORK, f, transport_size(f) + payload);
    write_transport(p + NETWORK + network_size(f), f, transport_size(f) + payload, flags);
}

/* Packet i of the flow, which goes on. */
static void make_packet(unsigned i, struct flow *f, size_t payload, uint8_t flags)
{
    write_headers(packets[i], f, payload, flags);
    for (size_t b = 0; b < payload; b++)
        packets[i][headers_size(f) + b] = (uint8_t)rand();
    sizes[i] = headers_size(f) + payload;
    f->id++;
    f->sequence += (uint32_t)payload;
}

/* How many of the packets from the first on go together. */
static unsigned merge_all(struct merge *m, unsigned count)
{
    unsigned n = 1;
    merge_begin(m, packets[0], sizes[0]);
    while (n < count && merge_add(m, packets[n], sizes[n]))
        n++;
    return n;
}

static void write_out(struct merge *m, struct bytes *ret)
{
    int parts = merge_finish(m);
    ret->size = 0;
    for (int i = 0; i < parts; i++) {
        memcpy(ret->data + ret->size, m->parts[i].iov_base, m->parts[i].iov_len);
        ret->size += m->parts[i].iov_len;
    }
}

/* Headers and payload of a super-packet of `count` packets, then each of its segments. */
static void assert_is(const struct bytes *super, struct flow f, unsigned count, uint8_t flags)
{
    static uint8_t headers[200];
    struct virtio_net_hdr_v1 h;
    size_t size = headers_size(&f), payload = super->size - size, segment = sizes[0] - size;
    memcpy(&h, super->data, sizeof(h));
    assert_int_equal(h.gso_type, !f.tcp   ? 5
                                 : f.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
                                          : VIRTIO_NET_HDR_GSO_TCPV4);
    assert_int_equal(h.gso_size, segment);
    assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    write_headers(headers, &f, payload, flags);
    assert_memory_equal(super->data + 12, headers + 12, size - 12);
    for (unsigned i = 0; i < count; i++) {
        size_t at = i * segment, part = payload - at < segment ? payload - at : segment;
        uint8_t own = i + 1 < count ? flags & ~0x08 : flags;
        write_headers(headers, &f, part, own);
        assert_memory_equal(headers + 12, packets[i] + 12, size - 12);
        assert_memory_equal(super->data + size + at, packets[i] + size, part);
        f.id++;
        f.sequence += (uint32_t)part;
    }
}

static const struct flow flows[] = {
    {.tcp = false, .ipv6 = false, .id = 65500},
    {.tcp = false, .ipv6 = true},
    {.tcp = true, .ipv6 = false, .id = 7, .sequence = UINT32_MAX - 5000},
    {.tcp = true, .ipv6 = true, .sequence = 1},
};

static void what_is_cut_again_is_what_it_was(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(flows) / sizeof(*flows); k++)
        for (unsigned count = 2; count <= 40; count++) {
            static struct bytes super;
            struct merge m;
            struct flow f = flows[k];
            for (unsigned i = 0; i < count; i++)
                make_packet(i, &f, i + 1 < count ? 1001 : 1 + (size_t)rand() % 1001, 0x10);
            assert_int_equal(merge_all(&m, count), count);
            write_out(&m, &super);
            assert_is(&super, flows[k], count, 0x10);
        }
}

static void no_more_go_together_than_the_kernel_takes(void **state)
{
    (void)state;
    struct merge m;
    for (size_t k = 0; k < sizeof(flows) / sizeof(*flows); k++) {
        struct flow f = flows[k];
        for (unsigned i = 0; i < PACKETS; i++)
            make_packet(i, &f, 30, 0x10);
        assert_int_equal(merge_all(&m, PACKETS), 64);
        f = flows[k];
        for (unsigned i = 0; i < PACKETS; i++)
            make_packet(i, &f, 1400, 0x10);
        unsigned room = (unsigned)(65535 - (headers_size(&f) - NETWORK)) / 1400;
        assert_int_equal(merge_all(&m, PACKETS), room);
    }
}

static void a_shorter_or_pushed_packet_is_the_last(void **state)
{
    (void)state;
    static struct bytes super;
    struct merge m;
    struct flow f = flows[2];
    make_packet(0, &f, 1000, 0x10);
    make_packet(1, &f, 1000, 0x18);
    make_packet(2, &f, 1000, 0x10);
    assert_int_equal(merge_all(&m, 3), 2);
    write_out(&m, &super);
    assert_is(&super, flows[2], 2, 0x18);
    f = flows[0];
    make_packet(0, &f, 1000, 0);
    make_packet(1, &f, 999, 0);
    make_packet(2, &f, 999, 0);
    assert_int_equal(merge_all(&m, 3), 2);
    f = flows[0];
    make_packet(0, &f, 1000, 0);
    make_packet(1, &f, 1001, 0);
    assert_int_equal(merge_all(&m, 2), 1);
}

/* Two packets of a flow that go together, unless byte `at` of one of them is another. */
static void assert_apart(struct flow f, unsigned packet, size_t at, uint8_t flip)
{
    struct merge m;
    make_packet(0, &f, 1000, 0x10);
    make_packet(1, &f, 1000, 0x10);
    assert_int_equal(merge_all(&m, 2), 2);
    packets[packet][at] ^= flip;
    assert_int_equal(merge_all(&m, 2), 1);
    static struct bytes alone;
    write_out(&m, &alone);
    assert_int_equal(alone.size, sizes[0]);
    assert_memory_equal(alone.data, packets[0], sizes[0]);
}

static void what_differs_stays_apart(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(flows) / sizeof(*flows); k++) {
        const struct flow *f = &flows[k];
        const size_t transport = NETWORK + network_size(f);
        for (unsigned packet = 0; packet < 2; packet++) {
            assert_apart(*f, packet, 0, VIRTIO_NET_HDR_F_NEEDS_CSUM); /* a checksum of its own */
            assert_apart(*f, packet, 1, VIRTIO_NET_HDR_GSO_TCPV4);    /* one already */
            for (size_t at = 12; at < NETWORK; at++)
                assert_apart(*f, packet, at, 1);
            assert_apart(*f, packet, NETWORK + 1, 1);                   /* TOS or traffic class */
            assert_apart(*f, packet, NETWORK + (f->ipv6 ? 7 : 8), 1);   /* time to live */
            assert_apart(*f, packet, NETWORK + (f->ipv6 ? 5 : 3), 1);   /* length */
            assert_apart(*f, packet, NETWORK + (f->ipv6 ? 20 : 13), 1); /* addresses */
            assert_apart(*f, packet, transport, 1);                     /* ports */
            assert_apart(*f, packet, transport + 5, 1); /* UDP's length, or sequence */
        }
        for (size_t at = 8; f->tcp && at < 16; at++) /* acknowledgement, flags, window */
            assert_apart(*f, 1, transport + at, at == 13 ? 0x01 : 0x10);
        if (f->tcp)
            assert_apart(*f, 1, transport + 25, 1); /* options */
        if (!f->ipv6) {
            assert_apart(*f, 1, NETWORK + 5, 4);    /* number */
            assert_apart(*f, 1, NETWORK + 6, 0x20); /* a fragment */
            assert_apart(*f, 0, NETWORK, 1);        /* options of IPv4 */
        }
    }
}

static void what_goes_to_many_stations_stays_apart(void **state)
{
    (void)state;
    struct merge m;
    struct flow f = flows[0];
    make_packet(0, &f, 1000, 0);
    make_packet(1, &f, 1000, 0);
    packets[0][12] |= 1;
    packets[1][12] |= 1;
    assert_int_equal(merge_all(&m, 2), 1);
}

static void any_bytes_are_survived(void **state)
{
    (void)state;
    struct merge m;
    for (int round = 0; round < 200000; round++) {
        struct flow f = flows[rand() % 4];
        make_packet(0, &f, 60, 0x10);
        make_packet(1, &f, 60, 0x10);
        for (int flips = rand() % 3; flips >= 0; flips--)
            packets[rand() % 2][rand() % 120] = (uint8_t)rand();
        sizes[0] = 26 + (size_t)rand() % 140;
        sizes[1] = 26 + (size_t)rand() % 140;
        static struct bytes out;
        unsigned count = merge_all(&m, 2);
        write_out(&m, &out);
        assert_true(count == 2 || out.size == sizes[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_again_is_what_it_was),
        cmocka_unit_test(no_more_go_together_than_the_kernel_takes),
        cmocka_unit_test(a_shorter_or_pushed_packet_is_the_last),
        cmocka_unit_test(what_differs_stays_apart),
        cmocka_unit_test(what_goes_to_many_stations_stays_apart),
        cmocka_unit_test(any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
