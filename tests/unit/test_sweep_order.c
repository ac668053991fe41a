/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_order.h"

#include <math.h>

#include "expect.h"

static void every_point_has_every_repetition_once(void **state)
{
    (void)state;
    struct sweep_turn *turns;
    bool seen[7][4] = {{false}};
    assert_int_equal(sweep_order(7, 1, 4, 42, &turns), 28);
    for (size_t i = 0; i < 28; i++) {
        assert_int_equal(turns[i].repeat, 1 + i / 7); /* one pass after the other */
        assert_false(seen[turns[i].point][turns[i].repeat - 1]);
        seen[turns[i].point][turns[i].repeat - 1] = true;
    }
    free(turns);
}

static void the_order_follows_from_the_seed(void **state)
{
    (void)state;
    struct sweep_turn *a, *b, *c;
    size_t count = sweep_order(50, 1, 2, 1, &a);
    sweep_order(50, 1, 2, 1, &b);
    sweep_order(50, 1, 2, 2, &c);
    assert_memory_equal(a, b, count * sizeof(*a));
    assert_memory_not_equal(a, c, count * sizeof(*a));
    free(a);
    free(b);
    free(c);
}

/* Of 6,000 shuffles of three, each of the six orders comes about 1,000 times (sd 29). */
static void all_orders_are_as_likely(void **state)
{
    (void)state;
    unsigned counts[27] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        struct sweep_turn *turns;
        sweep_order(3, 1, 1, seed, &turns);
        counts[turns[0].point * 9 + turns[1].point * 3 + turns[2].point]++;
        free(turns);
    }
    unsigned orders = 0;
    for (size_t i = 0; i < 27; i++) {
        orders += counts[i] > 0;
        if (counts[i] > 0)
            assert_in_range(counts[i], 850, 1150);
    }
    assert_int_equal(orders, 6);
}

static void repetitions_have_seeds_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(sweep_seed(42, 1), 42);
    assert_int_equal(sweep_seed(42, 3), 44);
    assert_int_equal(sweep_seed(INT64_MAX, 2), 0); /* within what a scenario takes */
}

static void runs_are_added_until_the_mean_is_known(void **state)
{
    (void)state;
    const double close[] = {100, 101, 99}, wide[] = {100, 130, 70}, one[] = {100};
    struct stats narrow = stats_of(close, 3), broad = stats_of(wide, 3), single = stats_of(one, 1);
    assert_false(sweep_wants_more(&narrow, 0.05, 3, 20));
    assert_true(sweep_wants_more(&narrow, 0.02, 3, 20));
    assert_true(sweep_wants_more(&broad, 0.05, 3, 20));
    assert_true(sweep_wants_more(&single, 0.05, 1, 20));
    assert_false(sweep_wants_more(&broad, 0.05, 20, 20));
    assert_false(sweep_wants_more(&broad, 0, 3, 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_point_has_every_repetition_once),
        cmocka_unit_test(the_order_follows_from_the_seed),
        cmocka_unit_test(all_orders_are_as_likely),
        cmocka_unit_test(repetitions_have_seeds_of_their_own),
        cmocka_unit_test(runs_are_added_until_the_mean_is_known),
    };
    return RUN_TESTS(tests);
}
