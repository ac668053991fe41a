/* SPDX-License-Identifier: MIT
 *
 * Topologies of a shape: `generate: {NAME: {shape: ring, count: 8, delay: 5ms}}` becomes entries of
 * `nodes` and `links`, before anything is decoded, as if the file had them. What is wrong with them
 * is said of the place of NAME. Its hosts, or all its nodes where there are no others, are the
 * group NAME; of star, tree and fat-tree those that forward are groups of their own.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/scenario_decode.h"
#include "topology/yaml_edit.h"

enum { LINKS_MAX = 65536, KEYS_MAX = 48, NAME_MAX_ = SCENARIO_NAME_MAX + 16 };

static const char *const node_keys[] = {NODE_KEYS};
static const char *const wire_keys[] = {WIRE_KEYS, "weight"};

/* One entry of `generate` while it is worked off. */
struct generator {
    const char *name;
    const struct mark *mark;
    const struct yaml *map;
    struct yaml *nodes, *links; /* of the document */
    uint64_t parameters[2];     /* of the shape, in its own order */
};

struct parameter_range {
    const char *key; /* NULL: none */
    uint64_t least, most;
};

struct shape {
    const char *name, *what;
    struct parameter_range parameters[2];
    bool has_routers; /* forwards in groups of their own */
    /* Both together: the number of links, UINT64_MAX if far too many. */
    uint64_t (*count_links)(const uint64_t *parameters);
    int (*make)(struct generator *g, struct error *err);
};

/* --- what shapes are made of --- */

/* A group NAME + suffix: `keys` (or NULL) has the keys of its nodes. */
static int add_group(struct generator *g, const char *suffix, uint64_t count, const char *role,
                     const struct yaml *keys, struct error *err)
{
    char name[NAME_MAX_], number[24];
    snprintf(name, sizeof(name), "%s%s", g->name, suffix);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)count);
    if (yaml_get(g->nodes, name))
        return yaml_error(err, g->mark, "it makes nodes named '%s', but 'nodes' has them already",
                          name);
    struct yaml *group = yaml_map(g->mark);
    yaml_add_pair(group, "count", g->mark, yaml_scalar(number, g->mark));
    for (size_t i = 0; i < ARRAY_LEN(node_keys); i++) {
        const struct yaml *value = yaml_get(keys, node_keys[i]);
        if (value)
            yaml_add_pair(group, node_keys[i], &value->mark, yaml_copy(value));
    }
    if (!yaml_get(group, "role"))
        yaml_add_pair(group, "role", g->mark, yaml_scalar(role, g->mark));
    yaml_add_pair(g->nodes, name, g->mark, group);
    return 0;
}

static int add_hosts(struct generator *g, uint64_t count, const char *role, struct error *err)
{
    return add_group(g, "", count, role, g->map, err);
}

static int add_routers(struct generator *g, const char *suffix, uint64_t count, struct error *err)
{
    return add_group(g, suffix, count, "router", yaml_get(g->map, "routers"), err);
}

static void add_end(struct generator *g, struct yaml *ends, const char *suffix, uint64_t number)
{
    char name[NAME_MAX_ + 24];
    snprintf(name, sizeof(name), "%s%s%llu", g->name, suffix, (unsigned long long)number);
    yaml_add_item(ends, yaml_scalar(name, g->mark));
}

/* A link between node number `a` of one group and number `b` of another; they count from 1. */
static void add_link(struct generator *g, const char *suffix_a, uint64_t a, const char *suffix_b,
                     uint64_t b)
{
    struct yaml *link = yaml_map(g->mark), *ends = yaml_list(g->mark);
    add_end(g, ends, suffix_a, a);
    add_end(g, ends, suffix_b, b);
    yaml_add_pair(link, "ends", g->mark, ends);
    for (size_t i = 0; i < ARRAY_LEN(wire_keys); i++) {
        const struct yaml *value = yaml_get(g->map, wire_keys[i]);
        if (value)
            yaml_add_pair(link, wire_keys[i], &value->mark, yaml_copy(value));
    }
    yaml_add_item(g->links, link);
}

/* --- the shapes --- */

static uint64_t count_of_ring(const uint64_t *p)
{
    return p[0];
}

static int make_line(struct generator *g, struct error *err)
{
    int r = add_hosts(g, g->parameters[0], "router", err);
    for (uint64_t i = 1; r == 0 && i < g->parameters[0]; i++)
        add_link(g, "", i, "", i + 1);
    return r;
}

static int make_ring(struct generator *g, struct error *err)
{
    int r = make_line(g, err);
    if (r == 0)
        add_link(g, "", g->parameters[0], "", 1);
    return r;
}

