/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "expect.h"

static void setting_an_error_returns_its_negative_code(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_set(&err, ENOENT, "no node '%s'", "x"), -ENOENT);
    assert_int_equal(err.code, ENOENT);
    assert_int_equal(err.status, STATUS_FAILED);
    assert_string_equal(err.text, "no node 'x'");
}

static void bad_input_and_missing_machinery_have_their_own_status(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_input(&err, "bad"), -EINVAL);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_int_equal(error_machine(&err, EPERM, "install it"), -EPERM);
    assert_int_equal(err.status, STATUS_MACHINE);
}

static void an_errno_is_spelled_out_after_the_text(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(error_errno(&err, ENOENT, "cannot open '%s'", "f"), -ENOENT);
    assert_string_equal(err.text, "cannot open 'f': No such file or directory");
}

static void wrapping_keeps_code_and_status(void **state)
{
    (void)state;
    struct error err;
    error_machine(&err, EPERM, "inner");
    assert_int_equal(error_wrap(&err, "link '%s'", "a-b"), -EPERM);
    assert_int_equal(err.status, STATUS_MACHINE);
    assert_string_equal(err.text, "link 'a-b': inner");
}

static void nobody_has_to_want_the_error(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ENOENT, "x"), -ENOENT);
    assert_int_equal(error_errno(NULL, EIO, "x"), -EIO);
    assert_true(error_wrap(NULL, "x") < 0);
}

static void too_long_a_text_is_cut_not_overrun(void **state)
{
    (void)state;
    struct error err;
    char *text = xmalloc(5000);
    memset(text, 'x', 4999);
    text[4999] = '\0';
    error_errno(&err, EIO, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    error_wrap(&err, "%s", text);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_returns_its_negative_code),
        cmocka_unit_test(bad_input_and_missing_machinery_have_their_own_status),
        cmocka_unit_test(an_errno_is_spelled_out_after_the_text),
        cmocka_unit_test(wrapping_keeps_code_and_status),
        cmocka_unit_test(nobody_has_to_want_the_error),
        cmocka_unit_test(too_long_a_text_is_cut_not_overrun),
    };
    return RUN_TESTS(tests);
}
