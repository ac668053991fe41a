/* SPDX-License-Identifier: MIT
 *
 * A process node is a set of namespaces and the small process that holds them: its PID 1, a copy of
 * the supervisor that never executes anything but reaps what is orphaned. It opens the sockets
 * through which the supervisor configures the node's network and hands them over, so that nobody
 * has to enter the namespace later.
 *
 * A program is started in a node by a helper that joins the namespaces, makes the program's
 * process as the supervisor's own child (CLONE_PARENT) and ends. So the supervisor waits for it
 * like for any child, without ever leaving its own namespaces.
 *
 * When a node's PID 1 dies the kernel kills all of its processes; when the supervisor dies, the
 * lab's PID namespace takes the nodes with it.
 */
#include "node/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/message.h"
#include "node/sandbox.h"

enum {
    NODE_NAMESPACES = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
    HANDED_FDS = 3, /* netlink socket, datagram socket, network namespace */
};

/* What a child says to the supervisor: 0 and descriptors or a pid, or an error. */
struct answer {
    int result;
    pid_t pid;
    struct error err;
};

static pid_t clone_process(uint64_t flags, int *ret_pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* a sibling's is the caller's own */
    };
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* --- the node's first process --- */

static void reap_forever(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_NAME, "wanlab-node");
    close_range(0, ~0U, 0);
    for (;;) {
        siginfo_t info;
        sigwaitinfo(&all, &info);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    }
}

static int open_handed_fds(int fds[HANDED_FDS], struct error *err)
{
    fds[0] = netlink_socket();
    fds[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    fds[2] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < HANDED_FDS; i++)
        if (fds[i] < 0)
            return error_errno(err, errno, "cannot open the node's sockets");
    return 0;
}

static void first_process(int channel, const struct node_spec *spec)
{
    struct answer answer = {0};
    int fds[HANDED_FDS];
    answer.result = open_handed_fds(fds, &answer.err);
    if (answer.result == 0)
        answer.result = sandbox_build(spec, &answer.err);
    if (answer.result == 0)
        answer.result = sandbox_drop_privileges(&answer.err);
    message_send(channel, &answer, sizeof(answer), fds, answer.result == 0 ? HANDED_FDS : 0);
    if (answer.result < 0)
        _exit(1);
    reap_forever();
}

static int receive_answer(int channel, struct answer *answer, int *fds, size_t fd_count,
                          struct error *err)
{
    ssize_t n = message_receive(channel, answer, sizeof(*answer), fds, &fd_count);
    if (n != (ssize_t)sizeof(*answer))
        return error_set(err, EIO, "its first process died before it was ready");
    if (answer->result < 0) {
        *err = answer->err;
        return answer->result;
    }
    return 0;
}