static int make_star(struct generator *g, struct error *err)
{
    int r = add_routers(g, "-hub", 1, err);
    if (r == 0)
        r = add_hosts(g, g->parameters[0], "host", err);
    for (uint64_t i = 1; r == 0 && i <= g->parameters[0]; i++)
        add_link(g, "-hub", 1, "", i);
    return r;
}

static uint64_t count_of_mesh(const uint64_t *p)
{
    return p[0] * (p[0] - 1) / 2;
}

static int make_mesh(struct generator *g, struct error *err)
{
    int r = add_hosts(g, g->parameters[0], "host", err);
    for (uint64_t i = 1; r == 0 && i <= g->parameters[0]; i++)
        for (uint64_t k = i + 1; k <= g->parameters[0]; k++)
            add_link(g, "", i, "", k);
    return r;
}

static uint64_t count_of_grid(const uint64_t *p)
{
    return 2 * p[0] * p[1] - p[0] - p[1];
}

/* Row by row. */
static int make_grid(struct generator *g, struct error *err)
{
    const uint64_t rows = g->parameters[0], columns = g->parameters[1];
    int r = add_hosts(g, rows * columns, "router", err);
    for (uint64_t i = 1; r == 0 && i <= rows * columns; i++) {
        if (i % columns != 0)
            add_link(g, "", i, "", i + 1);
        if (i + columns <= rows * columns)
            add_link(g, "", i, "", i + columns);
    }
    return r;
}

/* The nodes of a tree above its leaves, and those at `depth` below the root; UINT64_MAX: beyond all
 * limits. */
static uint64_t level_size(uint64_t depth, uint64_t fanout)
{
    uint64_t size = 1;
    for (uint64_t i = 0; i < depth && size <= LINKS_MAX; i++)
        size *= fanout;
    return size <= LINKS_MAX ? size : UINT64_MAX;
}

static uint64_t count_above(uint64_t depth, uint64_t fanout)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < depth; i++)
        sum += level_size(i, fanout);
    return sum;
}

static uint64_t count_of_tree(const uint64_t *p)
{
    uint64_t leaves = level_size(p[0], p[1]);
    return leaves == UINT64_MAX ? leaves : count_above(p[0], p[1]) + leaves - 1;
}

/* Level by level: the children of router n are nodes (n - 1) * fanout + 2 … of all. */
static int make_tree(struct generator *g, struct error *err)
{
    const uint64_t depth = g->parameters[0], fanout = g->parameters[1];
    const uint64_t routers = count_above(depth, fanout);
    int r = add_routers(g, "-router", routers, err);
    if (r == 0)
        r = add_hosts(g, level_size(depth, fanout), "host", err);
    for (uint64_t i = 1; r == 0 && i <= routers; i++) {
        for (uint64_t k = 0; k < fanout; k++) {
            uint64_t child = (i - 1) * fanout + 2 + k;
            bool is_leaf = child > routers;
            add_link(g, "-router", i, is_leaf ? "" : "-router", is_leaf ? child - routers : child);
        }
    }
    return r;
}

static uint64_t count_of_fat_tree(const uint64_t *p)
{
    return 3 * p[0] * p[0] * p[0] / 4;
}

/* As of Al-Fares and others (2008): k pods of k/2 edge and k/2 aggregation switches, (k/2)^2 core
 * switches, k/2 hosts an edge switch; every switch has k ports. */
static int make_fat_tree(struct generator *g, struct error *err)
{
    const uint64_t k = g->parameters[0], half = k / 2;
    if (k % 2)
        return yaml_error(err, &yaml_get(g->map, "k")->mark,
                          "found an odd number of ports, expected an even one");
    int r = add_routers(g, "-core", half * half, err);
    if (r == 0)
        r = add_routers(g, "-agg", k * half, err);
    if (r == 0)
        r = add_routers(g, "-edge", k * half, err);
    if (r == 0)
        r = add_hosts(g, k * half * half, "host", err);
    for (uint64_t a = 0; r == 0 && a < k * half; a++) { /* of a pod's switches each has a number */
        const uint64_t pod = a / half, number = a % half;
        for (uint64_t i = 0; i < half; i++) {
            add_link(g, "-core", number * half + i + 1, "-agg", a + 1);
            add_link(g, "-agg", a + 1, "-edge", pod * half + i + 1);
            add_link(g, "-edge", a + 1, "", a * half + i + 1);
        }
    }
    return r;
}

