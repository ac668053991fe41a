/* SPDX-License-Identifier: MIT
 *
 * The workload's parameters stay text, since only its workload.yaml knows their types. A sweep is
 * checked by trying every value: a sweep that dies at its last point has wasted a night.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/scenario_decode.h"

enum { SWEEP_VALUES_MAX = 1000 };

static bool is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !*node->scalar;
}

static int decode_parameter(struct workload_choice *w, const struct yaml_pair *pair,
                            struct error *err)
{
    int r = yaml_expect_scalar(pair->value, "a parameter of the workload", err);
    if (r < 0)
        return r;
    if (is_nothing(pair->value))
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
    if (is_nothing(chosen->value))
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

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* `rate` -> `workload.NAME.rate`; the scenario's own `seed` and `engine` stay as they are. */
static int complete_key(const struct scenario *s, const struct yaml_pair *pair, char **ret,
                        struct error *err)
{
    const char *key = pair->key;
    const struct mark *mark = &pair->key_mark;
    bool is_bare = !strchr(key, '.');
    if (strcmp(key, "seed") == 0 || strcmp(key, "engine") == 0) {
        *ret = xstrdup(key);
        return 0;
    }
    if ((is_bare || begins_with(key, "workload.")) && !s->workload.name)
        return yaml_error(err, mark, "'%s' is for a workload, but the file has no 'workload'", key);
    if (is_bare) {
        *ret = xasprintf("workload.%s.%s", s->workload.name, key);
        return 0;
    }
    if (begins_with(key, "workload.")) {
        const char *rest = key + strlen("workload.");
        size_t len = strlen(s->workload.name);
        if (strncmp(rest, s->workload.name, len) != 0 || rest[len] != '.' || !rest[len + 1] ||
            strchr(rest + len + 1, '.'))
            return yaml_error(err, mark, "found the key '%s', expected 'workload.%s.PARAMETER'",
                              key, s->workload.name);
    } else if (begins_with(key, "wan.")) {
        if (s->wan.member_count == 0)
            return yaml_error(err, mark, "found the key '%s', but the file has no 'wan'", key);
    } else if (!begins_with(key, "nodes.") && !begins_with(key, "networks.")) {
        return yaml_error(err, mark,
                          "found the key '%s', expected a parameter of the workload, seed, engine, "
                          "or a key below nodes, wan or networks",
                          key);
    }
    int r = scenario_check_key(s->document.root, key, mark, err);
    if (r == 0)
        *ret = xstrdup(key);
    return r;
}

/* The workload's parameters are not known here; for all else the scenario has to hold up. */
static int try_value(const struct scenario_source *source, const struct sweep_axis *axis,
                     const struct yaml *value, struct error *err)
{
    struct error why;
    if (begins_with(axis->key, "workload.") ||
        scenario_try(source, axis->key, value->scalar, &why) == 0)
        return 0;
    _cleanup_(freep) char *prefix = xasprintf("--set %s: ", axis->key);
    const char *text = begins_with(why.text, prefix) ? why.text + strlen(prefix) : why.text;
    return yaml_error(err, &value->mark, "%s=%s: %s", axis->key, value->scalar, text);
}

static int add_value(const struct scenario_source *source, struct sweep_axis *axis,
                     const struct yaml *value, struct error *err)
{
    int r = yaml_expect_scalar(value, "a value of a sweep", err);
    if (r < 0)
        return r;
    if (is_nothing(value))
        return yaml_error(err, &value->mark, "found nothing, expected a value for '%s'", axis->key);
    for (size_t i = 0; i < axis->value_count; i++) {
        if (strcmp(axis->values[i], value->scalar) == 0)
            return yaml_error(err, &value->mark, "the value '%s' is here again: expected it once",
                              value->scalar);
    }
    axis->values = array_grow(axis->values, axis->value_count, sizeof(*axis->values));
    axis->values[axis->value_count++] = xstrdup(value->scalar);
    return try_value(source, axis, value, err);
}

static int decode_axis(struct scenario *s, const struct scenario_source *source,
                       const struct yaml_pair *pair, struct error *err)
{
    struct sweep_axis *axis = &s->sweep[s->sweep_count++];
    char place[SCENARIO_PLACE_MAX];
    axis->mark = pair->key_mark;
    int r = complete_key(s, pair, &axis->key, err);
    if (r < 0)
        return r;
    for (const struct sweep_axis *other = s->sweep; other < axis; other++) {
        if (strcmp(other->key, axis->key) == 0)
            return yaml_error(err, &axis->mark, "'%s' is here again: it is already at %s",
                              axis->key, scenario_place(place, &other->mark));
    }
    const struct yaml *values = pair->value;
    if (values->kind != YAML_LIST)
        return add_value(source, axis, values, err);
    if (values->count == 0 || values->count > SWEEP_VALUES_MAX)
        return yaml_error(err, &values->mark, "found %zu values for '%s', expected 1 to %d",
                          values->count, axis->key, SWEEP_VALUES_MAX);
    for (size_t i = 0; r == 0 && i < values->count; i++)
        r = add_value(source, axis, values->items[i], err);
    return r;
}

int scenario_decode_sweep(struct scenario *s, const struct scenario_source *source,
                          const struct yaml *map, struct error *err)
{
    enum { AXES_MAX = 16 };
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the sweep", NULL, 0, err);
    if (map->count > AXES_MAX)
        return yaml_error(err, &map->pairs[AXES_MAX].key_mark,
                          "found %zu keys in the sweep, expected at most %d", map->count, AXES_MAX);
    s->sweep = xcalloc(map->count, sizeof(*s->sweep));
    for (size_t i = 0; i < map->count; i++) {
        int r = decode_axis(s, source, &map->pairs[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}
