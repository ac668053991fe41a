/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "wire/pcapng.h"

static uint32_t word(const struct pcapng *p, size_t at)
{
    uint32_t value;
    assert_true(at + 4 <= p->size);
    memcpy(&value, p->data + at, 4);
    return value;
}

/* The block at `at` has its length at both ends; what follows it begins there. */
static size_t expect_block(const struct pcapng *p, size_t at, uint32_t type)
{
    assert_int_equal(word(p, at), type);
    const uint32_t length = word(p, at + 4);
    assert_int_equal(length % 4, 0);
    assert_int_equal(word(p, at + length - 4), length);
    return at + length;
}

static void blocks_follow_each_other_with_their_lengths(void **state)
{
    struct pcapng p = {0};
    const struct pcapng_packet packet = {.interface = 1,
                                         .time_ns = 0x123456789abcdef0,
                                         .data = (const uint8_t *)"hello",
                                         .captured = 5,
                                         .length = 1500};
    (void)state;
    pcapng_add_section(&p, "test");
    pcapng_add_interface(&p, "sent", "a->b", 96);
    pcapng_add_packet(&p, &packet);
    pcapng_add_drops(&p, 0, 1, 7);
    size_t interface = expect_block(&p, 0, 0x0a0d0d0a);
    size_t data = expect_block(&p, interface, 1);
    size_t drops = expect_block(&p, data, 6);
    assert_int_equal(expect_block(&p, drops, 5), p.size);
    assert_int_equal(word(&p, 8), 0x1a2b3c4d);
    assert_int_equal(word(&p, interface + 12), 96);
    assert_int_equal(word(&p, data + 8), 1);
    assert_int_equal(word(&p, data + 12), 0x12345678);
    assert_int_equal(word(&p, data + 16), 0x9abcdef0);
    assert_int_equal(word(&p, data + 20), 5);
    assert_int_equal(word(&p, data + 24), 1500);
    assert_memory_equal(p.data + data + 28, "hello\0\0\0", 8);
    pcapng_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_follow_each_other_with_their_lengths),
    };
    return RUN_TESTS(tests);
}
