/* SPDX-License-Identifier: MIT
 *
 * Every reader fills its part of the workload as it goes; on error the workload is freed, half
 * filled as it is. So what belongs to an array is counted before it is filled.
 */
#include "experiment/workload_yaml.h"

#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "experiment/field.h"
#include "experiment/quantity.h"
#include "experiment/workload_programs.h"
#include "topology/yaml.h"

enum { LOG_LIMIT = 64 << 20, OUTPUT_LIMIT = 1 << 30 };

static const char *const type_names[] = {
    [WORKLOAD_FREQUENCY] = "frequency", [WORKLOAD_TIME] = "time",
    [WORKLOAD_SIZE] = "size",           [WORKLOAD_SHARE] = "share",
    [WORKLOAD_INTEGER] = "integer",     [WORKLOAD_CHOICE] = "choice",
};

static int read_size(const struct yaml *map, const char *key, uint64_t *ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    if (!node)
        return 0;
    int r = yaml_expect_scalar(node, key, err);
    if (r < 0)
        return r;
    return units_parse_size(node->scalar, ret, err) < 0 ? yaml_wrap(err, &node->mark) : 0;
}

/* A map whose keys are names: only its kind is checked. */
static int expect_names(const struct yaml *node, const char *what, struct error *err)
{
    return node->kind == YAML_MAP ? 0 : yaml_expect_map(node, what, NULL, 0, err);
}

static int read_type(const struct yaml *map, struct workload_parameter *p, struct error *err)
{
    const struct yaml *node = yaml_get(map, "type");
    if (!node)
        return yaml_error(err, &map->mark, "a parameter has no 'type'");
    int r =
        yaml_expect_word(node, "the type of a parameter", type_names, ARRAY_LEN(type_names), err);
    if (r < 0)
        return r;
    p->type = (enum workload_type)r;
    return 0;
}

static int read_choices(const struct yaml *map, struct workload_parameter *p, struct error *err)
{
    static const char *const bounds[] = {"min", "max"};
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        if (yaml_get(map, bounds[i]))
            return yaml_error(err, &yaml_get(map, bounds[i])->mark,
                              "found '%s' for a choice, expected 'values' alone", bounds[i]);
    }
    const struct yaml *list = yaml_get(map, "values");
    if (!list)
        return yaml_error(err, &map->mark, "a parameter of type choice has no 'values'");
    int r = field_words(map, "values", &p->values, err);
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(p->values[i], p->values[k]) == 0)
                return yaml_error(err, &list->items[i]->mark, "found the value '%s' twice",
                                  p->values[i]);
        }
    }
    return r;
}

static int read_bounds(const struct yaml *map, struct workload_parameter *p, struct error *err)
{
    const struct yaml *min_node = yaml_get(map, "min"), *max_node = yaml_get(map, "max");
    struct quantity min, max;
    if (yaml_get(map, "values"))
        return yaml_error(err, &yaml_get(map, "values")->mark,
                          "found 'values', which only a parameter of type choice has");
    int r = field_optional(map, "min", &p->min_text, err);
    if (r == 0)
        r = field_optional(map, "max", &p->max_text, err);
    if (r < 0)
        return r;
    if (min_node && quantity_parse(p->type, p->min_text, &min, err) < 0)
        return yaml_wrap(err, &min_node->mark);
    if (max_node && quantity_parse(p->type, p->max_text, &max, err) < 0)
        return yaml_wrap(err, &max_node->mark);
    if (min_node && max_node && quantity_less(&max, &min))
        return yaml_error(err, &max_node->mark, "found the maximum '%s' below the minimum '%s'",
                          p->max_text, p->min_text);
    return 0;
}

