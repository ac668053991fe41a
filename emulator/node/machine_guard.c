/* SPDX-License-Identifier: MIT */
#include "node/machine_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/units.h"
#include "node/child.h"
#include "node/machine_program.h"
#include "node/qmp.h"

enum {
    POLL_FIXED = 5, /* line, control, children, QMP, what is said of a line that does not come */
    CLOCK_SAMPLES = 8,
    FORGET = 8, /* of the best sample's round trip, with each that is worse */
    PING_MS = 1000,
    NUDGE_MS = 100,
    HELPER_MS = 500, /* that the machine may live on without a helper: both end, in any order */
    CHANNEL_MAX = 4 << 20, /* bytes that wait for a program's relay: more than all credit allows */
};

struct channel {
    struct channel *next;
    uint16_t number;
    int fd; /* to the program's relay, or to the supervisor itself */
    struct frame_reader in;
    struct frame_writer out;
    bool over; /* the guest has told the end */
};

struct guard {
    const struct guard_options *o;
    int line, children;
    int listener, starter; /* of a line that is still to come; see struct machine_launch */
    int network;           /* that the line brought */
    struct qmp qmp;
    pid_t machine, helpers[MACHINE_HELPERS_MAX];
    uint64_t helper_ended_ns; /* monotonic; 0: all live */
    struct frame_reader in;
    struct frame_writer out;
    size_t room; /* bytes that the line may still take */
    struct channel *channels;
    uint16_t last_number;
    enum { AWAIT_HELLO, SET_CLOCK, AWAIT_READY, UP } state;
    bool paused;
    unsigned samples;
    uint64_t best_rtt_ns;
    int64_t best_offset_ns;
    uint64_t next_ping_ns, next_nudge_ns, heard_ns; /* monotonic */
};

/* --- the end --- */

static void answer(struct guard *g, const struct machine_answer *a)
{
    message_send(g->o->control, a, sizeof(*a), &g->network, g->network >= 0 ? 1 : 0);
}

/* Ends the node; the kernel ends the rest. */
static _Noreturn void give_up(struct guard *g, const char *why)
{
    snprintf(g->o->facts->why, sizeof(g->o->facts->why), "%s", why);
    if (g->state != UP) {
        struct machine_answer a = {0};
        a.result = error_set(&a.err, EIO, "%s", why);
        answer(g, &a);
    }
    _exit(1);
}

/* --- the machine --- */

/* Its console goes to the boot log, and so does what its programs complain of. */
static int take_output(int log, struct error *err)
{
    _cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0)
        return error_errno(err, errno, "cannot open '/dev/null'");
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    return 0;
}

static int start_machine(struct guard *g, struct error *err)
{
    const struct machine_launch *l = g->o->launch;
    int pair[2];
    int r = take_output(g->o->console, err);
    if (r == 0 && l->listens) {
        g->listener = l->fds[0];
        g->starter = l->fds[1];
        return 0;
    }
    if (r == 0)
        r = machine_program_sandbox(g->o->spec, l, err);
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    _cleanup_(fd_closep) int far_end = pair[1];
    g->line = pair[0];
    fcntl(g->line, F_SETFL, O_NONBLOCK);
    for (size_t i = 0; i < l->helper_count; i++) {
        g->helpers[i] = machine_program_spawn(l->helpers[i], l, far_end);
        if (g->helpers[i] < 0)
            return error_errno(err, errno, "cannot fork");
    }
    g->machine = machine_program_spawn(l->argv, l, far_end);
    return g->machine < 0 ? error_errno(err, errno, "cannot fork") : 0;
}

/* The only one that can come: nothing but the agent runs yet where the socket is seen. */
static void take_line(struct guard *g)
{
    g->line = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (g->line >= 0)
        fd_closep(&g->listener);
}

/* What comes before the first frame; false: not yet there. */
static bool take_network(struct guard *g)
{
    char byte;
    size_t count = 1;
    ssize_t n = message_receive(g->line, &byte, 1, &g->network, &count);
    if (n == -EAGAIN)
        return false;
    if (n != 1 || count != 1)
        give_up(g, "its guest brings no network");
    return true;
}

/* One that could be started is heard of by its line. */
static void take_start(struct guard *g)
{
    struct child_answer a;
    size_t no_fds = 0;
    ssize_t n = message_receive(g->starter, &a, sizeof(a), NULL, &no_fds);
    fd_closep(&g->starter);
    if (n == (ssize_t)sizeof(a) && a.result < 0)
        give_up(g, a.err.text);
    if (n != (ssize_t)sizeof(a) && g->state != UP)
        give_up(g, "who was to start it has died");
}