static int start(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    _cleanup_(fd_closep) int channel = pair[0];
    *n = (struct node_instance){.driver = &node_process,
                                .name = xstrdup(spec->name),
                                .pidfd = -1,
                                .ns_fd = -1,
                                .ioctl_fd = -1};
    n->pid = clone_process(NODE_NAMESPACES, &n->pidfd);
    if (n->pid == 0) {
        close(channel);
        first_process(pair[1], spec);
    }
    close(pair[1]);
    if (n->pid < 0) {
        n->pid = 0;
        return error_errno(err, errno, "cannot make the namespaces of node '%s'", spec->name);
    }
    struct answer answer;
    int fds[HANDED_FDS] = {-1, -1, -1};
    int r = receive_answer(channel, &answer, fds, HANDED_FDS, err);
    if (r == 0) {
        n->ioctl_fd = fds[1];
        n->ns_fd = fds[2];
        r = netlink_adopt(fds[0], &n->netlink, err);
    }
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

/* --- programs in the node --- */

static void place_fds(const struct node_exec *e)
{
    int moved[NODE_FDS_MAX];
    for (size_t i = 0; i < e->fd_count; i++) /* first out of the way, then to their places */
        moved[i] = fcntl(e->fds[i], F_DUPFD, 2 * NODE_FDS_MAX);
    for (size_t i = 0; i < e->fd_count; i++)
        dup2(moved[i], (int)i);
}

/* In the program's own process, in the node; `report` tells the supervisor why there is no program.
 */
static void run_program(const struct node_exec *e, int report)
{
    struct answer answer = {0};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    int high = fcntl(report, F_DUPFD_CLOEXEC, 4 * NODE_FDS_MAX);
    place_fds(e);
    close_range((unsigned)e->fd_count, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
    answer.result = sandbox_drop_privileges(&answer.err);
    if (answer.result == 0 && chdir(e->folder ? e->folder : "/") < 0)
        answer.result = error_errno(&answer.err, errno, "cannot enter '%s'", e->folder);
    if (answer.result == 0 && e->function) {
        close(high);
        int argc = 0;
        while (e->argv[argc])
            argc++;
        _exit(e->function(argc, e->argv));
    }
    if (answer.result == 0) {
        environ = (char **)e->env; /* whose PATH is to be searched */
        execvp(e->argv[0], e->argv);
        answer.result = error_errno(&answer.err, errno, "cannot run '%s'", e->argv[0]);
    }
    message_send(high, &answer, sizeof(answer), NULL, 0);
    _exit(127);
}

/* In the short-lived helper. */
static void join_and_run(const struct node_instance *n, const struct node_exec *e, int channel)
{
    struct answer answer = {0};
    if (setns(n->pidfd, NODE_NAMESPACES) < 0) {
        answer.result = error_errno(&answer.err, errno, "cannot enter the node");
        message_send(channel, &answer, sizeof(answer), NULL, 0);
        _exit(1);
    }
    int pidfd;
    pid_t pid = clone_process(CLONE_PARENT, &pidfd);
    if (pid == 0)
        run_program(e, channel);
    if (pid < 0)
        answer.result = error_errno(&answer.err, errno, "cannot make a process in the node");
    answer.pid = pid;
    message_send(channel, &answer, sizeof(answer), &pidfd, pid > 0 ? 1 : 0);
    _exit(0);
}

/* The program's process is there; a second message comes only if it could not become the program.
 */
static int confirm_program(int channel, pid_t pid, struct error *err)
{
    struct answer answer;
    size_t no_fds = 0;
    ssize_t len = message_receive(channel, &answer, sizeof(answer), NULL, &no_fds);
    if (len != (ssize_t)sizeof(answer))
        return 0; /* closed by a successful exec */
    waitpid(pid, NULL, 0);
    *err = answer.err;
    return answer.result;
}

static int exec_program(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                        int *ret_pidfd, struct error *err)
{
    int pair[2];
    if (n->pid == 0)
        return error_set(err, ESRCH, "node '%s' is not running", n->name);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    _cleanup_(fd_closep) int channel = pair[0];
    pid_t helper = fork();
    if (helper == 0) {
        close(channel);
        join_and_run(n, e, pair[1]);
    }
    close(pair[1]);
    if (helper < 0)
        return error_errno(err, errno, "cannot fork");
    struct answer answer;
    int pidfd = -1;
    int r = receive_answer(channel, &answer, &pidfd, 1, err);
    waitpid(helper, NULL, 0);
    if (r == 0) {
        r = confirm_program(channel, answer.pid, err);
        *ret_pid = answer.pid;
    }
    if (r < 0) {
        fd_closep(&pidfd);
        return error_wrap(err, "node '%s'", n->name);
    }
    *ret_pidfd = pidfd;
    return 0;
}

static void stop(struct node_instance *n)
{
    if (n->pid > 0) {
        kill(n->pid, SIGKILL);
        waitpid(n->pid, NULL, 0);
        n->pid = 0;
    }
    fd_closep(&n->pidfd);
    fd_closep(&n->ns_fd);
    fd_closep(&n->ioctl_fd);
    netlink_close(n->netlink);
    n->netlink = NULL;
    free(n->name);
    n->name = NULL;
}

const struct node_driver node_process = {
    .name = "process",
    .start = start,
    .exec = exec_program,
    .stop = stop,
};
