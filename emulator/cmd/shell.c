/* SPDX-License-Identifier: MIT
 *
 * A terminal in a node. The program's side of it is in the node; the other side, the master, came
 * with the lab's answer, and what follows passes by the supervisor: this process copies what is
 * typed to the master and what the master says to standard output. Its own terminal is raw
 * meanwhile, so that keys like Ctrl-C are the program's business, and is restored on every way out
 * but kill -9. When this process ends, the master closes and the program is hung up on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cmd/remote.h"
#include "command.h"
#include "lab/place.h"

enum { ROWS = 24, COLUMNS = 80, END_OF_INPUT = 4 /* Ctrl-D */ };

struct shell {
    struct remote remote;
    int master, signals;
    bool input_ended, in_line; /* what was typed last is no line's end */
    char typed[4096];          /* read and not yet taken by the master */
    size_t typed_len;
    bool is_raw;
    struct termios before;
};

static struct winsize window_size(void)
{
    struct winsize size = {0};
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
        size = (struct winsize){.ws_row = ROWS, .ws_col = COLUMNS};
    return size;
}

static sigset_t watched_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGCONT};
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        sigaddset(&mask, numbers[i]);
    return mask;
}

/* A change to a terminal stops the process while others have that terminal. With its signals held
 * back nothing could end it then: it would stop again at each SIGCONT. So it waits with its signals
 * free, in a change of nothing. */
static void wait_for_terminal(const struct termios *now)
{
    const sigset_t watched = watched_signals();
    if (tcgetpgrp(STDIN_FILENO) == getpgrp())
        return;
    sigprocmask(SIG_UNBLOCK, &watched, NULL);
    tcsetattr(STDIN_FILENO, TCSADRAIN, now);
    sigprocmask(SIG_BLOCK, &watched, NULL);
}

static void set_raw(struct shell *s)
{
    struct termios raw;
    if (!s->is_raw && tcgetattr(STDIN_FILENO, &s->before) < 0)
        return; /* no terminal */
    wait_for_terminal(&s->before);
    raw = s->before;
    cfmakeraw(&raw);
    s->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void restore(struct shell *s)
{
    if (s->is_raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
    s->is_raw = false;
}

/* 0, or the number of a signal that is to end this process. */
static int handle_signal(struct shell *s)
{
    struct signalfd_siginfo info;
    if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return 0;
    if (info.ssi_signo != SIGWINCH && info.ssi_signo != SIGCONT)
        return (int)info.ssi_signo;
    if (info.ssi_signo == SIGCONT && s->is_raw)
        set_raw(s); /* whoever had the terminal meanwhile has made it his own */
    struct winsize size = window_size();
    ioctl(s->master, TIOCSWINSZ, &size);
    return 0;
}

/* The end of what is not a terminal is told as a terminal's user would: within a line it takes two
 * keys, of which the first hands over the line as it is. */
static void read_input(struct shell *s)
{
    ssize_t n = read(STDIN_FILENO, s->typed, sizeof(s->typed));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        s->typed_len = (size_t)n;
        s->in_line = s->typed[n - 1] != '\n';
        return;
    }
    s->typed[0] = s->typed[1] = END_OF_INPUT;
    s->typed_len = s->in_line ? 2 : 1;
    s->input_ended = true;
}

static void write_input(struct shell *s)
{
    ssize_t n = write(s->master, s->typed, s->typed_len);
    if (n < 0)
        n = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)s->typed_len; /* nobody reads it */
    s->typed_len -= (size_t)n;
    memmove(s->typed, s->typed + n, s->typed_len);
}

/* False when the program's side has been closed, or there is no more for now. */
static bool copy_output(struct shell *s)
{
    char buffer[16384];
    ssize_t n = read(s->master, buffer, sizeof(buffer));
    return n > 0 && fd_write_all(STDOUT_FILENO, buffer, (size_t)n) == 0;
}

static int relay(struct shell *s, struct error *err)
{
    bool is_open = true;
    for (;;) {
        bool ended;
        int status, r = remote_poll_exit(&s->remote, &ended, &status, err);
        if (r < 0)
            return r;
        if (ended) {
            while (copy_output(s))
                continue;
            return status;
        }
        struct pollfd fds[] = {
            {.fd = client_fd(s->remote.client), .events = POLLIN},
            {.fd = s->signals, .events = POLLIN},
            {.fd = is_open ? s->master : -1, .events = POLLIN | (s->typed_len ? POLLOUT : 0)},
            {.fd = s->input_ended || s->typed_len ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        if (poll(fds, 4, -1) < 0)
            continue;
        int number = fds[1].revents ? handle_signal(s) : 0;
        if (number)
            return 128 + number;
        if (fds[2].revents & POLLOUT)
            write_input(s);
        if (fds[2].revents & (POLLIN | POLLHUP | POLLERR))
            is_open = copy_output(s);
        if (fds[3].revents)
            read_input(s);
    }
}

static int watch_signals(void)
{
    const sigset_t watched = watched_signals();
    sigprocmask(SIG_BLOCK, &watched, NULL);
    return signalfd(-1, &watched, SFD_CLOEXEC);
}

static int run_shell(const char *lab, const char *node, char *const *argv, struct error *err)
{
    struct shell s = {.master = -1};
    struct winsize size = window_size();
    signal(SIGPIPE, SIG_IGN);
    json_t *request = json_pack("{s:s s:s s:i s:i}", "do", "shell", "node", node, "rows",
                                (int)size.ws_row, "columns", (int)size.ws_col);
    int r = remote_start(lab, argv, request, NULL, 0, &s.remote, err);
    if (r < 0)
        return r;
    s.master = client_take_fd(s.remote.client);
    s.signals = watch_signals();
    if (s.master < 0)
        r = error_set(err, EIO, "the lab's answer came without a terminal");
    if (r == 0) {
        fcntl(s.master, F_SETFL, O_NONBLOCK);
        set_raw(&s);
        r = relay(&s, err);
        restore(&s);
    }
    fd_closep(&s.master);
    fd_closep(&s.signals);
    client_close(s.remote.client);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    /* In the node, since only there it can be known which of them there are. */
    static char *const any_shell[] = {
        "/bin/sh", "-c",
        "for s in \"$SHELL\" /bin/bash; do [ -x \"$s\" ] && exec \"$s\"; done; exec /bin/sh", NULL};
    struct error err;
    int first = argc > 3 && strcmp(argv[3], "--") == 0 ? 4 : 3;
    if (argc < 3 || argv[1][0] == '-' || (first == 4 && argc == 4))
        return command_usage(command);
    place_sweep();
    int r = run_shell(argv[1], argv[2], argc > first ? argv + first : any_shell, &err);
    return r < 0 ? command_failed(&err) : (enum exit_status)r;
}

const struct command command_shell = {
    .name = "shell",
    .arguments = "LAB NODE [-- COMMAND [ARGUMENT]…]",
    .summary = "a terminal in a node; the exit status passes through",
    .notes = "Without a command it is $SHELL if the node has it, else /bin/bash or /bin/sh. When "
             "this command is ended the program is hung up on, and killed 2 s later.",
    .run = run,
};