static int read_parameter(const struct yaml_pair *pair, struct workload_parameter *p,
                          struct error *err)
{
    static const char *const keys[] = {"type", "default", "min", "max", "values", "help"};
    const struct yaml *map = pair->value;
    p->name = xstrdup(pair->key);
    int r = field_check_name(pair->key, FIELD_NAME, "a parameter", &pair->key_mark, err);
    if (r == 0)
        r = yaml_expect_map(map, "a parameter", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = read_type(map, p, err);
    if (r == 0)
        r = p->type == WORKLOAD_CHOICE ? read_choices(map, p, err) : read_bounds(map, p, err);
    if (r == 0)
        r = field_text(map, "help", &p->help, err);
    if (r == 0)
        r = field_optional(map, "default", &p->default_text, err);
    if (r == 0 && p->default_text && quantity_check(p, p->default_text, NULL, err) < 0)
        r = yaml_wrap(err, &yaml_get(map, "default")->mark);
    return r;
}

static int read_parameters(const struct yaml *map, struct workload *w, struct error *err)
{
    int r = map ? expect_names(map, "the parameters", err) : 0;
    if (!map || r < 0)
        return r;
    w->parameters = xcalloc(map->count, sizeof(*w->parameters));
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = read_parameter(&map->pairs[i], &w->parameters[w->parameter_count++], err);
    return r;
}

static int read_expected(const struct yaml *map, struct workload_metric *m, struct error *err)
{
    const struct yaml *node = yaml_get(map, "expect");
    int r = node ? yaml_expect_scalar(node, "expect", err) : 0;
    if (!node || r < 0)
        return r;
    if (units_parse_integer(node->scalar, 0, UINT32_MAX, &m->expected, err) < 0)
        return yaml_wrap(err, &node->mark);
    m->has_expected = true;
    return 0;
}

static int read_sum(const struct yaml *map, struct workload_metric *m, struct error *err)
{
    const struct yaml *node = yaml_get(map, "sum");
    int r = node ? yaml_expect_scalar(node, "sum", err) : 0;
    if (!node || r < 0)
        return r;
    m->adds_up = strcmp(node->scalar, "true") == 0;
    if (!m->adds_up && strcmp(node->scalar, "false") != 0)
        return yaml_error(err, &node->mark, "found '%.60s', expected true or false", node->scalar);
    return 0;
}

static int read_better(const struct yaml *map, struct workload_metric *m, struct error *err)
{
    const struct yaml *node = yaml_get(map, "better");
    int r = node ? yaml_expect_scalar(node, "better", err) : 0;
    if (!node || r < 0)
        return r;
    if (strcmp(node->scalar, "more") == 0)
        m->better = WORKLOAD_BETTER_MORE;
    else if (strcmp(node->scalar, "less") == 0)
        m->better = WORKLOAD_BETTER_LESS;
    else
        return yaml_error(err, &node->mark, "found '%.60s', expected more or less", node->scalar);
    return 0;
}

static int read_metric(const struct yaml_pair *pair, struct workload_metric *m, struct error *err)
{
    static const char *const keys[] = {"unit", "help", "expect", "sum", "better", "because"};
    m->name = xstrdup(pair->key);
    int r = field_check_name(pair->key, FIELD_NAME, "a metric", &pair->key_mark, err);
    if (r == 0)
        r = yaml_expect_map(pair->value, "a metric", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = field_text(pair->value, "unit", &m->unit, err);
    if (r == 0)
        r = field_text(pair->value, "help", &m->help, err);
    if (r == 0)
        r = read_sum(pair->value, m, err);
    if (r == 0)
        r = read_better(pair->value, m, err);
    if (r == 0)
        r = field_words(pair->value, "because", &m->because, err);
    return r < 0 ? r : read_expected(pair->value, m, err);
}

static int check_metric(const struct workload *w, const char *name, const struct mark *mark,
                        struct error *err)
{
    if (workload_find_metric(w, name))
        return 0;
    return yaml_error(err, mark, "found '%s', expected one of the names under 'metrics'", name);
}

/* A reason has to be another metric, of which it is known which values are better. */
static int check_reasons(const struct yaml *map, const struct workload *w, size_t index,
                         struct error *err)
{
    char *const *names = w->metrics[index].because;
    const struct yaml *list = yaml_get(map->pairs[index].value, "because");
    for (size_t i = 0; names && names[i]; i++) {
        const struct mark *mark = &list->items[i]->mark;
        int r = check_metric(w, names[i], mark, err);
        if (r < 0)
            return r;
        if (strcmp(names[i], w->metrics[index].name) == 0)
            return yaml_error(err, mark, "found '%s' as a reason for itself", names[i]);
        if (workload_find_metric(w, names[i])->better == WORKLOAD_BETTER_UNSAID)
            return yaml_error(err, mark,
                              "nothing says which values of '%s' are better: a reason needs "
                              "'better: more' or 'better: less'",
                              names[i]);
    }
    return 0;
}

static int read_metrics(const struct yaml *map, struct workload *w, struct error *err)
{
    int r = map ? expect_names(map, "the metrics", err) : 0;
    if (!map || r < 0)
        return r;
    w->metrics = xcalloc(map->count, sizeof(*w->metrics));
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = read_metric(&map->pairs[i], &w->metrics[w->metric_count++], err);
    for (size_t i = 0; r == 0 && i < map->count; i++)
        r = check_reasons(map, w, i, err);
    return r;
}

/* Which metrics matter most: the columns of the summary, and the one of a sweep. */
static int read_highlights(const struct yaml *root, struct workload *w, struct error *err)
{
    int r = field_optional(root, "main", &w->main_metric, err);
    if (r == 0 && w->main_metric)
        r = check_metric(w, w->main_metric, &yaml_get(root, "main")->mark, err);
    if (r == 0)
        r = field_words(root, "table", &w->table, err);
    for (size_t i = 0; r == 0 && w->table && w->table[i]; i++)
        r = check_metric(w, w->table[i], &yaml_get(root, "table")->items[i]->mark, err);
    return r;
}

static int read_name(const struct yaml *root, struct workload *w, struct error *err)
{
    const char *folder_name = strrchr(w->folder, '/') + 1;
    int r = field_optional(root, "name", &w->name, err);
    if (r == 0 && !w->name)
        w->name = xstrdup(folder_name);
    if (r == 0 && strcmp(w->name, folder_name) != 0)
        return yaml_error(err, &yaml_get(root, "name")->mark,
                          "found the name '%s', expected '%s' as the folder is called", w->name,
                          folder_name);
    return r;
}

static int read_root(const struct yaml *root, struct workload *w, struct error *err)
{
    static const char *const keys[] = {
        "name",    "summary",   "parameters",   "memory",  "scratch", "prepare", "lint",
        "run",     "check",     "services",     "metrics", "main",    "table",   "silence",
        "collect", "log_limit", "output_limit", "begins",  "needs",
    };
    int r = yaml_expect_map(root, "a workload", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = read_name(root, w, err);
    if (r == 0)
        r = field_text(root, "summary", &w->summary, err);
    if (r == 0)
        r = read_parameters(yaml_get(root, "parameters"), w, err);
    if (r == 0)
        r = read_size(root, "memory", &w->memory, err);
    if (r == 0)
        r = read_size(root, "scratch", &w->scratch, err);
    w->log_limit = LOG_LIMIT, w->output_limit = OUTPUT_LIMIT;
    if (r == 0)
        r = read_size(root, "log_limit", &w->log_limit, err);
    if (r == 0)
        r = read_size(root, "output_limit", &w->output_limit, err);
    if (r == 0)
        r = workload_programs_read(root, w, err);
    if (r == 0)
        r = read_metrics(yaml_get(root, "metrics"), w, err);
    return r < 0 ? r : read_highlights(root, w, err);
}

int workload_yaml_read(const char *folder, struct workload **ret, struct error *err)
{
    _cleanup_(freep) char *file = xasprintf("%s/workload.yaml", folder);
    struct yaml_document doc = {0};
    int r = yaml_open(file, &doc, err);
    if (r < 0)
        return r;
    _cleanup_(workload_freep) struct workload *w = xcalloc(1, sizeof(*w));
    w->folder = xstrdup(folder);
    r = read_root(doc.root, w, err);
    yaml_close(&doc);
    if (r == 0)
        *ret = TAKE_PTR(w);
    return r;
}
