/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/random_history.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"
#include "check/linear.h"
#include "check/window.h"

static const struct linear_bounds generous = {100000000, 1 << 30, 0};

static enum linear_answer check(const struct linear_op *ops, size_t count)
{
    return linear_check(ops, count, 0, &generous, NULL);
}

#define READ(v, from, to)                                                                          \
    {                                                                                              \
        .kind = LINEAR_READ, .value = (v), .call = (from), .ret = (to)                             \
    }
#define WRITE(v, from, to)                                                                         \
    {                                                                                              \
        .kind = LINEAR_WRITE, .value = (v), .call = (from), .ret = (to)                            \
    }
#define MAYBE(v, from)                                                                             \
    {                                                                                              \
        .kind = LINEAR_WRITE, .value = (v), .call = (from), .ret = INFINITY, .optional = true      \
    }
#define CAS(o, v, from, to)                                                                        \
    {                                                                                              \
        .kind = LINEAR_CAS, .old = (o), .value = (v), .call = (from), .ret = (to)                  \
    }

static void what_is_concurrent_may_be_in_either_order(void **state)
{
    (void)state;
    const struct linear_op early[] = {WRITE(1, 0, 1), WRITE(2, 2, 5), READ(1, 3, 4)};
    const struct linear_op late[] = {WRITE(1, 0, 1), WRITE(2, 2, 5), READ(2, 3, 4)};
    assert_int_equal(check(early, 3), LINEAR_YES);
    assert_int_equal(check(late, 3), LINEAR_YES);
    assert_int_equal(check(NULL, 0), LINEAR_YES);
}

static void a_stale_read_is_found(void **state)
{
    (void)state;
    const struct linear_op stale[] = {WRITE(1, 0, 1), WRITE(2, 2, 3), READ(1, 4, 5)};
    assert_int_equal(check(stale, 3), LINEAR_NO);
}

static void reads_of_two_clients_may_not_disagree_about_the_order(void **state)
{
    (void)state;
    const struct linear_op back[] = {WRITE(1, 0, 1), WRITE(2, 2, 9), READ(2, 3, 4), READ(1, 5, 6)};
    assert_int_equal(check(back, 4), LINEAR_NO);
}

static void a_write_that_is_unknown_may_come_late_or_never_but_only_once(void **state)
{
    (void)state;
    const struct linear_op never[] = {WRITE(1, 0, 1), MAYBE(2, 2), READ(1, 4, 5)};
    const struct linear_op late[] = {WRITE(1, 0, 1), MAYBE(2, 2), READ(1, 4, 5), READ(2, 6, 7)};
    const struct linear_op twice[] = {MAYBE(2, 2), READ(2, 4, 5), WRITE(1, 6, 7), READ(2, 8, 9)};
    const struct linear_op early[] = {READ(2, 0, 1), MAYBE(2, 2)};
    assert_int_equal(check(never, 3), LINEAR_YES);
    assert_int_equal(check(late, 4), LINEAR_YES);
    assert_int_equal(check(twice, 4), LINEAR_NO);
    assert_int_equal(check(early, 2), LINEAR_NO);
}

static void of_two_compare_and_sets_of_one_value_one_succeeds(void **state)
{
    (void)state;
    const struct linear_op split[] = {WRITE(1, 0, 1), CAS(1, 2, 2, 5), CAS(1, 3, 2, 5)};
    const struct linear_op chain[] = {WRITE(1, 0, 1), CAS(2, 3, 2, 5), CAS(1, 2, 2, 5)};
    assert_int_equal(check(split, 3), LINEAR_NO);
    assert_int_equal(check(chain, 3), LINEAR_YES);
}

static void a_search_that_meets_its_bound_says_so(void **state)
{
    (void)state;
    struct linear_op ops[40];
    for (int i = 0; i < 40; i++) /* every write once more, so that no shortcut holds */
        ops[i] = (struct linear_op){
            .kind = LINEAR_WRITE, .value = (uint32_t)(i / 2 + 1), .call = 0, .ret = 1};
    ops[39] = (struct linear_op){.kind = LINEAR_CAS, .old = 5, .value = 77, .call = 2, .ret = 3};
    ops[38] = (struct linear_op){.kind = LINEAR_CAS, .old = 5, .value = 78, .call = 2, .ret = 3};
    struct linear_bounds few = {1000, 1 << 30, 0}, small = {UINT64_MAX, 1 << 16, 0};
    struct linear_bounds short_time = {UINT64_MAX, 1 << 30, clock_monotonic_ns() + NS_PER_SEC / 20};
    assert_int_equal(linear_check(ops, 40, 0, &few, NULL), LINEAR_UNDECIDED);
    assert_int_equal(linear_check(ops, 40, 0, &small, NULL), LINEAR_UNDECIDED);
    uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(linear_check(ops, 40, 0, &short_time, NULL), LINEAR_UNDECIDED);
    assert_true(clock_monotonic_ns() - begin_ns < 10 * NS_PER_SEC);
}

