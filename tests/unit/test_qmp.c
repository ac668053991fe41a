/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"
#include "node/qmp.h"

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void a_shutdown_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *said, *reason;
    } cases[] = {
        {"{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-shutdown\"}}\r\n",
         "its guest switched itself off"},
        {"{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\r\n",
         "its guest's kernel panicked, or its guest rebooted"},
        {"{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":false,\"reason\":\"new-one\"}}\r\n",
         "its machine went off"},
        {"{\"return\":{}}\r\nno json\r\n{\"event\":\"RESUME\"}\r\n", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int pair[2];
        struct qmp q;
        char hello[64] = "";
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        qmp_open(&q, pair[0]);
        assert_true(read(pair[1], hello, sizeof(hello) - 1) > 0);
        assert_string_equal(hello, "{\"execute\":\"qmp_capabilities\"}\n");
        qmp_read(&q); /* nothing there yet */
        assert_int_equal(q.fd, pair[0]);
        for (const char *c = cases[i].said; *c; c++) { /* in pieces */
            assert_int_equal(write(pair[1], c, 1), 1);
            qmp_read(&q);
        }
        assert_string_equal(q.reason, cases[i].reason);
        close(pair[1]);
        qmp_read(&q);
        assert_int_equal(q.fd, -1);
        close(pair[0]);
    }
}

static void a_line_too_long_is_none_of_ours(void **state)
{
    (void)state;
    int pair[2];
    struct qmp q;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    qmp_open(&q, pair[0]);
    for (int i = 0; i < 1000; i++) {
        say(pair[1], "0123456789");
        qmp_read(&q);
    }
    say(pair[1], "\n{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-panic\"}}\n");
    qmp_read(&q);
    assert_string_equal(q.reason, "its guest's kernel panicked");
    close(pair[0]);
    close(pair[1]);
}

static void without_a_descriptor_nothing_happens(void **state)
{
    (void)state;
    struct qmp q;
    qmp_open(&q, -1);
    qmp_read(&q);
    assert_string_equal(q.reason, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shutdown_has_its_reason),
        cmocka_unit_test(a_line_too_long_is_none_of_ours),
        cmocka_unit_test(without_a_descriptor_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
