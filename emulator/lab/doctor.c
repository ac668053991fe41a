/* SPDX-License-Identifier: MIT */
#include "lab/doctor_internal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "lab/limits.h"
#include "node/engine.h"
#include "node/faketime.h"
#include "node/tool.h"

struct doctor_check *doctor_add(struct doctor *d, const char *group, const char *name,
                                enum doctor_state state, const char *cure, const char *fmt, ...)
{
    d->checks = array_grow(d->checks, d->count, sizeof(*d->checks));
    struct doctor_check *c = &d->checks[d->count++];
    *c = (struct doctor_check){
        .group = group,
        .name = name,
        .state = state,
        .cure = state == DOCTOR_OK ? NULL : cure,
        .nodes = -1,
    };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->found, sizeof(c->found), fmt, ap);
    va_end(ap);
    return c;
}

const char *doctor_state_name(enum doctor_state state)
{
    static const char *const names[] = {"ok", "weak", "missing", "needed"};
    return names[state];
}

bool doctor_can_run(const struct doctor *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->checks[i].state == DOCTOR_NEEDED)
            return false;
    return true;
}

void doctor_done(struct doctor *d)
{
    free(d->checks);
    *d = (struct doctor){0};
}

/* Daemons are where an ordinary user's PATH may not lead. */
static bool is_there(const char *program)
{
    _cleanup_(freep) char *path = xasprintf("/usr/sbin/%s", program);
    return tool_exists(program) || access(path, X_OK) == 0;
}

static void examine_programs(struct doctor *d)
{
    static const struct {
        const char *name, *purpose, *package;
        enum doctor_state without;
    } programs[] = {
        {"mariadbd", "the workload replicate", "apt-get install mariadb-server-core",
         DOCTOR_NEEDED},
        {"gnuplot", "plots", "apt-get install gnuplot-nox", DOCTOR_MISSING},
        {"dot", "wanlab graph --svg", "apt-get install graphviz", DOCTOR_MISSING},
        {"crun", "nodes of kind container", "apt-get install crun (or runc)", DOCTOR_MISSING},
        {"mmdebstrap", "wanlab image build", "apt-get install mmdebstrap", DOCTOR_MISSING},
        {"umoci", "roots from OCI archives", "apt-get install umoci", DOCTOR_MISSING},
        {"linux.uml", "nodes of kind uml", "apt-get install user-mode-linux", DOCTOR_MISSING},
        {"qemu-system-x86_64", "nodes of kind qemu",
         "apt-get install qemu-system-x86 linux-image-cloud-amd64", DOCTOR_MISSING},
        {"cpio", "nodes of kind uml and qemu", "apt-get install cpio", DOCTOR_MISSING},
        {"mkfs.ext4", "disks of uml and qemu", "apt-get install e2fsprogs", DOCTOR_MISSING},
    };
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        bool is_crun = strcmp(programs[i].name, "crun") == 0;
        bool there = is_there(programs[i].name) || (is_crun && is_there("runc"));
        doctor_add(d, "programs", programs[i].name, there ? DOCTOR_OK : programs[i].without,
                   programs[i].package, "%s, for %s", there ? "there" : "not there",
                   programs[i].purpose);
    }
    const char *engine;
    struct error err;
    _cleanup_(freep) char *library = NULL;
    const bool has_faketime = faketime_find("/", &library, NULL) == 0;
    doctor_add(d, "programs", "libfaketime", has_faketime ? DOCTOR_OK : DOCTOR_MISSING,
               "apt-get install libfaketime", "%s, for clocks that events change",
               has_faketime ? "there" : "not there");
    bool answers = false;
    if (geteuid() == 0) /* Podman leaves a process behind for each other user that asks it */
        answers = engine_find(&engine, &err) == 0;
    else
        error_set(&err, EPERM, "only root's nodes can be of kind docker");
    doctor_add(d, "programs", "engine", answers ? DOCTOR_OK : DOCTOR_MISSING,
               "apt-get install docker.io or podman, and start it; for nodes of kind docker", "%s",
               answers ? engine : err.text);
}

/* --- limits --- */

static double read_number(const char *path)
{
    _cleanup_(freep) char *text = NULL;
    return file_read(path, 4096, &text, NULL, NULL) < 0 ? -1 : strtod(text, NULL);
}

/* What a node costs at the least, measured on idle nodes of kind process; a database more. */
enum {
    DELAYED_NODE_FDS = LIMITS_NODE_FDS + 2, /* with the two TAPs of a delayed member of a network */
    DATABASE_PIDS = 40,                     /* MariaDB's threads and its clients, in a small mesh */
    NODES_WISHED = 1000,
};