/* A machine lives as long as all of its helpers: the guest would hang at the next thing that it
 * needs of the one that is missing. */
static void helper_ended(struct guard *g, pid_t pid)
{
    for (size_t i = 0; i < g->o->launch->helper_count; i++)
        if (g->helpers[i] == pid && !g->helper_ended_ns)
            g->helper_ended_ns = clock_monotonic_ns();
}

static void reap(struct guard *g)
{
    struct signalfd_siginfo info;
    int status;
    while (read(g->children, &info, sizeof(info)) > 0)
        continue;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        char why[128];
        if (pid != g->machine) {
            helper_ended(g, pid);
            continue;
        }
        qmp_read(&g->qmp); /* its last words */
        if (*g->qmp.reason && g->state == UP)
            snprintf(why, sizeof(why), "%s", g->qmp.reason);
        else if (WIFSIGNALED(status))
            snprintf(why, sizeof(why), "its machine was killed by signal %d", WTERMSIG(status));
        else if (g->state != UP)
            snprintf(why, sizeof(why), "its machine ended before it was up, with status %d",
                     WEXITSTATUS(status));
        else
            snprintf(why, sizeof(why), "its machine went off, with status %d", WEXITSTATUS(status));
        give_up(g, why);
    }
}

/* --- the guest as such --- */

static void heard(struct guard *g)
{
    g->o->facts->heard_ns = g->heard_ns = clock_monotonic_ns();
}

static void ping(struct guard *g)
{
    const struct frame_ping p = {.host_ns = clock_realtime_ns()};
    frame_put(&g->out, 0, FRAME_PING, 0, &p, sizeof(p));
    g->next_ping_ns = clock_monotonic_ns() + PING_MS * NS_PER_MS;
}

static void send_setup(struct guard *g)
{
    const struct machine_launch *l = g->o->launch;
    frame_put(&g->out, 0, FRAME_SETUP, 0, l->setup, l->setup_size);
    g->state = AWAIT_READY;
}

static void on_hello(struct guard *g, const struct frame *f)
{
    const size_t greeting = sizeof(FRAME_GREETING);
    if (f->head.size < greeting || memcmp(f->data, FRAME_GREETING, greeting) != 0)
        give_up(g, "its guest speaks another language");
    snprintf(g->o->facts->release, sizeof(g->o->facts->release), "%s", f->data + greeting);
    g->best_rtt_ns = UINT64_MAX;
    g->state = SET_CLOCK;
    ping(g);
}

/* The sample with the shortest round trip knows best how far apart the clocks are. */
static void set_clock(struct guard *g)
{
    if (++g->samples < CLOCK_SAMPLES) {
        ping(g);
        return;
    }
    const struct frame_clock clock = {.step_ns = -g->best_offset_ns};
    g->best_rtt_ns = UINT64_MAX; /* the clock will be another */
    if (g->o->launch->sets_clock)
        frame_put(&g->out, 0, FRAME_CLOCK, 0, &clock, sizeof(clock));
    send_setup(g);
}

static void on_pong(struct guard *g, const struct frame *f)
{
    struct frame_pong p;
    struct machine_facts *facts = g->o->facts;
    if (f->head.size != sizeof(p))
        return;
    memcpy(&p, f->data, sizeof(p));
    uint64_t rtt_ns = clock_realtime_ns() - p.host_ns;
    int64_t offset_ns = (int64_t)(p.realtime_ns - p.host_ns - rtt_ns / 2);
    if (rtt_ns <= g->best_rtt_ns) {
        g->best_rtt_ns = rtt_ns;
        g->best_offset_ns = offset_ns;
    } else if (g->state == UP) {
        g->best_rtt_ns += g->best_rtt_ns / FORGET; /* clocks drift: no sample is good for ever */
    }
    facts->memory_total = p.memory_total;
    facts->memory_available = p.memory_available;
    facts->disk_used = p.disk_used;
    facts->clock_offset_ns = g->state == UP ? g->best_offset_ns : 0;
    heard(g);
    if (g->state == SET_CLOCK)
        set_clock(g);
}

/* What was known of the clock is past; those who wait for this are told last. */
static void on_clock(struct guard *g, const struct frame *f)
{
    struct machine_facts *facts = g->o->facts;
    int32_t result;
    memcpy(&result, f->data, sizeof(result));
    g->best_rtt_ns = UINT64_MAX;
    ping(g);
    facts->clock_errno = result;
    facts->clocks_set++;
}

static void on_ready(struct guard *g, const struct frame *f)
{
    struct machine_answer a = {0};
    heard(g); /* no ping was sent meanwhile, however long the setup took */
    memcpy(a.indices, f->data, f->head.size < sizeof(a.indices) ? f->head.size : sizeof(a.indices));
    g->state = UP;
    answer(g, &a);
}

