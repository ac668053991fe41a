/* SPDX-License-Identifier: MIT */
#include "node/machine_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "agent/frame.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/message.h"
#include "node/child.h"

enum { AFTERLIFE_MS = 300 };

struct relay {
    int channel, report, signals;
    int fds[FRAME_STREAMS]; /* of the caller; -1: none, or ended */
    bool tty, incomplete;   /* incomplete: output was lost */
    uint32_t credit;        /* ours for stream 0 */
    struct frame_reader in;
    struct frame_writer out;
};

static void put(struct relay *r, enum frame_type type, unsigned stream, const void *data,
                size_t size)
{
    frame_put(&r->out, 0, type, stream, data, size);
}

static void send_all(struct relay *r)
{
    if (frame_flush_all(&r->out, r->channel) < 0)
        _exit(1); /* the node has ended */
}

/* --- the start --- */

/* Whether two descriptors are one file, so that what goes to them has an order. */
static bool is_same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
           x.st_rdev == y.st_rdev;
}

static struct frame_size terminal_size(int fd)
{
    struct winsize size = {0};
    ioctl(fd, TIOCGWINSZ, &size);
    return (struct frame_size){.rows = size.ws_row, .columns = size.ws_col};
}

static uint32_t add_texts(char **data, size_t *len, char *const *texts)
{
    uint32_t count = 0;
    for (; texts && texts[count]; count++) {
        size_t size = strlen(texts[count]) + 1;
        *data = xrealloc(*data, *len + size, 1);
        memcpy(*data + *len, texts[count], size);
        *len += size;
    }
    return count;
}

static _Noreturn void refuse(struct relay *r, const struct child_answer *answer)
{
    message_send(r->report, answer, sizeof(*answer), NULL, 0);
    _exit(127);
}

static void ask(struct relay *r, const struct node_exec *e)
{
    struct child_answer answer = {0};
    size_t len = sizeof(struct frame_exec);
    _cleanup_(freep) char *data = xcalloc(1, len);
    char *folder[] = {(char *)(e->folder ? e->folder : "/"), NULL};
    struct frame_exec head = {
        .fds = (uint8_t)e->fd_count,
        .merged = e->fd_count > 2 && is_same_file(r->fds[1], r->fds[2]),
        .builtin = e->builtin,
        .tty = e->tty,
    };
    if (e->tty)
        head.size = terminal_size(r->fds[0]);
    head.argc = add_texts(&data, &len, e->argv);
    head.envc = add_texts(&data, &len, e->env);
    add_texts(&data, &len, folder);
    memcpy(data, &head, sizeof(head));
    if (len > FRAME_DATA_MAX) {
        answer.result = error_set(&answer.err, E2BIG,
                                  "the arguments and variables have %zu bytes, expected at most %d",
                                  len, FRAME_DATA_MAX);
        refuse(r, &answer);
    }
    put(r, FRAME_EXEC, 0, data, len);
    send_all(r);
}

static void tell_started(struct relay *r)
{
    struct child_answer answer = {.pid = getpid()};
    message_send(r->report, &answer, sizeof(answer), NULL, 0);
    fd_closep(&r->report);
}

static _Noreturn void tell_refused(struct relay *r, const struct frame *f)
{
    struct child_answer answer = {0};
    int32_t reason = EIO;
    memcpy(&reason, f->data, f->head.size < sizeof(reason) ? 0 : sizeof(reason));
    const char *text = f->head.size > sizeof(reason) ? f->data + sizeof(reason) : "it was refused";
    answer.result = error_set(&answer.err, reason > 0 ? reason : EIO, "%s", text);
    refuse(r, &answer);
}

/* --- the streams --- */

static void pass_input(struct relay *r)
{
    char data[FRAME_CHUNK];
    size_t size = r->credit < sizeof(data) ? r->credit : sizeof(data);
    ssize_t n = read(r->fds[0], data, size);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        put(r, FRAME_DATA, 0, data, (size_t)n);
        r->credit -= (uint32_t)n;
        return;
    }
    const int32_t hangup = SIGHUP;
    put(r, FRAME_END, 0, NULL, 0);
    if (r->tty) /* the terminal's other end has gone */
        put(r, FRAME_SIGNAL, 0, &hangup, sizeof(hangup));
    r->fds[0] = -1;
}

/* The caller's file may be slow, and may be one that does not block: then only this program waits.
 */
static int write_out(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno != EINTR)
            return -errno;
        data += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* The program's next write fails. It may have made its last one already: that something is missing
 * where nobody has closed it is for us to say. */
static void lose_output(struct relay *r, unsigned stream, int reason)
{
    fd_closep(&r->fds[stream]);
    put(r, FRAME_END, stream, NULL, 0);
    if (reason == EPIPE)
        return;
    r->incomplete = true;
    if (r->fds[STDERR_FILENO] >= 0)
        dprintf(r->fds[STDERR_FILENO], "wanlab: cannot write its output: %s\n", strerror(reason));
}

