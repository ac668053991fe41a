/* SPDX-License-Identifier: MIT */
#include "lab/pin.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "node/child.h"

#define PIN_FOLDER "/run/netns"

static char *pin_path(const char *folder, const char *node)
{
    return xasprintf(PIN_FOLDER "/%s-%s", strrchr(folder, '/') + 1, node);
}

/* Whether this kernel has a network namespace that is such a node's own. */
static bool has_name(enum node_kind kind)
{
    return scenario_is_wired(kind) && !scenario_is_machine(kind);
}

/* As ip(8) does it: then the names that it makes later, and the end of ours, are seen by all mount
 * namespaces that have the folder. */
static int share_folder(struct error *err)
{
    int r = file_make_dirs(PIN_FOLDER, err);
    if (r < 0)
        return r;
    if (mount("", PIN_FOLDER, "none", MS_SHARED | MS_REC, NULL) == 0)
        return 0;
    if (mount(PIN_FOLDER, PIN_FOLDER, "none", MS_BIND | MS_REC, NULL) < 0 ||
        mount("", PIN_FOLDER, "none", MS_SHARED | MS_REC, NULL) < 0)
        return error_errno(err, errno, "cannot share '" PIN_FOLDER "'");
    return 0;
}

int pin_reserve(const char *folder, const struct scenario *s, int *ret_mounts, struct error *err)
{
    if (geteuid() != 0)
        return error_machine(err, EPERM,
                             "--pin needs root: names for 'ip netns' are mounts of the machine");
    int r = share_folder(err);
    _cleanup_(fd_closep) int mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (r == 0 && mounts < 0)
        r = error_errno(err, errno, "cannot open this mount namespace");
    struct text record = {0};
    for (size_t i = 0; r == 0 && i < s->node_count; i++) {
        _cleanup_(freep) char *path = pin_path(folder, s->nodes[i].name);
        if (!has_name(s->nodes[i].kind))
            continue;
        if (file_exists(path))
            r = error_set(err, EEXIST,
                          "--pin: '%s' is there already (give this lab another name with --name, "
                          "or remove that one with 'ip netns delete')",
                          path);
        text_add(&record, "%s\n", path);
    }
    _cleanup_(freep) char *file = xasprintf("%s/pins", folder);
    if (r == 0 && record.data)
        r = file_write(file, record.data, err);
    text_done(&record);
    if (r == 0)
        *ret_mounts = take_fd(&mounts);
    return r;
}

static int pin_one(const char *folder, const char *node, const struct netlink *nl,
                   struct error *err)
{
    _cleanup_(fd_closep) int ns = -1;
    int r = netlink_namespace(nl, &ns, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *path = pin_path(folder, node);
    _cleanup_(freep) char *source = xasprintf("/proc/self/fd/%d", ns);
    umount2(path, MNT_DETACH); /* of a former life */
    _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
    if (fd < 0 || mount(source, path, "none", MS_BIND, NULL) < 0)
        return error_errno(err, errno, "cannot pin '%s'", path);
    return 0;
}

struct pinning {
    const char *folder;
    int mounts;
    const struct fabric *fabric;
    int node; /* -1: all */
};

static int pin_from_there(void *arg, int *ret_fd, struct error *err)
{
    (void)ret_fd;
    const struct pinning *p = arg;
    const struct scenario *s = p->fabric->plan->scenario;
    int r = 0;
    if (setns(p->mounts, CLONE_NEWNS) < 0)
        return error_errno(err, errno, "cannot enter the launcher's mount namespace");
    for (int i = 0; r == 0 && i < (int)s->node_count; i++)
        if ((p->node < 0 || p->node == i) && has_name(s->nodes[i].kind))
            r = pin_one(p->folder, s->nodes[i].name, p->fabric->nodes[i].netlink, err);
    return r;
}

int pin_nodes(const char *folder, int mounts, const struct fabric *f, int node, struct error *err)
{
    struct pinning p = {.folder = folder, .mounts = mounts, .fabric = f, .node = node};
    return child_do(pin_from_there, &p, NULL, err);
}

void pin_sweep(const char *folder)
{
    _cleanup_(freep) char *file = xasprintf("%s/pins", folder);
    _cleanup_(freep) char *record = NULL;
    if (file_read(file, 1 << 20, &record, NULL, NULL) < 0)
        return;
    char *rest = record;
    for (char *path; (path = strsep(&rest, "\n"));) {
        if (strncmp(path, PIN_FOLDER "/", strlen(PIN_FOLDER "/")) != 0)
            continue;
        umount2(path, MNT_DETACH);
        unlink(path);
    }
}