/* --- beside a checker that tries all orders */

static bool brute_force(const struct linear_op *ops, size_t count, unsigned taken, uint32_t value)
{
    bool all = true;
    double first_ret = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (taken >> i & 1 || ops[i].optional)
            continue;
        all = false;
        first_ret = fmin(first_ret, ops[i].ret);
    }
    if (all)
        return true;
    for (size_t i = 0; i < count; i++) {
        uint32_t found = ops[i].kind == LINEAR_READ ? ops[i].value : ops[i].old;
        if (taken >> i & 1 || ops[i].call > first_ret)
            continue;
        if (ops[i].kind != LINEAR_WRITE && value != LINEAR_ANY && found != value)
            continue;
        if (brute_force(ops, count, taken | 1U << i, ops[i].value))
            return true;
    }
    return false;
}

/* Times from few values, so that many are equal. */
static size_t draw_small(uint64_t key, uint64_t *n, struct linear_op *ops)
{
    size_t count = 2 + prng_u64(key, (*n)++) % 7;
    unsigned values = 2 + (unsigned)(prng_u64(key, (*n)++) % 3) * 2;
    for (size_t i = 0; i < count; i++) {
        ops[i] = (struct linear_op){
            .kind = (enum linear_kind)(prng_u64(key, (*n)++) % 3),
            .value = (uint32_t)(prng_u64(key, (*n)++) % values),
            .old = (uint32_t)(prng_u64(key, (*n)++) % values),
            .call = (double)(prng_u64(key, (*n)++) % 8),
        };
        ops[i].ret = ops[i].call + (double)(prng_u64(key, (*n)++) % 6);
        if (ops[i].kind != LINEAR_READ && prng_u64(key, (*n)++) % 3 == 0) {
            ops[i].optional = true;
            ops[i].ret = INFINITY;
        }
    }
    return count;
}

static void small_histories_are_judged_as_by_trying_all_orders(void **state)
{
    (void)state;
    uint64_t key = prng_key(7, "small"), n = 0;
    unsigned answers[2] = {0};
    for (int i = 0; i < 60000; i++) {
        struct linear_op ops[8];
        size_t count = draw_small(key, &n, ops);
        uint32_t initial = i % 4 ? 0 : LINEAR_ANY;
        bool wanted = brute_force(ops, count, 0, initial);
        enum linear_answer got = linear_check(ops, count, initial, &generous, NULL);
        assert_int_equal(got, wanted ? LINEAR_YES : LINEAR_NO);
        answers[wanted]++;
    }
    assert_true(answers[0] > 10000 && answers[1] > 10000);
}

static bool is_violation(const struct window *w)
{
    return !brute_force(w->ops, w->count, 0, LINEAR_ANY) || !brute_force(w->ops, w->count, 0, 0);
}

static void a_window_is_a_violation_without_what_was_taken_away(void **state)
{
    (void)state;
    uint64_t key = prng_key(8, "small"), n = 0;
    size_t violations = 0, before = 0, after = 0;
    for (int i = 0; i < 20000; i++) {
        struct linear_op ops[8];
        struct window w;
        size_t count = draw_small(key, &n, ops);
        if (brute_force(ops, count, 0, 0))
            continue;
        window_find(ops, count, 0, &generous, &w);
        assert_true(w.count > 0 && w.count <= count && w.begin <= w.end);
        assert_true(is_violation(&w));
        violations++;
        before += count;
        after += w.count;
        window_done(&w);
    }
    assert_true(violations > 4000);
    assert_true(after * 3 < before * 2);
}

/* --- histories that are right, and what becomes of them */

static enum linear_answer check_all(const struct random_history *what,
                                    const struct random_operation *all)
{
    struct linear_op *ops = xcalloc(what->operations, sizeof(*ops));
    enum linear_answer answer = LINEAR_YES;
    for (unsigned k = 0; k < what->keys && answer == LINEAR_YES; k++) {
        size_t count = random_history_of_key(all, what->operations, k, ops);
        answer = check(ops, count);
    }
    free(ops);
    return answer;
}

static void what_is_linearizable_is_accepted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct random_history what = {.seed = i,
                                      .processes = 1 + i % 12,
                                      .keys = 1 + i % 3,
                                      .operations = 200,
                                      .values = i % 4 * 3,
                                      .unknown = i % 5 * 0.05,
                                      .cas = i % 3 * 0.2};
        struct random_operation *all = random_history(&what);
        assert_int_equal(check_all(&what, all), LINEAR_YES);
        free(all);
    }
}

