/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "load/journal.h"

static char folder[] = "/tmp/wanlab-journal.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static struct writer_operation operation(const char *process, enum history_op op, double call,
                                         enum history_result result)
{
    return (struct writer_operation){.process = process,
                                     .key = "k1",
                                     .op = op,
                                     .result = result,
                                     .value = "\"v\"",
                                     .old = "null",
                                     .version = HISTORY_VERSION_NONE,
                                     .call = call,
                                     .ret = call + 1};
}

static void call(struct journal *j, const char *process, double at)
{
    struct writer_operation o = operation(process, OP_CAS, at, RESULT_UNKNOWN);
    o.ret = INFINITY;
    journal_call(j, &o);
}

static void answer(struct journal *j, const char *process, enum history_op op, double at)
{
    struct writer_operation o = operation(process, op, at, RESULT_OK);
    journal_answer(j, &o);
}

static void load(struct history *h)
{
    char *path = xasprintf("%s/" JOURNAL_HISTORY, folder);
    struct error err = {0};
    FILE *in = fopen(path, "re");
    if (history_read(h, in, "history", 0, 1 << 20, &err) < 0)
        fail_msg("%s", err.text);
    fclose(in);
    free(path);
}

static void what_was_open_when_it_was_killed_is_unknown_in_the_next_life(void **state)
{
    (void)state;
    struct journal j;
    struct error err;
    assert_int_equal(journal_open(&j, folder, &err), 0);
    assert_true(isnan(j.begin_s));
    assert_int_equal(journal_begin(&j, folder, 2.5, &err), 0);
    call(&j, "c1", 3);
    answer(&j, "c1", OP_CAS, 3);
    call(&j, "c2", 3.5); /* nobody answers */
    call(&j, "c1", 5);   /* nor here */
    answer(&j, "c3", OP_READ, 6);
    /* killed: nothing is closed in good order */
    struct journal second;
    assert_int_equal(journal_open(&second, folder, &err), 0);
    assert_true(second.begin_s == 2.5);
    assert_int_equal(second.commit_count, 1);
    assert_true(second.commits[0] == 4);
    assert_int_equal(second.reads, 1);
    assert_int_equal(journal_close(&second, &err), 0);
    assert_int_equal(journal_close(&j, &err), 0);
    struct journal third; /* what the second life has added is not added again */
    assert_int_equal(journal_open(&third, folder, &err), 0);
    assert_int_equal(third.by_result[RESULT_UNKNOWN], 2);
    assert_int_equal(journal_close(&third, &err), 0);

    struct history h = {0};
    load(&h);
    assert_int_equal(h.count, 4);
    unsigned unknown = 0;
    for (size_t i = 0; i < h.count; i++)
        if (h.operations[i].result == RESULT_UNKNOWN) {
            assert_true(h.operations[i].call == 3.5 || h.operations[i].call == 5);
            assert_int_equal(h.operations[i].op, OP_CAS);
            assert_string_equal(h.values.texts[h.operations[i].value], "\"v\"");
            unknown++;
        }
    assert_int_equal(unknown, 2);
    history_done(&h);
}

static void a_line_that_was_not_written_to_its_end_is_cut(void **state)
{
    (void)state;
    struct journal j;
    struct error err;
    assert_int_equal(journal_open(&j, folder, &err), 0);
    call(&j, "c1", 3);
    answer(&j, "c1", OP_CAS, 3);
    fputs("{\"process\":\"c1\",\"op", j.history);
    fputs("{\"proc", j.calls);
    assert_int_equal(journal_close(&j, &err), 0);
    assert_int_equal(journal_open(&j, folder, &err), 0);
    assert_int_equal(j.commit_count, 1);
    assert_int_equal(j.by_result[RESULT_UNKNOWN], 0);
    assert_int_equal(journal_close(&j, &err), 0);
    struct history h = {0};
    load(&h);
    assert_int_equal(h.count, 1);
    history_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_open_when_it_was_killed_is_unknown_in_the_next_life, make_folder,
            remove_folder),
        cmocka_unit_test_setup_teardown(a_line_that_was_not_written_to_its_end_is_cut, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
