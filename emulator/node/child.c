/* SPDX-License-Identifier: MIT */
#include "node/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/message.h"
#include "base/proc.h"
#include "net/netlink.h"

enum { END_TRIES = 2000, END_PAUSE_NS = 1000000 };

pid_t child_clone(uint64_t flags, int *ret_pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* a sibling's is the caller's own */
    };
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

int child_become_root(uid_t uid, gid_t gid, struct error *err)
{
    char line[64];
    int r = file_write("/proc/self/setgroups", "deny", err);
    snprintf(line, sizeof(line), "0 %u 1", (unsigned)uid);
    if (r == 0)
        r = file_write("/proc/self/uid_map", line, err);
    snprintf(line, sizeof(line), "0 %u 1", (unsigned)gid);
    if (r == 0)
        r = file_write("/proc/self/gid_map", line, err);
    return r;
}

int child_channel(int pair[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(err, errno, "cannot make a socket pair");
    return 0;
}

int child_receive(int channel, struct child_answer *answer, int *fds, size_t fd_count,
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

int child_do(child_work work, void *arg, int *ret_fd, struct error *err)
{
    int pair[2];
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int channel = pair[0];
    pid_t child = fork();
    if (child == 0) {
        struct child_answer answer = {0};
        int fd = -1;
        answer.result = work(arg, &fd, &answer.err);
        message_send(pair[1], &answer, sizeof(answer), &fd, answer.result == 0 && fd >= 0);
        _exit(0);
    }
    close(pair[1]);
    if (child < 0)
        return error_errno(err, errno, "cannot fork");
    struct child_answer answer;
    r = child_receive(channel, &answer, ret_fd, ret_fd ? 1 : 0, err);
    waitpid(child, NULL, 0);
    return r;
}

int child_open_network(int *ret_fd, struct error *err)
{
    int fd = netlink_socket();
    if (fd < 0)
        return error_errno(err, -fd, "cannot open the node's socket");
    *ret_fd = fd;
    return 0;
}

/* Moves those that descend from `root` to the list's front; their number. */
static size_t sort_descendants(struct proc *list, size_t count, pid_t root)
{
    size_t found = 0;
    for (bool grown = true; grown;) {
        grown = false;
        for (size_t i = found; i < count; i++) {
            bool descends = list[i].parent == root;
            for (size_t k = 0; k < found && !descends; k++)
                descends = list[i].parent == list[k].pid;
            if (!descends)
                continue;
            struct proc swapped = list[found];
            list[found++] = list[i];
            list[i] = swapped;
            grown = true;
        }
    }
    return found;
}

void child_end_tree(pid_t pid)
{
    _cleanup_(freep) struct proc *list = NULL;
    size_t found = 0;
    bool alive = true;
    kill(pid, SIGSTOP); /* lest it ends first and leaves the others to somebody else */
    for (int i = 0; i < END_TRIES && alive; i++) { /* who forks meanwhile is met the next time */
        free(list);
        size_t count = proc_list(&list);
        found = sort_descendants(list, count, pid);
        alive = false;
        for (size_t k = 0; k < found; k++)
            if (list[k].state != 'Z' && kill(list[k].pid, SIGKILL) == 0)
                alive = true;
        if (alive)
            nanosleep(&(struct timespec){.tv_nsec = END_PAUSE_NS}, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (size_t k = 0; k < found; k++) /* they have become ours */
        waitpid(list[k].pid, NULL, WNOHANG);
}
