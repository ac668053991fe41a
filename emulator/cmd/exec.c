/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/remote.h"
#include "command.h"
#include "lab/place.h"

/* What the user sends to us is meant for the program. */
static void pass_signal_on(const struct remote *remote, int signals)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        client_request(remote->client,
                       json_pack("{s:s s:I s:i}", "do", "signal", "exec", remote->exec, "signal",
                                 (int)info.ssi_signo),
                       NULL, 0, NULL, NULL, NULL);
}

/* Returns the exit status to end with, as a shell would give it. */
static int await_exit(const struct remote *remote, struct error *err)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    _cleanup_(fd_closep) int signals = signalfd(-1, &mask, SFD_CLOEXEC);
    for (;;) {
        bool ended;
        int status, r = remote_poll_exit(remote, &ended, &status, err);
        if (r < 0 || ended)
            return r < 0 ? r : status;
        struct pollfd fds[] = {{.fd = client_fd(remote->client), .events = POLLIN},
                               {.fd = signals, .events = POLLIN}};
        if (poll(fds, 2, -1) > 0 && fds[1].revents)
            pass_signal_on(remote, signals);
    }
}

static int run_in_node(const char *lab, const char *node, char **argv, struct error *err)
{
    static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    struct remote remote;
    json_t *request = json_pack("{s:s s:s s:i}", "do", "exec", "node", node, "fds", 3);
    int r = remote_start(lab, argv, request, fds, 3, &remote, err);
    if (r < 0)
        return r;
    r = await_exit(&remote, err);
    client_close(remote.client);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return command_help(command);
    int first = argc > 3 && strcmp(argv[3], "--") == 0 ? 4 : 3;
    if (argc <= first || argv[1][0] == '-')
        return command_usage(command);
    place_sweep();
    int r = run_in_node(argv[1], argv[2], argv + first, &err);
    return r < 0 ? command_failed(&err) : (enum exit_status)r;
}

const struct command command_exec = {
    .name = "exec",
    .usage = "LAB NODE -- COMMAND [ARGUMENT]…",
    .summary = "runs a command in a node; its exit status passes through",
    .options =
        "The command gets this one's standard input and outputs and environment; what interrupts\n"
        "this one is passed on to it.\n",
    .run = run,
};
