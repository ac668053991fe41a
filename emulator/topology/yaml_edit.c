/* SPDX-License-Identifier: MIT */
#include "topology/yaml_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "topology/yaml_build.h"

struct yaml *yaml_copy(const struct yaml *node)
{
    struct yaml *copy = yaml_node_new(node->kind, &node->mark);
    copy->scalar = xstrdup(node->scalar);
    copy->quoted = node->quoted;
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_LIST)
            yaml_add_item(copy, yaml_copy(node->items[i]));
        else
            yaml_add_pair(copy, node->pairs[i].key, &node->pairs[i].key_mark,
                          yaml_copy(node->pairs[i].value));
    }
    return copy;
}

struct yaml *yaml_scalar(const char *text, const struct mark *mark)
{
    struct yaml *node = yaml_node_new(YAML_SCALAR, mark);
    node->scalar = xstrdup(text);
    return node;
}

struct yaml *yaml_map(const struct mark *mark)
{
    return yaml_node_new(YAML_MAP, mark);
}

struct yaml *yaml_list(const struct mark *mark)
{
    return yaml_node_new(YAML_LIST, mark);
}

void yaml_add_pair(struct yaml *map, const char *key, const struct mark *mark, struct yaml *value)
{
    map->pairs = array_grow(map->pairs, map->count, sizeof(*map->pairs));
    map->pairs[map->count++] = (struct yaml_pair){xstrdup(key), *mark, value};
}

void yaml_add_item(struct yaml *list, struct yaml *value)
{
    list->items = array_grow(list->items, list->count, sizeof(struct yaml *));
    list->items[list->count++] = value;
}

static struct yaml_pair *find_pair(struct yaml *map, const char *key)
{
    for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++)
        if (strcmp(map->pairs[i].key, key) == 0)
            return &map->pairs[i];
    return NULL;
}

static bool is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !*node->scalar;
}

struct yaml *yaml_section(struct yaml *map, const char *key, enum yaml_kind kind,
                          const struct mark *mark)
{
    struct yaml_pair *pair = find_pair(map, key);
    if (!pair) {
        yaml_add_pair(map, key, mark, yaml_node_new(kind, mark));
        pair = &map->pairs[map->count - 1];
    } else if (is_nothing(pair->value)) {
        yaml_tree_free(pair->value);
        pair->value = yaml_node_new(kind, mark);
    }
    return pair->value->kind == kind ? pair->value : NULL;
}

struct yaml *yaml_take(struct yaml *map, const char *key)
{
    struct yaml_pair *pair = find_pair(map, key);
    if (!pair)
        return NULL;
    struct yaml *value = pair->value;
    free(pair->key);
    map->count--;
    memmove(pair, pair + 1, (size_t)(map->pairs + map->count - pair) * sizeof(*pair));
    return value;
}

static void append(struct yaml *base, struct yaml *over)
{
    for (size_t i = 0; i < over->count; i++)
        yaml_add_item(base, over->items[i]);
    over->count = 0;
    yaml_tree_free(over);
}

void yaml_merge(struct yaml *base, struct yaml *over)
{
    for (size_t i = 0; i < over->count; i++) {
        struct yaml_pair *own = &over->pairs[i], *below = find_pair(base, own->key);
        struct yaml *value = own->value;
        own->value = NULL;
        if (!below) {
            yaml_add_pair(base, own->key, &own->key_mark, value);
        } else if (is_nothing(value) && below->value->kind != YAML_SCALAR) {
            yaml_tree_free(value); /* `r1:` alone says nothing */
        } else if (value->kind == YAML_MAP && below->value->kind == YAML_MAP) {
            yaml_merge(below->value, value);
        } else if (value->kind == YAML_LIST && below->value->kind == YAML_LIST &&
                   strcmp(own->key, "links") == 0) {
            append(below->value, value);
        } else {
            yaml_tree_free(below->value);
            below->value = value;
            below->key_mark = own->key_mark;
        }
    }
    yaml_tree_free(over);
}

/* --- variables --- */

static const char name_first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
static const char name_rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

/* What stands behind "${", up to "}"; `*io` gets behind that. */
static int expand_one(const struct yaml *node, const char **io, struct text *out, struct error *err)
{
    const char *name = *io, *end = strchr(name, '}');
    size_t len = strspn(name, name_rest);
    bool has_default = strncmp(name + len, ":-", 2) == 0;
    if (len == 0 || !strchr(name_first, *name) || !end || (name[len] != '}' && !has_default))
        return yaml_error(err, &node->mark,
                          "found '${%.40s', expected ${NAME}, ${NAME:-default}, or $$ for a dollar",
                          name);
    const char *fallback = has_default ? name + len + 2 : end;
    if (has_default && memchr(fallback, '$', (size_t)(end - fallback)))
        return yaml_error(err, &node->mark,
                          "found a '$' in the default of '%.*s', expected plain "
                          "text",
                          (int)len, name);
    char *key = xasprintf("%.*s", (int)len, name);
    const char *value = getenv(key);
    free(key);
    *io = end + 1;
    if (value && (*value || !has_default)) /* as in a shell: `:-` stands in for nothing, too */
        text_add(out, "%s", value);
    else if (has_default)
        text_add(out, "%.*s", (int)(end - fallback), fallback);
    else
        return yaml_error(err, &node->mark,
                          "the environment has no variable '%.*s', expected it to be set, or a "
                          "default: ${%.*s:-default}",
                          (int)len, name, (int)len, name);
    return 0;
}

static int expand_scalar(struct yaml *node, struct error *err)
{
    struct text out = {0};
    int r = 0;
    text_add(&out, "%s", "");
    for (const char *p = node->scalar; *p && r == 0;) {
        size_t plain = strcspn(p, "$");
        text_add(&out, "%.*s", (int)plain, p);
        p += plain;
        if (p[0] == '$' && p[1] == '{') {
            p += 2;
            r = expand_one(node, &p, &out, err);
        } else if (*p) {
            text_add(&out, "$");
            p += p[1] == '$' ? 2 : 1;
        }
    }
    if (r < 0) {
        text_done(&out);
        return r;
    }
    free(node->scalar);
    node->scalar = out.data;
    return 0;
}

int yaml_expand_variables(struct yaml *node, struct error *err)
{
    int r = 0;
    if (node->kind == YAML_SCALAR)
        return strchr(node->scalar, '$') ? expand_scalar(node, err) : 0;
    for (size_t i = 0; i < node->count && r == 0; i++) {
        const struct yaml_pair *pair = node->kind == YAML_MAP ? &node->pairs[i] : NULL;
        if (pair && strstr(pair->key, "${"))
            r = yaml_error(err, &pair->key_mark,
                           "found a variable in the key '%.60s', expected one in a value at most",
                           pair->key);
        else
            r = yaml_expand_variables(pair ? pair->value : node->items[i], err);
    }
    return r;
}
