/* SPDX-License-Identifier: MIT
 *
 * The order matters. The folders that the node shall see are opened first, while their paths still
 * lead there; then private file systems cover /run and the others; then the opened trees are
 * moved to their new places. All with the mount calls that take descriptors, so no path is walked
 * twice and nothing depends on /proc.
 */
#include "node/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/sysctl.h"
#include "net/tcp.h"
#include "node/child.h"

enum { MOUNTS_MAX = 8 };

static int open_source(const char *path, int *ret_tree, struct error *err)
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return error_errno(err, errno, "cannot share '%s' with the node", path);
    *ret_tree = tree;
    return 0;
}

/* A path's tree loses its devices, too: there may be some outside of /dev. */
static int set_read_only(int fd, const char *path, bool read_only, struct error *err)
{
    struct mount_attr attr = {0};
    if (read_only)
        attr.attr_set = MOUNT_ATTR_RDONLY;
    else
        attr.attr_clr = MOUNT_ATTR_RDONLY;
    if (*path)
        attr.attr_set |= MOUNT_ATTR_NODEV;
    unsigned flags = AT_RECURSIVE | (*path ? 0 : AT_EMPTY_PATH);
    if (syscall(SYS_mount_setattr, fd, path, flags, &attr, sizeof(attr)) < 0)
        return error_errno(err, errno, "cannot make '%s' read-only", *path ? path : "a mount");
    return 0;
}

static int put_tree(int tree, const char *target, struct error *err)
{
    if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return error_errno(err, errno, "cannot mount on '%s'", target);
    return 0;
}

static int mount_private(const char *target, const char *options, struct error *err)
{
    if (mount("wanlab", target, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return error_errno(err, errno, "cannot mount a private '%s'", target);
    return 0;
}

/* The devices that every program may expect, and no disk of the host's among them. */
static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",   "/dev/tty",
                                      "/dev/random", "/dev/urandom", "/dev/net/tun"};

enum { DEVICES = ARRAY_LEN(devices) + 1 };

/* The last one is the spec's own. */
static const char *device(const struct node_spec *spec, size_t i)
{
    return i < ARRAY_LEN(devices) ? devices[i] : spec->device;
}

static void open_devices(const struct node_spec *spec, int *trees)
{
    for (size_t i = 0; i < DEVICES; i++) { /* what the host lacks, the node lacks too */
        trees[i] = -1;
        if (device(spec, i))
            open_source(device(spec, i), &trees[i], NULL);
    }
}

static int mount_devices(const struct node_spec *spec, const int *trees, struct error *err)
{
    static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                           {"/proc/self/fd/0", "/dev/stdin"},
                                           {"/proc/self/fd/1", "/dev/stdout"},
                                           {"/proc/self/fd/2", "/dev/stderr"},
                                           {"pts/ptmx", "/dev/ptmx"}};
    /* A new instance of the terminal file system, so that the node's ttys are its own. */
    static const char *const devpts = "newinstance,ptmxmode=0666,mode=0620";
    int r = mount_private("/dev", "mode=0755", err);
    if (r == 0 &&
        (mkdir("/dev/pts", 0755) < 0 || mkdir("/dev/shm", 0755) < 0 || mkdir("/dev/net", 0755) < 0))
        r = error_errno(err, errno, "cannot fill the private /dev");
    for (size_t i = 0; i < DEVICES && r == 0; i++) {
        if (trees[i] < 0)
            continue;
        r = file_write(device(spec, i), "", err);
        if (r == 0)
            r = put_tree(trees[i], device(spec, i), err);
    }
    for (size_t i = 0; i < ARRAY_LEN(links) && r == 0; i++)
        if (symlink(links[i][0], links[i][1]) < 0)
            r = error_errno(err, errno, "cannot make '%s'", links[i][1]);
    if (r == 0 && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, devpts) < 0)
        r = error_errno(err, errno, "cannot mount the node's /dev/pts");
    return r;
}

/* The node's own interfaces in place of the host's. A user namespace may be refused this: then
 * there is no /sys at all. */
static int mount_sys(struct error *err)
{
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("sysfs", "/sys", "sysfs", flags, NULL) == 0)
        return 0;
    if (errno != EPERM)
        return error_errno(err, errno, "cannot mount the node's /sys");
    return mount_private("/sys", "mode=0555", err);
}

