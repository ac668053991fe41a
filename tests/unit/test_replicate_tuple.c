/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replicate/compare.h"
#include "replicate/rows.h"
#include "replicate/tuple.h"

static void a_tuple_follows_from_seed_node_and_number(void **state)
{
    (void)state;
    struct tuple a, b;
    tuple_draw(tuple_key(42, "db1"), 7, 32, &a);
    tuple_draw(tuple_key(42, "db1"), 7, 32, &b);
    assert_int_equal(a.number, b.number);
    assert_string_equal(a.text, b.text);
    tuple_draw(tuple_key(42, "db2"), 7, 32, &b);
    assert_string_not_equal(a.text, b.text);
    tuple_draw(tuple_key(43, "db1"), 7, 32, &b);
    assert_string_not_equal(a.text, b.text);
    tuple_draw(tuple_key(42, "db1"), 8, 32, &b);
    assert_string_not_equal(a.text, b.text);
}

static void contents_stay_the_same_between_versions(void **state)
{
    (void)state;
    struct tuple t;
    tuple_draw(tuple_key(42, "db1"), 1, 32, &t);
    assert_int_equal(t.number, 32);
    assert_string_equal(t.text, "g1vxWwx8Gfs_Jzo5-3yLb1a5rHl77AsF");
}

static void a_shorter_string_is_the_beginning_of_a_longer_one(void **state)
{
    (void)state;
    struct tuple longer, shorter;
    uint64_t key = tuple_key(1, "n");
    tuple_draw(key, 1, TUPLE_LEN_MAX, &longer);
    tuple_draw(key, 1, 13, &shorter);
    assert_int_equal(strlen(longer.text), TUPLE_LEN_MAX);
    assert_int_equal(strlen(shorter.text), 13);
    assert_memory_equal(longer.text, shorter.text, 13);
}

static void numbers_reach_from_0_to_100_about_evenly(void **state)
{
    (void)state;
    unsigned seen[101] = {0};
    struct tuple t;
    uint64_t key = tuple_key(1, "n");
    for (uint64_t seq = 1; seq <= 101000; seq++) {
        tuple_draw(key, seq, 1, &t);
        assert_in_range(t.number, 0, 100);
        seen[t.number]++;
    }
    for (unsigned i = 0; i <= 100; i++)
        assert_in_range(seen[i], 800, 1200);
}

static void rows_are_encoded_as_the_protocol_wants_them(void **state)
{
    (void)state;
    struct rows rows;
    struct tuple t = {.number = 100, .text = "abcde"};
    static const uint8_t second[] = {0,   0xff, 0xff, 0,   0xfe, 0xff, 0xff, 0xff, 0,
                                     100, 0,    5,    'a', 'b',  'c',  'd',  'e'};
    rows_init(&rows, 5);
    rows_add(&rows, 65535, UINT32_MAX, &t);
    rows_add(&rows, 65535, UINT32_MAX - 1, &t);
    assert_int_equal(rows.row_size, sizeof(second));
    assert_memory_equal(rows.data + rows.row_size, second, sizeof(second));
    rows_done(&rows);
}

static void a_long_string_has_a_length_of_two_bytes(void **state)
{
    (void)state;
    static struct tuple t;
    struct rows rows;
    tuple_draw(tuple_key(1, "n"), 1, TUPLE_LEN_MAX, &t);
    for (unsigned len = 250; len <= 251; len++) {
        rows_init(&rows, len);
        rows_add(&rows, 1, 1, &t);
        uint8_t *text = rows.data + rows.row_size - len;
        assert_memory_equal(text, t.text, len);
        assert_int_equal(text[-1], len == 250 ? 250 : 0);
        if (len > 250)
            assert_memory_equal(text - 3, ((uint8_t[]){0xfc, 251, 0}), 3);
        rows_done(&rows);
    }
    rows_init(&rows, TUPLE_LEN_MAX);
    assert_in_range(rows.row_size, 1, TUPLE_LEN_MAX + TUPLE_ROW_OVERHEAD);
}

static void ranges_are_spelt_shortly(void **state)
{
    (void)state;
    struct ranges r = {0};
    assert_string_equal(ranges_text(&r), "");
    ranges_add(&r, 5, 5);
    ranges_add(&r, 7, 8);
    ranges_add(&r, 9, 9);
    ranges_add(&r, 20, 30);
    assert_int_equal(r.numbers, 15);
    assert_string_equal(ranges_text(&r), "5, 7 to 9, 20 to 30");
    text_done(&r.text);
}

static void many_ranges_end_in_an_ellipsis(void **state)
{
    (void)state;
    struct ranges r = {0};
    for (uint64_t i = 1; i < 100; i += 2)
        ranges_add(&r, i, i);
    assert_int_equal(r.numbers, 50);
    assert_string_equal(ranges_text(&r), "1, 3, 5, 7, 9, 11, 13, 15, …");
    text_done(&r.text);
}

/* Adds the true tuple `seq`. */
static void add_true(struct comparison *c, uint64_t seq)
{
    struct tuple t;
    tuple_draw(c->key, seq, c->tuple_len, &t);
    comparison_add(c, seq, t.number, t.text);
}

static void a_whole_origin_has_no_discrepancy(void **state)
{
    (void)state;
    struct comparison c;
    comparison_init(&c, tuple_key(1, "db1"), 50, 16);
    for (uint64_t seq = 1; seq <= 50; seq++)
        add_true(&c, seq);
    comparison_end(&c);
    assert_int_equal(c.missing.numbers + c.different.numbers, 0);
    assert_int_equal(c.twice.numbers + c.surplus.numbers, 0);
    comparison_done(&c);
}

static void every_kind_of_discrepancy_is_found(void **state)
{
    (void)state;
    struct comparison c;
    comparison_init(&c, tuple_key(1, "db1"), 20, 16);
    add_true(&c, 2);
    add_true(&c, 2);
    add_true(&c, 3);
    comparison_add(&c, 4, 200, "x");
    add_true(&c, 10);
    add_true(&c, 21);
    comparison_end(&c);
    assert_string_equal(ranges_text(&c.missing), "1, 5 to 9, 11 to 20");
    assert_int_equal(c.missing.numbers, 16);
    assert_string_equal(ranges_text(&c.different), "4");
    assert_string_equal(ranges_text(&c.twice), "2");
    assert_string_equal(ranges_text(&c.surplus), "21");
    comparison_done(&c);
}

static void an_empty_table_lacks_everything(void **state)
{
    (void)state;
    struct comparison c;
    comparison_init(&c, 1, 9, 16);
    comparison_end(&c);
    assert_string_equal(ranges_text(&c.missing), "1 to 9");
    comparison_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tuple_follows_from_seed_node_and_number),
        cmocka_unit_test(contents_stay_the_same_between_versions),
        cmocka_unit_test(a_shorter_string_is_the_beginning_of_a_longer_one),
        cmocka_unit_test(numbers_reach_from_0_to_100_about_evenly),
        cmocka_unit_test(rows_are_encoded_as_the_protocol_wants_them),
        cmocka_unit_test(a_long_string_has_a_length_of_two_bytes),
        cmocka_unit_test(ranges_are_spelt_shortly),
        cmocka_unit_test(many_ranges_end_in_an_ellipsis),
        cmocka_unit_test(a_whole_origin_has_no_discrepancy),
        cmocka_unit_test(every_kind_of_discrepancy_is_found),
        cmocka_unit_test(an_empty_table_lacks_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
