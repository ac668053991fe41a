/* SPDX-License-Identifier: MIT */
#include "node/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/sandbox.h"
#include "node/secrets.h"

static json_t *describe_process(void)
{
    json_t *names = json_array(), *env = json_array();
    for (size_t i = 0; sandbox_capability(i); i++)
        json_array_append_new(names, json_string(sandbox_capability(i)));
    json_array_append_new(env, json_string("PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
    const char *runtime = getenv("WANLAB_RUNTIME"); /* whose lab this is, for people and tests */
    if (runtime)
        json_array_append_new(env, json_sprintf("WANLAB_RUNTIME=%s", runtime));
    return json_pack("{s:[s,s] s:s s:o s:{s:i s:i} s:b s:{s:O s:O s:o}}", "args", BUNDLE_INIT,
                     "reap", "cwd", "/", "env", env, "user", "uid", 0, "gid", 0, "noNewPrivileges",
                     1, "capabilities", "bounding", names, "effective", names, "permitted", names);
}

static json_t *describe_mount(const char *target, const char *type, const char *source,
                              const char *options)
{
    json_t *list = json_array();
    _cleanup_(freep) char *copy = xstrdup(options);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ","));)
        json_array_append_new(list, json_string(word));
    return json_pack("{s:s s:s s:s s:o}", "destination", target, "type", type, "source", source,
                     "options", list);
}

static void add_private(json_t *mounts, const char *folder, const char *name)
{
    _cleanup_(freep) char *source = xasprintf("%s/%s", folder, name);
    _cleanup_(freep) char *target = xasprintf("/%s", name);
    json_array_append_new(mounts, describe_mount(target, "bind", source, "bind,nosuid,nodev"));
}

/* What covers them in the lab: the overlay looks at what is below. */
static void add_secrets(json_t *mounts)
{
    for (size_t i = 0; secrets_path(i); i++)
        if (file_exists(secrets_path(i)))
            json_array_append_new(
                mounts, describe_mount(secrets_path(i), "bind", secrets_path(i), "bind,ro"));
}

static json_t *describe_mounts(const struct node_spec *spec, const char *init,
                               const char *private_folders)
{
    static const struct {
        const char *target, *type, *options;
    } standard[] = {
        {"/proc", "proc", "nosuid,noexec,nodev"},
        {"/dev", "tmpfs", "nosuid,strictatime,mode=755,size=64k"},
        {"/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"},
        {"/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777"},
        {"/dev/mqueue", "mqueue", "nosuid,noexec,nodev"},
        {"/sys", "sysfs", "nosuid,noexec,nodev,ro"},
    };
    json_t *mounts = json_array();
    for (size_t i = 0; i < ARRAY_LEN(standard); i++)
        json_array_append_new(mounts, describe_mount(standard[i].target, standard[i].type,
                                                     standard[i].type, standard[i].options));
    if (private_folders) {
        add_private(mounts, private_folders, "run");
        add_private(mounts, private_folders, "tmp");
        add_secrets(mounts);
    }
    json_array_append_new(mounts, describe_mount(BUNDLE_INIT, "bind", init, "bind,ro"));
    json_array_append_new(mounts, describe_mount("/etc/hosts", "bind", spec->hosts, "bind,ro"));
    for (size_t i = 0; i < spec->mount_count; i++)
        json_array_append_new(mounts,
                              describe_mount(spec->mounts[i].target, "bind", spec->mounts[i].source,
                                             spec->mounts[i].writable ? "bind,rw" : "bind,ro"));
    return mounts;
}

/* All of /proc/sys but net, which is the node's own: as in a node of kind process. */
static json_t *describe_read_only(void)
{
    json_t *paths =
        json_pack("[s s s s]", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger");
    _cleanup_(dir_closep) DIR *dir = opendir("/proc/sys");
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "net") != 0)
            json_array_append_new(paths, json_sprintf("/proc/sys/%s", e->d_name));
    return paths;
}

static json_t *describe_linux(const struct node_spec *spec, const char *cgroup)
{
    static const char *const namespaces[] = {"pid", "network", "mount", "uts", "ipc", "cgroup"};
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
        json_array_append_new(list, json_pack("{s:s}", "type", namespaces[i]));
    json_t *masked = json_pack("[s s s s s]", "/proc/kcore", "/proc/keys", "/proc/timer_list",
                               "/proc/sched_debug", "/sys/firmware");
    if (spec->scratch_parent) /* the other one is below /run */
        json_array_append_new(masked, json_string(spec->scratch_parent));
    return json_pack("{s:o s:s* s:o s:o}", "namespaces", list, "cgroupsPath", cgroup,
                     "readonlyPaths", describe_read_only(), "maskedPaths", masked);
}

int bundle_write(const char *path, const struct node_spec *spec, const char *init,
                 const char *private_folders, const char *cgroup, struct error *err)
{
    json_t *config = json_pack(
        "{s:s s:o s:{s:s s:b} s:s s:o s:o}", "ociVersion", "1.0.2", "process", describe_process(),
        "root", "path", "rootfs", "readonly", 0, "hostname", spec->name, "mounts",
        describe_mounts(spec, init, private_folders), "linux", describe_linux(spec, cgroup));
    int r = config ? json_dump_file(config, path, JSON_INDENT(1)) : -1;
    json_decref(config);
    return r < 0 ? error_errno(err, errno ? errno : EINVAL, "cannot write '%s'", path) : 0;
}
