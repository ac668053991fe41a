/* SPDX-License-Identifier: MIT
 *
 * A program's streams are pipes, or a terminal, whose other ends the loop serves without ever
 * waiting for one. When the program has ended, what it has written is sent on before its end is
 * told; what its descendants write later is read and thrown away, so that they live on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/builtin.h"
#include "base/cleanup.h"
#include "base/mem.h"

enum { DRAIN_MAX = 64 << 10 }; /* of an ended program's stream that somebody still writes to */

struct stream {
    int fd;          /* ours; -1: closed */
    uint32_t credit; /* of the host's for us; not of stream 0 */
    char *waiting;   /* of stream 0: what the program has not taken yet */
    size_t waiting_len;
    bool ending; /* stream 0: to be closed when that is empty */
    size_t drained;
};

struct program {
    struct program *next;
    uint16_t channel;
    pid_t pid;          /* also its process group; 0: reaped */
    bool tty, listened; /* listened: the host wants to hear of it */
    struct frame_exit exit;
    struct stream stream[FRAME_STREAMS];
};

static void send_frame(struct agent *a, const struct program *p, enum frame_type type,
                       unsigned stream, const void *data, size_t size)
{
    if (p->listened)
        agent_send(a, p->channel, type, stream, data, size);
}

/* --- the start --- */

struct ends {
    int ours[FRAME_STREAMS], theirs[FRAME_STREAMS];
};

static void close_ends(int *ends)
{
    for (int i = 0; i < FRAME_STREAMS; i++)
        fd_closep(&ends[i]);
}

