/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "expect.h"
#include "topology/matrix.h"

static struct matrix *open_file(const char *path)
{
    struct matrix *m = NULL;
    struct error err;
    if (matrix_open(path, &m, &err) < 0)
        fail_msg("%s", err.text);
    return m;
}

static struct matrix *open_text(const char *text)
{
    char *path = expect_file("m.csv", text);
    struct matrix *m = open_file(path);
    free(path);
    return m;
}

/* `place` is "LINE:COL: " and the beginning of the text. */
static void expect_refused(const char *text, const char *place)
{
    char *path = expect_file("m.csv", text), *part = xasprintf("%s:%s", path, place);
    struct matrix *m = NULL;
    struct error err;
    assert_true(matrix_open(path, &m, &err) < 0);
    expect_input_error(&err, part);
    assert_null(m);
    free(path);
    free(part);
}

static uint64_t delay(const struct matrix *m, const char *from, const char *to)
{
    uint64_t ns = 0;
    int a = matrix_region(m, from, NULL), b = matrix_region(m, to, NULL);
    assert_true(a >= 0 && b >= 0);
    assert_int_equal(matrix_delay(m, (unsigned)a, (unsigned)b, &ns, NULL), 0);
    return ns;
}

static void a_direction_gets_half_of_a_round_trip(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: rtt\nfrom,a,b\na,,123\nb,125.5,\n");
    assert_int_equal(delay(m, "a", "b"), 61500000);
    assert_int_equal(delay(m, "b", "a"), 62750000);
    matrix_free(m);
}

static void a_one_way_value_is_taken_whole(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: one-way\nfrom,a,b\na,,0.001\nb,7,\n");
    assert_int_equal(delay(m, "a", "b"), 1000);
    assert_int_equal(delay(m, "b", "a"), 7000000);
    matrix_free(m);
}

static void an_empty_diagonal_is_zero_and_a_full_one_counts(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: rtt\nfrom,a,b\na,,1\nb,1,4.5\n");
    assert_int_equal(delay(m, "a", "a"), 0);
    assert_int_equal(delay(m, "b", "b"), 2250000);
    matrix_free(m);
}

static void an_empty_cell_is_an_error_only_when_asked_for(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: rtt\nfrom,a,b\na,,\nb,1,\n");
    uint64_t ns = 77;
    struct error err;
    assert_int_equal(delay(m, "b", "a"), 500000);
    assert_true(matrix_delay(m, 0, 1, &ns, &err) < 0);
    expect_input_error(&err, "m.csv:3:4: found an empty cell, expected a time from 'a' to 'b'");
    assert_int_equal(ns, 77);
    matrix_free(m);
}

static void rows_may_come_in_any_order(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: one-way\nfrom,a,b\nb,1,\na,,2\n");
    assert_int_equal(delay(m, "a", "b"), 2000000);
    assert_int_equal(delay(m, "b", "a"), 1000000);
    matrix_free(m);
}

static void other_systems_line_ends_and_spaces_do_not_matter(void **state)
{
    (void)state;
    struct matrix *m = open_text("\xef\xbb\xbf#holds:  rtt \r\n\r\n# source: x, y\r\n"
                                 "from, a ,\tb\r\n a , , 10 \r\nb,20,\r\n  \r\n");
    assert_int_equal(delay(m, "a", "b"), 5000000);
    assert_int_equal(delay(m, "b", "a"), 10000000);
    matrix_free(m);
    m = open_text("from,a\na,1\n# holds: rtt"); /* no line end at the end */
    assert_int_equal(delay(m, "a", "a"), 500000);
    matrix_free(m);
}

static void a_file_must_say_what_it_holds(void **state)
{
    (void)state;
    expect_refused("from,a\na,1\n", "1:1: found no line that says what the values are");
    expect_refused("", "1:1: found no line that says");
    expect_refused("# holds: ms\nfrom,a\na,1\n", "1:3: found 'holds: ms', expected 'rtt'");
    expect_refused("# holds: rtt\n# holds: one-way\nfrom,a\na,1\n", "2:3: a second 'holds:' line");
}

