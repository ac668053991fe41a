/* SPDX-License-Identifier: MIT */
#include "experiment/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static void hand_on(struct lines *l, bool at_end)
{
    size_t begin = 0;
    for (char *end; (end = memchr(l->data + begin, '\n', l->len - begin));) {
        *end = '\0';
        l->on_line(l->data + begin, l->arg);
        begin = (size_t)(end - l->data) + 1;
    }
    if (begin < l->len && (at_end || l->len - begin >= LINES_MAX)) {
        l->data[l->len] = '\0';
        l->on_line(l->data + begin, l->arg);
        begin = l->len;
    }
    l->len -= begin;
    memmove(l->data, l->data + begin, l->len);
}

static void end(struct lines *l)
{
    hand_on(l, true);
    uv_poll_stop(&l->poll);
    close(l->fd);
    l->fd = -1;
    l->on_end(l->arg);
}

/* One read; false when there is nothing more for now. */
static bool read_some(struct lines *l)
{
    ssize_t n = read(l->fd, l->data + l->len, 2 * LINES_MAX - l->len);
    if (n > 0) {
        l->len += (size_t)n;
        hand_on(l, false);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    end(l);
    return false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    read_some(poll->data);
}

void lines_open_fd(struct lines *l, uv_loop_t *loop, int fd,
                   void (*on_line)(const char *line, void *arg), void (*on_end)(void *arg),
                   void *arg)
{
    *l = (struct lines){.fd = fd, .on_line = on_line, .on_end = on_end, .arg = arg};
    l->data = xmalloc(2 * LINES_MAX + 1);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    uv_poll_init(loop, &l->poll, fd);
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

bool lines_open(const struct lines *l)
{
    return l->fd > 0;
}

void lines_finish(struct lines *l)
{
    while (lines_open(l) && read_some(l))
        continue;
    if (lines_open(l))
        end(l);
}

void lines_done(struct lines *l)
{
    if (l->fd > 0)
        close(l->fd);
    free(l->data);
    l->data = NULL;
}
