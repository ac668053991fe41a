/* SPDX-License-Identifier: MIT
 *
 * Files that a file includes. Each is read for itself, with its own variables and its own includes,
 * and then what includes it is put on top.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "topology/yaml_build.h"
#include "topology/yaml_edit.h"

enum { NESTED_MAX = 8, FILES_MAX = 64, BYTES_MAX = 4 << 20 };

/* The files that are being read, from the document's own on. */
struct chain {
    struct yaml_document *doc;
    char *folder;                /* of the document's own file, with a slash, resolved */
    char *paths[NESTED_MAX + 1]; /* resolved */
    unsigned depth, files;
    size_t bytes;
};

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? xasprintf("%.*s", (int)(slash - file) + 1, file) : xstrdup("");
}

/* The file as its author would name it, and where it really is. */
static int find(const struct chain *c, const struct yaml *name, char **ret_file, char **ret_path,
                struct error *err)
{
    _cleanup_(freep) char *folder = folder_of(name->mark.line ? name->mark.file : c->doc->file);
    _cleanup_(freep) char *file =
        xasprintf("%s%s", *name->scalar == '/' ? "" : folder, name->scalar);
    _cleanup_(freep) char *path = realpath(file, NULL);
    if (!*name->scalar || !path || !file_is_regular(path)) /* a pipe would wait for ever */
        return yaml_error(err, &name->mark, "no file '%s', expected one to include", file);
    if (strncmp(path, c->folder, strlen(c->folder)) != 0)
        return yaml_error(err, &name->mark,
                          "'%s' is outside of the folder of '%s', expected a file in it or below",
                          file, c->doc->file);
    for (unsigned i = 0; i <= c->depth; i++)
        if (strcmp(path, c->paths[i]) == 0)
            return yaml_error(err, &name->mark, "'%s' includes itself%s", file,
                              i < c->depth ? " by way of others" : "");
    *ret_file = TAKE_PTR(file);
    *ret_path = TAKE_PTR(path);
    return 0;
}

static int include_all(struct chain *c, struct yaml **root, struct error *err);

static int parse(struct chain *c, const struct yaml *name, char *file, struct yaml **ret,
                 struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    c->doc->overrides =
        array_grow(c->doc->overrides, c->doc->override_count, sizeof(*c->doc->overrides));
    c->doc->overrides[c->doc->override_count++] = file; /* the marks need it */
    int r = yaml_read(file, &text, &size, err);
    if (r < 0)
        return r;
    c->bytes += size;
    if (++c->files > FILES_MAX || c->bytes > BYTES_MAX)
        return yaml_error(err, &name->mark,
                          "too much is included: expected at most %d files and "
                          "%d MiB",
                          FILES_MAX, BYTES_MAX >> 20);
    r = yaml_build(file, false, text, size, ret, err);
    if (r == 0 && (*ret)->kind != YAML_MAP)
        r = yaml_error(err, &(*ret)->mark, "expected a map, as part of a scenario");
    return r < 0 ? r : yaml_expand_variables(*ret, err);
}

/* One file with all that it includes. */
static int include_one(struct chain *c, const struct yaml *name, struct yaml **ret,
                       struct error *err)
{
    _cleanup_(freep) char *path = NULL;
    _cleanup_(yaml_tree_freep) struct yaml *root = NULL;
    char *file = NULL;
    int r = yaml_expect_scalar(name, "a file to include", err);
    if (r == 0 && c->depth == NESTED_MAX)
        r = yaml_error(err, &name->mark, "included too deeply: expected at most %d levels",
                       NESTED_MAX);
    if (r == 0)
        r = find(c, name, &file, &path, err);
    if (r == 0)
        r = parse(c, name, file, &root, err);
    if (r < 0)
        return r;
    c->paths[++c->depth] = path;
    r = include_all(c, &root, err);
    c->depth--;
    if (r == 0)
        *ret = TAKE_PTR(root);
    return r;
}

/* Replaces a file's tree by the one with everything in it. */
static int include_all(struct chain *c, struct yaml **root, struct error *err)
{
    _cleanup_(yaml_tree_freep) struct yaml *names = yaml_take(*root, "include");
    _cleanup_(yaml_tree_freep) struct yaml *base = NULL;
    if (!names)
        return 0;
    size_t count = names->kind == YAML_LIST ? names->count : 1;
    for (size_t i = 0; i < count; i++) {
        struct yaml *part = NULL;
        int r = include_one(c, names->kind == YAML_LIST ? names->items[i] : names, &part, err);
        if (r < 0)
            return r;
        if (base)
            yaml_merge(base, part);
        else
            base = part;
    }
    if (base) {
        yaml_merge(base, *root);
        *root = TAKE_PTR(base);
    }
    return 0;
}

int yaml_include(struct yaml_document *doc, struct error *err)
{
    if (!yaml_get(doc->root, "include"))
        return 0;
    struct chain c = {.doc = doc};
    _cleanup_(freep) char *folder = folder_of(doc->file);
    _cleanup_(freep) char *resolved = realpath(*folder ? folder : ".", NULL);
    _cleanup_(freep) char *own = realpath(doc->file, NULL);
    bool is_top = resolved && strcmp(resolved, "/") == 0;
    _cleanup_(freep) char *with_slash =
        xasprintf("%s%s", resolved ? resolved : "", is_top ? "" : "/");
    c.folder = with_slash;
    _cleanup_(freep) char *unknown = xstrdup(doc->file);
    c.paths[0] = own ? own : unknown;
    return include_all(&c, &doc->root, err);
}
