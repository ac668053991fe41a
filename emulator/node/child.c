/* SPDX-License-Identifier: MIT */
#include "node/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/message.h"
#include "net/netlink.h"

pid_t child_clone(uint64_t flags, int *ret_pidfd)
{
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* a sibling's is the caller's own */
    };
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
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

int child_open_network(int fds[CHILD_HANDED_FDS], struct error *err)
{
    fds[0] = netlink_socket();
    fds[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    fds[2] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < CHILD_HANDED_FDS; i++)
        if (fds[i] < 0)
            return error_errno(err, errno, "cannot open the node's sockets");
    return 0;
}
