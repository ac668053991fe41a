/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#include "journal.h"

#define PORT "2378"
enum { BACKLOG = 64, TIMEOUT_S = 20, CHUNK = 1 << 16 };

/* The size first, as text, so that an end before it is known as one. */
static void hand_over(int to, const char *path)
{
    struct stat st;
    char size[32];
    _cleanup_(fd_closep) int in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st) < 0)
        return;
    int len = snprintf(size, sizeof(size), "%lld\n", (long long)st.st_size);
    if (fd_write_all(to, size, (size_t)len) < 0)
        return;
    for (off_t done = 0; done < st.st_size;)
        if (sendfile(to, in, &done, (size_t)(st.st_size - done)) <= 0)
            return;
}

int gather_serve(const char *folder, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/" JOURNAL_HISTORY, folder);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    any.sin6_port = htons((uint16_t)strtoul(PORT, NULL, 10));
    int one = 1, zero = 0;
    struct timeval patience = {.tv_sec = TIMEOUT_S};
    signal(SIGPIPE, SIG_IGN);
    _cleanup_(fd_closep) int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return error_errno(err, errno, "cannot make a socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, BACKLOG) < 0)
        return error_errno(err, errno, "cannot listen on port " PORT);
    fputs("ready to hand over the history\n", stderr);
    for (;;) {
        _cleanup_(fd_closep) int to = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (to < 0)
            continue;
        setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        hand_over(to, path);
    }
}

static int connect_to(const struct member *m, FILE **ret, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;
    struct timeval patience = {.tv_sec = TIMEOUT_S};
    if (getaddrinfo(m->address, PORT, &hints, &found) != 0)
        return error_input(err, "'%s' is no address", m->address);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    int r = fd < 0 ? -1 : connect(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (r == 0)
        *ret = fdopen(fd, "r");
    else if (fd >= 0)
        close(fd);
    return r == 0 ? 0 : error_errno(err, errno, "cannot reach node '%s'", m->name);
}

static int fetch(const struct member *m, const char *path, struct error *err)
{
    char data[CHUNK], *end;
    _cleanup_(file_closep) FILE *in = NULL;
    int r = connect_to(m, &in, err);
    if (r < 0)
        return r;
    _cleanup_(file_closep) FILE *out = fopen(path, "we");
    if (!out)
        return error_errno(err, errno, "cannot open '%s'", path);
    if (!fgets(data, sizeof(data), in))
        return error_set(err, EIO, "node '%s' has no history", m->name);
    unsigned long long left = strtoull(data, &end, 10);
    for (size_t n; left > 0 && (n = fread(data, 1, sizeof(data), in)) > 0; left -= n)
        fwrite(data, 1, n, out);
    if (left > 0 || fflush(out) != 0)
        return error_set(err, EIO, "the history of node '%s' was cut off", m->name);
    return 0;
}

int gather_fetch(const struct members *m, const char *folder, char ***ret_files, struct error *err)
{
    char **files = xcalloc(m->count + 1, sizeof(*files));
    int r = 0;
    for (size_t i = 0; r == 0 && i < m->count; i++) {
        files[i] = xasprintf("%s/%s.jsonl", folder, m->list[i].name);
        r = fetch(&m->list[i], files[i], err);
    }
    *ret_files = files;
    return r;
}
