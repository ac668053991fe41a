/* SPDX-License-Identifier: MIT */
#include "topology/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/yaml_build.h"
#include "topology/yaml_edit.h"

enum { FILE_MAX = 16 << 20 };

static bool is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !*node->scalar;
}

int yaml_parse(const char *file, const char *text, size_t size, struct yaml_document *ret,
               struct error *err)
{
    struct yaml_document doc = {.file = xstrdup(file)};
    int r = yaml_build(doc.file, false, text, size, &doc.root, err);
    if (r == 0 && is_nothing(doc.root))
        r = yaml_error(err, &(struct mark){file, 1, 1}, "the file is empty, expected a map");
    if (r < 0) {
        yaml_close(&doc);
        return r;
    }
    *ret = doc;
    return 0;
}

static int read_file(const char *file, size_t max, char **ret_text, size_t *ret_size,
                     struct error *err)
{
    struct error why;
    if (file_read(file, max, ret_text, ret_size, &why) < 0)
        return yaml_error(err, &(struct mark){file, 1, 1}, "%s", why.text);
    return 0;
}

int yaml_read(const char *file, char **ret_text, size_t *ret_size, struct error *err)
{
    return read_file(file, FILE_MAX, ret_text, ret_size, err);
}

/* Else what comes after a NUL would be passed over in silence, or nearly all of UTF-16. */
int yaml_read_foreign(const char *file, size_t max, char **ret_text, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    int r = read_file(file, max, &text, &size, err);
    if (r < 0)
        return r;
    struct mark mark = {file, 1, 1};
    for (const char *c = text; *c; c++) {
        mark.column = *c == '\n' ? 1 : mark.column + 1;
        mark.line += *c == '\n';
    }
    if (strlen(text) != size)
        return yaml_error(err, &mark, "found a NUL byte, expected text");
    *ret_text = TAKE_PTR(text);
    return 0;
}

int yaml_open(const char *file, struct yaml_document *ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    int r = yaml_read(file, &text, &size, err);
    if (r < 0)
        return r;
    return yaml_parse(file, text, size, ret, err);
}

void yaml_close(struct yaml_document *doc)
{
    yaml_tree_free(doc->root);
    for (size_t i = 0; i < doc->override_count; i++)
        free(doc->overrides[i]);
    free(doc->overrides);
    free(doc->file);
    *doc = (struct yaml_document){0};
}

static struct yaml_pair *find_pair(const struct yaml *map, const char *key, size_t key_len)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        if (strncmp(map->pairs[i].key, key, key_len) == 0 && !map->pairs[i].key[key_len])
            return &map->pairs[i];
    }
    return NULL;
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    const struct yaml_pair *pair = find_pair(map, key, strlen(key));
    return pair ? pair->value : NULL;
}

/* The pair of a key; if there is none yet, one whose value is nothing. */
static struct yaml_pair *make_pair(struct yaml *map, const char *key, size_t key_len,
                                   const struct mark *mark)
{
    struct yaml_pair *found = find_pair(map, key, key_len);
    if (found)
        return found;
    map->pairs = array_grow(map->pairs, map->count, sizeof(*map->pairs));
    struct yaml_pair *pair = &map->pairs[map->count++];
    *pair = (struct yaml_pair){.key = xasprintf("%.*s", (int)key_len, key), .key_mark = *mark};
    pair->value = yaml_node_new(YAML_SCALAR, mark);
    pair->value->scalar = xstrdup("");
    return pair;
}

static int check_path(const char *path, const struct mark *mark, struct error *err)
{
    unsigned depth = 1;
    for (const char *p = path; *p; p++)
        depth += *p == '.';
    if (!*path || *path == '.' || strstr(path, "..") || path[strlen(path) - 1] == '.')
        return yaml_error(err, mark, "found an empty key, expected keys joined by single dots");
    if (depth >= YAML_DEPTH_MAX)
        return yaml_error(err, mark, "nested too deeply: expected at most %d keys", YAML_DEPTH_MAX);
    return 0;
}

/* Puts `*value` where `path` leads, and takes it over. */
static int place(struct yaml_document *doc, const char *path, const struct mark *mark,
                 struct yaml **value, struct error *err)
{
    struct yaml *map = doc->root;
    if (map->kind != YAML_MAP)
        return yaml_error(err, mark, "the file is no map, expected one to set a key in");
    for (const char *key = path;;) {
        size_t len = strcspn(key, ".");
        struct yaml_pair *pair = make_pair(map, key, len, mark);
        if (!key[len]) {
            yaml_tree_free(pair->value);
            pair->value = TAKE_PTR(*value);
            pair->key_mark = *mark;
            return 0;
        }
        if (is_nothing(pair->value)) {
            yaml_tree_free(pair->value);
            pair->value = yaml_node_new(YAML_MAP, mark);
        }
        map = pair->value;
        if (map->kind != YAML_MAP)
            return yaml_error(err, mark, "'%.*s' is a %s, expected a map with keys to set",
                              (int)(key + len - path), path,
                              map->kind == YAML_LIST ? "list" : "single value");
        key += len + 1;
    }
}

