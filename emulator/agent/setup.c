/* SPDX-License-Identifier: MIT */
#include "agent/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/offload.h"
#include "net/tcp.h"

enum { FIELDS_MAX = 6 };

static int step_mount(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    unsigned long flags = strcmp(f[4], "ro") == 0 ? MS_RDONLY : 0;
    int r = file_make_dirs(f[3], err);
    if (r == 0 && mount(f[2], f[3], f[1], flags, f[5]) < 0)
        r = error_errno(err, errno, "cannot mount %s '%s' on '%s'", f[1], f[2], f[3]);
    return r;
}

static int step_bind(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    struct stat st;
    int r = 0;
    if (stat(f[1], &st) < 0)
        return error_errno(err, errno, "cannot find '%s'", f[1]);
    _cleanup_(freep) char *folder = xstrdup(f[2]);
    if (!S_ISDIR(st.st_mode))
        *strrchr(folder, '/') = '\0';
    r = file_make_dirs(folder, err);
    if (r == 0 && !file_exists(f[2]))
        r = file_write(f[2], "", err);
    if (r == 0 && mount(f[1], f[2], NULL, MS_BIND, NULL) < 0)
        r = error_errno(err, errno, "cannot bind '%s' to '%s'", f[1], f[2]);
    if (r == 0 && strcmp(f[3], "ro") == 0 &&
        mount(NULL, f[2], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
        r = error_errno(err, errno, "cannot make '%s' read-only", f[2]);
    return r;
}

static int step_dir(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    int r = file_make_dirs(f[1], err);
    if (r == 0 && chmod(f[1], (mode_t)strtoul(f[2], NULL, 8)) < 0)
        r = error_errno(err, errno, "cannot set the mode of '%s'", f[1]);
    return r;
}

static int step_link(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    if (symlink(f[1], f[2]) < 0 && errno != EEXIST)
        return error_errno(err, errno, "cannot make the link '%s'", f[2]);
    return 0;
}

static int step_file(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    return file_write(f[1], f[2], err);
}

static int step_device(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    dev_t device = makedev((unsigned)atoi(f[3]), (unsigned)atoi(f[4]));
    if (mknod(f[1], S_IFCHR | (mode_t)strtoul(f[2], NULL, 8), device) < 0 && errno != EEXIST)
        return error_errno(err, errno, "cannot make the device '%s'", f[1]);
    return 0;
}

/* A machine's first root is the initramfs, which can neither be unmounted nor pivoted from: the
 * new one is moved over it. */
static int step_enter(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    static const char *const moved[] = {"dev", "proc", "sys"};
    for (size_t i = 0; i < ARRAY_LEN(moved); i++) {
        _cleanup_(freep) char *from = xasprintf("/%s", moved[i]);
        _cleanup_(freep) char *to = xasprintf("%s/%s", f[1], moved[i]);
        int r = file_make_dirs(to, err);
        if (r < 0)
            return r;
        if (mount(from, to, NULL, MS_MOVE, NULL) < 0)
            return error_errno(err, errno, "cannot move '%s' into the root", from);
    }
    if (chdir(f[1]) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
        chdir("/") < 0)
        return error_errno(err, errno, "cannot enter the root '%s'", f[1]);
    return 0;
}

static int step_hostname(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    if (sethostname(f[1], strlen(f[1])) < 0)
        return error_errno(err, errno, "cannot name the host");
    return 0;
}

static int step_sysctl(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    _cleanup_(freep) char *path = xasprintf("/proc/sys/%s", f[1]);
    for (char *p = path; *p; p++)
        if (*p == '.')
            *p = '/';
    if (strcmp(f[3], "optional") == 0 && !file_exists(path))
        return 0;
    return file_write(path, f[2], err);
}

static int step_congestion(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    return tcp_check_congestion(f[1], err);
}

/* The kernel's own threads, which count, are there already. */
static int step_pids(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    _cleanup_(freep) char *load = NULL; /* "0.00 0.00 0.00 1/45 67": 45 of them */
    size_t size;
    int r = file_read("/proc/loadavg", 256, &load, &size, err);
    if (r < 0)
        return r;
    const char *slash = strchr(load, '/');
    unsigned long long count =
        strtoull(f[1], NULL, 10) + (slash ? strtoull(slash + 1, NULL, 10) : 0);
    _cleanup_(freep) char *value = xasprintf("%llu", count);
    return file_write("/proc/sys/kernel/threads-max", value, err);
}

static bool has_address(int socket, const char *name, const char *mac)
{
    struct ifreq req = {0};
    char text[18];
    snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
    if (ioctl(socket, SIOCGIFHWADDR, &req) < 0 || req.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return false;
    const unsigned char *b = (const unsigned char *)req.ifr_hwaddr.sa_data;
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
             b[5]);
    return strcmp(text, mac) == 0;
}

/* The names that are still to be given must not be taken: so the first one that is renamed may
 * push another one aside. */
static int rename_interface(int socket, const char *from, const char *to, struct error *err)
{
    struct ifreq req = {0};
    if (strcmp(from, to) == 0)
        return 0;
    unsigned taken = if_nametoindex(to);
    if (taken) {
        snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", to);
        snprintf(req.ifr_newname, sizeof(req.ifr_newname), "was%u", taken);
        if (ioctl(socket, SIOCSIFNAME, &req) < 0)
            return error_errno(err, errno, "cannot rename the interface '%s'", to);
    }
    snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", from);
    snprintf(req.ifr_newname, sizeof(req.ifr_newname), "%s", to);
    if (ioctl(socket, SIOCSIFNAME, &req) < 0)
        return error_errno(err, errno, "cannot rename the interface '%s'", from);
    return 0;
}

static int step_interface(char **f, struct setup_result *ret, struct error *err)
{
    _cleanup_(fd_closep) int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *all = if_nameindex(), *found = all;
    if (socket_fd < 0 || !all || ret->count >= SETUP_INTERFACES_MAX) {
        if_freenameindex(all);
        return error_set(err, EMFILE, "cannot list the interfaces");
    }
    while (found->if_index && !has_address(socket_fd, found->if_name, f[1]))
        found++;
    int r = found->if_index ? rename_interface(socket_fd, found->if_name, f[2], err)
                            : error_set(err, ENODEV, "there is no interface with address %s", f[1]);
    ret->indices[ret->count++] = (int32_t)found->if_index;
    if_freenameindex(all);
    return r;
}

static int step_no_offloads(char **f, struct setup_result *ret, struct error *err)
{
    (void)ret;
    _cleanup_(fd_closep) int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return interface_set_offload(socket_fd, f[1], false, err);
}

static const struct {
    const char *verb;
    size_t fields; /* with the verb */
    int (*run)(char **fields, struct setup_result *ret, struct error *err);
} steps[] = {
    {"mount", 6, step_mount},
    {"bind", 4, step_bind},
    {"dir", 3, step_dir},
    {"link", 3, step_link},
    {"file", 3, step_file},
    {"device", 5, step_device},
    {"enter", 2, step_enter},
    {"hostname", 2, step_hostname},
    {"sysctl", 4, step_sysctl},
    {"congestion", 2, step_congestion},
    {"pids", 2, step_pids},
    {"interface", 3, step_interface},
    {"no-offloads", 2, step_no_offloads},
};

static int run_step(const char *text, struct setup_result *ret, struct error *err)
{
    _cleanup_(freep) char *copy = xstrdup(text);
    char *fields[FIELDS_MAX], *rest = copy;
    size_t n = 0;
    while (rest && n < FIELDS_MAX) { /* the last one may have tabs */
        char *field = n < FIELDS_MAX - 1 ? strsep(&rest, "\t") : TAKE_PTR(rest);
        fields[n++] = field;
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (strcmp(steps[i].verb, fields[0]) == 0 && steps[i].fields == n)
            return steps[i].run(fields, ret, err);
    return error_set(err, EPROTO, "unknown step '%s'", text);
}

int setup_run(const char *data, size_t size, struct setup_result *ret, struct error *err)
{
    int r = 0;
    *ret = (struct setup_result){0};
    for (const char *end = data + size; data < end && r == 0; data += strlen(data) + 1)
        r = run_step(data, ret, err);
    return r;
}
