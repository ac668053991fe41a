/* SPDX-License-Identifier: MIT
 *
 * The engine as its caller sees it: it forks the process, hears from it that it runs, and ends it.
 * The process needs no command to end: its socket's other end closes when the caller dies. Beside
 * the process the caller keeps the TAPs, for their offloads.
 */
#include "wire/delayline/delayline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/message.h"
#include "wire/delayline/child.h"
#include "wire/delayline/taps.h"

struct engine_run {
    pid_t pid;
    int pidfd;
    int control;
    struct delayline_stats *stats; /* shared with the process */
    size_t stats_size;
    struct taps taps;
    struct exchange exchange;
};

enum { ANSWER_TIMEOUT_S = 10 };

static int probe(struct error *err)
{
    _cleanup_(fd_closep) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return error_machine(err, errno,
                             "the engine 'delayline' cannot open '/dev/net/tun': %s (load the "
                             "module 'tun', or make the device readable and writable)",
                             strerror(errno));
    struct epoll_event event;
    const struct timespec at_once = {0};
    _cleanup_(fd_closep) int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_pwait2(epoll, &event, 1, &at_once, NULL) < 0 && errno == ENOSYS)
        return error_machine(err, ENOSYS,
                             "the engine 'delayline' needs epoll_pwait2() (Linux 5.11 or "
                             "later)");
    return 0;
}

static void stop(struct engine_run *run)
{
    if (!run)
        return;
    if (run->pid > 0) {
        kill(run->pid, SIGKILL); /* not reaped yet, so nobody else can have its number */
        while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    fd_closep(&run->pidfd);
    fd_closep(&run->control);
    if (run->stats)
        munmap(run->stats, run->stats_size);
    taps_done(&run->taps);
    exchange_done(&run->exchange);
    free(run);
}
DEFINE_CLEANUP(struct engine_run *, stop);

static int share_stats(struct engine_run *run, size_t wire_count, struct error *err)
{
    run->stats_size = sizeof(*run->stats) + wire_count * sizeof(run->stats->wire[0]);
    void *stats =
        mmap(NULL, run->stats_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stats == MAP_FAILED)
        return error_errno(err, errno, "cannot map the delay line's statistics");
    run->stats = stats;
    run->stats->wire_count = wire_count;
    return 0;
}

static int fork_child(struct engine_run *run, const struct plan *plan, int fates_fd,
                      struct error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    run->control = ends[0];
    const struct child child = {
        .plan = plan,
        .tap_fds = run->taps.fds,
        .fates_fd = fates_fd,
        .control = ends[1],
        .exchange = &run->exchange,
        .parent = getpid(),
        .stats = run->stats,
    };
    run->pid = fork();
    if (run->pid == 0)
        child_run(&child);
    int fork_error = errno;
    close(ends[1]);
    if (run->pid < 0)
        return error_errno(err, fork_error, "cannot start the delay line's process");
    run->pidfd = pidfd_open(run->pid, 0);
    if (run->pidfd < 0)
        return error_errno(err, errno, "cannot watch the delay line's process");
    return 0;
}

static int hear_answer(struct engine_run *run, struct error *err)
{
    struct child_answer answer;
    size_t fd_count = 0;
    ssize_t n = message_receive(run->control, &answer, sizeof(answer), NULL, &fd_count);
    if (n != (ssize_t)sizeof(answer))
        return error_set(err, EIO, "the delay line's process died while it started");
    if (answer.result < 0 && err)
        *err = answer.err;
    return answer.result;
}

static int start(const struct plan *plan, const int *tap_fds, int fates_fd, struct engine_run **ret,
                 struct error *err)
{
    _cleanup_(stopp) struct engine_run *run = xcalloc(1, sizeof(*run));
    *run = (struct engine_run){.pid = -1, .pidfd = -1, .control = -1};
    int r = taps_init(&run->taps, plan, tap_fds, err);
    if (r == 0)
        r = share_stats(run, plan_wires(plan), err);
    if (r == 0)
        r = exchange_init(&run->exchange, plan, err);
    if (r == 0)
        r = fork_child(run, plan, fates_fd, err);
    if (r == 0)
        r = hear_answer(run, err);
    if (r < 0)
        return error_wrap(err, "engine 'delayline'");
    *ret = TAKE_PTR(run);
    return 0;
}

static int get_pidfd(const struct engine_run *run)
{
    return run->pidfd;
}

static const struct delayline_stats *get_stats(const struct engine_run *run)
{
    return run->stats;
}

/* --- while it runs */

/* Whoever has sent a request has to wait for its end: it may be under way already. */
static int ask(struct engine_run *run, const struct exchange_request *request, const int *fds,
               size_t fd_count, struct exchange_answer *ret, struct error *err)
{
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    size_t none = 0;
    setsockopt(run->control, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    ssize_t n = message_send(run->control, request, sizeof(*request), fds, fd_count);
    if (n >= 0)
        n = message_receive(run->control, ret, sizeof(*ret), NULL, &none);
    if (n != (ssize_t)sizeof(*ret)) {
        kill(run->pid, SIGKILL); /* nobody knows what it does: the lab ends with it */
        return error_set(err, EIO, "the delay line does not answer");
    }
    if (ret->result < 0)
        return error_errno(err, -ret->result, "the delay line cannot do it");
    return 0;
}

static int adopt(struct engine_run *run, const unsigned *taps, const int *fds, size_t count,
                 struct error *err)
{
    struct exchange_request request = {.kind = EXCHANGE_ADOPT, .count = (uint32_t)count};
    struct exchange_answer answer;
    int r = 0;
    for (size_t i = 0; i < count; i++) {
        request.taps[i] = taps[i];
        int added = taps_add(&run->taps, taps[i], fds[i], err);
        r = added < 0 ? added : r;
    }
    return r < 0 ? r : ask(run, &request, fds, count, &answer, err);
}

static int change(struct engine_run *run, const struct change *c, struct wire_switch *ret,
                  struct error *err)
{
    const struct exchange_request request = {.kind = EXCHANGE_CHANGE, .count = (uint32_t)c->count};
    struct exchange_answer answer;
    int r = exchange_put(&run->exchange, c->wires, c->count, err);
    if (r == 0)
        r = taps_prepare(&run->taps, c->wires, c->count, err);
    if (r == 0)
        r = ask(run, &request, NULL, 0, &answer, err);
    if (r < 0)
        return r;
    taps_settle(&run->taps, c->wires, c->count);
    *ret = answer.when;
    return 0;
}

const struct wire_engine delayline_engine = {
    .name = "delayline",
    .probe = probe,
    .start = start,
    .pidfd = get_pidfd,
    .stats = get_stats,
    .adopt = adopt,
    .change = change,
    .stop = stop,
};
