/* SPDX-License-Identifier: MIT */
#include "base/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define PARTIAL ".partial."

static const char *cache_root(void)
{
    static char *root;
    if (root)
        return root;
    if (getenv("WANLAB_CACHE_ROOT"))
        root = xstrdup(getenv("WANLAB_CACHE_ROOT"));
    else if (geteuid() == 0)
        root = xstrdup("/var/cache/wanlab");
    else if (getenv("XDG_CACHE_HOME"))
        root = xasprintf("%s/wanlab", getenv("XDG_CACHE_HOME"));
    else
        root = xasprintf("%s/.cache/wanlab", getenv("HOME") ? getenv("HOME") : "/tmp");
    return root;
}

int cache_folder(const char *name, char **ret, struct error *err)
{
    _cleanup_(freep) char *folder = xasprintf("%s/%s", cache_root(), name);
    int r = file_make_dirs(folder, err);
    if (r < 0)
        return error_wrap(err, "the cache");
    *ret = realpath(folder, NULL);
    return *ret ? 0 : error_errno(err, errno, "the cache '%s'", folder);
}

/* With the lock held nobody makes anything: what looks half made has been given up. */
static void sweep(const char *folder)
{
    _cleanup_(dir_closep) DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (strncmp(e->d_name, PARTIAL, strlen(PARTIAL)) != 0)
            continue;
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, e->d_name);
        file_remove_tree(path, NULL);
    }
}

int cache_make(const char *name, const char *key,
               int (*make)(const char *folder, void *arg, char **ret_made, struct error *err),
               void *arg, char **ret, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    _cleanup_(freep) char *made = NULL;
    int r = cache_folder(name, &folder, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, key);
    _cleanup_(freep) char *partial = xasprintf("%s/" PARTIAL "%s", folder, key);
    _cleanup_(freep) char *lock = xasprintf("%s/.lock", folder);
    _cleanup_(fd_closep) int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
        continue;
    if (fd < 0)
        return error_errno(err, errno, "cannot lock '%s'", lock);
    sweep(folder);
    if (!file_exists(path)) {
        r = file_make_dirs(partial, err);
        if (r == 0)
            r = make(partial, arg, &made, err);
        if (r == 0 && rename(made, path) < 0)
            r = error_errno(err, errno, "cannot make '%s'", path);
        file_remove_tree(partial, NULL);
    }
    if (r == 0)
        *ret = TAKE_PTR(path);
    return r;
}
