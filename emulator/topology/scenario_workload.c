/* SPDX-License-Identifier: MIT
 *
 * The workload's parameters stay text, since only its workload.yaml knows their types.
 */
#include <string.h>

#include "base/mem.h"
#include "topology/scenario_decode.h"

bool scenario_is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !*node->scalar;
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
    w->parameters = array_grow(w->parameters, w->parameter_count, sizeof(*w->parameters));
    w->parameters[w->parameter_count++] =
        (struct parameter){xstrdup(pair->key), xstrdup(pair->value->scalar), pair->key_mark};
    return 0;
}

int scenario_decode_workload(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct workload_choice *w = &s->workload;
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the workload", NULL, 0, err);
    if (map->count == 0)
        return yaml_error(err, &map->mark, "found no workload, expected the name of one");
    const struct yaml_pair *chosen = &map->pairs[0];
    if (map->count > 1)
        return yaml_error(err, &map->pairs[1].key_mark,
                          "found a second workload '%s' after '%s', expected only one",
                          map->pairs[1].key, chosen->key);
    int r = scenario_check_name(chosen->key, "a workload", &chosen->key_mark, err);
    if (r < 0)
        return r;
    w->name = xstrdup(chosen->key);
    w->mark = chosen->key_mark;
    if (scenario_is_nothing(chosen->value))
        return 0;
    if (chosen->value->kind != YAML_MAP)
        return yaml_expect_map(chosen->value, "the parameters of a workload", NULL, 0, err);
    for (size_t i = 0; i < chosen->value->count; i++) {
        r = decode_parameter(w, &chosen->value->pairs[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}
