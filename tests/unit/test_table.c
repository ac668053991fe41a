/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "report/table.h"

typedef void write_fn(const struct table *t, FILE *out);

static void print_plain(const struct table *t, FILE *out)
{
    table_print(t, out, "");
}

static void print_indented(const struct table *t, FILE *out)
{
    table_print(t, out, "# ");
}

/* What `write` makes of the table, which is released. */
static void expect_output(struct table *t, write_fn *write, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    write(t, out);
    fclose(out);
    table_free(t);
    assert_string_equal(text, expected);
    free(text);
}

static void expect_field(const char *field, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    csv_field(out, field);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static struct table *three_columns(void)
{
    static const char *const columns[] = {"node", ">rate", "verdict"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    table_add(t, "%s", "db1");
    table_add(t, "%d", 600);
    table_add(t, "%s", "trusted");
    table_add(t, "%s", "observer");
    table_add(t, "%.1f", 7.5);
    table_add(t, "%s", "");
    return t;
}

static void numbers_are_aligned_right_and_no_line_ends_in_blanks(void **state)
{
    (void)state;
    expect_output(three_columns(), print_plain,
                  "node      rate  verdict\n"
                  "--------  ----  -------\n"
                  "db1        600  trusted\n"
                  "observer   7.5\n");
}

static void every_line_stands_behind_the_indent(void **state)
{
    (void)state;
    expect_output(three_columns(), print_indented,
                  "# node      rate  verdict\n"
                  "# --------  ----  -------\n"
                  "# db1        600  trusted\n"
                  "# observer   7.5\n");
}

static void utf8_characters_count_as_one(void **state)
{
    (void)state;
    static const char *const columns[] = {"city", ">x"};
    struct table *t = table_new(columns, 2);
    table_add(t, "São Paulo");
    table_add(t, "1");
    table_add(t, "Frankfurt");
    table_add(t, "2 µs");
    expect_output(t, print_plain,
                  "city          x\n"
                  "---------  ----\n"
                  "São Paulo     1\n"
                  "Frankfurt  2 µs\n");
}

static void control_characters_do_not_break_the_lines(void **state)
{
    (void)state;
    static const char *const columns[] = {"text", "b"};
    struct table *t = table_new(columns, 2);
    table_add(t, "a\nb\tc\033");
    table_add(t, "x");
    expect_output(t, print_plain, "text    b\n------  -\na b c   x\n");
}

static void an_unfinished_row_is_printed_with_empty_cells(void **state)
{
    (void)state;
    static const char *const columns[] = {"a", ">b", "c"};
    struct table *t = table_new(columns, 3);
    table_add(t, "1");
    expect_output(t, print_plain, "a  b  c\n-  -  -\n1\n");
    t = table_new(columns, 3);
    table_add(t, "1");
    expect_output(t, table_csv, "a,b,c\n1,,\n");
}

static void a_table_without_rows_is_its_headings(void **state)
{
    (void)state;
    static const char *const columns[] = {"a", ">bb"};
    expect_output(table_new(columns, 2), print_plain, "a  bb\n-  --\n");
    expect_output(table_new(columns, 2), table_csv, "a,bb\n");
}

static void csv_quotes_only_what_needs_it(void **state)
{
    (void)state;
    expect_field("", "");
    expect_field("plain text; 1.5", "plain text; 1.5");
    expect_field("a,b", "\"a,b\"");
    expect_field("say \"hi\"", "\"say \"\"hi\"\"\"");
    expect_field("two\nlines", "\"two\nlines\"");
    expect_field("two\rlines", "\"two\rlines\"");
    expect_field("\"", "\"\"\"\"");
    expect_field("São", "São");
}

static void csv_has_one_line_for_each_row(void **state)
{
    (void)state;
    struct table *t = three_columns();
    table_add(t, "a,b");
    table_add(t, "%s", "1");
    table_add(t, "50%%");
    expect_output(t, table_csv,
                  "node,rate,verdict\n"
                  "db1,600,trusted\n"
                  "observer,7.5,\n"
                  "\"a,b\",1,50%\n");
}

static void many_rows_are_kept(void **state)
{
    (void)state;
    static const char *const columns[] = {"n", "m"};
    struct table *t = table_new(columns, 2);
    for (int i = 0; i < 2000; i++)
        table_add(t, "%d", i);
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    table_csv(t, out);
    fclose(out);
    table_free(t);
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 1001);
    free(text);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_aligned_right_and_no_line_ends_in_blanks),
        cmocka_unit_test(every_line_stands_behind_the_indent),
        cmocka_unit_test(utf8_characters_count_as_one),
        cmocka_unit_test(control_characters_do_not_break_the_lines),
        cmocka_unit_test(an_unfinished_row_is_printed_with_empty_cells),
        cmocka_unit_test(a_table_without_rows_is_its_headings),
        cmocka_unit_test(csv_quotes_only_what_needs_it),
        cmocka_unit_test(csv_has_one_line_for_each_row),
        cmocka_unit_test(many_rows_are_kept),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
