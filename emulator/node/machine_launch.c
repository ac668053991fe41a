/* SPDX-License-Identifier: MIT
 *
 * What the kinds of machines have in common before they start.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/disk.h"
#include "node/machine.h"
#include "node/tool.h"

static const uint64_t default_memory = 256 << 20;

int machine_check(const struct node *node, const char *kind, const char *program,
                  const char *package, struct error *err)
{
    if (!tool_exists(program))
        return error_machine(err, ENOENT,
                             "a node of kind %s needs '%s', which is not installed (Debian "
                             "package: %s)",
                             kind, program, package);
    if (access("/dev/net/tun", R_OK | W_OK) < 0)
        return error_machine(err, errno, "cannot use '/dev/net/tun': %s (load the module 'tun')",
                             strerror(errno));
    (void)node;
    return 0;
}

bool machine_root_is_host(const struct node_spec *spec)
{
    return strcmp(spec->root, "/") == 0;
}

uint64_t machine_memory(const struct node_limits *limits)
{
    return limits->memory_bytes ? limits->memory_bytes : default_memory;
}

/* MemAvailable of proc(5); 0 if it cannot be told. */
static uint64_t available_memory(void)
{
    _cleanup_(freep) char *text = NULL;
    const char *line = file_read("/proc/meminfo", 1 << 16, &text, NULL, NULL) == 0
                           ? strstr(text, "MemAvailable:")
                           : NULL;
    return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) << 10 : 0;
}

int machine_check_memory(const struct scenario *s, struct error *err)
{
    uint64_t sum = 0, available = available_memory();
    size_t count = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        if (!scenario_is_machine(s->nodes[i].kind))
            continue;
        sum += machine_memory(&s->nodes[i].limits);
        count++;
    }
    if (count == 0 || available == 0 || sum <= available)
        return 0;
    return error_machine(err, ENOMEM,
                         "its %zu virtual machines have %llu MiB of memory together, of which "
                         "this machine has %llu left (give them less by 'memory', or have fewer)",
                         count, (unsigned long long)sum >> 20, (unsigned long long)available >> 20);
}

void machine_add(char ***argv, const char *fmt, ...)
{
    va_list args;
    size_t count = 0;
    char *text;
    va_start(args, fmt);
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0)
        abort();
    while (*argv && (*argv)[count])
        count++;
    *argv = xrealloc(*argv, count + 2, sizeof(**argv));
    (*argv)[count] = text;
    (*argv)[count + 1] = NULL;
}

void machine_step(struct machine_launch *l, const char *fmt, ...)
{
    va_list args;
    char *text;
    va_start(args, fmt);
    int len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0)
        abort();
    l->setup = xrealloc(l->setup, l->setup_size + (size_t)len + 1, 1);
    memcpy(l->setup + l->setup_size, text, (size_t)len + 1);
    l->setup_size += (size_t)len + 1;
    free(text);
}

void machine_add_last_steps(struct machine_launch *l, const struct node_spec *spec)
{
    machine_step(l, "hostname\t%s", spec->name);
    for (size_t i = 0; i < spec->setting_count; i++)
        machine_step(l, "sysctl\t%s\t%s\t%s", spec->settings[i].key, spec->settings[i].value,
                     spec->settings[i].optional ? "optional" : "required");
    if (spec->congestion)
        machine_step(l, "congestion\t%s", spec->congestion);
    if (spec->limits->pids)
        machine_step(l, "pids\t%" PRIu64, spec->limits->pids);
    for (size_t i = 0; i < spec->interface_count; i++) {
        const uint8_t *m = spec->interfaces[i].mac;
        machine_step(l, "interface\t%02x:%02x:%02x:%02x:%02x:%02x\t%s", m[0], m[1], m[2], m[3],
                     m[4], m[5], spec->interfaces[i].name);
        if (!spec->interfaces[i].offloads)
            machine_step(l, "no-offloads\t%s", spec->interfaces[i].name);
    }
}

static void free_texts(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

void machine_launch_done(struct machine_launch *l)
{
    free_texts(l->argv);
    for (size_t i = 0; i < l->helper_count; i++)
        free_texts(l->helpers[i]);
    for (size_t i = 0; i < l->fd_count; i++)
        fd_closep(&l->fds[i]);
    fd_closep(&l->qmp);
    free(l->setup);
    *l = (struct machine_launch){0};
}

void machine_add_root_steps(struct machine_launch *l, const struct node_spec *spec)
{
    const char *lower = machine_root_is_host(spec) ? "" : MACHINE_ROOT_FOLDER;
    machine_step(l, "mount\ttmpfs\tnone\t/upper\trw\tmode=0755");
    machine_step(l, "dir\t/upper/data\t755");
    machine_step(l, "dir\t/upper/work\t755");
    machine_step(l,
                 "mount\toverlay\troot\t" MACHINE_ROOT "\trw\tlowerdir=" MACHINE_HOST
                 "%s,upperdir=/upper/data,workdir=/upper/work",
                 lower);
    for (size_t i = 0; i < spec->mount_count; i++) {
        const char *target = spec->mounts[i].target;
        if (!spec->mounts[i].writable)
            machine_step(l, "bind\t" MACHINE_HOST "%s\t" MACHINE_ROOT "%s\tro", target, target);
    }
}

void machine_add_enter_steps(struct machine_launch *l)
{
    static const char *const steps[] = {
        "bind\t" MACHINE_ROOT "/run/wanlab/lab/hosts\t" MACHINE_ROOT "/etc/hosts\tro",
        "link\t/proc/self/fd\t/dev/fd",
        "link\t/proc/self/fd/0\t/dev/stdin",
        "link\t/proc/self/fd/1\t/dev/stdout",
        "link\t/proc/self/fd/2\t/dev/stderr",
        "dir\t/dev/net\t755",
        "device\t/dev/net/tun\t666\t10\t200",
        "mount\tdevpts\tdevpts\t/dev/pts\trw\tptmxmode=0666,mode=0620",
        "mount\ttmpfs\tnone\t/dev/shm\trw\tmode=1777",
        "mount\tcgroup2\tnone\t/sys/fs/cgroup\trw\t",
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        machine_step(l, "%s", steps[i]);
    machine_step(l, "enter\t" MACHINE_ROOT);
}

int machine_open_disk(const struct node_spec *spec, int *ret_fd, struct error *err)
{
    const struct node_mount *scratch = &spec->mounts[0];
    while (!scratch->writable)
        scratch++;
    _cleanup_(freep) char *path = xasprintf("%s/disk", scratch->source);
    _cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        *ret_fd = take_fd(&fd);
        return 0;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)spec->scratch_bytes) < 0)
        return error_errno(err, errno, "cannot make the disk '%s'", path);
    int r = disk_format(path, err);
    if (r < 0)
        unlink(path);
    else
        *ret_fd = take_fd(&fd);
    return r;
}