static int mount_private_folders(struct error *err)
{
    static const char *const folders[] = {"/tmp", "/run", "/var", "/dev/shm"};
    static const char *const in_var[] = {"/var/tmp", "/var/log", "/var/lib", "/var/cache",
                                         "/var/spool"};
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(folders) && r == 0; i++)
        r = mount_private(folders[i], i == 0 || i == 3 ? "mode=1777,size=1g" : "mode=0755,size=1g",
                          err);
    for (size_t i = 0; i < ARRAY_LEN(in_var) && r == 0; i++)
        if (mkdir(in_var[i], i == 0 ? 01777 : 0755) < 0)
            r = error_errno(err, errno, "cannot make '%s'", in_var[i]);
    if (r == 0 && (symlink("/run", "/var/run") < 0 || mkdir("/run/lock", 01777) < 0))
        r = error_errno(err, errno, "cannot fill the private /var and /run");
    return r;
}

/* What in /proc is the whole machine's, as Docker has it: not to be written, or not even to be
 * read. */
static int protect_proc(struct error *err)
{
    static const char *const read_only[] = {"/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi",
                                            "/proc/sysrq-trigger"};
    static const char *const masked[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list"};
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(read_only) && r == 0; i++) {
        _cleanup_(fd_closep) int tree = -1;
        if (!file_exists(read_only[i]))
            continue;
        r = open_source(read_only[i], &tree, err);
        if (r == 0)
            r = set_read_only(tree, "", true, err);
        if (r == 0)
            r = put_tree(tree, read_only[i], err);
    }
    for (size_t i = 0; i < ARRAY_LEN(masked) && r == 0; i++) {
        _cleanup_(fd_closep) int null = -1;
        if (!file_exists(masked[i]))
            continue;
        r = open_source("/dev/null", &null, err);
        if (r == 0)
            r = put_tree(null, masked[i], err);
    }
    return r;
}

/* The node's own processes; settings outside its network are the host's and stay read-only. */
static int mount_proc(struct error *err)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return error_errno(err, errno, "cannot mount the node's /proc");
    _cleanup_(fd_closep) int all = -1;
    _cleanup_(fd_closep) int net = -1;
    int r = protect_proc(err);
    if (r == 0)
        r = open_source("/proc/sys", &all, err);
    if (r == 0)
        r = open_source("/proc/sys/net", &net, err);
    if (r == 0)
        r = set_read_only(all, "", true, err);
    if (r == 0)
        r = put_tree(all, "/proc/sys", err);
    if (r == 0)
        r = put_tree(net, "/proc/sys/net", err);
    return r;
}

int sandbox_apply_settings(const struct node_spec *spec, struct error *err)
{
    int r = spec->congestion ? tcp_check_congestion(spec->congestion, err) : 0;
    for (size_t i = 0; i < spec->setting_count && r == 0; i++)
        r = sysctl_set(spec->settings[i].key, spec->settings[i].value, spec->settings[i].optional,
                       err);
    return r;
}