static int open_tty(const struct frame_exec *head, struct ends *ends)
{
    struct winsize size = {.ws_row = head->size.rows, .ws_col = head->size.columns};
    ends->ours[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends->ours[0] < 0 || unlockpt(ends->ours[0]) < 0)
        return -errno;
    ends->theirs[0] = ioctl(ends->ours[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ends->ours[1] = fcntl(ends->ours[0], F_DUPFD_CLOEXEC, 3);
    if (ends->theirs[0] < 0 || ends->ours[1] < 0)
        return -errno;
    ioctl(ends->ours[0], TIOCSWINSZ, &size);
    return 0;
}

static int open_ends(const struct frame_exec *head, struct ends *ends)
{
    int r = head->tty ? open_tty(head, ends) : 0;
    for (int i = 0; r == 0 && !head->tty && i < head->fds && i < FRAME_STREAMS; i++) {
        int pair[2];
        if (i == 2 && head->merged)
            continue;
        if (pipe2(pair, O_CLOEXEC) < 0)
            return -errno;
        ends->theirs[i] = pair[i == 0 ? 0 : 1];
        ends->ours[i] = pair[i == 0 ? 1 : 0];
    }
    for (int i = 0; r == 0 && i < FRAME_STREAMS; i++)
        if (ends->ours[i] >= 0)
            fcntl(ends->ours[i], F_SETFL, fcntl(ends->ours[i], F_GETFL) | O_NONBLOCK);
    return r;
}

static void place_ends(const struct frame_exec *head, const struct ends *ends)
{
    int high[FRAME_STREAMS];
    for (int i = 0; i < FRAME_STREAMS; i++)
        high[i] = ends->theirs[i] < 0 ? -1 : fcntl(ends->theirs[i], F_DUPFD_CLOEXEC, 16);
    for (int i = 0; i < FRAME_STREAMS; i++) {
        int from = head->tty && i < 3 ? high[0] : i == 2 && head->merged ? high[1] : high[i];
        if (from >= 0)
            dup2(from, i);
        else
            close(i);
    }
    if (head->tty)
        ioctl(0, TIOCSCTTY, 0);
}

/* In the child; what it returns is the reason why there is no program. */
static int become_program(const struct frame_exec *head, const struct ends *ends, char **argv,
                          char **env, const char *folder, int *report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    *report = fcntl(*report, F_DUPFD_CLOEXEC, 32);
    place_ends(head, ends);
    close_range(FRAME_STREAMS, (unsigned)*report - 1, 0);
    close_range((unsigned)*report + 1, ~0U, 0);
    if (chdir(*folder ? folder : "/") < 0)
        return errno;
    environ = env;
    if (head->builtin) {
        close(*report);
        _exit(builtin_run((int)head->argc, argv));
    }
    execvp(argv[0], argv);
    return errno;
}

static int spawn(const struct frame_exec *head, const struct ends *ends, char **argv, char **env,
                 const char *folder, pid_t *ret)
{
    int pair[2], reason = 0;
    if (pipe2(pair, O_CLOEXEC) < 0)
        return -errno;
    _cleanup_(fd_closep) int reader = pair[0];
    *ret = fork();
    if (*ret == 0) {
        reason = become_program(head, ends, argv, env, folder, &pair[1]);
        ssize_t n = write(pair[1], &reason, sizeof(reason));
        _exit(n > 0 ? 127 : 126);
    }
    close(pair[1]);
    if (*ret < 0)
        return -errno;
    ssize_t n;
    do
        n = read(reader, &reason, sizeof(reason));
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0; /* closed by a successful exec */
    waitpid(*ret, NULL, 0);
    return -reason;
}

/* Takes `count` texts out of the frame into a NULL-terminated array. */
static char **take_texts(const char **at, const char *end, uint32_t count)
{
    char **texts = xcalloc((size_t)count + 1, sizeof(*texts));
    for (uint32_t i = 0; i < count && *at < end; i++) {
        texts[i] = (char *)*at;
        *at += strlen(*at) + 1;
    }
    return texts;
}

static bool has_variable(char *const *env, const char *variable)
{
    size_t len = strcspn(variable, "=");
    for (; *env; env++)
        if (strncmp(*env, variable, len) == 0 && (*env)[len] == '=')
            return true;
    return false;
}

/* What a container's image sets is in our own environment; what the program is given goes before.
 */
static char **add_variables(char **env, size_t count, char *const *ours)
{
    for (; *ours; ours++) {
        if (has_variable(env, *ours))
            continue;
        env = xrealloc(env, count + 2, sizeof(*env));
        env[count++] = *ours;
        env[count] = NULL;
    }
    return env;
}

static void refuse(struct agent *a, uint16_t channel, int reason, const char *what)
{
    int32_t code = reason;
    _cleanup_(freep) char *text = xasprintf("%s: %s", what, strerror(reason));
    _cleanup_(freep) char *data = xmalloc(sizeof(code) + strlen(text) + 1);
    memcpy(data, &code, sizeof(code));
    memcpy(data + sizeof(code), text, strlen(text) + 1);
    agent_send(a, channel, FRAME_REFUSED, 0, data, sizeof(code) + strlen(text) + 1);
}

static void start_program(struct agent *a, const struct frame *f)
{
    struct frame_exec head = {0};
    struct ends ends = {{-1, -1, -1, -1}, {-1, -1, -1, -1}};
    const char *at = f->data + sizeof(head), *end = f->data + f->head.size;
    pid_t pid = 0;
    if (f->head.size < sizeof(head)) {
        refuse(a, f->head.channel, EPROTO, "bad request");
        return;
    }
    memcpy(&head, f->data, sizeof(head));
    if (head.argc == 0 || head.argc + head.envc > f->head.size) {
        refuse(a, f->head.channel, EPROTO, "bad request");
        return;
    }
    _cleanup_(freep) char **argv = take_texts(&at, end, head.argc);
    _cleanup_(freep) char **env = take_texts(&at, end, head.envc);
    const char *folder = at < end ? at : "/";
    if (!a->machine)
        env = add_variables(env, head.envc, environ);
    int r = open_ends(&head, &ends);
    if (r == 0)
        r = spawn(&head, &ends, argv, env, folder, &pid);
    close_ends(ends.theirs);
    if (r < 0) {
        _cleanup_(freep) char *what = xasprintf("cannot run '%s'", argv[0] ? argv[0] : "");
        close_ends(ends.ours);
        refuse(a, f->head.channel, -r, what);
        return;
    }
    struct program *p = xcalloc(1, sizeof(*p));
    *p = (struct program){.next = a->programs,
                          .channel = f->head.channel,
                          .pid = pid,
                          .tty = head.tty,
                          .listened = true};
    for (int i = 0; i < FRAME_STREAMS; i++)
        p->stream[i] = (struct stream){.fd = ends.ours[i], .credit = FRAME_WINDOW};
    a->programs = p;
    send_frame(a, p, FRAME_STARTED, 0, NULL, 0);
}

/* --- the streams --- */

/* To the program: what it takes now. */
static void feed(struct agent *a, struct program *p)
{
    struct stream *s = &p->stream[0];
    while (s->fd >= 0 && s->waiting_len > 0) {
        ssize_t n = write(s->fd, s->waiting, s->waiting_len);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) { /* it reads no more: the rest is nobody's */
            n = (ssize_t)s->waiting_len;
            s->ending = true;
            send_frame(a, p, FRAME_END, 0, NULL, 0);
        }
        uint32_t taken = (uint32_t)n;
        memmove(s->waiting, s->waiting + n, s->waiting_len - (size_t)n);
        s->waiting_len -= (size_t)n;
        send_frame(a, p, FRAME_CREDIT, 0, &taken, sizeof(taken));
    }
    if (s->ending && s->fd >= 0 && s->waiting_len == 0 && !p->tty)
        fd_closep(&s->fd);
}

static void take_data(struct agent *a, struct program *p, const struct frame *f)
{
    struct stream *s = &p->stream[0];
    if (s->fd < 0) {
        send_frame(a, p, FRAME_CREDIT, 0, &f->head.size, sizeof(f->head.size));
        return;
    }
    s->waiting = xrealloc(s->waiting, s->waiting_len + f->head.size + 1, 1);
    memcpy(s->waiting + s->waiting_len, f->data, f->head.size);
    s->waiting_len += f->head.size;
    feed(a, p);
}

/* Of a stream that comes from the program: its writes fail from now on, as into any such pipe. */
static void take_end(struct agent *a, struct program *p, unsigned stream)
{
    if (stream > 0) {
        fd_closep(&p->stream[stream].fd);
        return;
    }
    p->stream[0].ending = true;
    feed(a, p);
}

/* From the program: one piece. False: there is nothing to be had now. */
static bool fetch(struct agent *a, struct program *p, unsigned number)
{
    char data[FRAME_CHUNK];
    struct stream *s = &p->stream[number];
    size_t size = p->listened && s->credit < sizeof(data) ? s->credit : sizeof(data);
    if (s->fd < 0 || size == 0)
        return false;
    ssize_t n = read(s->fd, data, size);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) { /* of a terminal EIO: nobody has it open any more */
        fd_closep(&s->fd);
        send_frame(a, p, FRAME_END, number, NULL, 0);
        return false;
    }
    send_frame(a, p, FRAME_DATA, number, data, (size_t)n);
    s->credit -= p->listened ? (uint32_t)n : 0;
    s->drained += p->pid == 0 ? (size_t)n : 0;
    return true;
}

