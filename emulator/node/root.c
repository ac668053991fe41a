/* SPDX-License-Identifier: MIT */
#include "node/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

/* A root has programs: any of these will do. */
static int check_folder(const char *path, const char *text, struct error *err)
{
    static const char *const signs[] = {"bin", "usr", "sbin"};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        _cleanup_(freep) char *sign = xasprintf("%s/%s", path, signs[i]);
        struct stat st;
        if (lstat(sign, &st) == 0)
            return 0;
    }
    return error_input(err, "'%s' is no root: it has neither bin nor usr nor sbin", text);
}

int root_find(const struct scenario *s, const struct node *node, char **ret, struct error *err)
{
    struct stat st;
    if (!node->root || strcmp(node->root, "host") == 0) {
        *ret = xstrdup("/");
        return 0;
    }
    const char *slash = strrchr(s->document.file, '/');
    int folder = node->root[0] != '/' && slash ? (int)(slash - s->document.file) + 1 : 0;
    _cleanup_(freep) char *given =
        xasprintf("%.*s%s", folder, folder ? s->document.file : "", node->root);
    _cleanup_(freep) char *path = realpath(given, NULL);
    if (!path || stat(path, &st) < 0)
        return error_input(err, "cannot use '%s' as its root: %s", given, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_input(err, "'%s' is no root: expected a folder", given);
    int r = check_folder(path, given, err);
    if (r == 0)
        *ret = TAKE_PTR(path);
    return r;
}
