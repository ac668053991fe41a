/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "replicate/protocol.h"

static enum protocol_answer read_answer(const void *data, size_t size, unsigned *code, char *text)
{
    return protocol_read_answer(data, size, code, text, PROTOCOL_ANSWER_MAX);
}

static void an_insert_begins_with_length_statement_and_types(void **state)
{
    (void)state;
    uint8_t header[PROTOCOL_HEADER_SIZE];
    static const uint8_t wanted[] = {0x0f, 0x02, 0x01, 0, 0xfa, 0x04, 0x03, 0x02, 0x01, 0x80,
                                     0,    2,    0x80, 3, 0x80, 1,    0x80, 0xfe, 0};
    protocol_begin_insert(header, 0x01020304, 0x010200);
    assert_int_equal(sizeof(header), sizeof(wanted));
    assert_memory_equal(header, wanted, sizeof(wanted));
}

static void an_answer_may_come_in_pieces(void **state)
{
    (void)state;
    static const uint8_t ok[] = {7, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0};
    unsigned code;
    char text[PROTOCOL_ANSWER_MAX];
    for (size_t size = 0; size < sizeof(ok); size++)
        assert_int_equal(read_answer(ok, size, &code, text), PROTOCOL_INCOMPLETE);
    assert_int_equal(read_answer(ok, sizeof(ok), &code, text), PROTOCOL_DONE);
}

static void an_error_has_code_and_text(void **state)
{
    (void)state;
    static const char error[] = "\x11\0\0\1\xff\xbd\x04#40001Deadlock";
    static const char early[] = "\x0b\0\0\1\xff\x10\x04Too many";
    static const char unasked[] = "\x09\0\0\0\xff\x87\x07Killed";
    unsigned code;
    char text[PROTOCOL_ANSWER_MAX];
    assert_int_equal(read_answer(error, sizeof(error) - 1, &code, text), PROTOCOL_REFUSED);
    assert_int_equal(code, 1213);
    assert_string_equal(text, "Deadlock");
    assert_int_equal(read_answer(early, sizeof(early) - 1, &code, text), PROTOCOL_REFUSED);
    assert_int_equal(code, 1040);
    assert_string_equal(text, "Too many");
    assert_int_equal(read_answer(unasked, sizeof(unasked) - 1, &code, text), PROTOCOL_REFUSED);
    assert_int_equal(code, 1927);
}

static void what_is_no_answer_is_not_understood(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x01\0\0\2\0",       /* another packet's number */
        "\x01\0\0\1\x05",     /* rows */
        "\x02\0\0\1\xff\x10", /* an error without a code */
        "\x01\0\0\1\0\x01",   /* more than one answer */
        "\xff\xff\x01\1\0\0", /* longer than any */
        "\0\0\0\1",           /* empty */
    };
    static const size_t sizes[] = {5, 5, 6, 6, 6, 4};
    unsigned code;
    char text[PROTOCOL_ANSWER_MAX];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        assert_int_equal(read_answer(wrong[i], sizes[i], &code, text), PROTOCOL_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insert_begins_with_length_statement_and_types),
        cmocka_unit_test(an_answer_may_come_in_pieces),
        cmocka_unit_test(an_error_has_code_and_text),
        cmocka_unit_test(what_is_no_answer_is_not_understood),
    };
    return RUN_TESTS(tests);
}
