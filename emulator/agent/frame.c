/* SPDX-License-Identifier: MIT */
#include "agent/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { READ_SIZE = 64 << 10 };

/* Room for `size` bytes behind `*end`; moves the rest to the front first. */
static char *make_room(char *data, size_t *begin, size_t *end, size_t *capacity, size_t size)
{
    if (*begin > 0) {
        memmove(data, data + *begin, *end - *begin);
        *end -= *begin;
        *begin = 0;
    }
    if (*capacity - *end < size) {
        *capacity = 2 * (*end + size);
        data = xrealloc(data, *capacity, 1);
    }
    return data;
}

static void uncover(struct frame_reader *r)
{
    if (r->is_covered)
        r->data[r->begin] = r->covered;
    r->is_covered = false;
}

int frame_read(struct frame_reader *r, int fd)
{
    uncover(r);
    r->data = make_room(r->data, &r->begin, &r->end, &r->capacity, READ_SIZE + 1);
    ssize_t n;
    do
        n = read(fd, r->data + r->end, READ_SIZE);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    r->end += (size_t)n;
    return n > 0;
}

int frame_next(struct frame_reader *r, struct frame *ret)
{
    uncover(r);
    if (r->end - r->begin < sizeof(ret->head))
        return 0;
    memcpy(&ret->head, r->data + r->begin, sizeof(ret->head));
    if (ret->head.size > FRAME_DATA_MAX || ret->head.stream >= FRAME_STREAMS)
        return -EPROTO;
    if (r->end - r->begin < sizeof(ret->head) + ret->head.size)
        return 0;
    ret->data = r->data + r->begin + sizeof(ret->head);
    r->begin += sizeof(ret->head) + ret->head.size;
    r->covered = r->data[r->begin];
    r->is_covered = true;
    r->data[r->begin] = '\0';
    return 1;
}

void frame_reader_done(struct frame_reader *r)
{
    free(r->data);
    *r = (struct frame_reader){0};
}

void frame_put(struct frame_writer *w, uint16_t channel, enum frame_type type, unsigned stream,
               const void *data, size_t size)
{
    const struct frame_head head = {
        .size = (uint32_t)size,
        .type = (uint8_t)type,
        .stream = (uint8_t)stream,
        .channel = channel,
    };
    w->data = make_room(w->data, &w->begin, &w->end, &w->capacity, sizeof(head) + size);
    memcpy(w->data + w->end, &head, sizeof(head));
    if (size > 0)
        memcpy(w->data + w->end + sizeof(head), data, size);
    w->end += sizeof(head) + size;
}

bool frame_pending(const struct frame_writer *w)
{
    return w->end > w->begin;
}

int frame_flush_some(struct frame_writer *w, int fd, size_t *room)
{
    while (frame_pending(w) && *room > 0) {
        size_t size = w->end - w->begin;
        ssize_t n = write(fd, w->data + w->begin, size < *room ? size : *room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        w->begin += (size_t)n;
        *room -= (size_t)n;
    }
    return frame_pending(w) ? -EAGAIN : 0;
}

int frame_flush(struct frame_writer *w, int fd)
{
    size_t room = SIZE_MAX;
    return frame_flush_some(w, fd, &room);
}

int frame_flush_all(struct frame_writer *w, int fd)
{
    int r;
    while ((r = frame_flush(w, fd)) == -EAGAIN)
        poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
    return r;
}

void frame_writer_done(struct frame_writer *w)
{
    free(w->data);
    *w = (struct frame_writer){0};
}