static int put_mounts(const struct node_spec *spec, const int *trees, struct error *err)
{
    for (size_t i = 0; i < spec->mount_count; i++) {
        const struct node_mount *m = &spec->mounts[i];
        int r = file_make_dirs(m->target, err);
        if (r == 0)
            r = set_read_only(trees[i], "", !m->writable, err);
        if (r == 0)
            r = put_tree(trees[i], m->target, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int build_view(const struct node_spec *spec, const int *trees, int hosts, struct error *err)
{
    int device_trees[DEVICES];
    open_devices(spec, device_trees);
    int r = set_read_only(AT_FDCWD, "/", true, err);
    if (r == 0)
        r = set_read_only(hosts, "", true, err);
    if (r == 0)
        r = put_tree(hosts, "/etc/hosts", err);
    const char *const hidden[] = {spec->hidden, spec->scratch_parent};
    for (size_t i = 0; i < ARRAY_LEN(hidden) && r == 0; i++)
        if (hidden[i] && file_exists(hidden[i]))
            r = mount_private(hidden[i], "mode=0555", err);
    if (r == 0)
        r = mount_devices(spec, device_trees, err);
    if (r == 0)
        r = mount_private_folders(err);
    if (r == 0)
        r = mount_proc(err);
    if (r == 0)
        r = mount_sys(err);
    if (r == 0)
        r = sandbox_apply_settings(spec, err);
    if (r == 0)
        r = put_mounts(spec, trees, err);
    for (size_t i = 0; i < DEVICES; i++)
        fd_closep(&device_trees[i]);
    return r;
}

static int copy_mounts(void *arg, int *ret_mounts, struct error *err)
{
    (void)arg;
    if (unshare(CLONE_NEWNS) == 0)
        *ret_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return *ret_mounts < 0 ? error_errno(err, errno, "cannot make a mount namespace") : 0;
}

int sandbox_copy_mounts(int *ret_mounts, struct error *err)
{
    return child_do(copy_mounts, NULL, ret_mounts, err);
}

/* Every node's folders are mounted in the lab's namespace: a copy of that would have them all. */
static int enter_copy(int mounts, struct error *err)
{
    if (mounts >= 0 && (setns(mounts, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0))
        return error_errno(err, errno, "cannot make the node's mount namespace");
    fd_closep(&mounts);
    return 0;
}

static int put_in_place(int tree, const char *path, struct error *err)
{
    int r = file_make_dirs(path, err);
    return r < 0 ? r : put_tree(tree, path, err);
}

int sandbox_enter_bare(const struct node_spec *spec, struct error *err)
{
    int trees[MOUNTS_MAX], work = -1;
    size_t opened = 0;
    if (spec->mount_count > MOUNTS_MAX)
        return error_set(err, E2BIG, "more than %d folders for one node", MOUNTS_MAX);
    int r = open_source(spec->work, &work, err);
    while (r == 0 && opened < spec->mount_count) {
        r = open_source(spec->mounts[opened].source, &trees[opened], err);
        opened += r == 0;
    }
    if (r == 0)
        r = enter_copy(spec->bare_mounts, err);
    if (r == 0)
        r = put_in_place(work, spec->work, err);
    for (size_t i = 0; i < opened; i++) {
        if (r == 0)
            r = put_in_place(trees[i], spec->mounts[i].source, err);
        close(trees[i]);
    }
    fd_closep(&work);
    return r;
}

int sandbox_build(const struct node_spec *spec, int mounts, struct error *err)
{
    int trees[MOUNTS_MAX];
    _cleanup_(fd_closep) int hosts = -1;
    if (spec->mount_count > MOUNTS_MAX)
        return error_set(err, E2BIG, "more than %d folders for one node", MOUNTS_MAX);
    if (sethostname(spec->name, strlen(spec->name)) < 0)
        return error_errno(err, errno, "cannot name the host");
    int r = open_source(spec->hosts, &hosts, err);
    size_t opened = 0;
    while (r == 0 && opened < spec->mount_count) {
        r = open_source(spec->mounts[opened].source, &trees[opened], err);
        if (r == 0)
            opened++;
    }
    if (r == 0)
        r = enter_copy(mounts, err);
    if (r == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        r = error_errno(err, errno, "cannot make the node's mounts private");
    if (r == 0)
        r = build_view(spec, trees, hosts, err);
    while (opened > 0)
        close(trees[--opened]);
    return r;
}

static const struct {
    unsigned number;
    const char *name;
} kept[] = {
#define KEPT(cap)                                                                                  \
    {                                                                                              \
        cap, #cap                                                                                  \
    }
    KEPT(CAP_CHOWN),   KEPT(CAP_DAC_OVERRIDE), KEPT(CAP_FSETID),
    KEPT(CAP_FOWNER),  KEPT(CAP_SETGID),       KEPT(CAP_SETUID),
    KEPT(CAP_SETFCAP), KEPT(CAP_SETPCAP),      KEPT(CAP_NET_BIND_SERVICE),
    KEPT(CAP_KILL),    KEPT(CAP_SYS_CHROOT),   KEPT(CAP_AUDIT_WRITE),
    KEPT(CAP_NET_RAW), KEPT(CAP_NET_ADMIN),
#undef KEPT
};

const char *sandbox_capability(size_t index)
{
    return index < ARRAY_LEN(kept) ? kept[index].name : NULL;
}

int sandbox_drop_privileges(struct error *err)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        mask |= 1ULL << kept[i].number;
    for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!(mask & 1ULL << cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return error_errno(err, errno, "cannot drop a capability");
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct have[2], data[2] = {{0}};
    if (syscall(SYS_capget, &head, have) < 0)
        return error_errno(err, errno, "cannot read the capabilities");
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted = have[i].permitted & (uint32_t)(mask >> (32 * i));
    if (syscall(SYS_capset, &head, data) < 0)
        return error_errno(err, errno, "cannot drop the capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_errno(err, errno, "cannot set no_new_privs");
    return 0;
}
