/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "check/history.h"
#include "check/registers.h"
#include "check/report.h"
#include "check/sessions.h"
#include "check/sets.h"

static int read_text(struct history *h, const char *text, double slack_s, struct error *err)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "re");
    int r = history_read(h, in, "h.jsonl", slack_s, 1 << 20, err);
    fclose(in);
    if (r == 0)
        history_sort(h);
    return r;
}

/* `why` is how the message begins: the rest may be the JSON library's. */
static void is_refused(const char *text, const char *why)
{
    struct history h = {0};
    struct error err = {0};
    assert_int_equal(read_text(&h, text, 0, &err), -EINVAL);
    assert_int_equal(err.status, STATUS_INPUT);
    if (strncmp(err.text, why, strlen(why)) != 0)
        fail_msg("'%s', expected '%s'", err.text, why);
    history_done(&h);
}

#define GOOD                                                                                       \
    "{\"process\":\"c1\",\"op\":\"read\",\"key\":\"k\",\"value\":1,\"call\":1,\"return\":2,"       \
    "\"result\":\"ok\"}\n"

static void bad_lines_are_named(void **state)
{
    (void)state;
    is_refused(GOOD "\n{\"op\"", "h.jsonl:3: not JSON: ");
    is_refused("[1]", "h.jsonl:1: not an object");
    is_refused("{}", "h.jsonl:1: 'op' is missing");
    is_refused("{\"op\":\"reed\"}",
               "h.jsonl:1: 'op' is 'reed', expected one of read, write, cas, add, members");
    is_refused("{\"op\":\"read\",\"result\":7}",
               "h.jsonl:1: 'result' is 'no text', expected one of ok, fail, unknown");
    is_refused("{\"op\":\"read\",\"result\":\"ok\",\"key\":\"k\"}",
               "h.jsonl:1: 'process' is missing, expected a text");
    is_refused("{\"op\":\"read\",\"result\":\"ok\",\"process\":1,\"key\":[]}",
               "h.jsonl:1: 'key' is something else, expected a text");
    is_refused("{\"op\":\"read\",\"result\":\"ok\",\"process\":1,\"key\":2,\"return\":1}",
               "h.jsonl:1: 'call' is missing, expected seconds");
    is_refused("{\"op\":\"write\",\"result\":\"ok\",\"process\":1,\"key\":2,\"call\":1}",
               "h.jsonl:1: 'return' is missing, expected seconds");
    is_refused(
        "{\"op\":\"write\",\"result\":\"ok\",\"process\":1,\"key\":2,\"call\":3,\"return\":2}",
        "h.jsonl:1: it returns before it is called");
    is_refused(
        "{\"op\":\"write\",\"result\":\"ok\",\"process\":1,\"key\":2,\"call\":1,\"return\":2}",
        "h.jsonl:1: 'value' is missing (null is an absent key)");
    is_refused("{\"op\":\"cas\",\"result\":\"ok\",\"process\":1,\"key\":2,\"call\":1,\"return\":2,"
               "\"value\":1}",
               "h.jsonl:1: 'old' of a cas is missing (null is an absent key)");
    is_refused("{\"op\":\"members\",\"result\":\"ok\",\"process\":1,\"key\":2,\"call\":1,"
               "\"return\":2,\"value\":1}",
               "h.jsonl:1: 'value' of members is something else, expected an array");
}

static void a_history_that_is_too_large_is_refused(void **state)
{
    (void)state;
    struct history h = {0};
    struct error err = {0};
    FILE *in = tmpfile();
    for (int i = 0; i < 20000; i++)
        fputs(GOOD, in);
    rewind(in);
    assert_int_equal(history_read(&h, in, "h", 0, 1 << 20, &err), -ENOMEM);
    assert_int_equal(err.status, STATUS_MACHINE);
    fclose(in);
    history_done(&h);
}

static void other_lines_of_a_program_are_passed_over(void **state)
{
    (void)state;
    struct history h = {0};
    struct error err;
    assert_int_equal(read_text(&h,
                               "{\"metric\":\"m\",\"value\":1}\n" GOOD "{\"phase\":\"x\"}\n"
                               "{\"progress\":0.5}\n",
                               0, &err),
                     0);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.other_lines, 3);
    assert_int_equal(h.operations[0].line, 2);
    history_done(&h);
}

static void equal_values_are_one_whatever_their_writing(void **state)
{
    (void)state;
    struct history h = {0};
    struct error err;
    assert_int_equal(
        read_text(&h,
                  "{\"process\":1,\"op\":\"write\",\"key\":\"k\",\"value\":{\"a\":1,\"b\":[2]},"
                  "\"call\":1,\"return\":2,\"result\":\"ok\"}\n"
                  "{\"process\":1,\"op\":\"read\",\"key\":\"k\",\"value\":{ \"b\":[2], \"a\":1},"
                  "\"call\":3,\"return\":4,\"result\":\"ok\"}\n"
                  "{\"process\":1,\"op\":\"read\",\"key\":\"k\",\"value\":null,"
                  "\"call\":5,\"result\":\"unknown\"}\n",
                  0, &err),
        0);
    assert_int_equal(h.operations[0].value, h.operations[1].value);
    assert_int_not_equal(h.operations[0].value, HISTORY_NULL);
    assert_true(isinf(h.operations[2].ret));
    history_done(&h);
}