/* The first read after `from` whose value was overwritten before it began finds what was there
 * before; returns its place, or -1. Only values that are written once tell. */
static long plant_stale_read(struct random_operation *all, size_t count, size_t from)
{
    for (size_t i = from; i < count; i++) {
        struct random_operation *read = &all[i];
        if (read->op.kind != LINEAR_READ || read->result != 0 || read->op.value == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            if (all[j].key == read->key && all[j].op.kind == LINEAR_WRITE && all[j].result == 0 &&
                all[j].op.value != read->op.value && all[j].op.ret < read->op.call)
                for (size_t k = 0; k < j; k++)
                    if (all[k].key == read->key && all[k].op.kind == LINEAR_WRITE &&
                        all[k].result == 0 && all[k].op.ret < all[j].op.call) {
                        read->op.value = all[k].op.value;
                        return (long)i;
                    }
    }
    return -1;
}

static void a_planted_stale_read_is_found_and_shown_in_few_operations(void **state)
{
    (void)state;
    struct linear_op ops[3000];
    for (unsigned i = 0; i < 20; i++) {
        struct random_history what = {.seed = 100 + i,
                                      .processes = 8,
                                      .keys = 1,
                                      .operations = 3000,
                                      .unknown = 0.05,
                                      .cas = i % 2 * 0.1};
        struct random_operation *all = random_history(&what);
        long read = plant_stale_read(all, what.operations, 1500);
        size_t count = random_history_of_key(all, what.operations, 0, ops);
        assert_int_equal(check(ops, count), LINEAR_NO);
        struct window w;
        window_find(ops, count, 0, &generous, &w);
        bool shown = false;
        for (size_t j = 0; j < w.count; j++)
            shown = shown || w.ops[j].source == (uint32_t)read;
        assert_true(shown);
        assert_true(w.count <= 6);
        assert_true(w.end == all[read].op.ret);
        window_done(&w);
        free(all);
    }
}

static void a_write_that_is_lost_and_a_value_from_nowhere_are_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct random_history what = {
            .seed = 200 + i, .processes = 6, .keys = 1, .operations = 400, .unknown = 0.05};
        struct random_operation *all = random_history(&what);
        size_t last = what.operations - 1;
        while (all[last].op.kind != LINEAR_READ || all[last].result != 0)
            last--;
        uint32_t kept = all[last].op.value;
        all[last].op.value = 0; /* all is lost */
        assert_int_equal(check_all(&what, all), LINEAR_NO);
        all[last].op.value = 1000000;
        assert_int_equal(check_all(&what, all), LINEAR_NO);
        all[last].op.value = kept;
        assert_int_equal(check_all(&what, all), LINEAR_YES);
        free(all);
    }
}

/* Two halves of a system that go on by themselves, and each answers from its own copy. */
static void a_split_brain_is_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct random_history what = {
            .seed = 300 + i, .processes = 3, .keys = 1, .operations = 60, .cas = 0.3};
        struct random_operation *one = random_history(&what);
        what.seed += 1000;
        struct random_operation *two = random_history(&what);
        struct linear_op ops[120];
        size_t count = random_history_of_key(one, 60, 0, ops);
        assert_int_equal(check(ops, count), LINEAR_YES);
        for (size_t j = 0; j < 60; j++) {
            two[j].op.value += two[j].op.value ? 1000 : 0;
            two[j].op.old += two[j].op.old ? 1000 : 0;
        }
        count += random_history_of_key(two, 60, 0, ops + count);
        assert_int_equal(check(ops, count), LINEAR_NO);
        free(one);
        free(two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_concurrent_may_be_in_either_order),
        cmocka_unit_test(a_stale_read_is_found),
        cmocka_unit_test(reads_of_two_clients_may_not_disagree_about_the_order),
        cmocka_unit_test(a_write_that_is_unknown_may_come_late_or_never_but_only_once),
        cmocka_unit_test(of_two_compare_and_sets_of_one_value_one_succeeds),
        cmocka_unit_test(a_search_that_meets_its_bound_says_so),
        cmocka_unit_test(small_histories_are_judged_as_by_trying_all_orders),
        cmocka_unit_test(a_window_is_a_violation_without_what_was_taken_away),
        cmocka_unit_test(what_is_linearizable_is_accepted),
        cmocka_unit_test(a_planted_stale_read_is_found_and_shown_in_few_operations),
        cmocka_unit_test(a_write_that_is_lost_and_a_value_from_nowhere_are_found),
        cmocka_unit_test(a_split_brain_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