static const struct shape shapes[] = {
    {"ring", "a ring", {{"count", 3, SCENARIO_NODES_MAX}}, false, count_of_ring, make_ring},
    {"line", "a line", {{"count", 2, SCENARIO_NODES_MAX}}, false, count_of_ring, make_line},
    {"star", "a star", {{"count", 1, SCENARIO_NODES_MAX}}, true, count_of_ring, make_star},
    {"mesh", "a mesh", {{"count", 2, SCENARIO_NODES_MAX}}, false, count_of_mesh, make_mesh},
    {"grid",
     "a grid",
     {{"rows", 1, 10000}, {"columns", 2, 10000}},
     false,
     count_of_grid,
     make_grid},
    {"tree", "a tree", {{"depth", 1, 16}, {"fanout", 1, 10000}}, true, count_of_tree, make_tree},
    {"fat-tree", "a fat-tree", {{"k", 2, 32}}, true, count_of_fat_tree, make_fat_tree},
};

/* --- one entry --- */

static int find_shape(const struct generator *g, const struct shape **ret, struct error *err)
{
    const struct yaml *shape = yaml_get(g->map, "shape");
    if (!shape)
        return yaml_error(err, g->mark,
                          "'%s' has no 'shape', expected ring, line, star, mesh, grid, tree or "
                          "fat-tree",
                          g->name);
    int r = yaml_expect_scalar(shape, "a shape", err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        if (strcmp(shape->scalar, shapes[i].name) == 0) {
            *ret = &shapes[i];
            return 0;
        }
    }
    return yaml_error(err, &shape->mark,
                      "found '%.60s' as shape, expected ring, line, star, mesh, grid, tree or "
                      "fat-tree",
                      shape->scalar);
}

static int check_keys(const struct generator *g, const struct shape *shape, struct error *err)
{
    const char *keys[KEYS_MAX] = {"shape"};
    size_t count = 1;
    for (size_t i = 0; i < ARRAY_LEN(shape->parameters); i++)
        if (shape->parameters[i].key)
            keys[count++] = shape->parameters[i].key;
    if (shape->has_routers)
        keys[count++] = "routers";
    for (size_t i = 0; i < ARRAY_LEN(node_keys); i++)
        keys[count++] = node_keys[i];
    for (size_t i = 0; i < ARRAY_LEN(wire_keys); i++)
        keys[count++] = wire_keys[i];
    const struct yaml *routers = yaml_get(g->map, "routers");
    int r = yaml_expect_map(g->map, shape->what, keys, count, err);
    if (r == 0 && routers)
        r = yaml_expect_map(routers, "its routers", node_keys, ARRAY_LEN(node_keys), err);
    return r;
}

static int decode_parameters(struct generator *g, const struct shape *shape, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(shape->parameters); i++) {
        const struct parameter_range *p = &shape->parameters[i];
        const struct yaml *value = p->key ? yaml_get(g->map, p->key) : NULL;
        if (p->key && !value)
            return yaml_error(err, g->mark, "'%s' has no '%s', expected a number for %s", g->name,
                              p->key, shape->what);
        if (value)
            r = scenario_decode_integer(value, p->key, p->least, p->most, &g->parameters[i], err);
    }
    if (r == 0 && shape->count_links(g->parameters) > LINKS_MAX)
        r = yaml_error(err, g->mark, "'%s' is too large: expected at most %d links", g->name,
                       LINKS_MAX);
    return r;
}

static int generate(struct generator *g, struct error *err)
{
    const struct shape *shape = NULL;
    int r = scenario_check_name(g->name, "a topology", g->mark, err);
    if (r == 0 && g->map->kind != YAML_MAP)
        r = yaml_expect_map(g->map, "a topology", NULL, 0, err);
    if (r == 0)
        r = find_shape(g, &shape, err);
    if (r == 0)
        r = check_keys(g, shape, err);
    if (r == 0)
        r = decode_parameters(g, shape, err);
    return r < 0 ? r : shape->make(g, err);
}

int scenario_generate(struct scenario *s, struct error *err)
{
    struct yaml *root = s->document.root;
    _cleanup_(yaml_tree_freep) struct yaml *map = yaml_take(root, "generate");
    if (!map)
        return 0;
    int r =
        map->kind == YAML_MAP ? 0 : yaml_expect_map(map, "topologies to generate", NULL, 0, err);
    struct yaml *nodes = yaml_section(root, "nodes", YAML_MAP, &map->mark);
    struct yaml *links = yaml_section(root, "links", YAML_LIST, &map->mark);
    if (r == 0 && (!nodes || !links)) /* whoever decodes them says so */
        return 0;
    for (size_t i = 0; r == 0 && i < map->count; i++) {
        struct generator g = {.name = map->pairs[i].key,
                              .mark = &map->pairs[i].key_mark,
                              .map = map->pairs[i].value,
                              .nodes = nodes,
                              .links = links};
        r = generate(&g, err);
    }
    return r;
}
