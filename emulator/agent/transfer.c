/* SPDX-License-Identifier: MIT */
#include "agent/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

static int failed(const char *what, const char *path)
{
    fprintf(stderr, "cannot %s '%s': %s\n", what, path, strerror(errno));
    return 1;
}

/* 0, or what was being done when it failed. */
static const char *copy(int from, int to)
{
    char data[64 << 10];
    ssize_t n;
    while ((n = read(from, data, sizeof(data))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return "read";
        int r = fd_write_all(to, data, (size_t)n);
        if (r < 0) {
            errno = -r;
            return "write";
        }
    }
    return NULL;
}

int transfer_get(int argc, char *const *argv)
{
    struct stat st;
    if (argc != 2)
        return 2;
    _cleanup_(fd_closep) int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return failed("open", argv[1]);
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return failed("read", argv[1]);
    }
    const char *what = copy(fd, STDOUT_FILENO);
    return what ? failed(what, argv[1]) : 0;
}

int transfer_list(int argc, char *const *argv)
{
    struct stat st;
    glob_t found = {0};
    if (argc < 3 || chdir(argv[1]) < 0)
        return argc < 3 ? 2 : failed("enter", argv[1]);
    for (int i = 2; i < argc; i++)
        if (glob(argv[i], i == 2 ? 0 : GLOB_APPEND, NULL, &found) == GLOB_NOSPACE)
            return failed("list", argv[1]);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (lstat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode) &&
            !strchr(found.gl_pathv[i], '\n'))
            puts(found.gl_pathv[i]);
    globfree(&found);
    return fflush(stdout) == 0 ? 0 : failed("list", argv[1]);
}

int transfer_put(int argc, char *const *argv)
{
    struct stat st;
    if (argc != 4)
        return 2;
    bool folder = stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode);
    _cleanup_(freep) char *path = folder ? xasprintf("%s/%s", argv[1], argv[3]) : xstrdup(argv[1]);
    _cleanup_(freep) char *partial = xasprintf("%s.XXXXXX", path);
    _cleanup_(fd_closep) int fd = mkostemp(partial, O_CLOEXEC);
    if (fd < 0)
        return failed("make", path);
    const char *what = copy(STDIN_FILENO, fd);
    if (!what && fchmod(fd, (mode_t)strtoul(argv[2], NULL, 8)) < 0)
        what = "set the mode of";
    if (!what && rename(partial, path) < 0)
        what = "make";
    if (!what)
        return 0;
    int r = failed(what, path);
    unlink(partial);
    return r;
}