static void add_limit(struct doctor *d, const char *name, double value, double each,
                      const char *cure, const char *words)
{
    if (value < 0) {
        doctor_add(d, "limits", name, DOCTOR_OK, NULL, "not set on this machine");
        return;
    }
    int64_t nodes = (int64_t)(value / each);
    enum doctor_state state = nodes >= NODES_WISHED ? DOCTOR_OK : DOCTOR_WEAK;
    doctor_add(d, "limits", name, state, cure, "%.0f: %s", value, words)->nodes = nodes;
}

static void examine_limits(struct doctor *d)
{
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    add_limit(d, "processes", read_number("/proc/sys/kernel/pid_max"), DATABASE_PIDS,
              "sysctl -w kernel.pid_max=4194304", "pid_max, at 40 threads a node with a database");
    add_limit(d, "files", (double)files.rlim_max, DELAYED_NODE_FDS,
              "ulimit -Hn 1048576, as root, or LimitNOFILE= of the service",
              "open files of a process");
    add_limit(d, "network namespaces", read_number("/proc/sys/user/max_net_namespaces"), 1,
              "sysctl -w user.max_net_namespaces=100000", "user.max_net_namespaces, one a node");
    add_limit(d, "memory", limits_available_kib(), LIMITS_NODE_KIB, "more memory, or fewer nodes",
              "KiB left, at 600 an idle node");
    double neighbours = read_number("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
    add_limit(d, "neighbours", neighbours, neighbours > 0 ? sqrt(neighbours) : 1,
              "sysctl -w net.ipv4.neigh.default.gc_thresh3=1048576 (IPv6 alike), for LANs of more "
              "than 64 members in which all talk to all",
              "gc_thresh3, shared by all nodes; the wan and small LANs need none");
    double watches = read_number("/proc/sys/fs/inotify/max_user_instances");
    add_limit(d, "inotify", watches, 1, "sysctl -w fs.inotify.max_user_instances=8192",
              "instances of a user; only for programs that watch files");
}

/* --- clock and processors --- */

static void read_line(const char *path, char *line, size_t size)
{
    _cleanup_(freep) char *text = NULL;
    *line = '\0';
    if (file_read(path, 4096, &text, NULL, NULL) == 0)
        snprintf(line, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* All time and stolen time of all processors, in ticks. */
static void read_cpu(double *ret_all, double *ret_stolen)
{
    enum { STEAL = 7, USED = 8 };
    char line[512];
    read_line("/proc/stat", line, sizeof(line));
    char *at = line + strcspn(line, " ");
    *ret_all = *ret_stolen = 0;
    for (int i = 0; i < USED; i++) {
        double ticks = strtod(at, &at);
        *ret_all += ticks;
        *ret_stolen += i == STEAL ? ticks : 0;
    }
}

static void examine_steal(struct doctor *d)
{
    double all[2], stolen[2];
    read_cpu(&all[0], &stolen[0]);
    nanosleep(&(struct timespec){.tv_nsec = 300 * NS_PER_MS}, NULL);
    read_cpu(&all[1], &stolen[1]);
    double share = all[1] > all[0] ? (stolen[1] - stolen[0]) / (all[1] - all[0]) : 0;
    doctor_add(d, "clock", "steal", share < 0.01 ? DOCTOR_OK : DOCTOR_WEAK,
               "a host with fewer other guests, or processors of its own for this one",
               "%.1f %% of the processors' time went to others, over 0.3 s", 100 * share);
}

static void examine_clock(struct doctor *d)
{
    char source[64], governor[64];
    read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", source,
              sizeof(source));
    bool slow = strcmp(source, "hpet") == 0 || strcmp(source, "acpi_pm") == 0 ||
                strcmp(source, "jiffies") == 0;
    doctor_add(d, "clock", "source", slow ? DOCTOR_WEAK : DOCTOR_OK,
               "boot with clocksource=tsc, where the processor's is stable", "%s",
               *source ? source : "not told");
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof(governor));
    bool sleepy = *governor && strcmp(governor, "performance") != 0;
    doctor_add(d, "clock", "governor", sleepy ? DOCTOR_WEAK : DOCTOR_OK,
               "cpupower frequency-set -g performance", "%s",
               *governor ? governor : "not the kernel's to choose");
    examine_steal(d);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    doctor_add(d, "clock", "processors", processors > 1 ? DOCTOR_OK : DOCTOR_WEAK,
               "a second one, for the delay line", "%ld", processors);
}

void doctor_examine(struct doctor *d)
{
    *d = (struct doctor){0};
    doctor_examine_kernel(d);
    examine_programs(d);
    examine_limits(d);
    examine_clock(d);
}