static void ragged_rows_are_refused(void **state)
{
    (void)state;
    expect_refused("# holds: rtt\nfrom,a,b\na,1\nb,1,2\n",
                   "3:3: the row 'a' has 1 values, expected 2");
    expect_refused("# holds: rtt\nfrom,a,b\na,1,2,3\nb,1,2\n", "3:7: the row 'a' is too long");
    expect_refused("# holds: rtt\nfrom,a,b\na,1,2\n",
                   "4:1: the file ends without a row for the column 'b'");
}

static void values_that_are_no_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "1ms", "inf", "nan", "0x10", "1 2", "\"1\"", "1e"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *text = xasprintf("# holds: rtt\nfrom,a\na, %s\n", bad[i]);
        char *part = xasprintf("3:4: found '%s', expected a number of milliseconds", bad[i]);
        expect_refused(text, part);
        free(text);
        free(part);
    }
    expect_refused("# holds: rtt\nfrom,a\na,-1\n", "3:3: found '-1', expected a time that is not");
    expect_refused("# holds: rtt\nfrom,a\na,1e300\n", "3:3: '1e300' ms is out of range");
}

static void regions_are_named_once(void **state)
{
    (void)state;
    expect_refused("# holds: rtt\nfrom,a,b,a\n", "2:10: the region 'a' is here again");
    expect_refused("# holds: rtt\nfrom,a\na,1\na,1\n", "4:1: a second row for 'a'");
    expect_refused("# holds: rtt\nfrom,a\nc,1\n", "3:1: the row 'c' has no column");
    expect_refused("# holds: rtt\nfrom,a,,b\n", "2:8: found an empty cell");
    expect_refused("# holds: rtt\nfrom,\"a\"\n", "2:6: found \"a\", expected a region without");
    expect_refused("# holds: rtt\nfrom\n", "2:1: found no regions");
    expect_refused("# holds: rtt\n", "2:1: found no regions");
}

static void an_unknown_region_gets_the_nearest_name(void **state)
{
    (void)state;
    struct matrix *m = open_text("# holds: rtt\nfrom,dallas,tokyo\ndallas,,1\ntokyo,1,\n");
    struct error err;
    assert_int_equal(matrix_region(m, "dalas", &err), -ENOENT);
    expect_input_error(&err, "did you mean 'dallas'?");
    assert_int_equal(matrix_region(m, "moon-base", &err), -ENOENT);
    expect_input_error(&err, "expected one such as 'dallas'");
    assert_int_equal(matrix_region(m, "tokyo", &err), 1);
    matrix_free(m);
}

static void the_published_matrices_are_readable(void **state)
{
    (void)state;
    struct matrix *m = open_file("topologies/latency/ibm-cloud-rtt-ms.csv");
    assert_int_equal(delay(m, "dallas", "frankfurt") + delay(m, "frankfurt", "dallas"), 123000000);
    assert_int_equal(delay(m, "tokyo", "tokyo"), 0);
    matrix_free(m);
    m = open_file("topologies/latency/aws-p50-rtt-ms.csv");
    assert_int_equal(delay(m, "af-south-1", "af-south-1"), 2228000);
    matrix_free(m);
    m = open_file("topologies/latency/aws-p90-rtt-ms.csv");
    assert_int_equal(delay(m, "af-south-1", "ap-east-1"), 188061000);
    matrix_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_direction_gets_half_of_a_round_trip),
        cmocka_unit_test(a_one_way_value_is_taken_whole),
        cmocka_unit_test(an_empty_diagonal_is_zero_and_a_full_one_counts),
        cmocka_unit_test(an_empty_cell_is_an_error_only_when_asked_for),
        cmocka_unit_test(rows_may_come_in_any_order),
        cmocka_unit_test(other_systems_line_ends_and_spaces_do_not_matter),
        cmocka_unit_test(a_file_must_say_what_it_holds),
        cmocka_unit_test(ragged_rows_are_refused),
        cmocka_unit_test(values_that_are_no_times_are_refused),
        cmocka_unit_test(regions_are_named_once),
        cmocka_unit_test(an_unknown_region_gets_the_nearest_name),
        cmocka_unit_test(the_published_matrices_are_readable),
    };
    return RUN_TESTS(tests);
}
