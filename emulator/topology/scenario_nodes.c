/* SPDX-License-Identifier: MIT
 *
 * Groups become nodes, and both get into one sorted table of names, where two that are the same
 * stand side by side.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/scenario_decode.h"

static int check_region(const struct yaml *node, struct error *err)
{
    int r = yaml_expect_scalar(node, "a region", err);
    if (r == 0 && !*node->scalar)
        return yaml_error(err, &node->mark, "found nothing, expected the name of a region");
    return r;
}

static int check_regions(const struct yaml *node, struct error *err)
{
    if (node->kind != YAML_LIST)
        return check_region(node, err);
    if (node->count == 0)
        return yaml_error(err, &node->mark, "found an empty list, expected at least one region");
    for (size_t i = 0; i < node->count; i++) {
        int r = check_region(node->items[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Regions are dealt out in turn. */
static char *region_of(const struct yaml *regions, size_t index)
{
    if (!regions)
        return NULL;
    if (regions->kind == YAML_LIST)
        regions = regions->items[index % regions->count];
    return xstrdup(regions->scalar);
}

static void add_name(struct scenario *s, struct scenario_name name)
{
    s->names = array_grow(s->names, s->name_count, sizeof(*s->names));
    s->names[s->name_count++] = name;
}

static int add_nodes(struct scenario *s, const struct yaml_pair *group, bool numbered,
                     unsigned count, const struct node *like, struct error *err)
{
    const struct yaml *regions = yaml_get(group->value, "region");
    const struct mark mark = group->key_mark;
    unsigned first = (unsigned)s->node_count;
    if (count > SCENARIO_NODES_MAX - first)
        return yaml_error(err, &mark, "too many nodes: found %u with '%s', expected at most %d",
                          first + count, group->key, SCENARIO_NODES_MAX);
    if (numbered)
        add_name(s, (struct scenario_name){group->key, first, count, true, mark});
    for (unsigned i = 0; i < count; i++) {
        s->nodes = array_grow(s->nodes, s->node_count, sizeof(*s->nodes));
        struct node *node = &s->nodes[s->node_count++];
        *node = (struct node){.kind = like->kind,
                              .role = like->role,
                              .limits = like->limits,
                              .accelerator = like->accelerator,
                              .scratch = like->scratch,
                              .boot_timeout_ns = like->boot_timeout_ns,
                              .answer_timeout_ns = like->answer_timeout_ns,
                              .mark = mark};
        node->group = xstrdup(group->key);
        node->root = xstrdup(like->root);
        node->image = xstrdup(like->image);
        node->name = numbered ? xasprintf("%s%u", group->key, i + 1) : xstrdup(group->key);
        node->region = region_of(regions, i);
        add_name(s, (struct scenario_name){node->name, first + i, 1, false, mark});
        int r = scenario_check_name(node->name, "a node", &mark, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int decode_group(struct scenario *s, const struct yaml_pair *group, struct error *err)
{
    static const char *const keys[] = {
        "count", "kind",    "region", "root",         "image",          "cpus",        "memory",
        "pids",  "scratch", "io",     "boot_timeout", "answer_timeout", "accelerator", "role"};
    const struct yaml *map = group->value;
    uint64_t count = 1;
    struct node like = {0};
    int r = scenario_check_name(group->key, "a node", &group->key_mark, err);
    bool is_bare = map->kind == YAML_SCALAR && !map->quoted && !*map->scalar; /* `r1:` alone */
    if (r == 0 && !is_bare)
        r = yaml_expect_map(map, "a node", keys, ARRAY_LEN(keys), err);
    if (r < 0)
        return r;
    const struct yaml *count_node = yaml_get(map, "count");
    const struct yaml *regions = yaml_get(map, "region");
    if (count_node)
        r = scenario_decode_integer(count_node, "count", 1, SCENARIO_NODES_MAX, &count, err);
    if (r == 0)
        r = scenario_decode_resources(map, &like, err);
    if (r == 0)
        r = scenario_decode_role(yaml_get(map, "role"), &like.role, err);
    if (r == 0 && like.role == ROLE_ROUTER && !scenario_is_wired(like.kind))
        r = yaml_error(err, &yaml_get(map, "role")->mark,
                       "found a router of kind native, which has no interface of the lab: "
                       "expected another kind");
    if (r == 0 && regions)
        r = check_regions(regions, err);
    if (r == 0)
        r = add_nodes(s, group, count_node != NULL, (unsigned)count, &like, err);
    free(like.root);
    free(like.image);
    return r;
}

/* By name, then in the order of declaration. */
static int compare_names(const void *a, const void *b)
{
    const struct scenario_name *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);
    if (by_name)
        return by_name;
    return (x->first > y->first) - (x->first < y->first);
}

static int refuse_same_names(const struct scenario *s, struct error *err)
{
    for (size_t i = 1; i < s->name_count; i++) {
        const struct scenario_name *a = &s->names[i - 1], *b = &s->names[i];
        char place[SCENARIO_PLACE_MAX];
        if (strcmp(a->name, b->name) != 0)
            continue;
        return yaml_error(err, &b->mark, "the name '%s' is already taken by '%s' at %s", b->name,
                          s->nodes[a->first].group, scenario_place(place, &a->mark));
    }
    return 0;
}

int scenario_decode_nodes(struct scenario *s, const struct yaml *map, struct error *err)
{
    if (map->kind != YAML_MAP) {
        static const char *const none[] = {NULL};
        return yaml_expect_map(map, "the nodes", none, 0, err);
    }
    if (map->count == 0)
        return yaml_error(err, &map->mark, "found no nodes, expected at least one");
    for (size_t i = 0; i < map->count; i++) {
        int r = decode_group(s, &map->pairs[i], err);
        if (r < 0)
            return r;
    }
    qsort(s->names, s->name_count, sizeof(*s->names), compare_names);
    return refuse_same_names(s, err);
}

const struct scenario_name *scenario_find(const struct scenario *s, const char *name)
{
    size_t low = 0, high = s->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, s->names[middle].name);
        if (order == 0)
            return &s->names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const char *nearest_name(const struct scenario *s, const char *name)
{
    _cleanup_(freep) const char **names = xcalloc(s->name_count, sizeof(*names));
    for (size_t i = 0; i < s->name_count; i++)
        names[i] = s->names[i].name;
    return text_nearest(name, names, s->name_count);
}

int scenario_named(const struct scenario *s, const char *name, unsigned *ret_first,
                   unsigned *ret_count, struct error *err)
{
    const struct scenario_name *found = scenario_find(s, name);
    if (!found) {
        const char *nearest = nearest_name(s, name);
        return error_input(err, "the lab has no node '%.60s'%s%s%s", name,
                           nearest ? ", did you mean '" : "", nearest ? nearest : "",
                           nearest ? "'?" : "");
    }
    *ret_first = found->first;
    *ret_count = found->count;
    return 0;
}

int scenario_find_or_fail(const struct scenario *s, const char *name, const struct mark *mark,
                          const struct scenario_name **ret, struct error *err)
{
    const struct scenario_name *found = scenario_find(s, name);
    if (found) {
        *ret = found;
        return 0;
    }
    const char *nearest = nearest_name(s, name);
    if (nearest)
        return yaml_error(err, mark, "no node or group '%.60s', did you mean '%s'?", name, nearest);
    return yaml_error(err, mark, "no node or group '%.60s', expected one such as '%s'", name,
                      s->nodes[0].name);
}

int scenario_check_wired(const struct scenario *s, const struct scenario_name *name,
                         const struct mark *mark, struct error *err)
{
    const struct node *n = &s->nodes[name->first];
    if (scenario_is_wired(n->kind))
        return 0;
    return yaml_error(err, mark,
                      "'%s' is of kind native, the host itself, which has no interface of the "
                      "lab: expected a node of another kind (native nodes reach each other at "
                      "127.0.0.1, for which a link or network of them alone, that asks for "
                      "nothing, stands)",
                      n->name);
}

static int add_member(const struct scenario *s, const struct yaml *item, const struct yaml **taken,
                      unsigned *members, size_t *count, struct error *err)
{
    const struct scenario_name *found = NULL;
    int r = yaml_expect_scalar(item, "a member", err);
    if (r == 0)
        r = scenario_find_or_fail(s, item->scalar, &item->mark, &found, err);
    if (r == 0)
        r = scenario_check_wired(s, found, &item->mark, err);
    for (unsigned i = 0; r == 0 && i < found->count; i++) {
        unsigned node = found->first + i;
        char place[SCENARIO_PLACE_MAX];
        if (taken[node])
            return yaml_error(err, &item->mark,
                              "'%s' is here again: it is already a member by '%s' at %s",
                              s->nodes[node].name, taken[node]->scalar,
                              scenario_place(place, &taken[node]->mark));
        taken[node] = item;
        members[(*count)++] = node;
    }
    return r;
}

int scenario_decode_members(const struct scenario *s, const struct yaml *list, unsigned **ret,
                            size_t *ret_count, struct error *err)
{
    int r = yaml_expect_list(list, "members", err);
    if (r < 0)
        return r;
    if (list->count == 0)
        return yaml_error(err, &list->mark, "found an empty list, expected at least one member");
    _cleanup_(freep) const struct yaml **taken = xcalloc(s->node_count, sizeof(*taken));
    _cleanup_(freep) unsigned *members = xcalloc(s->node_count, sizeof(*members));
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        r = add_member(s, list->items[i], taken, members, &count, err);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(members);
    *ret_count = count;
    return 0;
}
