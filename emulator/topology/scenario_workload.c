/* SPDX-License-Identifier: MIT
 *
 * The workload's parameters stay text, since only its workload.yaml knows their types.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/scenario_decode.h"

bool scenario_is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !*node->scalar;
}

/* A later value of a parameter, of `--set`, replaces the first. */
static struct parameter *find_parameter(struct workload_choice *w, const char *name)
{
    for (size_t i = 0; i < w->parameter_count; i++)
        if (strcmp(w->parameters[i].name, name) == 0)
            return &w->parameters[i];
    w->parameters = array_grow(w->parameters, w->parameter_count, sizeof(*w->parameters));
    struct parameter *p = &w->parameters[w->parameter_count++];
    *p = (struct parameter){.name = xstrdup(name)};
    return p;
}

static int decode_parameter(struct workload_choice *w, const struct yaml_pair *pair,
                            struct error *err)
{
    int r = yaml_expect_scalar(pair->value, "a parameter of the workload", err);
    if (r < 0)
        return r;
    if (scenario_is_nothing(pair->value))
        return yaml_error(err, &pair->value->mark, "found nothing, expected a value for '%s'",
                          pair->key);
    struct parameter *p = find_parameter(w, pair->key);
    free(p->value);
    p->value = xstrdup(pair->value->scalar);
    p->mark = pair->key_mark;
    return 0;
}

static int decode_parameters(struct workload_choice *w, const struct yaml *map, struct error *err)
{
    int r = 0;
    if (scenario_is_nothing(map))
        return 0;
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the parameters of a workload", NULL, 0, err);
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = decode_parameter(w, &map->pairs[i], err);
    return r;
}

/* A name, or the path of a folder, whose last part is then the name. */
static int decode_choice(struct scenario *s, const struct yaml_pair *pair, struct error *err)
{
    struct workload_choice *w = &s->workload;
    _cleanup_(freep) char *path = xstrdup(pair->key);
    w->mark = pair->key_mark;
    if (strchr(path, '/'))
        for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
            path[len - 1] = '\0';
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (name[0] == '.' && (!name[1] || strcmp(name, "..") == 0))
        return yaml_error(err, &w->mark,
                          "found '%.60s', expected the name of a workload or a path that ends in "
                          "its folder's name, such as ./mine",
                          pair->key);
    int r = scenario_check_name(name, "a workload", &w->mark, err);
    if (r < 0)
        return r;
    w->name = xstrdup(name);
    w->path = slash ? scenario_path(s, path, &w->mark) : NULL;
    return 0;
}

int scenario_decode_workload(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct workload_choice *w = &s->workload;
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the workload", NULL, 0, err);
    if (map->count == 0)
        return yaml_error(err, &map->mark, "found no workload, expected the name of one");
    int r = decode_choice(s, &map->pairs[0], err);
    for (size_t i = 0; r == 0 && i < map->count; i++) {
        const struct yaml_pair *pair = &map->pairs[i];
        if (i > 0 && strcmp(pair->key, w->name) != 0) /* --set knows a folder by its name */
            return yaml_error(err, &pair->key_mark,
                              "found a second workload '%s' after '%s', expected only one",
                              pair->key, map->pairs[0].key);
        r = decode_parameters(w, pair->value, err);
    }
    return r;
}
