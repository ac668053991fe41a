/* SPDX-License-Identifier: MIT
 *
 * The lock is flock() on ROOT/LAB/lock: it belongs to the open file description, so a fork passes
 * it on. The folder is removed only by whoever holds the lock, and a claimer checks after locking
 * that the file it locked is still the one in the folder, since a sweeper may have removed it in
 * between.
 */
#include "lab/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "lab/pin.h"
#include "node/broker.h"
#include "node/cgroup.h"
#include "node/scratch.h"
#include "topology/scenario.h"

int place_root(char **ret, struct error *err)
{
    _cleanup_(freep) char *root = NULL;
    if (getenv("WANLAB_RUNTIME"))
        root = xstrdup(getenv("WANLAB_RUNTIME"));
    else if (geteuid() == 0)
        root = xstrdup("/run/wanlab");
    else if (getenv("XDG_RUNTIME_DIR"))
        root = xasprintf("%s/wanlab", getenv("XDG_RUNTIME_DIR"));
    else
        root = xasprintf("/tmp/wanlab-%u", (unsigned)geteuid());
    int r = file_make_dirs(root, err);
    char *absolute = r == 0 ? realpath(root, NULL) : NULL; /* a lab's processes are in "/" */
    if (absolute) {
        free(root);
        root = absolute;
    }
    if (r < 0)
        return error_wrap(err, "the labs' folder");
    struct stat st; /* /tmp is everybody's: someone else may have made that folder for us */
    if (stat(root, &st) < 0 || st.st_uid != geteuid())
        return error_machine(err, EPERM,
                             "the labs' folder '%s' is another user's (set "
                             "WANLAB_RUNTIME to one of your own)",
                             root);
    *ret = TAKE_PTR(root);
    return 0;
}

static bool is_lab_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 2 * SCENARIO_NAME_MAX && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

int place_of(const char *lab, char **ret, struct error *err)
{
    if (!is_lab_name(lab))
        return error_input(err,
                           "'%s' is no name for a lab: expected lower-case letters, digits "
                           "and '-'",
                           lab);
    _cleanup_(freep) char *root = NULL;
    int r = place_root(&root, err);
    if (r < 0)
        return r;
    *ret = xasprintf("%s/%s", root, lab);
    return 0;
}

/* Locks the folder's lock file if nobody else has it. The descriptor, -EBUSY, or another -errno. */
static int try_lock(const char *folder, int open_flags)
{
    _cleanup_(freep) char *path = xasprintf("%s/lock", folder);
    _cleanup_(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC | open_flags, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    struct stat locked, current;
    if (fstat(fd, &locked) < 0 || stat(path, &current) < 0 || locked.st_ino != current.st_ino)
        return -EAGAIN; /* swept while we waited */
    return take_fd(&fd);
}

int place_claim(const char *lab, char **ret_folder, int *ret_lock, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    int r = place_of(lab, &folder, err);
    if (r < 0)
        return r;
    int lock;
    do {
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
            return error_errno(err, errno, "cannot make the lab's folder '%s'", folder);
        lock = try_lock(folder, O_CREAT);
    } while (lock == -EAGAIN || lock == -ENOENT);
    if (lock == -EBUSY)
        return error_set(
            err, EBUSY,
            "a lab '%s' is already running (end it with 'wanlab down %s', or give this "
            "one another name with --name)",
            lab, lab);
    if (lock < 0)
        return error_errno(err, -lock, "cannot lock the lab's folder '%s'", folder);
    *ret_folder = TAKE_PTR(folder);
    *ret_lock = lock;
    return 0;
}

bool place_is_alive(const char *folder)
{
    _cleanup_(fd_closep) int lock = try_lock(folder, 0);
    return lock == -EBUSY;
}

int place_wait_end(const char *folder, unsigned timeout_ms, struct error *err)
{
    uint64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
    while (place_is_alive(folder)) {
        if (clock_monotonic_ns() > deadline)
            return error_set(err, ETIMEDOUT, "the lab is still there after %u ms", timeout_ms);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    return 0;
}

/* Calls `use` for every folder under the root; stops where it cannot read. */
static int each_folder(void (*use)(const char *root, const char *name, void *arg), void *arg,
                       struct error *err)
{
    _cleanup_(freep) char *root = NULL;
    int r = place_root(&root, err);
    if (r < 0)
        return r;
    _cleanup_(dir_closep) DIR *dir = opendir(root);
    if (!dir)
        return error_errno(err, errno, "cannot read '%s'", root);
    for (struct dirent *e; (e = readdir(dir));)
        if (is_lab_name(e->d_name))
            use(root, e->d_name, arg);
    return 0;
}

/* Containers of an engine first: cgroups and folders may be theirs. */
static bool sweep_outside(const char *folder, const char *name)
{
    struct error err;
    _cleanup_(freep) char *cgroups = xasprintf("%s/cgroups", folder);
    if (broker_sweep(folder, &err) == 0)
        return cgroup_sweep(cgroups) && scratch_sweep(folder);
    log_warn("the containers of the dead lab '%s' are left for the next command: %s", name,
             err.text);
    return false;
}

/* The lock is the last to go: a sweep that is killed in the middle leaves the rest to the next one,
 * and whoever claims the folder before that finds it locked. */
static void remove_folder(const char *folder)
{
    _cleanup_(dir_closep) DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            strcmp(e->d_name, "lock") == 0)
            continue;
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, e->d_name);
        if (file_remove_tree(path, NULL) < 0)
            return;
    }
    _cleanup_(freep) char *lock = xasprintf("%s/lock", folder);
    unlink(lock);
    rmdir(folder); /* unless someone has just claimed it */
}

static void sweep_one(const char *root, const char *name, void *arg)
{
    (void)arg;
    _cleanup_(freep) char *folder = xasprintf("%s/%s", root, name);
    _cleanup_(fd_closep) int lock = try_lock(folder, 0);
    if (lock >= 0)
        pin_sweep(folder);
    if (lock >= 0 && sweep_outside(folder, name)) /* else the next sweep has to know of them */
        remove_folder(folder);
    else if (lock == -ENOENT)
        rmdir(folder); /* only if it is empty: someone may be about to claim it */
}

void place_sweep(void)
{
    each_folder(sweep_one, NULL, NULL);
}

struct names {
    char **items;
    size_t count;
};

static void list_one(const char *root, const char *name, void *arg)
{
    struct names *names = arg;
    _cleanup_(freep) char *folder = xasprintf("%s/%s", root, name);
    if (!place_is_alive(folder))
        return;
    names->items = array_grow(names->items, names->count, sizeof(*names->items));
    names->items[names->count++] = xstrdup(name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int place_list(char ***ret_names, size_t *ret_count, struct error *err)
{
    struct names names = {0};
    int r = each_folder(list_one, &names, err);
    if (r < 0)
        return r;
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), by_name);
    *ret_names = names.items;
    *ret_count = names.count;
    return 0;
}
