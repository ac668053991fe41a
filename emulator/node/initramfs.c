/* SPDX-License-Identifier: MIT
 *
 * modules.dep (see modules.dep(5)) has a line for each module: its file, a colon, and the files
 * that have to be loaded before it, the last one first.
 */
#include "node/initramfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "node/embedded.h"
#include "node/tool.h"

#define ARCHIVE "initramfs"

enum { MODULES_MAX = 64, WORDS_MAX = 64 };

struct modules {
    const char *folder;
    char *dep, *builtin;      /* the two files' text */
    char *files[MODULES_MAX]; /* below the folder, in the order of loading */
    size_t count;
};

static void modules_done(struct modules *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->files[i]);
    free(m->dep);
    free(m->builtin);
}

/* Whether a file such as kernel/fs/overlayfs/overlay.ko.xz is the module `name`: in names - and _
 * are the same. */
static bool is_module(const char *file, size_t len, const char *name)
{
    const char *end = file + len, *at = end;
    while (at > file && at[-1] != '/')
        at--;
    for (; at < end && *at != '.'; at++, name++)
        if (*at != *name && !(strchr("-_", *at) && *name && strchr("-_", *name)))
            return false;
    return *name == '\0' && end - at >= 3 && strncmp(at, ".ko", 3) == 0;
}

/* The line of `text` that begins with the module's file; NULL. */
static const char *find_line(const char *text, const char *name)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (is_module(line, strcspn(line, ":\n"), name))
            return line;
    return NULL;
}

static int add_file(struct modules *m, const char *file, size_t len, struct error *err)
{
    for (size_t i = 0; i < m->count; i++)
        if (strlen(m->files[i]) == len && strncmp(m->files[i], file, len) == 0)
            return 0;
    if (m->count == MODULES_MAX)
        return error_set(err, E2BIG, "more than %d kernel modules", MODULES_MAX);
    m->files[m->count++] = xasprintf("%.*s", (int)len, file);
    return 0;
}

static int add_module(struct modules *m, const char *name, struct error *err)
{
    const char *words[WORDS_MAX];
    size_t lens[WORDS_MAX], count = 0;
    const char *line = find_line(m->dep, name);
    if (!line && find_line(m->builtin, name))
        return 0;
    if (!line)
        return error_machine(err, ENOENT, "the kernel of '%s' has no module '%s'", m->folder, name);
    for (const char *at = line; *at && *at != '\n' && count < WORDS_MAX;) {
        lens[count] = strcspn(at, ": \n");
        words[count++] = at;
        at += lens[count - 1];
        at += strspn(at, ": ");
    }
    int r = 0;
    while (count > 0 && r == 0) {
        count--;
        r = add_file(m, words[count], lens[count], err);
    }
    return r;
}

static int find_modules(struct modules *m, const char *const *names, struct error *err)
{
    _cleanup_(freep) char *dep = xasprintf("%s/modules.dep", m->folder);
    _cleanup_(freep) char *builtin = xasprintf("%s/modules.builtin", m->folder);
    int r = file_read(dep, 1 << 24, &m->dep, NULL, err);
    if (r == 0)
        r = file_read(builtin, 1 << 24, &m->builtin, NULL, err);
    for (size_t i = 0; names[i] && r == 0; i++)
        r = add_module(m, names[i], err);
    return r;
}

static char *archive_key(const struct modules *m)
{
    size_t size;
    const char *agent = embedded_agent(&size);
    uint64_t h = text_hash(TEXT_HASH_BEGIN, agent, size);
    for (size_t i = 0; i < m->count; i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", m->folder, m->files[i]);
        struct stat st = {0};
        h = text_hash(h, path, strlen(path) + 1);
        if (stat(path, &st) == 0)
            h = text_hash(h, (const char *)&st.st_mtim, sizeof(st.st_mtim));
    }
    return xasprintf("%016llx", (unsigned long long)h);
}

static int copy_module(const struct modules *m, size_t i, const char *tree, FILE *list,
                       struct error *err)
{
    const char *base = strrchr(m->files[i], '/');
    base = base ? base + 1 : m->files[i];
    _cleanup_(freep) char *from = xasprintf("%s/%s", m->folder, m->files[i]);
    _cleanup_(freep) char *to = xasprintf("%s/modules/%s", tree, base);
    char *argv[] = {"cp", from, to, NULL};
    fprintf(list, "%s\n", base);
    return tool_run(argv, "coreutils", true, err);
}

/* Everything that the archive has, in a folder. */
static int fill_tree(const struct modules *m, const char *tree, struct error *err)
{
    _cleanup_(freep) char *folder = xasprintf("%s/modules", tree);
    _cleanup_(freep) char *init = xasprintf("%s/init", tree);
    _cleanup_(freep) char *path = xasprintf("%s/modules/list", tree);
    int r = file_make_dirs(folder, err);
    if (r == 0)
        r = embedded_write_agent(init, err);
    if (r < 0)
        return r;
    FILE *list = fopen(path, "we");
    if (!list)
        return error_errno(err, errno, "cannot make '%s'", path);
    for (size_t i = 0; i < m->count && r == 0; i++)
        r = copy_module(m, i, tree, list, err);
    if (fclose(list) < 0 && r == 0)
        r = error_errno(err, errno, "cannot write '%s'", path);
    return r;
}

/* See cache_make(). */
static int build(const char *folder, void *arg, char **ret_made, struct error *err)
{
    static const char *const script = "cd \"$1\" && find . | LC_ALL=C sort | cpio --create "
                                      "--format=newc --owner=0:0 --quiet >\"$2\"";
    _cleanup_(freep) char *tree = xasprintf("%s/tree", folder);
    _cleanup_(freep) char *made = xasprintf("%s/made", folder);
    _cleanup_(freep) char *archive = xasprintf("%s/" ARCHIVE, made);
    char *check[] = {"cpio", "--version", NULL};
    char *argv[] = {"sh", "-c", (char *)script, "sh", tree, archive, NULL};
    int r = tool_run(check, "cpio", true, err);
    if (r == 0)
        r = fill_tree(arg, tree, err);
    if (r == 0)
        r = file_make_dirs(made, err);
    if (r == 0)
        r = tool_run(argv, "cpio", true, err);
    if (r == 0)
        *ret_made = TAKE_PTR(made);
    return r;
}

static int open_archive(struct modules *m, int *ret_fd, struct error *err)
{
    _cleanup_(freep) char *key = archive_key(m);
    _cleanup_(freep) char *folder = NULL;
    int r = cache_make("initramfs", key, build, m, &folder, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *path = xasprintf("%s/" ARCHIVE, folder);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd < 0 ? error_errno(err, errno, "cannot open '%s'", path) : 0;
}

int initramfs_open(const char *folder, const char *const *names, int *ret_fd, struct error *err)
{
    struct modules m = {.folder = folder};
    int r = find_modules(&m, names, err);
    if (r == 0)
        r = open_archive(&m, ret_fd, err);
    modules_done(&m);
    return r;
}
