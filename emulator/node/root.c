/* SPDX-License-Identifier: MIT */
#include "node/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "node/archive.h"

/* A root has programs: any of these will do. */
int root_check(const char *folder, struct error *err)
{
    static const char *const signs[] = {"bin", "usr", "sbin"};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        _cleanup_(freep) char *sign = xasprintf("%s/%s", folder, signs[i]);
        struct stat st;
        if (lstat(sign, &st) == 0)
            return 0;
    }
    return error_input(err, "is no root: it has neither bin nor usr nor sbin");
}

static int find_image(const char *name, char **ret, struct error *err)
{
    _cleanup_(freep) char *images = NULL;
    int r = cache_folder("images", &images, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *path = xasprintf("%s/%s", images, name);
    struct stat st;
    if (stat(path, &st) < 0)
        return error_machine(
            err, ENOENT, "there is no image '%s' (wanlab image build %s --packages …)", name, name);
    *ret = TAKE_PTR(path);
    return 0;
}

int root_find(const struct scenario *s, const struct node *node, char **ret, struct error *err)
{
    struct stat st;
    if (node->image)
        return find_image(node->image, ret, err);
    if (!node->root || strcmp(node->root, "host") == 0) {
        *ret = xstrdup("/");
        return 0;
    }
    const char *file = node->mark.line ? node->mark.file : s->document.file;
    const char *slash = strrchr(file, '/');
    int folder = node->root[0] != '/' && slash ? (int)(slash - file) + 1 : 0;
    _cleanup_(freep) char *given = xasprintf("%.*s%s", folder, file, node->root);
    _cleanup_(freep) char *path = realpath(given, NULL);
    if (!path || stat(path, &st) < 0)
        return error_input(err, "cannot use '%s' as its root: %s", given, strerror(errno));
    if (S_ISREG(st.st_mode))
        return archive_unpack(path, ret, err);
    if (!S_ISDIR(st.st_mode))
        return error_input(err, "'%s' is no root: expected a folder or an archive", given);
    if (root_check(path, err) < 0)
        return error_wrap(err, "'%s'", given);
    *ret = TAKE_PTR(path);
    return 0;
}