int yaml_override_as(struct yaml_document *doc, const char *name, const char *path,
                     const char *value, struct error *err)
{
    doc->overrides = array_grow(doc->overrides, doc->override_count, sizeof(*doc->overrides));
    char *label = doc->overrides[doc->override_count++] = xstrdup(name);
    const struct mark mark = {.file = label};
    int r = check_path(path, &mark, err);
    if (r < 0)
        return r;
    _cleanup_(yaml_tree_freep) struct yaml *built = NULL;
    r = yaml_build(label, true, value, strlen(value), &built, err);
    return r < 0 ? r : place(doc, path, &mark, &built, err);
}

int yaml_override(struct yaml_document *doc, const char *path, const char *value, struct error *err)
{
    _cleanup_(freep) char *label = xasprintf("--set %s", path);
    return yaml_override_as(doc, label, path, value, err);
}

int yaml_apply(struct yaml_document *doc, const char *key, struct error *err)
{
    _cleanup_(yaml_tree_freep) struct yaml *changes = yaml_take(doc->root, key);
    if (!changes)
        return error_input(err, "%s: the file has no '%s'", doc->file, key);
    if (changes->kind != YAML_MAP)
        return yaml_error(err, &changes->mark,
                          "expected a map of keys to change, such as {seed: 2}");
    for (size_t i = 0; i < changes->count; i++) {
        struct yaml_pair *pair = &changes->pairs[i];
        const struct mark mark = pair->key_mark;
        int r = check_path(pair->key, &mark, err);
        if (r == 0 && strcmp(pair->key, key) == 0)
            r = yaml_error(err, &mark, "'%s' cannot change itself", key);
        if (r == 0)
            r = place(doc, pair->key, &mark, &pair->value, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int error_at(struct error *err, const struct mark *mark, const char *text)
{
    if (mark->line == 0)
        return error_input(err, "%s: %s", mark->file, text);
    return error_input(err, "%s:%u:%u: %s", mark->file, mark->line, mark->column, text);
}

int yaml_error(struct error *err, const struct mark *mark, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return error_at(err, mark, text);
}

int yaml_wrap(struct error *err, const struct mark *mark)
{
    if (mark->line == 0)
        return error_wrap(err, "%s", mark->file);
    return error_wrap(err, "%s:%u:%u", mark->file, mark->line, mark->column);
}

enum { FOUND_MAX = 80 };

/* What a node is, for "found …". */
static const char *describe(char *buf, const struct yaml *node)
{
    if (node->kind == YAML_LIST)
        return "a list";
    if (node->kind == YAML_MAP)
        return "a map";
    if (is_nothing(node))
        return "nothing";
    snprintf(buf, FOUND_MAX, "'%.60s'", node->scalar);
    return buf;
}

static int unknown_key(const struct yaml_pair *pair, const char *what, const char *const *keys,
                       size_t key_count, struct error *err)
{
    const char *nearest = text_nearest(pair->key, keys, key_count);
    if (nearest)
        return yaml_error(err, &pair->key_mark, "unknown key '%s', did you mean '%s'?", pair->key,
                          nearest);
    struct text known = {0};
    for (size_t i = 0; i < key_count; i++)
        text_add(&known, "%s%s", i ? ", " : "", keys[i]);
    int r = yaml_error(err, &pair->key_mark, "unknown key '%s', expected one of the keys of %s: %s",
                       pair->key, what, known.data ? known.data : "none");
    text_done(&known);
    return r;
}

static bool is_among(const char *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0)
            return true;
    }
    return false;
}

int yaml_expect_map(const struct yaml *node, const char *what, const char *const *keys,
                    size_t key_count, struct error *err)
{
    char buf[FOUND_MAX];
    if (node->kind != YAML_MAP)
        return yaml_error(err, &node->mark, "found %s, expected a map for %s", describe(buf, node),
                          what);
    for (size_t i = 0; i < node->count; i++) {
        if (!is_among(node->pairs[i].key, keys, key_count))
            return unknown_key(&node->pairs[i], what, keys, key_count, err);
    }
    return 0;
}

int yaml_expect_list(const struct yaml *node, const char *what, struct error *err)
{
    char buf[FOUND_MAX];
    if (node->kind == YAML_LIST)
        return 0;
    return yaml_error(err, &node->mark, "found %s, expected a list for %s", describe(buf, node),
                      what);
}

int yaml_expect_scalar(const struct yaml *node, const char *what, struct error *err)
{
    char buf[FOUND_MAX];
    if (node->kind == YAML_SCALAR)
        return 0;
    return yaml_error(err, &node->mark, "found %s, expected a single value for %s",
                      describe(buf, node), what);
}

int yaml_expect_word(const struct yaml *node, const char *what, const char *const *words,
                     size_t count, struct error *err)
{
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        if (strcmp(node->scalar, words[i]) == 0)
            return (int)i;
    struct text known = {0};
    for (size_t i = 0; i < count; i++)
        text_add(&known, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
    r = yaml_error(err, &node->mark, "found '%.60s' as %s, expected %s", node->scalar, what,
                   known.data);
    text_done(&known);
    return r;
}
