/* SPDX-License-Identifier: MIT */
#include "net/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define AVAILABLE "/proc/sys/net/ipv4/tcp_available_congestion_control"

int tcp_check_congestion(const char *name, struct error *err)
{
    _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(err, errno, "cannot make a socket");
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0 ||
        errno != ENOENT) /* it exists, but is not for everybody: a route may use it all the same */
        return 0;
    _cleanup_(freep) char *available = NULL;
    if (file_read(AVAILABLE, 4096, &available, NULL, NULL) == 0)
        available[strcspn(available, "\n")] = '\0';
    return error_machine(err, ENOENT, "its kernel has no TCP congestion control '%s', but: %s",
                         name, available ? available : "none that it would tell");
}
