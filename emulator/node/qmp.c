/* SPDX-License-Identifier: MIT */
#include "node/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

void qmp_open(struct qmp *q, int fd)
{
    static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
    *q = (struct qmp){.fd = fd};
    if (fd < 0)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fd_write_all(fd, hello, sizeof(hello) - 1);
}

/* See the reasons of ShutdownCause in QEMU's reference. */
static const char *in_words(const char *reason)
{
    static const char *const words[][2] = {
        {"guest-shutdown", "its guest switched itself off"},
        {"guest-reset", "its guest's kernel panicked, or its guest rebooted"},
        {"guest-panic", "its guest's kernel panicked"},
        {"host-signal", "its machine was ended by a signal"},
        {"host-error", "its machine failed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(words[i][0], reason) == 0)
            return words[i][1];
    return "its machine went off";
}

static void take_line(struct qmp *q)
{
    const char *event = "", *reason = "";
    json_t *object = json_loads(q->line, 0, NULL);
    json_unpack(object, "{s?s s?{s?s}}", "event", &event, "data", "reason", &reason);
    if (strcmp(event, "SHUTDOWN") == 0)
        snprintf(q->reason, sizeof(q->reason), "%s", in_words(reason));
    json_decref(object);
}

void qmp_read(struct qmp *q)
{
    char data[4096];
    ssize_t n = q->fd < 0 ? 0 : read(q->fd, data, sizeof(data));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        q->fd = -1;
    for (ssize_t i = 0; i < n; i++) {
        if (data[i] == '\n') {
            q->line[q->len] = '\0';
            take_line(q);
            q->len = 0;
        } else if (q->len < sizeof(q->line) - 1) { /* longer ones are none of ours */
            q->line[q->len++] = data[i];
        }
    }
}
