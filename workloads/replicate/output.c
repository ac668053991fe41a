/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

enum {
    FLUSH_SIZE = 32 << 10,
    FLUSH_AGE_MS = 100,
    HEARTBEAT_MS = 10000,
    LINE_MAX_LEN = OUTPUT_BUFFER_SIZE - FLUSH_SIZE,
    STRING_MAX = 2048, /* of an escaped string */
};

static const uint64_t progress_period_ns = NS_PER_SEC / 5;

static void flush(struct output *o)
{
    if (o->len && !o->failure)
        o->failure = fd_write_all(o->fd, o->buffer, o->len);
    o->len = 0;
    uv_timer_stop(&o->timer);
}

static void on_age(uv_timer_t *timer)
{
    flush(timer->data);
}

static void add_line(struct output *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whoever reads knows that this node lives, however long it has to wait for the others. */
static void on_heartbeat(uv_timer_t *timer)
{
    struct output *o = timer->data;
    add_line(o, "{\"progress\":%.4f}\n", o->progress);
}

/* A line of `len` characters now stands at the buffer's end. */
static void take_line(struct output *o, size_t len)
{
    if (!o->len)
        uv_timer_start(&o->timer, on_age, FLUSH_AGE_MS, 0);
    o->len += len;
    if (o->len >= FLUSH_SIZE)
        flush(o);
}

static void add_line(struct output *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(o->buffer + o->len, LINE_MAX_LEN, fmt, ap);
    va_end(ap);
    if (len < 0 || len >= LINE_MAX_LEN) /* cannot happen: STRING_MAX bounds every line */
        return;
    take_line(o, (size_t)len);
}

/* JSON's escapes; what does not fit into `buf` (STRING_MAX) is cut off. */
static const char *escaped(char *buf, const char *text)
{
    char *out = buf;
    for (; *text && out < buf + STRING_MAX - 8; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ')
            out += snprintf(out, 8, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            out += snprintf(out, 8, "\\%c", c);
        else
            *out++ = (char)c;
    }
    *out = '\0';
    return buf;
}

static double at_s(const struct output *o, uint64_t now_ns)
{
    return (double)((int64_t)now_ns - o->zero_ns) / (double)NS_PER_SEC;
}

int output_open(struct output *o, uv_loop_t *loop, const char *path, uint64_t start_ns,
                struct error *err)
{
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)
                  : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return error_errno(err, errno, "cannot open '%s'", path ? path : "standard output");
    *o = (struct output){.fd = fd};
    int64_t since_start_ns = (int64_t)(clock_realtime_ns() - start_ns);
    o->zero_ns = (int64_t)clock_monotonic_ns() - since_start_ns;
    uv_timer_init(loop, &o->timer);
    o->timer.data = o;
    uv_timer_init(loop, &o->heart);
    o->heart.data = o;
    uv_timer_start(&o->heart, on_heartbeat, HEARTBEAT_MS, HEARTBEAT_MS);
    uv_unref((uv_handle_t *)&o->heart);
    return 0;
}

int output_close(struct output *o, struct error *err)
{
    if (o->fd < 0)
        return 0;
    flush(o);
    uv_close((uv_handle_t *)&o->timer, NULL);
    uv_close((uv_handle_t *)&o->heart, NULL);
    close(take_fd(&o->fd));
    return o->failure ? error_errno(err, -o->failure, "cannot write the results") : 0;
}

void output_metric(struct output *o, const char *metric, const char *peer, double value,
                   const char *unit, uint64_t now_ns)
{
    char name[STRING_MAX];
    add_line(o, "{\"metric\":\"%s\"%s%s%s,\"value\":%.9g,\"unit\":\"%s\",\"at\":%.6f}\n", metric,
             peer ? ",\"peer\":\"" : "", peer ? escaped(name, peer) : "", peer ? "\"" : "", value,
             unit, at_s(o, now_ns));
}

/* Seconds; `decimals` is at most 9. */
static char *put_seconds(char *out, int64_t ns, unsigned decimals)
{
    char digits[24];
    uint64_t rest = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    unsigned count = 0;
    for (unsigned i = decimals; i < 9; i++)
        rest /= 10;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0 || count <= decimals);
    if (ns < 0)
        *out++ = '-';
    while (count > 0) {
        *out++ = digits[--count];
        if (count == decimals)
            *out++ = '.';
    }
    return out;
}

/* printf() of floating-point numbers was a tenth of the client's processor time. */
void output_time(struct output *o, const char *metric, const char *peer, int64_t value_ns,
                 uint64_t now_ns)
{
    char name[STRING_MAX], *begin = o->buffer + o->len, *out = begin;
    out = stpcpy(stpcpy(out, "{\"metric\":\""), metric);
    if (peer)
        out = stpcpy(stpcpy(out, "\",\"peer\":\""), escaped(name, peer));
    out = put_seconds(stpcpy(out, "\",\"value\":"), value_ns, 9);
    out = put_seconds(stpcpy(out, ",\"unit\":\"s\",\"at\":"), (int64_t)now_ns - o->zero_ns, 6);
    take_line(o, (size_t)(stpcpy(out, "}\n") - begin));
}

void output_bucket(struct output *o, const char *metric, double value_s, uint64_t count,
                   uint64_t now_ns)
{
    add_line(o, "{\"metric\":\"%s\",\"value\":%.9g,\"unit\":\"s\",\"count\":%llu,\"at\":%.6f}\n",
             metric, value_s, (unsigned long long)count, at_s(o, now_ns));
}

void output_phase(struct output *o, const char *phase)
{
    add_line(o, "{\"phase\":\"%s\",\"at\":%.6f}\n", phase, at_s(o, clock_monotonic_ns()));
    flush(o);
}

void output_error(struct output *o, const char *text)
{
    char buf[STRING_MAX];
    add_line(o, "{\"error\":\"%s\",\"at\":%.6f}\n", escaped(buf, text),
             at_s(o, clock_monotonic_ns()));
    flush(o);
}

void output_progress(struct output *o, double share, uint64_t now_ns)
{
    if (share < 1 && now_ns - o->progress_at_ns < progress_period_ns)
        return;
    o->progress_at_ns = now_ns;
    o->progress = share;
    add_line(o, "{\"progress\":%.4f}\n", share);
}
