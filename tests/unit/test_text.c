/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "expect.h"

static void text_grows_by_what_is_added(void **state)
{
    (void)state;
    struct text t = {0};
    text_add(&t, "%s=%d", "a", 1);
    text_add(&t, "\n");
    assert_string_equal(t.data, "a=1\n");
    assert_int_equal(t.len, 4);
    text_done(&t);
    assert_null(t.data);
}

static void long_texts_survive_every_growth(void **state)
{
    (void)state;
    struct text t = {0};
    for (size_t i = 0; i < 5000; i++) /* passes each power of two by single steps */
        text_add(&t, "%c", (int)('a' + i % 26));
    assert_int_equal(t.len, 5000);
    assert_int_equal(strlen(t.data), 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(t.data[i], 'a' + i % 26);
    text_add(&t, "%10000s", "x");
    assert_int_equal(strlen(t.data), 15000);
    text_done(&t);
}

static void adding_nothing_still_makes_a_string(void **state)
{
    (void)state;
    struct text t = {0};
    text_add(&t, "%s", "");
    assert_string_equal(t.data, "");
    text_done(&t);
    text_done(&t);
}

static void a_typing_slip_finds_its_word(void **state)
{
    (void)state;
    static const char *const names[] = {"delay", "loss", "rate", "ends"};
    assert_string_equal(text_nearest("dely", names, 4), "delay");
    assert_string_equal(text_nearest("end", names, 4), "ends");
    assert_string_equal(text_nearest("rate", names, 4), "rate");
    assert_string_equal(text_nearest("rtae", names, 4), "rate"); /* neighbours swapped: one edit */
}

static void the_nearest_of_several_wins(void **state)
{
    (void)state;
    static const char *const names[] = {"frankfort", "frankfurt-2", "frankfurt"};
    assert_string_equal(text_nearest("frankfurt", names, 3), "frankfurt");
    assert_string_equal(text_nearest("frankfrt", names, 3), "frankfort");
}

static void what_is_far_from_all_finds_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"delay", "loss"};
    assert_null(text_nearest("colour", names, 2));
    assert_null(text_nearest("delay", names, 0));
    char *endless = xasprintf("%0500d", 1);
    assert_null(text_nearest(endless, names, 2));
    free(endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_by_what_is_added),
        cmocka_unit_test(long_texts_survive_every_growth),
        cmocka_unit_test(adding_nothing_still_makes_a_string),
        cmocka_unit_test(a_typing_slip_finds_its_word),
        cmocka_unit_test(the_nearest_of_several_wins),
        cmocka_unit_test(what_is_far_from_all_finds_nothing),
    };
    return RUN_TESTS(tests);
}
