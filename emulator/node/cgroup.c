/* SPDX-License-Identifier: MIT
 *
 * A record has a line for every hierarchy: "cpu,cpuacct /sys/fs/cgroup/cpu/OWN/wanlab.LAB.INODE",
 * or "unified /sys/fs/cgroup/wanlab.LAB.INODE". OCI runtimes make folders in hierarchies that
 * wanlab itself does not use; the sweep finds those too.
 */
#include "node/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

enum { CPU_PERIOD_US = 100000, SWEEP_TIMEOUT_MS = 2000 };

#define UNIFIED "unified"

enum { CPU, MEMORY, PIDS, IO };
static const struct {
    const char *name, *unified;
} controllers[CGROUP_CONTROLLERS] = {
    [CPU] = {"cpu", "cpu"},
    [MEMORY] = {"memory", "memory"},
    [PIDS] = {"pids", "pids"},
    [IO] = {"blkio", "io"},
};

/* --- the record --- */

/* Whether the comma-separated `list` has `word`. */
static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
            return true;
    return false;
}

/* The path of the calling process in the hierarchy with controller `name`; the caller frees it. */
static char *own_path(const char *self, const char *name)
{
    _cleanup_(freep) char *copy = xstrdup(self);
    char *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        if (has_word(list + 1, name))
            return xstrdup(strcmp(path, "/") == 0 ? "" : path);
    }
    return xstrdup("");
}

/* Of a mount's options those that name controllers. */
static char *controllers_of(const char *options)
{
    static const char *const others[] = {"rw", "ro", "relatime", "nosuid", "nodev", "noexec"};
    struct text list = {0};
    _cleanup_(freep) char *copy = xstrdup(options);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ","));) {
        bool is_other = false;
        for (size_t i = 0; i < ARRAY_LEN(others); i++)
            is_other |= strcmp(word, others[i]) == 0;
        if (!is_other)
            text_add(&list, "%s%s", list.data ? "," : "", word);
    }
    return list.data ? list.data : xstrdup("none");
}

static void add_line(struct text *record, const struct mntent *mount, const char *self,
                     const char *name)
{
    if (strcmp(mount->mnt_type, "cgroup2") == 0) {
        text_add(record, UNIFIED " %s/%s\n", mount->mnt_dir, name);
    } else if (strcmp(mount->mnt_type, "cgroup") == 0) {
        _cleanup_(freep) char *list = controllers_of(mount->mnt_opts);
        _cleanup_(freep) char *first = xasprintf("%.*s", (int)strcspn(list, ","), list);
        _cleanup_(freep) char *own = own_path(self, first);
        _cleanup_(freep) char *base = xasprintf("%s%s", mount->mnt_dir, own);
        /* In a container the mount may show but a part of what the path is relative to. */
        text_add(record, "%s %s/%s\n", list, file_exists(base) ? base : mount->mnt_dir, name);
    }
}

int cgroup_reserve(const char *folder, char **ret, struct error *err)
{
    struct stat st;
    const char *lab = strrchr(folder, '/');
    _cleanup_(freep) char *self = NULL;
    int r = file_read("/proc/self/cgroup", 1 << 16, &self, NULL, NULL);
    FILE *mounts = r < 0 ? NULL : setmntent("/proc/self/mounts", "re");
    if (!mounts || stat(folder, &st) < 0)
        return error_machine(err, ENOENT, "this kernel has no cgroups");
    _cleanup_(freep) char *name =
        xasprintf("wanlab.%s.%" PRIx64, lab ? lab + 1 : folder, (uint64_t)st.st_ino);
    struct text record = {0};
    for (struct mntent *mount; (mount = getmntent(mounts));)
        add_line(&record, mount, self, name);
    endmntent(mounts);
    _cleanup_(freep) char *path = xasprintf("%s/cgroups", folder);
    r = file_write(path, record.data ? record.data : "", err);
    text_done(&record);
    if (r == 0)
        *ret = TAKE_PTR(path);
    return r;
}

/* The folder of the record's line that has `controller`; NULL if none. */
static char *find_line(const char *record, const char *controller)
{
    _cleanup_(freep) char *text = NULL;
    if (file_read(record, 1 << 20, &text, NULL, NULL) < 0)
        return NULL;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *path = strchr(line, ' ');
        if (!path)
            continue;
        *path++ = '\0';
        if (has_word(line, controller))
            return xstrdup(path);
    }
    return NULL;
}

char *cgroup_runtime_path(const char *record, const char *node)
{
    _cleanup_(freep) char *old = find_line(record, "memory");
    _cleanup_(freep) char *unified = find_line(record, UNIFIED);
    const char *folder = old ? old : unified ? unified : "/wanlab";
    return xasprintf("%s%s/%s", old ? "" : "/", strrchr(folder, '/') + 1, node);
}

/* --- a node's folders --- */

/* Version 2: lets `controller` through to what is below the lab's folder. */
static bool delegate(const char *lab_folder, const char *controller)
{
    _cleanup_(freep) char *word = xasprintf("+%s", controller);
    _cleanup_(freep) char *inner = xasprintf("%s/cgroup.subtree_control", lab_folder);
    _cleanup_(freep) char *outer = xasprintf("%s/../cgroup.subtree_control", lab_folder);
    return file_write(outer, word, NULL) == 0 && file_write(inner, word, NULL) == 0;
}

