/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/frame.h"
#include "expect.h"

static void pipe_of(int fds[2])
{
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void frames_arrive_as_they_were_put(void **state)
{
    (void)state;
    int fds[2];
    pipe_of(fds);
    struct frame_writer w = {0};
    struct frame_reader r = {0};
    struct frame f;
    frame_put(&w, 7, FRAME_DATA, 2, "abc", 3);
    frame_put(&w, 65535, FRAME_END, 0, NULL, 0);
    assert_int_equal(frame_flush(&w, fds[1]), 0);
    assert_false(frame_pending(&w));
    assert_int_equal(frame_read(&r, fds[0]), 1);
    assert_int_equal(frame_next(&r, &f), 1);
    assert_int_equal(f.head.channel, 7);
    assert_int_equal(f.head.type, FRAME_DATA);
    assert_int_equal(f.head.stream, 2);
    assert_string_equal(f.data, "abc"); /* terminated, although another frame follows at once */
    assert_int_equal(frame_next(&r, &f), 1);
    assert_int_equal(f.head.channel, 65535);
    assert_int_equal(f.head.size, 0);
    assert_int_equal(frame_next(&r, &f), 0);
    assert_int_equal(frame_read(&r, fds[0]), -EAGAIN);
    close(fds[1]);
    assert_int_equal(frame_read(&r, fds[0]), 0);
    close(fds[0]);
    frame_reader_done(&r);
    frame_writer_done(&w);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    (void)state;
    int fds[2];
    pipe_of(fds);
    struct frame_writer w = {0};
    struct frame_reader r = {0};
    struct frame f;
    for (int i = 0; i < 50; i++)
        frame_put(&w, (uint16_t)i, FRAME_DATA, 1, "0123456789", 10);
    int seen = 0;
    while (frame_pending(&w)) {
        size_t room = 1;
        int sent = frame_flush_some(&w, fds[1], &room);
        assert_true(sent == 0 || sent == -EAGAIN);
        assert_int_equal(room, 0);
        assert_int_equal(frame_read(&r, fds[0]), 1);
        while (frame_next(&r, &f) == 1) {
            assert_int_equal(f.head.channel, seen++);
            assert_string_equal(f.data, "0123456789");
        }
    }
    assert_int_equal(seen, 50);
    close(fds[0]);
    close(fds[1]);
    frame_reader_done(&r);
    frame_writer_done(&w);
}

static void a_full_pipe_keeps_the_rest(void **state)
{
    (void)state;
    static char block[100000];
    int fds[2];
    pipe_of(fds);
    struct frame_writer w = {0};
    struct frame_reader r = {0};
    struct frame f;
    memset(block, 'x', sizeof(block));
    frame_put(&w, 1, FRAME_NETLINK, 0, block, sizeof(block));
    frame_put(&w, 2, FRAME_NETLINK, 0, block, sizeof(block));
    assert_int_equal(frame_flush(&w, fds[1]), -EAGAIN);
    int seen = 0;
    for (int rounds = 0; seen < 2 && rounds < 100; rounds++) {
        frame_read(&r, fds[0]);
        while (frame_next(&r, &f) == 1) {
            assert_int_equal(f.head.channel, ++seen);
            assert_int_equal(f.head.size, sizeof(block));
            assert_memory_equal(f.data, block, sizeof(block));
        }
        frame_flush(&w, fds[1]);
    }
    assert_int_equal(seen, 2);
    close(fds[0]);
    close(fds[1]);
    frame_reader_done(&r);
    frame_writer_done(&w);
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const struct frame_head bad[] = {
        {.size = FRAME_DATA_MAX + 1, .type = FRAME_DATA},
        {.size = 0, .type = FRAME_DATA, .stream = FRAME_STREAMS},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fds[2];
        pipe_of(fds);
        struct frame_reader r = {0};
        struct frame f;
        assert_int_equal(write(fds[1], &bad[i], sizeof(bad[i])), sizeof(bad[i]));
        assert_int_equal(frame_read(&r, fds[0]), 1);
        assert_int_equal(frame_next(&r, &f), -EPROTO);
        close(fds[0]);
        close(fds[1]);
        frame_reader_done(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_arrive_as_they_were_put),
        cmocka_unit_test(a_frame_may_come_byte_by_byte),
        cmocka_unit_test(a_full_pipe_keeps_the_rest),
        cmocka_unit_test(what_is_no_frame_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
