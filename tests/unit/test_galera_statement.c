/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "galera/statement.h"

static void asks(struct request r, const char *sql)
{
    char *text = statement_text(&r);
    assert_string_equal(text, sql);
    free(text);
}

static void operations_are_one_statement_each(void **state)
{
    (void)state;
    asks((struct request){.op = OP_READ, .key = "k1"}, "SELECT v FROM registers WHERE k = 'k1'");
    asks((struct request){.op = OP_WRITE, .key = "k1", .value = "v"},
         "INSERT INTO registers VALUES ('k1', 'v') ON DUPLICATE KEY UPDATE v = 'v'");
    asks((struct request){.op = OP_CAS, .key = "k1", .value = "v", .old = "u"},
         "UPDATE registers SET v = 'v' WHERE k = 'k1' AND v = 'u'");
    asks((struct request){.op = OP_CAS, .key = "k1", .value = "v"},
         "INSERT INTO registers VALUES ('k1', 'v')");
    asks((struct request){.op = OP_ADD, .key = "set", .value = "v"},
         "INSERT INTO elements VALUES ('v')");
    asks((struct request){.op = OP_MEMBERS, .key = "set"}, "SELECT v FROM elements");
}

static void a_session_is_told_by_its_address_how_it_reads(void **state)
{
    (void)state;
    assert_ptr_equal(statement_session(false, false), statement_session(false, true));
    assert_ptr_not_equal(statement_session(true, false), statement_session(true, true));
    assert_ptr_not_equal(statement_session(true, false), statement_session(false, false));
}

static void only_what_was_undone_or_never_done_had_no_effect(void **state)
{
    (void)state;
    assert_true(statement_had_no_effect(ER_LOCK_DEADLOCK));
    assert_true(statement_had_no_effect(ER_UNKNOWN_COM_ERROR));
    assert_true(statement_had_no_effect(ER_DUP_ENTRY));
    assert_false(statement_had_no_effect(ER_ERROR_DURING_COMMIT));
    assert_false(statement_had_no_effect(ER_QUERY_INTERRUPTED));
    assert_false(statement_had_no_effect(CR_SERVER_LOST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_are_one_statement_each),
        cmocka_unit_test(a_session_is_told_by_its_address_how_it_reads),
        cmocka_unit_test(only_what_was_undone_or_never_done_had_no_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
