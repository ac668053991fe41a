/* SPDX-License-Identifier: MIT */
#include "expect.h"

#include "experiment/barrier.h"

static const struct node nodes[] = {
    {.name = (char *)"a"}, {.name = (char *)"b"}, {.name = (char *)"c"}};
static struct barrier b;
static struct error err;

static int open_barrier(void **state)
{
    (void)state;
    static const bool chosen[] = {true, false, true}; /* a and c */
    barrier_init(&b, nodes, chosen, ARRAY_LEN(chosen));
    bool joined[] = {barrier_join(&b, 0), barrier_join(&b, 1), barrier_join(&b, 2)};
    return joined[0] && !joined[1] && joined[2] ? 0 : -1;
}

static int close_barrier(void **state)
{
    (void)state;
    barrier_done(&b);
    return 0;
}

static void the_last_one_lets_all_go_on(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        const char *name = round == 1 ? "other" : "start";
        assert_int_equal(barrier_arrive(&b, 0, name, &err), 0);
        assert_false(barrier_take(&b, 0));
        assert_int_equal(barrier_arrive(&b, 2, name, &err), 1);
        assert_true(barrier_take(&b, 0));
        assert_false(barrier_take(&b, 0));
        assert_false(barrier_take(&b, 1));
        assert_true(barrier_take(&b, 2));
    }
    assert_int_equal(barrier_leave(&b, 0, &err), 0);
    assert_int_equal(barrier_leave(&b, 2, &err), 0);
}

static void two_names_at_once_can_never_end(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "start", &err), 0);
    assert_true(barrier_arrive(&b, 2, "end", &err) < 0);
    assert_string_equal(err.text,
                        "node 'c': it waits at the barrier 'end', but node 'a' at 'start'");
}

static void who_waits_cannot_come_again(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "start", &err), 0);
    assert_true(barrier_arrive(&b, 0, "start", &err) < 0);
    assert_string_equal(err.text, "node 'a': it has come to the barrier 'start' and waits already "
                                  "at 'start'");
}

static void who_has_ended_never_comes(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "start", &err), 0);
    assert_true(barrier_leave(&b, 2, &err) < 0);
    assert_string_equal(err.text, "node 'c': its program has ended, and node 'a' waits for it at "
                                  "the barrier 'start'");
}

static void after_an_end_no_barrier_is_whole(void **state)
{
    (void)state;
    assert_int_equal(barrier_leave(&b, 2, &err), 0);
    assert_true(barrier_arrive(&b, 0, "late", &err) < 0);
    assert_string_equal(err.text, "node 'a': it waits at the barrier 'late' for node 'c', whose "
                                  "program has ended");
}

static void nobody_waits_for_a_node_that_is_lost(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "end", &err), 0);
    assert_int_equal(barrier_lose(&b, 2), 1);
    assert_true(barrier_take(&b, 0));
    assert_int_equal(barrier_arrive(&b, 0, "later", &err), 1);
    assert_true(barrier_take(&b, 0));
    assert_int_equal(barrier_lose(&b, 0), 0);
}

static void who_is_started_anew_finds_open_what_was_opened(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "start", &err), 0);
    assert_int_equal(barrier_arrive(&b, 2, "start", &err), 1);
    assert_true(barrier_take(&b, 0) && barrier_take(&b, 2));
    assert_int_equal(barrier_lose(&b, 2), 0);
    assert_true(barrier_join(&b, 2));
    assert_int_equal(barrier_arrive(&b, 0, "end", &err), 0); /* now it is waited for again */
    assert_int_equal(barrier_arrive(&b, 2, "start", &err), 1);
    assert_true(barrier_take(&b, 2));
    assert_false(barrier_take(&b, 0));
    assert_int_equal(barrier_arrive(&b, 2, "end", &err), 1);
    assert_true(barrier_take(&b, 0) && barrier_take(&b, 2));
}

static void the_name_goes_with_the_last_one_that_waits(void **state)
{
    (void)state;
    assert_int_equal(barrier_arrive(&b, 0, "start", &err), 0);
    assert_int_equal(barrier_lose(&b, 0), 0);
    assert_true(barrier_join(&b, 0));
    assert_int_equal(barrier_arrive(&b, 2, "other", &err), 0);
    assert_int_equal(barrier_arrive(&b, 0, "other", &err), 1);
}

int main(void)
{
#define WITH_BARRIER(test) cmocka_unit_test_setup_teardown(test, open_barrier, close_barrier)
    const struct CMUnitTest tests[] = {
        WITH_BARRIER(the_last_one_lets_all_go_on),
        WITH_BARRIER(two_names_at_once_can_never_end),
        WITH_BARRIER(who_waits_cannot_come_again),
        WITH_BARRIER(who_has_ended_never_comes),
        WITH_BARRIER(after_an_end_no_barrier_is_whole),
        WITH_BARRIER(nobody_waits_for_a_node_that_is_lost),
        WITH_BARRIER(who_is_started_anew_finds_open_what_was_opened),
        WITH_BARRIER(the_name_goes_with_the_last_one_that_waits),
    };
    return RUN_TESTS(tests);
}
