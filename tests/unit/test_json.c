/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <errno.h>

#include "base/cleanup.h"
#include "expect.h"

static void a_file_is_read_whole(void **state)
{
    (void)state;
    _cleanup_(freep) char *path = expect_file("list.json", "[{\"name\": \"a\"},\n {\"n\": 2.5}]\n");
    _cleanup_(json_decrefp) json_t *list = NULL;
    assert_int_equal(json_file_read(path, &list, NULL), 0);
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_text_of(json_array_get(list, 0), "name"), "a");
    assert_true(json_number_of(json_array_get(list, 1), "n") == 2.5);
}

static void what_is_wrong_in_a_file_is_said_with_its_place(void **state)
{
    (void)state;
    _cleanup_(freep) char *cut = expect_file("cut.json", "{\"a\": 1,\n \"b\": tru");
    _cleanup_(freep) char *empty = expect_file("empty.json", "");
    json_t *none = NULL;
    struct error err;
    assert_int_equal(json_file_read(cut, &none, &err), -EINVAL);
    expect_input_error(&err, "/cut.json:2:9: invalid token near 'tru'");
    assert_int_equal(json_file_read(empty, &none, &err), -EINVAL);
    expect_input_error(&err, "/empty.json:1:0: '[' or '{' expected near end of file");
    assert_null(none);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    json_t *none = NULL;
    struct error err;
    assert_int_equal(json_file_read("/no/such.json", &none, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/no/such.json"));
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_is_wrong_in_a_file_is_said_with_its_place),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return RUN_TESTS(tests);
}
