/* SPDX-License-Identifier: MIT */
#include "expect.h"

#include "base/cleanup.h"
#include "experiment/program_log.h"

static char *text; /* of the log that was written */
static size_t size;

static struct program_log open_log(uint64_t limit)
{
    struct program_log l;
    free(text);
    text = NULL;
    program_log_init(&l, open_memstream(&text, &size), 0, limit);
    return l;
}

static void lines_bear_the_second_in_which_they_came(void **state)
{
    (void)state;
    double at[2];
    char first[16], second[16];
    struct program_log l = open_log(1000);
    program_log_add(&l, "one");
    program_log_add(&l, "two");
    program_log_done(&l);
    assert_int_equal(sscanf(text, "%lf %15s\n%lf %15s\n", &at[0], first, &at[1], second), 4);
    assert_string_equal(first, "one");
    assert_string_equal(second, "two");
    assert_true(at[0] > 1e9 && at[1] >= at[0] && at[1] < at[0] + 60);
}

static void a_flood_is_cut_and_its_end_kept(void **state)
{
    (void)state;
    struct program_log l = open_log(2000);
    for (int i = 0; i < 100000; i++) {
        char line[32];
        snprintf(line, sizeof(line), "line %d", i);
        program_log_add(&l, line);
    }
    assert_true(l.written <= 2000);
    uint64_t cut = l.cut_lines;
    program_log_done(&l);
    assert_true(size < 3000);
    assert_non_null(strstr(text, " line 0\n"));
    assert_non_null(strstr(text, " line 99999\n"));
    assert_non_null(strstr(text, " line 99980\n"));
    assert_null(strstr(text, " line 99979\n"));
    _cleanup_(freep) char *told = xasprintf("from here on %llu lines", (unsigned long long)cut);
    assert_non_null(strstr(text, told));
    _cleanup_(freep) char *last = xasprintf(" line %llu\n[", 99999ULL - (unsigned long long)cut);
    assert_non_null(strstr(text, last));
}

static void the_tail_has_the_last_lines_in_order(void **state)
{
    (void)state;
    char *tail = NULL;
    size_t tail_size;
    struct program_log l = open_log(1);
    for (int i = 0; i < 30; i++)
        program_log_add(&l, i == 29 ? "end" : "before");
    FILE *out = open_memstream(&tail, &tail_size);
    program_log_print_tail(&l, 2, "  ", out);
    fclose(out);
    program_log_done(&l);
    assert_int_equal(tail[0], ' ');
    assert_non_null(strstr(tail, " before\n  "));
    assert_non_null(strstr(tail, " end\n"));
    free(tail);
    free(text);
    text = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_bear_the_second_in_which_they_came),
        cmocka_unit_test(a_flood_is_cut_and_its_end_kept),
        cmocka_unit_test(the_tail_has_the_last_lines_in_order),
    };
    return RUN_TESTS(tests);
}