static void pass_output(struct relay *r, const struct frame *f)
{
    if (f->head.stream == 0)
        return;
    int fd = r->fds[r->tty ? 0 : f->head.stream];
    int result = fd >= 0 ? write_out(fd, f->data, f->head.size) : 0;
    if (result < 0 && !r->tty)
        lose_output(r, f->head.stream, -result);
    put(r, FRAME_CREDIT, f->head.stream, &f->head.size, sizeof(f->head.size));
}

static _Noreturn void end_likewise(const struct relay *r, const struct frame *f)
{
    struct frame_exit e = {.status = 1};
    memcpy(&e, f->data, f->head.size < sizeof(e) ? 0 : sizeof(e));
    if (e.signal && e.signal != SIGSTOP) { /* which is no end */
        sigset_t none;
        sigemptyset(&none);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(e.signal, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        raise(e.signal);
        _exit(128 + e.signal);
    }
    _exit(e.status == 0 && r->incomplete ? 1 : e.status);
}

static void handle(struct relay *r, const struct frame *f)
{
    switch (f->head.type) {
    case FRAME_STARTED:
        tell_started(r);
        break;
    case FRAME_REFUSED:
        tell_refused(r, f);
    case FRAME_DATA:
        pass_output(r, f);
        break;
    case FRAME_END:
        fd_closep(&r->fds[f->head.stream]);
        break;
    case FRAME_CREDIT:
        if (f->head.size == sizeof(uint32_t)) {
            uint32_t credit;
            memcpy(&credit, f->data, sizeof(credit));
            r->credit += credit;
        }
        break;
    case FRAME_EXIT:
        end_likewise(r, f);
    default:
        break;
    }
}

static void receive(struct relay *r)
{
    struct frame f;
    int n = frame_read(&r->in, r->channel);
    if (n == -EAGAIN)
        return;
    if (n <= 0) { /* the node has ended, which is to be told before its programs' ends are */
        poll(NULL, 0, AFTERLIFE_MS);
        raise(SIGKILL);
    }
    while (frame_next(&r->in, &f) > 0)
        handle(r, &f);
}

static void pass_signal(struct relay *r)
{
    struct signalfd_siginfo info;
    if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH) {
        const struct frame_size size = terminal_size(r->fds[0]);
        put(r, FRAME_SIZE, 0, &size, sizeof(size));
        return;
    }
    const int32_t number = (int32_t)info.ssi_signo;
    put(r, FRAME_SIGNAL, 0, &number, sizeof(number));
}

static void step(struct relay *r)
{
    bool wants_input = r->fds[0] >= 0 && r->credit > 0;
    struct pollfd fds[] = {
        {.fd = r->channel, .events = POLLIN},
        {.fd = r->signals, .events = POLLIN},
        {.fd = wants_input ? r->fds[0] : -1, .events = POLLIN},
    };
    if (poll(fds, ARRAY_LEN(fds), -1) < 0)
        return;
    if (fds[0].revents)
        receive(r);
    if (fds[1].revents)
        pass_signal(r);
    if (fds[2].revents && r->fds[0] >= 0)
        pass_input(r);
    send_all(r);
}

/* A terminal of the host's whose other end the client holds; only what it does with it counts. */
static void take_terminal(int fd)
{
    struct termios t;
    ioctl(fd, TIOCSCTTY, 0);
    if (tcgetattr(fd, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(fd, TCSANOW, &t);
    }
}

void relay_run(const struct node_exec *e, int channel, int report)
{
    struct relay r = {.credit = FRAME_WINDOW, .tty = e->tty};
    sigset_t mask;
    int kept[2 + FRAME_STREAMS];
    prctl(PR_SET_NAME, "wanlab-relay");
    signal(SIGPIPE, SIG_IGN);
    setsid();
    sigfillset(&mask);
    sigdelset(&mask, SIGPIPE); /* a blocked signal comes even if it is ignored */
    sigprocmask(SIG_SETMASK, &mask, NULL);
    r.signals = signalfd(-1, &mask, SFD_CLOEXEC);
    r.channel = fcntl(channel, F_DUPFD_CLOEXEC, 3);
    r.report = fcntl(report, F_DUPFD_CLOEXEC, 3);
    for (size_t i = 0; i < FRAME_STREAMS; i++)
        r.fds[i] = i < e->fd_count ? fcntl(e->fds[i], F_DUPFD_CLOEXEC, 3) : -1;
    if (e->tty)
        take_terminal(r.fds[0]);
    kept[0] = r.channel;
    kept[1] = r.report;
    memcpy(kept + 2, r.fds, sizeof(r.fds));
    int all[] = {kept[0], kept[1], kept[2], kept[3], kept[4], kept[5], r.signals};
    fd_close_others(all, ARRAY_LEN(all));
    fcntl(r.channel, F_SETFL, O_NONBLOCK);
    ask(&r, e);
    for (;;)
        step(&r);
}