/* After the end: whether all that the program has written is on its way. */
static bool is_drained(const struct program *p, unsigned number, bool empty)
{
    const struct stream *s = &p->stream[number];
    return s->fd < 0 || (empty && s->credit > 0) || s->drained >= DRAIN_MAX;
}

static void serve(struct agent *a, struct program *p)
{
    bool done = p->pid == 0;
    feed(a, p);
    for (unsigned i = 1; i < FRAME_STREAMS; i++) {
        bool more = fetch(a, p, i);
        for (int pieces = 0; more && pieces < 16; pieces++)
            more = fetch(a, p, i);
        done = done && is_drained(p, i, !more);
    }
    if (!done || !p->listened)
        return;
    agent_send(a, p->channel, FRAME_EXIT, 0, &p->exit, sizeof(p->exit));
    p->listened = false;
}

static bool is_over(const struct program *p)
{
    bool open = false;
    for (unsigned i = 1; i < FRAME_STREAMS; i++)
        open = open || p->stream[i].fd >= 0;
    return p->pid == 0 && !p->listened && (!open || p->tty);
}

static void free_program(struct program *p)
{
    for (unsigned i = 0; i < FRAME_STREAMS; i++)
        fd_closep(&p->stream[i].fd);
    free(p->stream[0].waiting);
    free(p);
}

