/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "cmd/remote.h"
#include "command.h"
#include "lab/place.h"

static int run_in_node(const char *lab, const char *node, char **argv, struct error *err)
{
    static const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    struct remote remote;
    json_t *request = json_pack("{s:s s:s s:i}", "do", "exec", "node", node, "fds", 3);
    int r = remote_start(lab, argv, request, fds, 3, &remote, err);
    if (r < 0)
        return r;
    r = remote_await_exit(&remote, err);
    client_close(remote.client);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    int first = argc > 3 && strcmp(argv[3], "--") == 0 ? 4 : 3;
    if (argc <= first || argv[1][0] == '-')
        return command_usage(command);
    place_sweep();
    int r = run_in_node(argv[1], argv[2], argv + first, &err);
    return r < 0 ? command_failed(&err) : (enum exit_status)r;
}

const struct command command_exec = {
    .name = "exec",
    .arguments = "LAB NODE -- COMMAND [ARGUMENT]…",
    .summary = "runs a command in a node; its exit status passes through",
    .notes = "The command gets this one's standard input and outputs and environment; what "
             "interrupts this one is passed on to it.",
    .run = run,
};
