/* SPDX-License-Identifier: MIT
 *
 * The points of a sweep: every combination of the values of its keys, or a list of points and of
 * such combinations. All are tried here: a sweep that dies at its last point has wasted a night.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/scenario_decode.h"

enum {
    SWEEP_VALUES_MAX = 1000,
    SWEEP_AXES_MAX = SCENARIO_SWEEP_AXES_MAX,
    SWEEP_POINTS_MAX = 100000,
    SWEEP_LIST_MAX = 10000,
    REPEAT_MAX = 10000
};

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_own_key(const char *key)
{
    static const char *const keys[] = {"seed", "engine", "idle", "delay_scale"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* `rate` -> `workload.NAME.rate`; the scenario's own stay as they are. */
static int complete_key(const struct scenario *s, const struct yaml_pair *pair, char **ret,
                        struct error *err)
{
    const char *key = pair->key;
    const struct mark *mark = &pair->key_mark;
    bool is_bare = !strchr(key, '.');
    if (is_own_key(key)) {
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
                          "idle, delay_scale, or a key below nodes, wan or networks",
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
    if (scenario_is_nothing(value))
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

/* How many combinations a map has: a number, since they may be more than one can count. */
static double product_of(const struct yaml *map)
{
    double count = 1;
    for (size_t i = 0; i < map->count; i++)
        if (map->pairs[i].value->kind == YAML_LIST)
            count *= (double)map->pairs[i].value->count;
    return count;
}

/* Before any of them is tried. */
static int check_product(const struct yaml *map, size_t beside, int max, struct error *err)
{
    double count = product_of(map) + (double)beside;
    return count > max
               ? yaml_error(err, &map->mark, "found %.15g points, expected at most %d", count, max)
               : 0;
}

/* Every combination; the last key moves fastest. */
static void multiply(struct scenario *s)
{
    size_t count = 1;
    for (size_t i = 0; i < s->sweep_count; i++)
        count *= s->sweep[i].value_count;
    s->point_count = count;
    s->points = xcalloc(count * s->sweep_count, sizeof(*s->points));
    for (size_t point = 0; point < count; point++) {
        size_t rest = point;
        for (size_t i = s->sweep_count; i-- > 0; rest /= s->sweep[i].value_count)
            s->points[point * s->sweep_count + i] = (unsigned)(rest % s->sweep[i].value_count);
    }
}

static int decode_product(struct scenario *s, const struct scenario_source *source,
                          const struct yaml *map, struct error *err)
{
    if (map->count > SWEEP_AXES_MAX)
        return yaml_error(err, &map->pairs[SWEEP_AXES_MAX].key_mark,
                          "found %zu keys in the sweep, expected at most %d", map->count,
                          SWEEP_AXES_MAX);
    int r = check_product(map, 0, SWEEP_POINTS_MAX, err);
    s->sweep = xcalloc(map->count, sizeof(*s->sweep));
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = decode_axis(s, source, &map->pairs[i], err);
    if (r == 0 && map->count)
        multiply(s);
    return r;
}

/* The axis of a key in a list, made at its first appearance. */
static int find_axis(struct scenario *s, const struct yaml_pair *pair, size_t *ret,
                     struct error *err)
{
    _cleanup_(freep) char *key = NULL;
    int r = complete_key(s, pair, &key, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < s->sweep_count; i++) {
        *ret = i;
        if (strcmp(s->sweep[i].key, key) == 0)
            return 0;
    }
    if (s->sweep_count == SWEEP_AXES_MAX)
        return yaml_error(err, &pair->key_mark, "found more than %d keys in the sweep",
                          SWEEP_AXES_MAX);
    *ret = s->sweep_count;
    s->sweep[s->sweep_count++] = (struct sweep_axis){.key = TAKE_PTR(key), .mark = pair->key_mark};
    return 0;
}

static unsigned find_value(struct sweep_axis *axis, const char *text)
{
    for (size_t i = 0; i < axis->value_count; i++)
        if (strcmp(axis->values[i], text) == 0)
            return (unsigned)i;
    axis->values = array_grow(axis->values, axis->value_count, sizeof(*axis->values));
    axis->values[axis->value_count] = xstrdup(text);
    return (unsigned)axis->value_count++;
}

/* All of its keys at once: a value may need another one beside it. */
static int try_point(const struct scenario *s, const struct scenario_source *source,
                     const struct yaml *map, const unsigned *point, struct error *err)
{
    struct error why;
    const char *sets[SWEEP_AXES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->sweep_count; i++) {
        const struct sweep_axis *axis = &s->sweep[i];
        if (point[i] != SWEEP_AS_FILE && !begins_with(axis->key, "workload."))
            sets[count++] = xasprintf("%s=%s", axis->key, axis->values[point[i]]);
    }
    int r = count ? scenario_try_sets(source, sets, count, &why) : 0;
    while (count > 0)
        free((void *)sets[--count]);
    return r < 0 ? yaml_error(err, &map->mark, "this point: %s", why.text) : 0;
}

/* The values of one key in an item of the list. */
struct choice {
    size_t axis, count;
    unsigned *values; /* of the axis */
};

static int add_choice(struct scenario *s, const struct yaml_pair *pair, const struct yaml *value,
                      struct choice *c, struct error *err)
{
    int r = yaml_expect_scalar(value, "a value of a sweep", err);
    if (r == 0 && scenario_is_nothing(value))
        r = yaml_error(err, &value->mark, "found nothing, expected a value for '%s'", pair->key);
    if (r < 0)
        return r;
    c->values = array_grow(c->values, c->count, sizeof(*c->values));
    c->values[c->count++] = find_value(&s->sweep[c->axis], value->scalar);
    return 0;
}

static int decode_choice(struct scenario *s, const struct yaml_pair *pair, struct choice *c,
                         struct error *err)
{
    const struct yaml *value = pair->value;
    int r = find_axis(s, pair, &c->axis, err);
    if (r == 0 && value->kind != YAML_LIST)
        return add_choice(s, pair, value, c, err);
    if (r == 0 && (value->count == 0 || value->count > SWEEP_VALUES_MAX))
        r = yaml_error(err, &value->mark, "found %zu values for '%s', expected 1 to %d",
                       value->count, pair->key, SWEEP_VALUES_MAX);
    for (size_t i = 0; r == 0 && i < value->count; i++)
        r = add_choice(s, pair, value->items[i], c, err);
    return r;
}

/* Points under construction, SWEEP_AXES_MAX numbers each. */
struct point_list {
    unsigned *points;
    size_t count;
};

static int add_point(struct point_list *list, const unsigned *point, const struct mark *mark,
                     struct error *err)
{
    enum { SIZE = SWEEP_AXES_MAX * sizeof(*point) };
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(list->points + i * SWEEP_AXES_MAX, point, SIZE) == 0)
            return yaml_error(err, mark, "this point is here again");
    list->points = array_grow(list->points, list->count, SIZE);
    memcpy(list->points + list->count++ * SWEEP_AXES_MAX, point, SIZE);
    return 0;
}

/* Whether an earlier point of the list is the same but for the workload's parameters, which are not
 * tried here. */
static bool was_tried(const struct scenario *s, const struct point_list *list,
                      const unsigned *point)
{
    for (size_t i = 0; i + 1 < list->count; i++) {
        const unsigned *other = list->points + i * SWEEP_AXES_MAX;
        size_t k = 0;
        while (k < s->sweep_count &&
               (other[k] == point[k] || begins_with(s->sweep[k].key, "workload.")))
            k++;
        if (k == s->sweep_count)
            return true;
    }
    return false;
}

/* Every combination of the choices; the last key moves fastest. */
static int add_points(struct scenario *s, const struct scenario_source *source,
                      const struct yaml *map, const struct choice *choices, struct point_list *list,
                      struct error *err)
{
    size_t count = 1;
    for (size_t i = 0; i < map->count; i++)
        count *= choices[i].count;
    for (size_t n = 0; n < count; n++) {
        unsigned point[SWEEP_AXES_MAX];
        size_t rest = n;
        memset(point, 0xff, sizeof(point)); /* SWEEP_AS_FILE */
        for (size_t i = map->count; i-- > 0; rest /= choices[i].count) {
            if (point[choices[i].axis] != SWEEP_AS_FILE)
                return yaml_error(err, &map->pairs[i].key_mark, "'%s' is here again in this point",
                                  s->sweep[choices[i].axis].key);
            point[choices[i].axis] = choices[i].values[rest % choices[i].count];
        }
        int r = add_point(list, point, &map->mark, err);
        if (r == 0 && !was_tried(s, list, point))
            r = try_point(s, source, map, point, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int decode_item(struct scenario *s, const struct scenario_source *source,
                       const struct yaml *map, struct point_list *list, struct error *err)
{
    if (map->kind != YAML_MAP || map->count == 0)
        return yaml_error(err, &map->mark,
                          "expected a point of the sweep, such as {rate: 600/min}");
    _cleanup_(freep) struct choice *choices = xcalloc(map->count, sizeof(*choices));
    int r = check_product(map, list->count, SWEEP_LIST_MAX, err);
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = decode_choice(s, &map->pairs[i], &choices[i], err);
    if (r == 0)
        r = add_points(s, source, map, choices, list, err);
    for (size_t i = 0; i < map->count; i++)
        free(choices[i].values);
    return r;
}

static int decode_list(struct scenario *s, const struct scenario_source *source,
                       const struct yaml *items, struct error *err)
{
    if (items->count == 0)
        return yaml_error(err, &items->mark, "found no points in the sweep, expected some");
    struct point_list list = {NULL};
    s->sweep = xcalloc(SWEEP_AXES_MAX, sizeof(*s->sweep));
    int r = 0;
    for (size_t i = 0; r == 0 && i < items->count; i++)
        r = decode_item(s, source, items->items[i], &list, err);
    s->point_count = r == 0 ? list.count : 0;
    s->points = xcalloc(s->point_count * s->sweep_count, sizeof(*s->points));
    for (size_t i = 0; i < s->point_count; i++)
        memcpy(s->points + i * s->sweep_count, list.points + i * SWEEP_AXES_MAX,
               s->sweep_count * sizeof(*s->points));
    free(list.points);
    return r;
}

int scenario_decode_sweep(struct scenario *s, const struct scenario_source *source,
                          const struct yaml *node, struct error *err)
{
    if (node->kind == YAML_LIST)
        return decode_list(s, source, node, err);
    if (node->kind != YAML_MAP)
        return yaml_error(err, &node->mark,
                          "found a single value, expected a map or a list of points for the sweep");
    return decode_product(s, source, node, err);
}

static int decode_share(const struct yaml *node, const char *what, double *ret, struct error *err)
{
    double share;
    int r = yaml_expect_scalar(node, what, err);
    if (r < 0)
        return r;
    if (units_parse_share(node->scalar, &share, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (share <= 0)
        return yaml_error(err, &node->mark, "found %s for %s, expected more than 0%%", node->scalar,
                          what);
    *ret = share;
    return 0;
}

static int decode_count(const struct yaml *node, const char *what, uint64_t min, unsigned *ret,
                        struct error *err)
{
    uint64_t value;
    int r = scenario_decode_integer(node, what, min, REPEAT_MAX, &value, err);
    if (r == 0)
        *ret = (unsigned)value;
    return r;
}

int scenario_decode_repeats(struct scenario *s, const struct yaml *root, struct error *err)
{
    enum { MAX_DEFAULT = 20 };
    const struct yaml *repeat = yaml_get(root, "repeat"), *max = yaml_get(root, "repeat_max"),
                      *precision = yaml_get(root, "precision"), *warmup = yaml_get(root, "warmup");
    s->repeat = 1;
    s->warmup = 1;
    int r = repeat ? decode_count(repeat, "repeat", 1, &s->repeat, err) : 0;
    s->repeat_max = s->repeat > MAX_DEFAULT ? s->repeat : MAX_DEFAULT;
    if (r == 0 && max)
        r = decode_count(max, "repeat_max", s->repeat, &s->repeat_max, err);
    if (r == 0 && warmup)
        r = decode_count(warmup, "warmup", 0, &s->warmup, err);
    if (r == 0 && precision)
        r = decode_share(precision, "precision", &s->precision, err);
    if (r == 0 && max && !precision)
        r = yaml_error(err, &max->mark,
                       "found 'repeat_max' without 'precision', which would "
                       "add repetitions up to it");
    return r;
}

/* A text of the map, or NULL. */
static int copy_text(const struct yaml *map, const char *key, char **ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    int r = node ? yaml_expect_scalar(node, key, err) : 0;
    if (node && r == 0)
        *ret = xstrdup(node->scalar);
    return r;
}

int scenario_decode_key(const struct scenario *s, const struct yaml *node, char **ret,
                        struct error *err)
{
    const struct yaml_pair as_key = {.key = node->scalar, .key_mark = node->mark};
    return complete_key(s, &as_key, ret, err);
}

static int decode_of(struct scenario *s, const struct yaml *map, struct error *err)
{
    const struct yaml *of = yaml_get(map, "of");
    if (!of)
        return yaml_error(err, &map->mark, "found no 'of', expected the parameter to search for");
    int r = yaml_expect_scalar(of, "of", err);
    if (r == 0)
        r = scenario_decode_key(s, of, &s->saturation.of, err);
    if (r == 0 && !begins_with(s->saturation.of, "workload."))
        r = yaml_error(err, &of->mark, "found '%s', expected a parameter of the workload",
                       of->scalar);
    return r;
}

int scenario_decode_saturation(struct scenario *s, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"of", "from", "to", "within", "resolution", "repeat"};
    struct saturation_choice *c = &s->saturation;
    *c = (struct saturation_choice){
        .within = 0.05, .resolution = 0.05, .repeat = 3, .mark = map->mark};
    const struct yaml *within = yaml_get(map, "within"), *repeat = yaml_get(map, "repeat"),
                      *resolution = yaml_get(map, "resolution");
    int r = yaml_expect_map(map, "the saturation", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = decode_of(s, map, err);
    if (r == 0)
        r = copy_text(map, "from", &c->from, err);
    if (r == 0)
        r = copy_text(map, "to", &c->to, err);
    if (r == 0 && within)
        r = decode_share(within, "within", &c->within, err);
    if (r == 0 && resolution)
        r = decode_share(resolution, "resolution", &c->resolution, err);
    if (r == 0 && repeat)
        r = decode_count(repeat, "repeat", 1, &c->repeat, err);
    return r;
}
