/* SPDX-License-Identifier: MIT
 *
 * Reads a pipe on a libuv loop and hands it on line by line.
 */
#ifndef WANLAB_EXPERIMENT_LINES_H
#define WANLAB_EXPERIMENT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum { LINES_MAX = 65536 }; /* a longer line is handed on in pieces */

struct lines {
    uv_poll_t poll;
    int fd; /* 0: never opened; -1: ended */
    char *data;
    size_t len;
    void (*on_line)(const char *line, void *arg);
    void (*on_end)(void *arg);
    void *arg;
}; /* all zero is one that was never opened */

/* Consumes fd and makes it non-blocking. `on_end` is called once when the other side has closed. */
void lines_open_fd(struct lines *l, uv_loop_t *loop, int fd,
                   void (*on_line)(const char *line, void *arg), void (*on_end)(void *arg),
                   void *arg);

bool lines_open(const struct lines *l); /* whether more may come */
void lines_finish(struct lines *l);     /* reads what is there already, and ends */

/* Releases the memory; the loop must have closed the handle before. */
void lines_done(struct lines *l);

#endif
