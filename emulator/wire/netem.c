/* SPDX-License-Identifier: MIT
 *
 * Whether a kernel has netem is found out by making one, on the loopback of a network namespace
 * that lives as long as the attempt: the kernel may load a module for it, and no file says so
 * reliably.
 */
#include "wire/netem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "net/netlink.h"
#include "net/tc.h"

static int try_netem(struct error *err)
{
    int namespaces = CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    if (unshare(namespaces) < 0)
        return error_machine(err, errno,
                             "cannot make a network namespace to try netem in "
                             "(run as root, or allow user namespaces)");
    _cleanup_(netlink_closep) struct netlink *nl = NULL;
    int r = netlink_open(&nl, err);
    if (r < 0)
        return r;
    r = tc_probe_netem(nl, err);
    if (r == -ENOENT || r == -EOPNOTSUPP)
        return error_machine(err, ENOENT,
                             "the kernel has no sch_netem (install the kernel's extra "
                             "modules, or use the engine 'delayline')");
    return r;
}

static int probe(struct error *err)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    _cleanup_(fd_closep) int reader = pipe_fds[0];
    pid_t child = fork();
    if (child == 0) {
        struct error answer = {0};
        int r = try_netem(&answer);
        if (r < 0)
            fd_write_all(pipe_fds[1], &answer, sizeof(answer));
        _exit(r < 0);
    }
    close(pipe_fds[1]);
    if (child < 0)
        return error_errno(err, errno, "cannot fork");
    struct error answer;
    ssize_t n = read(reader, &answer, sizeof(answer));
    int status;
    waitpid(child, &status, 0);
    if (n == (ssize_t)sizeof(answer)) {
        if (err)
            *err = answer;
        return -answer.code;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, EIO, "the attempt to make a netem qdisc died");
    return 0;
}

static int start(const struct plan *plan, const int *tap_fds, int fates_fd, struct engine_run **ret,
                 struct error *err)
{
    (void)plan, (void)tap_fds, (void)fates_fd, (void)err;
    *ret = NULL;
    return 0;
}

static int no_pidfd(const struct engine_run *run)
{
    (void)run;
    return -1;
}

static const struct delayline_stats *no_stats(const struct engine_run *run)
{
    (void)run;
    return NULL;
}

static void stop(struct engine_run *run)
{
    (void)run;
}

const struct wire_engine netem_engine = {
    .name = "netem",
    .probe = probe,
    .start = start,
    .pidfd = no_pidfd,
    .stats = no_stats,
    .stop = stop,
};
