/* SPDX-License-Identifier: MIT */
#include "node/usage.h"

#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "node/machine.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* What a node's processes are known by. */
struct owner {
    ino_t pid_namespace;
    size_t node;
};

static int compare_owners(const void *a, const void *b)
{
    const struct owner *x = a, *y = b;
    return (x->pid_namespace > y->pid_namespace) - (x->pid_namespace < y->pid_namespace);
}

/* The proportional set size; 0 where the kernel does not tell. */
static uint64_t read_pss(pid_t pid)
{
    _cleanup_(freep) char *path = xasprintf("/proc/%d/smaps_rollup", (int)pid);
    _cleanup_(freep) char *text = NULL;
    if (file_read(path, 1 << 16, &text, NULL, NULL) < 0)
        return 0;
    const char *line = strstr(text, "\nPss:");
    return line ? strtoull(line + strlen("\nPss:"), NULL, 10) * 1024 : 0;
}

/* User-Mode Linux has helpers that are processes of their own in its memory: to be counted once. */
static bool has_memory_of_parent(const struct proc *p)
{
    return syscall(SYS_kcmp, p->pid, p->parent, KCMP_VM, 0, 0) == 0;
}

/* An engine's containers are seen by nobody here, only what carries their frames. Nodes whose first
 * process is in this process's own namespace are left out: all the lab's others are in there, too.
 */
static size_t list_owners(const struct node_instance *nodes, size_t count, struct owner *owners)
{
    ino_t own = proc_pid_namespace(getpid());
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        ino_t ns = nodes[i].pid > 0 ? proc_pid_namespace(nodes[i].pid) : 0;
        if (ns && ns != own && nodes[i].broker < 0)
            owners[found++] = (struct owner){ns, i};
    }
    qsort(owners, found, sizeof(*owners), compare_owners);
    return found;
}

void usage_collect(const struct node_instance *nodes, size_t count, struct node_usage *usage)
{
    _cleanup_(freep) struct owner *owners = xcalloc(count, sizeof(*owners));
    _cleanup_(freep) struct proc *list = NULL;
    size_t owner_count = list_owners(nodes, count, owners);
    size_t process_count = proc_list(&list);
    for (size_t i = 0; i < count; i++)
        usage[i] = (struct node_usage){.cpu_ns = nodes[i].reaped_cpu_ns};
    for (size_t i = 0; i < process_count; i++) {
        struct owner key = {.pid_namespace = proc_pid_namespace(list[i].pid)};
        const struct owner *owner =
            bsearch(&key, owners, owner_count, sizeof(*owners), compare_owners);
        if (!owner)
            continue;
        usage[owner->node].cpu_ns += list[i].cpu_ns + list[i].children_ns;
        if (!has_memory_of_parent(&list[i]))
            usage[owner->node].memory_pss += read_pss(list[i].pid);
    }
    for (size_t i = 0; i < count; i++) {
        const struct machine_facts *facts = machine_facts(&nodes[i]);
        usage[i].disk = facts ? facts->disk_used : 0;
        usage[i].memory_guest = facts ? facts->memory_total - facts->memory_available : 0;
    }
}

uint64_t usage_lab_cpu_ns(const struct node_instance *nodes, size_t count)
{
    _cleanup_(freep) struct proc *list = NULL;
    size_t process_count = proc_list(&list);
    ino_t own = proc_pid_namespace(getpid());
    uint64_t sum_ns = 0;
    for (size_t i = 0; i < process_count; i++) {
        bool is_node = proc_pid_namespace(list[i].pid) != own;
        for (size_t k = 0; k < count && !is_node; k++)
            is_node = nodes[k].pid == list[i].pid;
        sum_ns += is_node ? 0 : list[i].cpu_ns;
    }
    return sum_ns;
}

uint64_t usage_disk(const char *path)
{
    struct statvfs st;
    return statvfs(path, &st) == 0 ? (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize : 0;
}

static uint64_t time_ns(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * NS_PER_SEC + (uint64_t)t->tv_usec * NS_PER_US;
}

/* The system call has an argument more than the C library's function. */
bool usage_reap(int pidfd, siginfo_t *ret, uint64_t *cpu_ns)
{
    struct rusage r;
    siginfo_t info = {0};
    if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &r) < 0 || info.si_pid == 0)
        return false;
    *cpu_ns += time_ns(&r.ru_utime) + time_ns(&r.ru_stime);
    *ret = info;
    return true;
}
