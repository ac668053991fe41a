/* SPDX-License-Identifier: MIT
 *
 * `comparison`: which values of one of the sweep's keys are held against each other. What it says
 * of metrics is checked where the workload is known.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/scenario_decode.h"

/* "expected one of: a, b" */
static int unknown_name(const struct yaml *node, const char *what, const char *const *names,
                        size_t count, struct error *err)
{
    const char *nearest = text_nearest(node->scalar, names, count);
    _cleanup_(text_done) struct text known = {0};
    if (nearest)
        return yaml_error(err, &node->mark, "found '%.60s', which is no %s, did you mean '%s'?",
                          node->scalar, what, nearest);
    for (size_t i = 0; i < count; i++)
        text_add(&known, "%s%s", i ? ", " : "", names[i]);
    return yaml_error(err, &node->mark, "found '%.60s', which is no %s, expected one of: %s",
                      node->scalar, what, known.data ? known.data : "");
}

static int required(const struct yaml *map, const char *key, const char *what,
                    const struct yaml **ret, struct error *err)
{
    *ret = yaml_get(map, key);
    if (!*ret)
        return yaml_error(err, &map->mark, "a comparison has no '%s', expected %s", key, what);
    return yaml_expect_scalar(*ret, key, err);
}

/* A key as files write it: `rate` of `workload.NAME.rate`. */
static const char *plain_key(const struct scenario *s, const char *key)
{
    static const char prefix[] = "workload.";
    size_t len = strlen(prefix) + strlen(s->workload.name) + 1;
    return strncmp(key, prefix, strlen(prefix)) == 0 ? key + len : key;
}

static int decode_of(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct comparison_choice *c = &s->comparison;
    const struct yaml *of;
    const char *keys[SCENARIO_SWEEP_AXES_MAX];
    int r = required(map, "of", "the sweep's key whose values are compared", &of, err);
    if (r == 0)
        r = scenario_decode_key(s, of, &c->of, err);
    if (r < 0)
        return r;
    for (c->axis = 0; c->axis < s->sweep_count; c->axis++) {
        keys[c->axis] = plain_key(s, s->sweep[c->axis].key);
        if (strcmp(s->sweep[c->axis].key, c->of) == 0)
            break;
    }
    if (c->axis == s->sweep_count)
        return unknown_name(of, "key of the sweep", keys, s->sweep_count, err);
    for (size_t i = 0; i < s->point_count; i++)
        if (s->points[i * s->sweep_count + c->axis] == SWEEP_AS_FILE)
            return yaml_error(err, &of->mark,
                              "the sweep has points that say nothing of '%s': expected it in all "
                              "of them",
                              c->of);
    return 0;
}

static bool has_value(const struct sweep_axis *axis, const char *value)
{
    for (size_t i = 0; i < axis->value_count; i++)
        if (strcmp(axis->values[i], value) == 0)
            return true;
    return false;
}

static int no_value(const struct scenario *s, const struct yaml *node, struct error *err)
{
    const struct sweep_axis *axis = &s->sweep[s->comparison.axis];
    _cleanup_(freep) char *what = xasprintf("value of '%s' in the sweep", plain_key(s, axis->key));
    return unknown_name(node, what, (const char *const *)axis->values, axis->value_count, err);
}

static int decode_to(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct comparison_choice *c = &s->comparison;
    const struct yaml *to;
    int r = required(map, "to", "the value that ratios refer to", &to, err);
    if (r < 0)
        return r;
    if (!has_value(&s->sweep[c->axis], to->scalar))
        return no_value(s, to, err);
    c->to = xstrdup(to->scalar);
    return 0;
}

static int decode_metrics(struct scenario *s, const struct yaml *list, struct error *err)
{
    struct comparison_choice *c = &s->comparison;
    int r = list ? yaml_expect_list(list, "metrics", err) : 0;
    if (!list || r < 0)
        return r;
    if (list->count == 0)
        return yaml_error(err, &list->mark, "found no metrics, expected some");
    c->metrics = xcalloc(list->count, sizeof(*c->metrics));
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml *item = list->items[i];
        r = yaml_expect_scalar(item, "a metric", err);
        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->metrics[k].name, item->scalar) == 0)
                return yaml_error(err, &item->mark, "found the metric '%s' twice", item->scalar);
        c->metrics[c->metric_count++] =
            (struct comparison_metric){.name = xstrdup(item->scalar), .mark = item->mark};
    }
    return 0;
}

static int decode_among(struct scenario *s, const struct yaml *map, struct error *err)
{
    struct comparison_choice *c = &s->comparison;
    const struct yaml *list = yaml_get(map, "among");
    int r = list ? yaml_expect_list(list, "among", err) : 0;
    if (!list || r < 0)
        return r;
    if (list->count < 2 || !yaml_get(map, "published"))
        return yaml_error(err, &list->mark,
                          "'among' are the values between which a 'published' file chose, "
                          "expected two or more, and that file");
    c->among = xcalloc(list->count, sizeof(*c->among));
    for (size_t i = 0; i < list->count; i++) {
        r = yaml_expect_scalar(list->items[i], "a value", err);
        bool has = r == 0 && has_value(&s->sweep[c->axis], list->items[i]->scalar);
        if (r == 0 && !has && s->set_count == 0)
            r = no_value(s, list->items[i], err);
        if (r < 0)
            return r;
        if (!has) /* --set has taken it out of the sweep */
            continue;
        c->among[c->among_count++] = xstrdup(list->items[i]->scalar);
    }
    return 0;
}

int scenario_decode_comparison(struct scenario *s, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"of", "to", "metrics", "published", "among"};
    struct comparison_choice *c = &s->comparison;
    const struct yaml *published;
    int r = yaml_expect_map(map, "a comparison", keys, ARRAY_LEN(keys), err);
    if (r < 0)
        return r;
    c->mark = map->mark;
    if (s->sweep_count == 0)
        return yaml_error(err, &map->mark,
                          "a comparison is of a sweep, but the file has no 'sweep'");
    if (!s->workload.name)
        return yaml_error(err, &map->mark,
                          "a comparison is of a workload's metrics, but the file has no "
                          "'workload'");
    r = decode_of(s, map, err);
    if (r == 0)
        r = decode_to(s, map, err);
    if (r == 0)
        r = decode_metrics(s, yaml_get(map, "metrics"), err);
    if (r == 0)
        r = decode_among(s, map, err);
    published = yaml_get(map, "published");
    if (r < 0 || !published)
        return r;
    c->published_mark = published->mark;
    return scenario_find_file(s, published, "a CSV file with what was published", &c->published,
                              err);
}

void scenario_comparison_done(struct comparison_choice *c)
{
    for (size_t i = 0; i < c->metric_count; i++)
        free(c->metrics[i].name);
    free(c->metrics);
    for (size_t i = 0; i < c->among_count; i++)
        free(c->among[i]);
    free(c->among);
    free(c->of);
    free(c->to);
    free(c->published);
}