static void handle_guest(struct guard *g, const struct frame *f)
{
    uint32_t taken;
    if (f->head.type == FRAME_TAKEN && f->head.size == sizeof(taken)) {
        memcpy(&taken, f->data, sizeof(taken));
        g->room += g->o->launch->line_window ? taken : 0;
    } else if (f->head.type == FRAME_PONG)
        on_pong(g, f);
    else if (f->head.type == FRAME_CLOCK && f->head.size == sizeof(int32_t) && g->state == UP)
        on_clock(g, f);
    else if (f->head.type == FRAME_PAUSE && f->head.size == 1)
        g->o->facts->paused = f->data[0];
    else if (f->head.type == FRAME_HELLO && g->state == AWAIT_HELLO)
        on_hello(g, f);
    else if (f->head.type == FRAME_READY && g->state == AWAIT_READY)
        on_ready(g, f);
    else if (f->head.type == FRAME_FAILED && g->state == AWAIT_READY)
        give_up(g, f->data);
}

/* --- channels --- */

static struct channel *find_channel(struct guard *g, uint16_t number)
{
    struct channel *c = g->channels;
    while (c && c->number != number)
        c = c->next;
    return c;
}

static void attach(struct guard *g, int fd)
{
    struct channel *c = xcalloc(1, sizeof(*c));
    do
        g->last_number++;
    while (g->last_number == 0 || find_channel(g, g->last_number));
    c->number = g->last_number;
    c->fd = fd;
    c->next = g->channels;
    g->channels = c;
    fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void detach(struct guard *g, struct channel *c)
{
    struct channel **link = &g->channels;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    if (!c->over)
        frame_put(&g->out, c->number, FRAME_CLOSE, 0, NULL, 0);
    frame_reader_done(&c->in);
    frame_writer_done(&c->out);
    close(c->fd);
    free(c);
}

/* From a channel to the guest. */
static void forward(struct guard *g, struct channel *c)
{
    struct frame f;
    int r = frame_read(&c->in, c->fd);
    if (r == -EAGAIN)
        return;
    bool open = r > 0;
    while (open && (r = frame_next(&c->in, &f)) > 0)
        frame_put(&g->out, c->number, f.head.type, f.head.stream, f.data, f.head.size);
    if (!open || r < 0) /* half a frame that is left is nobody's */
        detach(g, c);
}

static void receive(struct guard *g)
{
    struct frame f;
    if (g->o->launch->listens && g->network < 0 && !take_network(g))
        return;
    int r = frame_read(&g->in, g->line);
    if (r == -EAGAIN)
        return;
    if (r <= 0 && g->o->launch->listens)
        give_up(g, g->state == UP ? "its guest ended" : "its guest ended before it was up");
    if (r <= 0) { /* the machine is ending: reap() says how */
        fd_closep(&g->line);
        return;
    }
    while ((r = frame_next(&g->in, &f)) > 0) {
        struct channel *c = f.head.channel ? find_channel(g, f.head.channel) : NULL;
        if (f.head.channel == 0)
            handle_guest(g, &f);
        if (!c)
            continue;
        c->over = c->over || f.head.type == FRAME_EXIT || f.head.type == FRAME_REFUSED;
        frame_put(&c->out, 0, f.head.type, f.head.stream, f.data, f.head.size);
        if (c->out.end - c->out.begin > CHANNEL_MAX)
            give_up(g, "its guest sends more than it may");
    }
    if (r < 0)
        give_up(g, "its guest sends what is no frame");
}

/* --- the loop --- */

static void set_paused(struct guard *g, bool paused)
{
    const char byte = (char)paused;
    if (g->o->launch->listens) { /* the guest itself goes on, and tells when it is done */
        frame_put(&g->out, 0, FRAME_PAUSE, 0, &byte, 1);
        return;
    }
    pid_t target = g->o->launch->one_process ? g->machine : -g->machine;
    kill(target, paused ? SIGSTOP : SIGCONT);
    heard(g);
    g->paused = g->o->facts->paused = paused;
}

static void take_command(struct guard *g)
{
    char message[1 + sizeof(struct frame_clock)];
    int fd = -1;
    size_t fd_count = 1;
    ssize_t n = message_receive(g->o->control, message, sizeof(message), &fd, &fd_count);
    if (n == 0)
        _exit(0); /* the supervisor has gone */
    if (n < 1)
        return;
    const char command = *message;
    if (command == MACHINE_ATTACH && fd_count == 1)
        attach(g, fd);
    else if (command == MACHINE_POWER_OFF)
        frame_put(&g->out, 0, FRAME_POWER_OFF, 0, NULL, 0);
    else if (command == MACHINE_CLOCK && n == (ssize_t)sizeof(message))
        frame_put(&g->out, 0, FRAME_CLOCK, 0, message + 1, sizeof(struct frame_clock));
    else if (command == MACHINE_PAUSE || command == MACHINE_RESUME)
        set_paused(g, command == MACHINE_PAUSE);
}

/* An interrupt for nothing costs a guest some microseconds, one that is lost all of its timers. */
static void nudge(struct guard *g, uint64_t now_ns)
{
    g->next_nudge_ns = now_ns + NUDGE_MS * NS_PER_MS;
    kill(g->machine, g->o->launch->timer_signal);
}

static void keep_time(struct guard *g)
{
    uint64_t now = clock_monotonic_ns();
    if (g->helper_ended_ns && now > g->helper_ended_ns + HELPER_MS * NS_PER_MS)
        give_up(g, "a helper of its machine ended");
    if (g->state != UP || g->paused)
        return;
    if (now > g->heard_ns + g->o->spec->answer_timeout_ns) {
        char text[UNITS_TEXT_MAX], why[128];
        snprintf(why, sizeof(why), "its guest has not answered for %s",
                 units_format_time(text, g->o->spec->answer_timeout_ns));
        give_up(g, why);
    }
    if (now >= g->next_ping_ns)
        ping(g);
    if (g->o->launch->timer_signal && now >= g->next_nudge_ns)
        nudge(g, now);
}

static void serve_channels(struct guard *g, const struct pollfd *fds)
{
    struct channel *next;
    for (struct channel *c = g->channels; c; c = next, fds++) {
        next = c->next;
        if (fds->revents & ~POLLOUT)
            forward(g, c);
    }
    for (struct channel *c = g->channels; c; c = next) {
        next = c->next;
        int r = frame_flush(&c->out, c->fd);
        if (r < 0 && r != -EAGAIN)
            detach(g, c);
    }
}

static short wanted(const struct frame_writer *w)
{
    return (short)(POLLIN | (frame_pending(w) ? POLLOUT : 0));
}

static void step(struct guard *g)
{
    size_t count = POLL_FIXED;
    for (const struct channel *c = g->channels; c; c = c->next)
        count++;
    _cleanup_(freep) struct pollfd *fds = xcalloc(count, sizeof(*fds));
    fds[0] = (struct pollfd){.fd = g->line, .events = g->room ? wanted(&g->out) : POLLIN};
    if (g->listener >= 0)
        fds[0] = (struct pollfd){.fd = g->listener, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = g->o->control, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = g->children, .events = POLLIN};
    fds[3] = (struct pollfd){.fd = g->qmp.fd, .events = POLLIN};
    fds[4] = (struct pollfd){.fd = g->starter, .events = POLLIN};
    struct pollfd *next = fds + POLL_FIXED;
    for (const struct channel *c = g->channels; c; c = c->next)
        *next++ = (struct pollfd){.fd = c->fd, .events = wanted(&c->out)};
    if (poll(fds, count, g->o->launch->timer_signal ? NUDGE_MS : PING_MS) < 0)
        return;
    if (fds[3].revents)
        qmp_read(&g->qmp);
    if (fds[2].revents)
        reap(g);
    if (fds[4].revents)
        take_start(g);
    if (fds[0].revents & POLLHUP)
        fds[0].revents |= POLLIN;
    if (fds[0].revents & POLLIN && g->listener >= 0)
        take_line(g);
    else if (fds[0].revents & POLLIN)
        receive(g);
    serve_channels(g, fds + POLL_FIXED);
    if (fds[1].revents)
        take_command(g); /* after the channels, whose number it may change */
    keep_time(g);
    frame_flush_some(&g->out, g->line, &g->room);
}

void guard_run(const struct guard_options *o)
{
    struct guard g = {
        .o = o, .line = -1, .listener = -1, .starter = -1, .network = -1, .state = AWAIT_HELLO};
    struct machine_answer failed = {0};
    sigset_t mask;
    prctl(PR_SET_NAME, "wanlab-machine");
    qmp_open(&g.qmp, o->launch->qmp);
    g.room = o->launch->line_window ? o->launch->line_window : SIZE_MAX / 2;
    sigfillset(&mask);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    g.children = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    cgroup_join(o->cgroup);
    failed.result = start_machine(&g, &failed.err);
    if (failed.result < 0) {
        answer(&g, &failed);
        _exit(1);
    }
    for (;;)
        step(&g);
}
