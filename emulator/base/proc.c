/* SPDX-License-Identifier: MIT */
#include "base/proc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

static uint64_t ticks_ns(unsigned long long ticks)
{
    return ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The name in parentheses may hold anything, parentheses too: what follows the last one counts. */
static bool read_stat(const char *pid, struct proc *ret)
{
    _cleanup_(freep) char *path = xasprintf("/proc/%s/stat", pid);
    _cleanup_(freep) char *text = NULL;
    unsigned long long user, system, children_user, children_system;
    int parent, session;
    if (file_read(path, 4096, &text, NULL, NULL) < 0)
        return false;
    const char *rest = strrchr(text, ')');
    if (!rest ||
        sscanf(rest, ") %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &ret->state,
               &parent, &session, &user, &system, &children_user, &children_system) != 7)
        return false;
    ret->pid = (pid_t)strtol(pid, NULL, 10);
    ret->parent = parent;
    ret->session = session;
    ret->cpu_ns = ticks_ns(user + system);
    ret->children_ns = ticks_ns(children_user + children_system);
    return true;
}

size_t proc_list(struct proc **ret)
{
    struct proc *list = NULL;
    size_t count = 0;
    _cleanup_(dir_closep) DIR *dir = opendir("/proc");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct proc proc;
        if (!isdigit((unsigned char)*e->d_name) || !read_stat(e->d_name, &proc))
            continue;
        list = array_grow(list, count, sizeof(*list));
        list[count++] = proc;
    }
    *ret = list;
    return count;
}

ino_t proc_pid_namespace(pid_t pid)
{
    struct stat st;
    _cleanup_(freep) char *path = xasprintf("/proc/%d/ns/pid", (int)pid);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}
