/* SPDX-License-Identifier: MIT
 *
 * To be preloaded: lets the kernel refuse one netlink request. The file that WANLAB_TEST_FAULT
 * names holds a number, the requests until then; it is counted down by every process that sees the
 * file, and at 1 the request's type becomes one that the kernel does not know. At 0 nothing
 * happens.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UNKNOWN_TYPE = 0x7fff };

/* Whether it is this request's turn. */
static int count_down(void)
{
    const char *path = getenv("WANLAB_TEST_FAULT");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    char text[16] = "";
    if (fd < 0)
        return 0;
    flock(fd, LOCK_EX);
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    long left = n > 0 ? strtol(text, NULL, 10) : 0;
    if (left > 0) {
        n = snprintf(text, sizeof(text), "%-8ld", left - 1);
        if (pwrite(fd, text, (size_t)n, 0) != n)
            abort();
    }
    close(fd);
    return left == 1;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    static ssize_t (*real)(int fd, const struct msghdr *m, int flags);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    const struct sockaddr_nl *to = m->msg_name;
    if (!to || to->nl_family != AF_NETLINK)
        return real(fd, m, flags);
    for (size_t i = 0; i < m->msg_iovlen; i++) {
        char *data = m->msg_iov[i].iov_base;
        size_t left = m->msg_iov[i].iov_len;
        for (struct nlmsghdr *h = (struct nlmsghdr *)data; NLMSG_OK(h, left);
             h = NLMSG_NEXT(h, left))
            if (count_down())
                h->nlmsg_type = UNKNOWN_TYPE;
    }
    return real(fd, m, flags);
}
