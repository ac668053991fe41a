/* SPDX-License-Identifier: MIT */
#include "base/prng.h"
#include "expect.h"

static void expect_philox(const uint32_t key[2], const uint32_t counter[4], const uint32_t want[4])
{
    struct prng_block b = prng_philox(key, counter);
    assert_memory_equal(b.word, want, sizeof(b.word));
}

/* The three vectors are published with the paper's reference implementation (Random123). */
static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    const uint32_t ones = 0xffffffff;
    expect_philox((uint32_t[2]){0, 0}, (uint32_t[4]){0, 0, 0, 0},
                  (uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    expect_philox((uint32_t[2]){ones, ones}, (uint32_t[4]){ones, ones, ones, ones},
                  (uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    expect_philox((uint32_t[2]){0xa4093822, 0x299f31d0},
                  (uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  (uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void a_draw_depends_on_nothing_but_key_and_number(void **state)
{
    (void)state;
    uint64_t key = prng_key(42, "loss db1->db2");
    uint64_t seventh = prng_u64(key, 7);
    prng_u64(key, 8);
    prng_u64(prng_key(42, "loss db2->db1"), 7);
    assert_int_equal(prng_u64(key, 7), seventh);
}

static void streams_and_seeds_differ(void **state)
{
    (void)state;
    assert_int_not_equal(prng_key(1, "a"), prng_key(1, "b"));
    assert_int_not_equal(prng_key(1, "a"), prng_key(2, "a"));
    assert_int_not_equal(prng_key(1, "a"), prng_key(1ULL << 32 | 1, "a"));
    assert_int_not_equal(prng_u64(1, 0), prng_u64(1, 1ULL << 32));
}

static void draws_of_the_unit_interval_are_even(void **state)
{
    (void)state;
    enum { DRAWS = 100000, PARTS = 10 };
    unsigned count[PARTS] = {0};
    uint64_t key = prng_key(1, "even");
    for (unsigned n = 0; n < DRAWS; n++) {
        double unit = prng_unit(key, n);
        assert_true(unit >= 0 && unit < 1);
        count[(unsigned)(unit * PARTS)]++;
    }
    for (unsigned i = 0; i < PARTS; i++) /* five standard deviations around 10,000 */
        assert_in_range(count[i], 10000 - 475, 10000 + 475);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_draw_depends_on_nothing_but_key_and_number),
        cmocka_unit_test(streams_and_seeds_differ),
        cmocka_unit_test(draws_of_the_unit_interval_are_even),
    };
    return RUN_TESTS(tests);
}