/* --- verdicts, of histories written shortly: "PROCESS OP KEY VALUE CALL RETURN RESULT" a line */

static void write_short(FILE *out, const char *line)
{
    char process[16], op[16], key[16], value[64], call[16], ret[16], result[16], *old;
    assert_int_equal(sscanf(line, "%15s %15s %15s %63s %15s %15s %15s", process, op, key, value,
                            call, ret, result),
                     7);
    fprintf(out, "{\"process\":\"%s\",\"op\":\"%s\",\"key\":\"%s\"", process, op, key);
    if ((old = strchr(value, '>'))) {
        *old = '\0';
        fprintf(out, ",\"old\":%s,\"value\":%s", value, old + 1);
    } else if ((old = strchr(value, '@'))) {
        *old = '\0';
        fprintf(out, ",\"value\":%s,\"version\":%s", value, old + 1);
    } else {
        fprintf(out, ",\"value\":%s", value);
    }
    fprintf(out, ",\"call\":%s,\"return\":%s,\"result\":\"%s\"}\n", call, ret, result);
}

static void load_short(struct history *h, double slack_s, const char *const *lines)
{
    char *text;
    size_t len;
    struct error err = {0};
    FILE *out = open_memstream(&text, &len);
    for (; *lines; lines++)
        write_short(out, *lines);
    fclose(out);
    if (read_text(h, text, slack_s, &err) < 0)
        fail_msg("%s", err.text);
    free(text);
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct verdict judge(enum report_check check, double slack_s, const char *const *lines)
{
    struct history h = {0};
    struct verdict v;
    struct registers_bounds bounds = {clock_monotonic_ns() + NS_PER_SEC, 1 << 20};
    load_short(&h, slack_s, lines);
    if (check == CHECK_REGISTERS)
        registers_check(&h, &bounds, &v);
    else if (check == CHECK_SETS)
        sets_check(&h, &v);
    else
        sessions_check(&h, &v);
    history_done(&h);
    return v;
}

static void judged(enum report_check check, enum verdict_answer wanted, uint64_t violations,
                   const char *what, const char *const *lines)
{
    struct verdict v = judge(check, 0, lines);
    assert_int_equal(v.answer, wanted);
    assert_int_equal(v.violations, violations);
    assert_true(v.shown == (violations > 0));
    if (what)
        assert_string_equal(v.what, what);
    verdict_done(&v);
}

static void registers_are_judged_each_for_itself(void **state)
{
    (void)state;
    judged(CHECK_REGISTERS, VERDICT_VALID, 0, NULL,
           LINES("a write x 1 0 1 ok", "a write y 2 2 3 ok", "b read x 1 4 5 ok",
                 "b read y 2 6 7 ok", "b cas x 7>8 8 9 fail", "a read z null 1 2 ok"));
    struct verdict v = judge(CHECK_REGISTERS, 0,
                             LINES("a write x 1 0 1 ok", "b read x null 8 9 ok",
                                   "a write y 1 0 1 ok", "b read y null 4 5 ok"));
    assert_int_equal(v.violations, 2);
    assert_true(v.begin_s == 0 && v.end_s == 5); /* y: it was first */
    verdict_done(&v);
}

static void what_failed_has_no_effect(void **state)
{
    (void)state;
    judged(CHECK_REGISTERS, VERDICT_VALID, 0, NULL,
           LINES("a write x 1 0 1 ok", "a write x 2 2 3 fail", "b read x 1 4 5 ok"));
    judged(CHECK_REGISTERS, VERDICT_VIOLATION, 1, NULL,
           LINES("a write x 1 0 1 ok", "a write x 2 2 3 fail", "b read x 2 4 5 ok"));
}

static void clocks_that_differ_are_allowed_for(void **state)
{
    (void)state;
    const char *const *lines = LINES("a write x 1 0 1.000 ok", "b read x null 1.001 2 ok");
    struct verdict v = judge(CHECK_REGISTERS, 0, lines);
    assert_int_equal(v.answer, VERDICT_VIOLATION);
    verdict_done(&v);
    v = judge(CHECK_REGISTERS, 0.001, lines);
    assert_int_equal(v.answer, VERDICT_VALID);
    verdict_done(&v);
}

static void complete_sets_are_valid(void **state)
{
    (void)state;
    judged(CHECK_SETS, VERDICT_VALID, 0, NULL,
           LINES("a add s 1 0 1 ok", "b add s 2 0 9 unknown", "c add s 3 2 3 unknown",
                 "c add s 4 2 3 fail", "b members s [] 0 0.5 ok", "a members s [1,3] 10 11 ok"));
}

static void an_acknowledged_element_that_is_gone_is_lost(void **state)
{
    (void)state;
    judged(CHECK_SETS, VERDICT_VIOLATION, 1,
           "element 2 was acknowledged and is not among the members",
           LINES("a add s 1 0 1 ok", "b add s 2 0 2 ok", "a members s [1] 10 11 ok",
                 "b members s [1,2] 10 11 ok"));
}

static void elements_from_nowhere_are_found_at_any_time(void **state)
{
    (void)state;
    judged(CHECK_SETS, VERDICT_VIOLATION, 1, "element 7 was not added by then",
           LINES("a add s 1 0 1 ok", "a members s [7,1] 10 11 ok"));
    judged(CHECK_SETS, VERDICT_VIOLATION, 1, "element 2 was not added by then",
           LINES("a add s 1 0 1 ok", "a add s 2 5 6 ok", "a members s [1,2] 3 4 ok",
                 "a members s [1,2] 10 11 ok"));
    judged(CHECK_SETS, VERDICT_VIOLATION, 1, "element 2 was not added by then",
           LINES("a add s 2 5 6 fail", "a members s [2] 10 11 ok"));
    judged(CHECK_SETS, VERDICT_VIOLATION, 1, "element 1 is listed twice",
           LINES("a add s 1 0 1 ok", "a members s [1,1] 10 11 ok"));
}

static void a_set_that_nobody_read_is_undecided(void **state)
{
    (void)state;
    judged(CHECK_SETS, VERDICT_UNDECIDED, 0, NULL,
           LINES("a add s 1 0 1 ok", "a members s [] 3 4 unknown"));
}

static void reads_of_a_process_may_not_go_back(void **state)
{
    (void)state;
    judged(CHECK_SESSIONS, VERDICT_VIOLATION, 1,
           "process c read 1 after it had read 2, which is newer",
           LINES("a write x 1 0 1 ok", "a write x 2 2 3 ok", "c read x 2 4 5 ok",
                 "c read x 1 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VIOLATION, 1,
           "process c read null after it had read 1, which is newer",
           LINES("a write x 1 0 1 ok", "c read x 1 4 5 ok", "c read x null 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL, /* of different processes, or in one order */
           LINES("a write x 1 0 1 ok", "a write x 2 2 3 ok", "c read x 2 4 5 ok",
                 "b read x 1 6 7 ok", "b read x 2 8 9 ok"));
}

static void only_values_in_a_certain_order_go_back(void **state)
{
    (void)state;
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL, /* the writes overlap */
           LINES("a write x 1 0 3 ok", "b write x 2 2 3 ok", "c read x 2 4 5 ok",
                 "c read x 1 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL, /* nobody knows when 1 came */
           LINES("a write x 1 0 1 unknown", "b write x 2 2 3 ok", "c read x 2 4 5 ok",
                 "c read x 1 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL, /* written twice */
           LINES("a write x 1 0 1 ok", "b write x 2 2 3 ok", "a write x 1 3 4 ok",
                 "c read x 2 4 5 ok", "c read x 1 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL, /* the reads overlap */
           LINES("a write x 1 0 1 ok", "a write x 2 2 3 ok", "c read x 2 4 6 ok",
                 "c read x 1 5 7 ok"));
}

static void versions_are_an_order_by_themselves(void **state)
{
    (void)state;
    judged(CHECK_SESSIONS, VERDICT_VIOLATION, 1,
           "process c read 5 after it had read 9, which is newer",
           LINES("c read x 9@4 4 5 ok", "c read x 5@3 6 7 ok"));
    judged(CHECK_SESSIONS, VERDICT_VALID, 0, NULL,
           LINES("a write x 9 0 1 ok", "a write x 5 2 3 ok", "c read x 5@3 4 5 ok",
                 "c read x 9@4 6 7 ok"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(a_history_that_is_too_large_is_refused),
        cmocka_unit_test(other_lines_of_a_program_are_passed_over),
        cmocka_unit_test(equal_values_are_one_whatever_their_writing),
        cmocka_unit_test(registers_are_judged_each_for_itself),
        cmocka_unit_test(what_failed_has_no_effect),
        cmocka_unit_test(clocks_that_differ_are_allowed_for),
        cmocka_unit_test(complete_sets_are_valid),
        cmocka_unit_test(an_acknowledged_element_that_is_gone_is_lost),
        cmocka_unit_test(elements_from_nowhere_are_found_at_any_time),
        cmocka_unit_test(a_set_that_nobody_read_is_undecided),
        cmocka_unit_test(reads_of_a_process_may_not_go_back),
        cmocka_unit_test(only_values_in_a_certain_order_go_back),
        cmocka_unit_test(versions_are_an_order_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