static void open_controller(const char *record, const char *node, int number,
                            struct cgroup_controller *c)
{
    _cleanup_(freep) char *lab = find_line(record, controllers[number].name);
    bool unified = !lab;
    if (!lab)
        lab = find_line(record, UNIFIED);
    if (!lab || (mkdir(lab, 0755) < 0 && errno != EEXIST) ||
        (unified && !delegate(lab, controllers[number].unified)))
        return;
    _cleanup_(freep) char *folder = xasprintf("%s/%s", lab, node);
    _cleanup_(freep) char *procs = xasprintf("%s/cgroup.procs", folder);
    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return;
    c->procs = open(procs, O_WRONLY | O_CLOEXEC);
    c->unified = unified;
    if (c->procs >= 0)
        c->folder = TAKE_PTR(folder);
}

int cgroup_open(const char *record, const char *node, const struct node_limits *limits,
                struct cgroup *ret, struct error *err)
{
    struct cgroup c = {0};
    const struct node_limits none = {0}, *l = limits ? limits : &none;
    const bool needed[] = {l->cpus > 0, l->memory_bytes > 0, l->pids > 0,
                           l->io_read > 0 || l->io_write > 0};
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (i != IO || needed[i])
            open_controller(record, node, i, &c.controller[i]);
        if (needed[i] && !c.controller[i].folder) {
            cgroup_close(&c);
            return error_machine(err, ENOENT,
                                 "cannot limit %s: the cgroup controller '%s' is not there for "
                                 "this process to use (run as root; mount it or enable it in "
                                 "cgroup.subtree_control)",
                                 controllers[i].unified, controllers[i].name);
        }
    }
    *ret = c;
    return 0;
}

void cgroup_close(struct cgroup *c)
{
    for (size_t i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (c->controller[i].folder)
            close(c->controller[i].procs);
        free(c->controller[i].folder);
    }
    *c = (struct cgroup){0};
}

static int set(const struct cgroup_controller *c, const char *file, const char *unified_file,
               const char *value, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", c->folder, c->unified ? unified_file : file);
    return file_write(path, value, err);
}

/* No swap beyond the memory, where the kernel can tell the two apart. */
static int limit_memory(const struct cgroup_controller *c, uint64_t bytes, struct error *err)
{
    _cleanup_(freep) char *value = xasprintf("%" PRIu64, bytes);
    _cleanup_(freep) char *swap = xasprintf(
        "%s/%s", c->folder, c->unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
    int r = set(c, "memory.limit_in_bytes", "memory.max", value, err);
    if (r == 0 && file_exists(swap))
        r = file_write(swap, c->unified ? "0" : value, err);
    return r;
}

static int limit_cpus(const struct cgroup_controller *c, double cpus, struct error *err)
{
    long quota = (long)(cpus * CPU_PERIOD_US + 0.5);
    _cleanup_(freep) char *both = xasprintf("%ld %d", quota, CPU_PERIOD_US);
    _cleanup_(freep) char *alone = xasprintf("%ld", quota);
    return set(c, "cpu.cfs_quota_us", "cpu.max", c->unified ? both : alone, err);
}

/* Of one direction; 0: none. */
static int limit_io(const struct cgroup_controller *c, bool write, uint64_t bytes, dev_t disk,
                    struct error *err)
{
    if (bytes == 0)
        return 0;
    const char *key = !c->unified ? "" : write ? "wbps=" : "rbps=";
    _cleanup_(freep) char *value =
        xasprintf("%u:%u %s%" PRIu64, major(disk), minor(disk), key, bytes);
    return set(c, write ? "blkio.throttle.write_bps_device" : "blkio.throttle.read_bps_device",
               "io.max", value, err);
}

int cgroup_limit(const struct cgroup *c, const struct node_limits *l, dev_t disk, struct error *err)
{
    int r = l && l->cpus > 0 ? limit_cpus(&c->controller[CPU], l->cpus, err) : 0;
    if (r == 0 && l && l->memory_bytes > 0)
        r = limit_memory(&c->controller[MEMORY], l->memory_bytes, err);
    if (r == 0 && l && l->pids > 0) {
        _cleanup_(freep) char *value = xasprintf("%" PRIu64, l->pids);
        r = set(&c->controller[PIDS], "pids.max", "pids.max", value, err);
    }
    if (r == 0 && l)
        r = limit_io(&c->controller[IO], false, l->io_read, disk, err);
    return r == 0 && l ? limit_io(&c->controller[IO], true, l->io_write, disk, err) : r;
}

void cgroup_move(const struct cgroup *c, int pid)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%d", pid);
    for (size_t i = 0; i < CGROUP_CONTROLLERS; i++)
        if (c->controller[i].folder)
            fd_write_all(c->controller[i].procs, text, (size_t)len);
}

void cgroup_join(const struct cgroup *c)
{
    cgroup_move(c, 0);
}

/* --- the sweep --- */

/* Removes the folders in `path` and itself, deepest first; cgroups' files cannot be removed. */
static bool remove_folders(const char *path)
{
    _cleanup_(dir_closep) DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        _cleanup_(freep) char *child = xasprintf("%s/%s", path, e->d_name);
        remove_folders(child);
    }
    return rmdir(path) == 0 || errno == ENOENT;
}

static bool sweep_line(const char *path)
{
    uint64_t deadline = clock_monotonic_ns() + SWEEP_TIMEOUT_MS * NS_PER_MS;
    while (!remove_folders(path)) {
        if (errno != EBUSY || clock_monotonic_ns() > deadline)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return true;
}

bool cgroup_sweep(const char *record)
{
    _cleanup_(freep) char *text = NULL;
    bool clean = true;
    if (file_read(record, 1 << 20, &text, NULL, NULL) < 0)
        return true;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strchr(line, ' '))
            clean &= sweep_line(strchr(line, ' ') + 1);
    return clean;
}
