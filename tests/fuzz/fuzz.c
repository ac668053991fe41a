/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

static char folder[64];

static void remove_folder(void)
{
    file_remove_tree(folder, NULL);
}

static void make_folder(void)
{
    const char *memory = "/dev/shm"; /* thousands of files a second */
    snprintf(folder, sizeof(folder), "%s/wanlab-fuzz-XXXXXX",
             file_exists(memory) ? memory : "/tmp");
    if (!mkdtemp(folder))
        fuzz_fail("cannot make a folder", folder);
    atexit(remove_folder);
}

char *fuzz_file(const char *name, const void *data, size_t size)
{
    if (!*folder)
        make_folder();
    char *path = xasprintf("%s/%s", folder, name);
    *strrchr(path, '/') = '\0';
    if (file_make_dirs(path, NULL) < 0)
        fuzz_fail("cannot make", path);
    path[strlen(path)] = '/';
    _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || fd_write_all(fd, data, size) < 0)
        fuzz_fail("cannot write", path);
    return path;
}

void fuzz_fail(const char *why, const char *what)
{
    fprintf(stderr, "%s: %s\n", why, what);
    abort();
}
