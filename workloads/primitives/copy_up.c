/* SPDX-License-Identifier: MIT */
#include "copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#ifndef MULTIARCH /* the makefile asks the compiler */
#define MULTIARCH "x86_64-linux-gnu"
#endif

static const off_t smallest = 2 << 20, largest = 8 << 20;
static const off_t together = 24 << 20; /* a container's root has room for 64 MiB of what changes */
static const char folder[] = "/usr/lib/" MULTIARCH;

/* Of containers, and of guests. */
static bool is_ours(const char *mount)
{
    char point[3] = "";
    return sscanf(mount, "%*s %*s %*s %*s %2s", point) == 1 && strcmp(point, "/") == 0 &&
           strstr(mount, " - overlay ") &&
           (strstr(mount, ",upperdir=upper,workdir=work") ||
            strstr(mount, ",upperdir=/upper/data,workdir=/upper/work"));
}

bool copy_up_own_root(const char *mountinfo)
{
    _cleanup_(freep) char *copy = xstrdup(mountinfo);
    char *rest = copy, *mount;
    while ((mount = strsep(&rest, "\n"))) {
        if (is_ours(mount))
            return true;
    }
    return false;
}

/* All of the file, so that it lies in the page cache; its first byte. */
static int read_all(const char *path, char *ret_first, struct error *err)
{
    _cleanup_(freep) char *data = NULL;
    size_t size;
    int r = file_read(path, (size_t)largest + 1, &data, &size, err);
    if (r == 0)
        *ret_first = data[0];
    return r;
}

/* An open for writing is what copies; so the time is that of opening, writing and closing. */
static int write_to(struct meter *m, const char *path, char byte, const char *metric,
                    struct error *err)
{
    const uint64_t begin_ns = clock_monotonic_ns();
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot write to '%s'", path);
    const bool written = pwrite(fd, &byte, 1, 0) == 1;
    const int code = errno;
    close(fd);
    const uint64_t ns = clock_monotonic_ns() - begin_ns;
    if (!written)
        return error_errno(err, code, "cannot write to '%s'", path);
    meter_sample(m, metric, (double)ns / NS_PER_SEC, "s");
    return 0;
}

static int measure_file(struct meter *m, const char *path, char first, struct error *err)
{
    meter_start(m);
    int r = write_to(m, path, first, "copy_up", err);
    if (r == 0)
        r = write_to(m, path, first, "write_again", err);
    meter_stop(m);
    return r;
}

/* Its size, 0 if it is not one of those that are looked for. */
static off_t candidate(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < smallest)
        return 0;
    return st.st_size <= largest ? st.st_size : 0;
}

/* At most `count` paths, by name: the same ones in every node with this root. */
static void find_files(char **ret, unsigned count)
{
    struct dirent **names;
    const int name_count = scandir(folder, &names, NULL, alphasort);
    unsigned found = 0;
    off_t sum = 0;
    for (int i = 0; i < name_count; i++) {
        char *path = xasprintf("%s/%s", folder, names[i]->d_name);
        const off_t size = candidate(path);
        free(names[i]);
        if (size && found < count && sum + size <= together) {
            sum += size;
            ret[found++] = path;
        } else {
            free(path);
        }
    }
    if (name_count >= 0)
        free(names);
}

int copy_up_measure(struct meter *m, unsigned repetitions, bool with_barrier, struct error *err)
{
    _cleanup_(freep) char *mounts = NULL;
    int r = file_read("/proc/self/mountinfo", 1 << 20, &mounts, NULL, err);
    if (r < 0)
        return r;
    char **files = xcalloc(repetitions, sizeof(*files));
    if (copy_up_own_root(mounts))
        find_files(files, repetitions);
    for (unsigned i = 0; i < repetitions; i++) {
        char first = 0;
        if (r == 0 && files[i])
            r = read_all(files[i], &first, err);
        if (r == 0 && with_barrier)
            meter_barrier(m, "copy_up", i + 1); /* of nodes with nothing to copy, too */
        if (r == 0 && files[i])
            r = measure_file(m, files[i], first, err);
        free(files[i]);
    }
    free(files);
    return r;
}
