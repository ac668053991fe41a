/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "wire/delayline/pool.h"

enum { CHUNKS = 4, MOST = CHUNKS * POOL_CHUNK / 1024 };

static struct packet *taken[MOST];

/* Takes buffers of a class until there are no more, writing all over them. Their number. */
static unsigned take_all(struct pool *p, enum pool_class class)
{
    unsigned n = 0;
    while ((taken[n] = pool_take(p, class))) {
        taken[n]->size = n;
        memset(taken[n]->data, (int)n, pool_capacity(class));
        assert_true(++n < MOST);
    }
    return n;
}

static void a_buffer_holds_a_wire_packet_or_a_super_packet(void **state)
{
    (void)state;
    assert_true(pool_capacity(POOL_SMALL) >= 12 + 14 + 8 + 1500);
    assert_true(pool_capacity(POOL_BIG) >= 12 + 14 + 8 + 65536);
}

static void buffers_do_not_overlap_and_the_limit_holds(void **state)
{
    (void)state;
    for (int c = 0; c < POOL_CLASSES; c++) {
        struct pool p;
        assert_int_equal(pool_init(&p, CHUNKS * POOL_CHUNK), 0);
        unsigned n = take_all(&p, c);
        assert_true(n * pool_capacity(c) < CHUNKS * POOL_CHUNK);
        assert_true(n * pool_capacity(c) > CHUNKS * POOL_CHUNK * 9 / 10);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(taken[i]->size, i);
            assert_int_equal(taken[i]->data[0], i & 255);
            assert_int_equal(taken[i]->data[pool_capacity(c) - 1], i & 255);
        }
        pool_done(&p);
    }
}

static void the_last_given_is_the_first_taken(void **state)
{
    (void)state;
    struct pool p;
    assert_int_equal(pool_init(&p, CHUNKS * POOL_CHUNK), 0);
    struct packet *a = pool_take(&p, POOL_BIG), *b = pool_take(&p, POOL_BIG);
    pool_give(&p, a);
    assert_ptr_equal(pool_take(&p, POOL_BIG), a);
    pool_give(&p, a);
    pool_give(&p, b);
    assert_ptr_equal(pool_take(&p, POOL_BIG), b);
    pool_done(&p);
}

static void what_came_back_can_be_taken_again(void **state)
{
    (void)state;
    struct pool p;
    assert_int_equal(pool_init(&p, CHUNKS * POOL_CHUNK), 0);
    unsigned n = take_all(&p, POOL_SMALL);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < n; i++) /* in an order unlike that of taking */
            pool_give(&p, taken[(i * 7) % n]);
        assert_int_equal(take_all(&p, POOL_SMALL), n);
    }
    pool_done(&p);
}

static void idle_memory_serves_the_other_class(void **state)
{
    (void)state;
    struct pool p;
    assert_int_equal(pool_init(&p, CHUNKS * POOL_CHUNK), 0);
    unsigned small = take_all(&p, POOL_SMALL);
    assert_null(pool_take(&p, POOL_BIG));
    for (unsigned i = 1; i < small; i++) /* one chunk stays in use */
        pool_give(&p, taken[i]);
    struct packet *kept = taken[0];
    unsigned big = take_all(&p, POOL_BIG);
    assert_int_equal(big, (CHUNKS - 1) * (POOL_CHUNK / (1035 * 64)));
    assert_int_equal(kept->size, 0);
    for (unsigned i = 0; i < big; i++)
        pool_give(&p, taken[i]);
    pool_give(&p, kept);
    assert_int_equal(take_all(&p, POOL_SMALL), small);
    pool_done(&p);
}

static void done_accepts_what_was_never_made(void **state)
{
    (void)state;
    struct pool p = {0};
    pool_done(&p);
    pool_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_holds_a_wire_packet_or_a_super_packet),
        cmocka_unit_test(buffers_do_not_overlap_and_the_limit_holds),
        cmocka_unit_test(the_last_given_is_the_first_taken),
        cmocka_unit_test(what_came_back_can_be_taken_again),
        cmocka_unit_test(idle_memory_serves_the_other_class),
        cmocka_unit_test(done_accepts_what_was_never_made),
    };
    return RUN_TESTS(tests);
}
