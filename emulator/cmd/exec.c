/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "command.h"
#include "lab/client.h"
#include "lab/place.h"

extern char **environ;

/* JSON knows only UTF-8. What is not goes into `*ret_bad`, the last one of several. */
static json_t *json_texts(char *const *texts, const char **ret_bad)
{
    json_t *list = json_array();
    for (; *texts; texts++)
        if (json_array_append_new(list, json_string(*texts)) < 0)
            *ret_bad = *texts;
    return list;
}

/* What the user sends to us is meant for the program. */
static void pass_signal_on(struct client *client, int signals, json_int_t exec)
{
    struct signalfd_siginfo info;
    if (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        client_request(
            client,
            json_pack("{s:s s:I s:i}", "do", "signal", "exec", exec, "signal", (int)info.ssi_signo),
            NULL, 0, NULL, NULL, NULL);
}

/* Returns the exit status to end with, as a shell would give it. */
static int await_exit(struct client *client, json_int_t exec, struct error *err)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    _cleanup_(fd_closep) int signals = signalfd(-1, &mask, SFD_CLOEXEC);
    for (;;) {
        bool gone;
        json_t *event = client_event(client, false, &gone);
        if (gone)
            return error_set(err, EPIPE, "the lab ended while the program ran");
        if (event) {
            int status = -1, number = 0;
            json_unpack(event, "{s?i s?i}", "status", &status, "signal", &number);
            bool ours = json_integer_value(json_object_get(event, "exec")) == exec;
            json_decref(event);
            if (ours)
                return status >= 0 ? status : 128 + number;
            continue;
        }
        struct pollfd fds[] = {{.fd = client_fd(client), .events = POLLIN},
                               {.fd = signals, .events = POLLIN}};
        if (poll(fds, 2, -1) > 0 && fds[1].revents)
            pass_signal_on(client, signals, exec);
    }
}

static int run_in_node(const char *lab, const char *node, char **argv, struct error *err)
{
    static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    _cleanup_(freep) char *folder = NULL;
    struct client *client;
    int r = place_of(lab, &folder, err);
    if (r == 0)
        r = client_open(folder, &client, err);
    if (r < 0)
        return r;
    json_int_t exec;
    const char *bad_argument = NULL, *bad_variable = NULL;
    json_t *request = json_pack("{s:s s:s s:o s:o s:i}", "do", "exec", "node", node, "argv",
                                json_texts(argv, &bad_argument), "env",
                                json_texts(environ, &bad_variable), "fds", 3);
    if (bad_variable)
        log_warn("the variable '%s' is not UTF-8, leaving it out", bad_variable);
    if (bad_argument)
        r = error_input(err, "the argument '%s' is not UTF-8", bad_argument);
    else
        r = client_request(client, json_incref(request), fds, 3, NULL, &exec, err);
    json_decref(request);
    if (r == 0)
        r = await_exit(client, exec, err);
    client_close(client);
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