void program_work(struct agent *a)
{
    for (struct program **link = &a->programs; *link;) {
        struct program *p = *link;
        serve(a, p);
        if (is_over(p)) {
            *link = p->next;
            free_program(p);
        } else {
            link = &p->next;
        }
    }
}

size_t program_count(const struct agent *a)
{
    size_t count = 0;
    for (const struct program *p = a->programs; p; p = p->next)
        count++;
    return count;
}

size_t program_poll(const struct agent *a, struct pollfd *fds, size_t max)
{
    size_t count = 0;
    for (const struct program *p = a->programs; p; p = p->next) {
        for (unsigned i = 0; i < FRAME_STREAMS && count < max; i++) {
            const struct stream *s = &p->stream[i];
            bool wanted = i == 0 ? s->waiting_len > 0 : !p->listened || s->credit > 0;
            if (s->fd >= 0 && wanted)
                fds[count++] = (struct pollfd){.fd = s->fd, .events = i == 0 ? POLLOUT : POLLIN};
        }
    }
    return count;
}

/* --- the host's words and the children's ends --- */

static void release(struct program *p)
{
    if (p->pid > 0)
        kill(-p->pid, SIGKILL);
    p->listened = false;
    fd_closep(&p->stream[0].fd);
}

static void resize(const struct program *p, const struct frame *f)
{
    struct frame_size size;
    if (!p->tty || f->head.size != sizeof(size) || p->stream[0].fd < 0)
        return;
    memcpy(&size, f->data, sizeof(size));
    ioctl(p->stream[0].fd, TIOCSWINSZ,
          &(struct winsize){.ws_row = size.rows, .ws_col = size.columns});
}

static void signal_program(const struct program *p, const struct frame *f)
{
    int32_t number;
    if (f->head.size != sizeof(number) || p->pid == 0)
        return;
    memcpy(&number, f->data, sizeof(number));
    kill(-p->pid, number);
}

static void add_credit(struct program *p, const struct frame *f)
{
    uint32_t credit;
    if (f->head.size != sizeof(credit))
        return;
    memcpy(&credit, f->data, sizeof(credit));
    p->stream[f->head.stream].credit += credit;
}

void program_handle(struct agent *a, const struct frame *f)
{
    struct program *p = a->programs;
    while (p && (p->channel != f->head.channel || !p->listened))
        p = p->next;
    if (!p) {
        if (f->head.type == FRAME_EXEC)
            start_program(a, f);
        return; /* else it crossed the program's end */
    }
    switch (f->head.type) {
    case FRAME_DATA:
        take_data(a, p, f);
        break;
    case FRAME_END:
        take_end(a, p, f->head.stream);
        break;
    case FRAME_CREDIT:
        add_credit(p, f);
        break;
    case FRAME_SIGNAL:
        signal_program(p, f);
        break;
    case FRAME_SIZE:
        resize(p, f);
        break;
    case FRAME_CLOSE:
        release(p);
        break;
    default:
        break;
    }
}

void program_reap(struct agent *a)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct program *p = a->programs;
        while (p && p->pid != pid)
            p = p->next;
        if (!p)
            continue; /* an orphan */
        p->pid = 0;
        p->exit = (struct frame_exit){
            .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
            .status = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        };
    }
}
