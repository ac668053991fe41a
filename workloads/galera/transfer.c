/* SPDX-License-Identifier: MIT */
#include "transfer.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { READY_FD = 3, CHUNK_SIZE = 1 << 16 };

static int resolve(const char *host, const char *port, struct addrinfo **ret, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_family = host ? AF_UNSPEC : AF_INET6,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | (host ? 0 : AI_PASSIVE)};
    int code = getaddrinfo(host, port, &hints, ret);
    if (code != 0)
        return error_input(err, "'%s' port '%s': %s", host ? host : "*", port, gai_strerror(code));
    return 0;
}

static int copy(int from, int to, struct error *err)
{
    static char chunk[CHUNK_SIZE];
    ssize_t n;
    while ((n = read(from, chunk, sizeof(chunk))) > 0)
        for (ssize_t done = 0, m; done < n; done += m)
            if ((m = write(to, chunk + done, (size_t)(n - done))) < 0)
                return error_errno(err, errno, "cannot write");
    return n < 0 ? error_errno(err, errno, "cannot read") : 0;
}

int transfer_send(const char *host, const char *port, struct error *err)
{
    struct addrinfo *address;
    int r = resolve(host, port, &address, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) < 0)
        r = error_errno(err, errno, "cannot connect to '%s' port %s", host, port);
    freeaddrinfo(address);
    return r < 0 ? r : copy(STDIN_FILENO, fd, err);
}

/* For IPv6, and IPv4 as mapped into it. */
static int listen_at(const char *port, int *ret, struct error *err)
{
    struct addrinfo *address;
    int on = 1, off = 0, r = resolve(NULL, port, &address, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (fd < 0 || bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, 1) < 0)
        r = error_errno(err, errno, "cannot listen at port %s", port);
    freeaddrinfo(address);
    if (r == 0)
        *ret = dup(fd);
    return r;
}

int transfer_receive(const char *port, const char *line, struct error *err)
{
    _cleanup_(fd_closep) int listener = -1;
    int r = listen_at(port, &listener, err);
    if (r < 0)
        return r;
    if (dprintf(READY_FD, "%s\n", line) < 0)
        return error_errno(err, errno, "cannot write to descriptor %d", READY_FD);
    _cleanup_(fd_closep) int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return error_errno(err, errno, "nobody comes to port %s", port);
    return copy(fd, STDOUT_FILENO, err);
}
