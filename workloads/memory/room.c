/* SPDX-License-Identifier: MIT */
#include "room.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

static bool is_uml(void)
{
    _cleanup_(freep) char *text = NULL;
    return file_read("/proc/cpuinfo", 1 << 20, &text, NULL, NULL) == 0 &&
           strstr(text, "User Mode Linux");
}

static int refuse(size_t size, const char *have, struct error *err)
{
    return error_set(
        err, ENOMEM,
        "node '%s' has too little memory: the arrays take %zu MiB, and %s; give it more "
        "`memory:`, or take a smaller `array`",
        getenv("WANLAB_NODE") ?: "?", size / mib, have);
}

/* The end of the child, as an error if memory was the reason. */
static int end_as(int status, size_t size, struct error *err)
{
    if (!WIFSIGNALED(status))
        exit(WEXITSTATUS(status));
    if (WTERMSIG(status) != SIGKILL)
        return error_set(err, ECHILD, "the measurement was ended by signal %d", WTERMSIG(status));
    return refuse(size,
                  is_uml() ? "the kernel killed what filled them (User-Mode Linux: 256 MiB are "
                             "too much where the host's vm.max_map_count is 65530)"
                           : "the kernel killed what filled them",
                  err);
}

int room_enter(size_t size, struct error *err)
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
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return 0;
    }
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, errno, "cannot wait for a child");
    }
    return end_as(status, size, err);
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
