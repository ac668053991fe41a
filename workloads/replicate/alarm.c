/* SPDX-License-Identifier: MIT */
#include "alarm.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct alarm *a = poll->data;
    uint64_t expirations;
    if (read(a->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
        a->ring(a);
}

int alarm_open(struct alarm *a, uv_loop_t *loop, void (*ring)(struct alarm *), void *owner,
               struct error *err)
{
    _cleanup_(fd_closep) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return error_errno(err, errno, "cannot make a timer");
    int r = uv_poll_init(loop, &a->poll, fd);
    if (r < 0)
        return error_errno(err, -r, "cannot watch a timer");
    a->poll.data = a;
    a->ring = ring;
    a->owner = owner;
    a->fd = take_fd(&fd);
    uv_poll_start(&a->poll, UV_READABLE, on_readable);
    return 0;
}

void alarm_set(struct alarm *a, uint64_t due_ns)
{
    if (due_ns == 0)
        due_ns = 1; /* zero would disarm it */
    struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(due_ns / NS_PER_SEC),
                                           .tv_nsec = (long)(due_ns % NS_PER_SEC)}};
    timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void alarm_close(struct alarm *a)
{
    if (a->fd < 0)
        return;
    uv_close((uv_handle_t *)&a->poll, NULL);
    close(take_fd(&a->fd));
}
