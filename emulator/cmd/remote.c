/* SPDX-License-Identifier: MIT */
#include "cmd/remote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

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

int remote_start(const char *lab, char *const *argv, json_t *request, const int *fds,
                 size_t fd_count, struct remote *ret, struct error *err)
{
    struct remote remote = {NULL};
    const char *bad_argument = NULL, *bad_variable = NULL;
    json_object_set_new(request, "argv", json_texts(argv, &bad_argument));
    json_object_set_new(request, "env", json_texts(environ, &bad_variable));
    if (bad_variable)
        log_warn("the variable '%s' is not UTF-8, leaving it out", bad_variable);
    int r = bad_argument ? error_input(err, "the argument '%s' is not UTF-8", bad_argument)
                         : client_open_lab(lab, &remote.client, err);
    if (r == 0)
        r = client_request(remote.client, json_incref(request), fds, fd_count, NULL, &remote.exec,
                           err);
    json_decref(request);
    if (r < 0)
        client_close(remote.client);
    else
        *ret = remote;
    return r;
}

int remote_poll_exit(const struct remote *remote, bool *ret_ended, int *ret_status,
                     struct error *err)
{
    bool gone = false;
    *ret_ended = false;
    for (json_t *event; (event = client_event(remote->client, false, &gone));) {
        int status = -1, number = 0;
        json_unpack(event, "{s?i s?i}", "status", &status, "signal", &number);
        bool ours = json_integer_value(json_object_get(event, "exec")) == remote->exec;
        json_decref(event);
        if (!ours)
            continue;
        *ret_ended = true;
        *ret_status = status >= 0 ? status : 128 + number;
        return 0;
    }
    return gone ? error_set(err, EPIPE, "the lab ended while the program ran") : 0;
}

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

int remote_await_exit(const struct remote *remote, struct error *err)
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
