/* SPDX-License-Identifier: MIT */
#include "room.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static const unsigned mib = 1 << 20;

/* The number behind the key in a file of /proc, in bytes; -1: there is none. */
static double kilobytes(const char *path, const char *key)
{
    _cleanup_(freep) char *text = NULL;
    if (file_read(path, 1 << 16, &text, NULL, NULL) < 0)
        return -1;
    const char *line = strstr(text, key);
    return line ? strtod(line + strlen(key), NULL) * 1024 : -1;
}

static int refuse(size_t size, const char *have, struct error *err)
{
    return error_set(err, ENOMEM,
                     "node '%s' has too little memory: the arrays take %zu MiB, and %s: give the "
                     "node more by `memory:`, or take a smaller `array`",
                     getenv("WANLAB_NODE") ?: "?", size / mib, have);
}

/* By hand: MAP_POPULATE leaves out silently what a cgroup does not allow. */
static _Noreturn void touch(size_t size)
{
    volatile char *all =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        _exit(1);
    for (size_t i = 0; i < size; i += 4096)
        all[i] = 1;
    _exit(0);
}

int room_check(size_t size, struct error *err)
{
    char have[128];
    const double available = kilobytes("/proc/meminfo", "MemAvailable:");
    if (available >= 0 && (double)size > available) {
        snprintf(have, sizeof(have), "it has %.0f MiB left", available / mib);
        return refuse(size, have, err);
    }
    const pid_t child = fork();
    if (child < 0)
        return error_errno(err, errno, "cannot fork");
    if (child == 0)
        touch(size);
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, errno, "cannot wait for a child");
    }
    if (WIFSIGNALED(status))
        return refuse(size, "its limit ended a program that took so much", err);
    return status == 0 ? 0 : refuse(size, "the kernel gives it less", err);
}

double room_cache(void)
{
    double largest = 0;
    for (unsigned i = 0; i < 8; i++) {
        char path[80];
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%u/size", i);
        const double size = kilobytes(path, "");
        if (size > largest)
            largest = size;
    }
    return largest;
}

double room_huge(void)
{
    const double huge = kilobytes("/proc/self/smaps_rollup", "AnonHugePages:");
    return huge > 0 ? huge : 0;
}
