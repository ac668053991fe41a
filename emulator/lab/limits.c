/* SPDX-License-Identifier: MIT */
#include "lab/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    OWN_PROCESSES = 4, /* init, supervisor, delay line, one that is just being started */
    OWN_FDS = 64,
    OWN_MOUNTS = 256,
};

/* The file's number; another word ("max") or no such file: no limit. */
static double read_limit(const char *path)
{
    _cleanup_(freep) char *text = NULL;
    char *end;
    if (file_read(path, 4096, &text, NULL, NULL) < 0)
        return -1;
    double limit = strtod(text, &end);
    return end == text ? -1 : limit;
}

double limits_available_kib(void)
{
    _cleanup_(freep) char *meminfo = NULL;
    const char *line = file_read("/proc/meminfo", 1 << 16, &meminfo, NULL, NULL) == 0
                           ? strstr(meminfo, "MemAvailable:")
                           : NULL;
    return line ? strtod(line + strlen("MemAvailable:"), NULL) : -1;
}

/* `allowed` is what is left of the limit; negative: there is none. */
static int hold(const struct plan *p, const char *what, double needed, double allowed,
                const char *remedy, struct error *err)
{
    if (allowed < 0 || needed <= allowed)
        return 0;
    return error_machine(err, ENOSPC,
                         "this lab of %zu nodes needs %.0f %s, of which this machine has %.0f "
                         "left (%s)",
                         p->scenario->node_count, needed, what, allowed, remedy);
}

/* Processes and threads of the whole machine; 0 if it cannot be told. */
static double running(void)
{
    _cleanup_(freep) char *text = NULL;
    const char *slash =
        file_read("/proc/loadavg", 256, &text, NULL, NULL) == 0 ? strchr(text, '/') : NULL;
    return slash ? strtod(slash + 1, NULL) : 0;
}

static double left_of(const char *path, double used)
{
    double limit = read_limit(path);
    return limit < 0 ? -1 : limit < used ? 0 : limit - used;
}

/* Of the cgroups from `path`, a folder below `mount`, up to there. */
static int check_cgroups(const struct plan *p, const char *mount, char *path, double needed,
                         struct error *err)
{
    for (;; *strrchr(path, '/') = '\0') {
        _cleanup_(freep) char *max = xasprintf("%s%s/pids.max", mount, path);
        _cleanup_(freep) char *current = xasprintf("%s%s/pids.current", mount, path);
        _cleanup_(freep) char *remedy = xasprintf("raise %s", max);
        double used = read_limit(current);
        int r = hold(p, "processes in its cgroup", needed, left_of(max, used > 0 ? used : 0),
                     remedy, err);
        if (r < 0 || !strchr(path, '/'))
            return r;
    }
}

/* Where this process is: a line each, "8:pids:/a/b" (version 1) or "0::/a/b" (version 2). */
static int check_own_cgroup(const struct plan *p, double needed, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    int r = 0;
    if (file_read("/proc/self/cgroup", 1 << 16, &text, NULL, NULL) < 0)
        return 0;
    char *rest = text;
    for (char *line; r == 0 && (line = strsep(&rest, "\n"));) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (strcmp(controllers, ":pids") == 0)
            r = check_cgroups(p, "/sys/fs/cgroup/pids", path, needed, err);
        else if (strcmp(controllers, ":") == 0)
            r = check_cgroups(p, "/sys/fs/cgroup", path, needed, err);
    }
    return r;
}

static int check_processes(const struct plan *p, struct error *err)
{
    double needed = (double)p->scenario->node_count + OWN_PROCESSES, used = running();
    int r = hold(p, "processes", needed, left_of("/proc/sys/kernel/pid_max", used),
                 "sysctl -w kernel.pid_max=4194304", err);
    if (r == 0)
        r = hold(p, "processes", needed, left_of("/proc/sys/kernel/threads-max", used),
                 "sysctl -w kernel.threads-max=1000000", err);
    struct rlimit own;
    if (r == 0 && geteuid() != 0 && getrlimit(RLIMIT_NPROC, &own) == 0 &&
        own.rlim_cur != RLIM_INFINITY)
        r = hold(p, "processes of one user", needed, (double)own.rlim_cur, "ulimit -u unlimited",
                 err);
    return r < 0 ? r : check_own_cgroup(p, needed, err);
}

static int check_namespaces(const struct plan *p, struct error *err)
{
    static const char *const kinds[] = {"net", "mnt", "pid", "uts", "ipc"};
    double needed = (double)p->scenario->node_count + 1;
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && r == 0; i++) {
        _cleanup_(freep) char *path = xasprintf("/proc/sys/user/max_%s_namespaces", kinds[i]);
        _cleanup_(freep) char *what = xasprintf("%s namespaces", kinds[i]);
        _cleanup_(freep) char *remedy =
            xasprintf("sysctl -w user.max_%s_namespaces=1000000", kinds[i]);
        r = hold(p, what, needed, read_limit(path), remedy, err);
    }
    return r;
}

static int check_files(const struct plan *p, struct error *err)
{
    const double needed =
        (double)(p->scenario->node_count * LIMITS_NODE_FDS + p->tap_count) + OWN_FDS;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max == RLIM_INFINITY)
        return 0;
    _cleanup_(freep) char *remedy =
        xasprintf("ulimit -Hn %.0f, as root, or LimitNOFILE= of the service", needed);
    return hold(p, "open files in a process", needed, (double)files.rlim_max, remedy, err);
}

/* Members of a network that do not know each other from the start find each other's MACs, and all
 * namespaces keep those in one table. Only who knows who will talk knows how many. */
static void warn_of_neighbours(const struct plan *p)
{
    const double allowed = read_limit("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
    for (size_t i = 0; i < p->scenario->network_count; i++) {
        const struct network *n = &p->scenario->networks[i];
        const double pairs = (double)n->member_count * (double)(n->member_count - 1);
        if (n->member_count > PLAN_NEIGHBOURS_MAX && allowed >= 0 && pairs > allowed)
            log_warn("network '%s': if all of its %zu members talk to all others, the machine's "
                     "neighbour tables need %.0f entries and have room for %.0f: packets would be "
                     "dropped (sysctl -w net.ipv4.neigh.default.gc_thresh3=%.0f "
                     "net.ipv6.neigh.default.gc_thresh3=%.0f)",
                     n->name, n->member_count, pairs, allowed, pairs, pairs);
    }
}

int limits_check(const struct plan *p, struct error *err)
{
    const double count = (double)p->scenario->node_count;
    int r = check_files(p, err);
    if (r == 0)
        r = check_processes(p, err);
    if (r == 0)
        r = check_namespaces(p, err);
    if (r == 0)
        r = hold(p, "mounts in a namespace", count + OWN_MOUNTS,
                 read_limit("/proc/sys/fs/mount-max"), "sysctl -w fs.mount-max=1000000", err);
    if (r == 0)
        r = hold(p, "KiB of memory", count * LIMITS_NODE_KIB, limits_available_kib(),
                 "fewer nodes, or more memory", err);
    if (r == 0)
        warn_of_neighbours(p);
    return r;
}
