/* SPDX-License-Identifier: MIT */
#include "lab/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

void channel_init(struct channel *c, int fd)
{
    *c = (struct channel){.fd = fd};
}

void channel_done(struct channel *c)
{
    fd_closep(&c->fd);
    for (size_t i = 0; i < c->fd_count; i++)
        close(c->fds[i]);
    free(c->data);
    text_done(&c->unsent);
    *c = (struct channel){.fd = -1};
}

int channel_send(struct channel *c, json_t *object, const int *fds, size_t fd_count)
{
    _cleanup_(freep) char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        return -EINVAL;
    if (c->unsent.len > CHANNEL_LINE_MAX)
        return -EMSGSIZE;
    if (c->unsent.len > 0) { /* behind what waits already */
        text_add(&c->unsent, "%s\n", text);
        return 0;
    }
    size_t size = strlen(text), sent = 0;
    text[size++] = '\n'; /* in place of the NUL */
    while (sent < size) {
        ssize_t n = message_send(c->fd, text + sent, size - sent, fds, sent == 0 ? fd_count : 0);
        if (n == -EAGAIN && !c->patient) {
            text_add(&c->unsent, "%.*s", (int)(size - sent), text + sent);
            return 0;
        }
        if (n == -EAGAIN)
            poll(&(struct pollfd){.fd = c->fd, .events = POLLOUT}, 1, -1);
        else if (n < 0)
            return (int)n;
        else
            sent += (size_t)n;
    }
    return 0;
}

bool channel_pending(const struct channel *c)
{
    return c->unsent.len > 0;
}

int channel_flush(struct channel *c)
{
    while (c->unsent.len > 0) {
        ssize_t n = message_send(c->fd, c->unsent.data, c->unsent.len, NULL, 0);
        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
        c->unsent.len -= (size_t)n;
        memmove(c->unsent.data, c->unsent.data + n, c->unsent.len + 1);
    }
    return 0;
}

int channel_receive(struct channel *c)
{
    if (c->len + 4096 > c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 16384;
        c->data = xrealloc(c->data, c->capacity, 1);
    }
    if (c->len > CHANNEL_LINE_MAX)
        return -EMSGSIZE;
    int fds[MESSAGE_FDS_MAX];
    size_t fd_count = MESSAGE_FDS_MAX;
    ssize_t n = message_receive(c->fd, c->data + c->len, c->capacity - c->len, fds, &fd_count);
    bool too_many = c->fd_count + fd_count > CHANNEL_FDS_MAX;
    for (size_t i = 0; i < fd_count; i++) {
        if (too_many)
            close(fds[i]);
        else
            c->fds[c->fd_count++] = fds[i];
    }
    if (n <= 0)
        return (int)n;
    c->len += (size_t)n;
    return too_many ? -EMSGSIZE : 1;
}

json_t *channel_next(struct channel *c, bool *ret_bad)
{
    *ret_bad = false;
    char *end = c->len ? memchr(c->data, '\n', c->len) : NULL;
    if (!end)
        return NULL;
    size_t line = (size_t)(end - c->data);
    json_t *object = json_loadb(c->data, line, 0, NULL);
    c->len -= line + 1;
    memmove(c->data, end + 1, c->len);
    if (!json_is_object(object)) {
        json_decref(object);
        *ret_bad = true;
        return NULL;
    }
    return object;
}

bool channel_take_fds(struct channel *c, int *fds, size_t count)
{
    if (count > c->fd_count)
        return false;
    memcpy(fds, c->fds, count * sizeof(*fds));
    c->fd_count -= count;
    memmove(c->fds, c->fds + count, c->fd_count * sizeof(*fds));
    return true;
}
