/* SPDX-License-Identifier: MIT
 *
 * A program is started in a node by a helper that joins the namespaces, makes the program's
 * process as the supervisor's own child (CLONE_PARENT) and ends. So the supervisor waits for it
 * like for any child, without ever leaving its own namespaces. The program's process joins the
 * node's cgroups itself, by descriptors that were opened outside. If it is to have a terminal, the
 * helper opens one of the node's own.
 */
#include "node/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/builtin.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/message.h"
#include "node/child.h"
#include "node/faketime.h"
#include "node/sandbox.h"
#include "node/usage.h"

enum { PROGRAM_FDS = 2 }; /* pidfd, the terminal's master */

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
static void run_program(const struct node_instance *n, const struct node_exec *e, int report)
{
    struct child_answer answer = {0};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < NSIG; i++) /* whoever started the lab may ignore some, as nohup does */
        signal(i, SIG_DFL);
    setsid();
    cgroup_join(&n->cgroup);
    int high = fcntl(report, F_DUPFD_CLOEXEC, 4 * NODE_FDS_MAX);
    place_fds(e);
    if (e->tty)
        ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    close_range((unsigned)e->fd_count, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
    fd_limit_restore();
    if (!n->privileged)
        answer.result = sandbox_drop_privileges(&answer.err);
    if (answer.result == 0 && chdir(e->folder ? e->folder : "/") < 0)
        answer.result = error_errno(&answer.err, errno, "cannot enter '%s'", e->folder);
    if (answer.result == 0)
        environ = (char **)e->env; /* whose PATH is to be searched */
    if (answer.result == 0 && e->faked)
        answer.result = faketime_check_program(e->argv[0], &answer.err);
    if (answer.result == 0 && e->builtin) {
        close(high);
        int argc = 0;
        while (e->argv[argc])
            argc++;
        prctl(PR_SET_NAME, "wanlab-builtin");
        _exit(builtin_run(argc, e->argv));
    }
    if (answer.result == 0) {
        execvp(e->argv[0], e->argv);
        answer.result = error_errno(&answer.err, errno, "cannot run '%s'", e->argv[0]);
    }
    message_send(high, &answer, sizeof(answer), NULL, 0);
    _exit(127);
}

/* In the node's mount namespace: a terminal of its own devpts; its side for the program becomes all
 * three of `e->fds`. */
static int open_terminal(struct node_exec *e, int *ret_master, struct error *err)
{
    const int locked = 0;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0 ||
        ioctl(master, TIOCSWINSZ, &e->size) < 0)
        return error_errno(err, errno, "cannot open a terminal in the node");
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return error_errno(err, errno, "cannot open a terminal in the node");
    e->fds[0] = e->fds[1] = e->fds[2] = slave;
    e->fd_count = 3;
    *ret_master = master;
    return 0;
}

/* In the short-lived helper. */
static void join_and_run(const struct node_instance *n, const struct node_exec *e, int channel)
{
    struct child_answer answer = {0};
    struct node_exec exec = *e;
    int fds[PROGRAM_FDS] = {-1, -1};
    size_t fd_count = 0;
    if (setns(n->pidfd, n->namespaces) < 0)
        answer.result = error_errno(&answer.err, errno, "cannot enter the node");
    if (answer.result == 0 && e->tty)
        answer.result = open_terminal(&exec, &fds[1], &answer.err);
    if (answer.result == 0) {
        answer.pid = child_clone(CLONE_PARENT, &fds[0]);
        if (answer.pid == 0)
            run_program(n, &exec, channel);
        if (answer.pid < 0)
            answer.result = error_errno(&answer.err, errno, "cannot make a process in the node");
    }
    if (answer.result == 0)
        fd_count = e->tty ? 2 : 1;
    message_send(channel, &answer, sizeof(answer), fds, fd_count);
    _exit(0);
}

/* The program's process is there; a second message comes only if it could not become the program.
 */
static int confirm_program(int channel, pid_t pid, struct error *err)
{
    struct child_answer answer;
    size_t no_fds = 0;
    ssize_t len = message_receive(channel, &answer, sizeof(answer), NULL, &no_fds);
    if (len != (ssize_t)sizeof(answer))
        return 0; /* closed by a successful exec */
    waitpid(pid, NULL, 0);
    *err = answer.err;
    return answer.result;
}

int program_start(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                  int *ret_pidfd, struct error *err)
{
    int pair[2];
    if (n->pid == 0)
        return error_set(err, ESRCH, "node '%s' is not running", n->name);
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int channel = pair[0];
    pid_t helper = fork();
    if (helper == 0) {
        close(channel);
        join_and_run(n, e, pair[1]);
    }
    close(pair[1]);
    if (helper < 0)
        return error_errno(err, errno, "cannot fork");
    struct child_answer answer;
    int fds[PROGRAM_FDS] = {-1, -1};
    r = child_receive(channel, &answer, fds, PROGRAM_FDS, err);
    waitpid(helper, NULL, 0);
    if (r == 0) {
        r = confirm_program(channel, answer.pid, err);
        *ret_pid = answer.pid;
    }
    if (r < 0) {
        fd_closep(&fds[0]);
        fd_closep(&fds[1]);
        return error_wrap(err, "node '%s'", n->name);
    }
    *ret_pidfd = fds[0];
    if (e->tty)
        *e->ret_master = fds[1];
    return 0;
}

/* In the short-lived helper, which itself stays outside: only its children are in the namespace. */
static void join_and_signal(const struct node_instance *n, int number)
{
    if (setns(n->pidfd, CLONE_NEWPID) < 0)
        _exit(errno);
    pid_t child = fork();
    if (child == 0) {
        int r = kill(-1, number); /* all but the caller and the namespace's first process */
        _exit(r < 0 ? errno : 0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        _exit(errno);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EIO);
}

/* A signal to all of its programs; `*ret_any`: there were some. */
static int signal_programs(const struct node_instance *n, int number, bool *ret_any,
                           struct error *err)
{
    pid_t helper = fork();
    if (helper == 0)
        join_and_signal(n, number);
    int status;
    if (helper < 0 || waitpid(helper, &status, 0) < 0)
        return error_errno(err, errno, "cannot fork");
    int reason = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    *ret_any = reason != ESRCH;
    return reason == 0 || reason == ESRCH
               ? 0
               : error_errno(err, reason, "node '%s': cannot signal its programs", n->name);
}

int program_pause_node(struct node_instance *n, bool paused, struct error *err)
{
    bool any;
    return signal_programs(n, paused ? SIGSTOP : SIGCONT, &any, err);
}

int program_end_node(struct node_instance *n, bool first, bool *ret_ended, struct error *err)
{
    bool any = false;
    int r = signal_programs(n, first ? SIGTERM : 0, &any, err);
    *ret_ended = !any;
    return r;
}

void program_halt_node(struct node_instance *n)
{
    if (n->pid > 0) {
        siginfo_t info;
        kill(n->pid, SIGKILL);
        waitid(P_PID, (id_t)n->pid, &info, WEXITED | WNOWAIT);
        if (n->pidfd < 0 || !usage_reap(n->pidfd, &info, &n->reaped_cpu_ns))
            waitpid(n->pid, NULL, 0);
        n->pid = 0;
    }
    cgroup_close(&n->cgroup);
    fd_closep(&n->pidfd);
    fd_closep(&n->boot_fd);
    free(n->boot_log);
    n->boot_log = NULL;
}

void program_stop_node(struct node_instance *n)
{
    program_halt_node(n);
    netlink_close(n->netlink);
    n->netlink = NULL;
    free(n->name);
    n->name = NULL;
}
