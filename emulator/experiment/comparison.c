/* SPDX-License-Identifier: MIT */
#include "experiment/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "experiment/published.h"
#include "experiment/reasons.h"
#include "experiment/winner_table.h"

/* --- metrics --- */

static int unknown_metric(const struct workload *w, const struct comparison_metric *asked,
                          struct error *err)
{
    _cleanup_(freep) const char **names = xcalloc(w->metric_count + 1, sizeof(*names));
    _cleanup_(text_done) struct text known = {0};
    for (size_t i = 0; i < w->metric_count; i++) {
        names[i] = w->metrics[i].name;
        text_add(&known, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = text_nearest(asked->name, names, w->metric_count);
    if (nearest)
        return yaml_error(err, &asked->mark,
                          "unknown metric '%.60s' of workload '%s', did you mean '%s'?",
                          asked->name, w->name, nearest);
    return yaml_error(err, &asked->mark, "unknown metric '%.60s' of workload '%s', expected %s%s",
                      asked->name, w->name, known.data ? "one of: " : "one, but it declares none",
                      known.data ? known.data : "");
}

/* The new entry, the list's. */
static json_t *add_metric(json_t *list, const struct workload_metric *m)
{
    json_t *metric = json_pack("{s:s s:s s:s}", "name", m->name, "unit", m->unit ? m->unit : "",
                               "better", m->better == WORKLOAD_BETTER_LESS ? "less" : "more");
    json_t *because = m->because ? json_array() : NULL;
    for (size_t i = 0; m->because && m->because[i]; i++)
        json_array_append_new(because, json_string(m->because[i]));
    if (because)
        json_object_set_new(metric, "because", because);
    json_array_append_new(list, metric);
    return metric;
}

static bool is_reason(const struct workload *w, const struct workload_metric *reason)
{
    for (size_t i = 0; i < w->metric_count; i++)
        for (size_t k = 0; w->metrics[i].because && w->metrics[i].because[k]; k++)
            if (strcmp(w->metrics[i].because[k], reason->name) == 0)
                return true;
    return false;
}

/* All that can be the reason for another. */
static json_t *list_reasons(const struct workload *w)
{
    json_t *list = json_array();
    for (size_t i = 0; i < w->metric_count; i++)
        if (is_reason(w, &w->metrics[i]))
            add_metric(list, &w->metrics[i]);
    return list;
}

static int list_metrics(const struct comparison_choice *c, const struct workload *w, json_t *list,
                        struct error *err)
{
    for (size_t i = 0; i < c->metric_count; i++) {
        const struct workload_metric *m = workload_find_metric(w, c->metrics[i].name);
        if (!m)
            return unknown_metric(w, &c->metrics[i], err);
        if (m->better == WORKLOAD_BETTER_UNSAID)
            return yaml_error(err, &c->metrics[i].mark,
                              "nothing says which values of '%s' are better: it needs 'better: "
                              "more' or 'better: less' in %s/workload.yaml",
                              m->name, w->folder);
        add_metric(list, m);
    }
    for (size_t i = 0; c->metric_count == 0 && i < w->metric_count; i++)
        if (w->metrics[i].better != WORKLOAD_BETTER_UNSAID && !is_reason(w, &w->metrics[i]))
            json_object_set_new(add_metric(list, &w->metrics[i]), "unnamed", json_true());
    if (json_array_size(list) == 0)
        return yaml_error(err, &c->mark,
                          "no metric of workload '%s' says which of its values are better "
                          "('better: more' or 'better: less' in its workload.yaml)",
                          w->name);
    return 0;
}

/* --- what was published --- */

static json_t *list_points(const struct scenario *s)
{
    json_t *points = json_array();
    for (size_t i = 0; i < s->point_count; i++)
        json_array_append_new(points, sweep_point(s, i));
    return points;
}

static json_t *list_cells(const struct scenario *s)
{
    json_t *points = list_points(s), *keys = winner_cell_keys(points, s->comparison.of);
    json_t *cells = json_array(), *point;
    size_t i;
    json_array_foreach(points, i, point)
    {
        _cleanup_(freep) char *cell = winner_cell(point, keys);
        json_array_append_new(cells, json_string(cell));
    }
    json_decref(keys);
    json_decref(points);
    return cells;
}

static int read_published(const struct scenario *s, json_t *about, struct error *err)
{
    const struct comparison_choice *c = &s->comparison;
    if (!c->published)
        return 0;
    json_t *metric, *rows;
    size_t i;
    bool is_whole = s->set_count == 0; /* else there may be more in the file */
    json_t *metrics = json_array();
    json_array_foreach(json_object_get(about, "metrics"), i, metric)
    {
        json_array_append(metrics, json_object_get(metric, "name"));
    }
    struct published_names known = {0};
    if (is_whole)
        known = (struct published_names){list_cells(s), metrics, json_object_get(about, "values")};
    int r = published_read(c->published, &known, &rows, err);
    json_decref(known.cells);
    json_decref(metrics);
    if (r < 0)
        return yaml_wrap(err, &c->published_mark);
    json_object_set_new(about, "published", rows);
    return 0;
}

int comparison_describe(const struct scenario *s, const struct workload *w, json_t **ret,
                        struct error *err)
{
    const struct comparison_choice *c = &s->comparison;
    *ret = NULL;
    if (!c->of)
        return 0;
    const struct sweep_axis *axis = &s->sweep[c->axis];
    json_t *values = json_array(), *metrics = json_array();
    for (size_t i = 0; i < axis->value_count; i++)
        json_array_append_new(values, json_string(axis->values[i]));
    json_t *about =
        json_pack("{s:s s:s s:o s:i s:o s:o}", "of", c->of, "to", c->to, "values", values, "repeat",
                  (int)s->repeat, "metrics", metrics, "reasons", list_reasons(w));
    json_t *among = c->among_count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < c->among_count; i++)
        json_array_append_new(among, json_string(c->among[i]));
    if (among)
        json_object_set_new(about, "among", among);
    int r = list_metrics(c, w, metrics, err);
    if (r == 0)
        r = read_published(s, about, err);
    if (r < 0)
        json_decref(about);
    else
        *ret = about;
    return r;
}

/* --- identical resources --- */

/* What the compared nodes have in a cell, by the first value that was seen there. */
struct resources {
    char *cell;
    const char *value;
    struct node_limits limits;
};

struct resource_list {
    struct resources *items;
    size_t count;
};

static int check_node(const struct scenario *s, const struct node *node, struct error *err)
{
    const char *missing = !(node->limits.cpus > 0)         ? "cpus"
                          : node->limits.memory_bytes == 0 ? "memory"
                                                           : NULL;
    if (!missing)
        return 0;
    return yaml_error(err, &s->comparison.mark,
                      "the kinds of '%s' are compared, but it has no '%s': kinds need identical "
                      "resources, so say 'cpus' and 'memory' of it (cpus: 1, memory: 512MiB)",
                      node->group, missing);
}

static bool same_limits(const struct node_limits *a, const struct node_limits *b)
{
    return a->cpus == b->cpus && a->memory_bytes == b->memory_bytes && a->pids == b->pids &&
           a->io_read == b->io_read && a->io_write == b->io_write;
}

static char *describe_limits(const struct node_limits *l)
{
    char rate[UNITS_TEXT_MAX];
    struct text text = {0};
    text_add(&text, "%g cpus, %llu MiB", l->cpus, (unsigned long long)l->memory_bytes >> 20);
    if (l->pids > 0)
        text_add(&text, ", %llu pids", (unsigned long long)l->pids);
    if (l->io_read > 0)
        text_add(&text, ", reads %s", units_format_quantity(rate, (double)l->io_read, "B/s"));
    if (l->io_write > 0)
        text_add(&text, ", writes %s", units_format_quantity(rate, (double)l->io_write, "B/s"));
    return text.data;
}

static int take_resources(struct resource_list *list, const struct scenario *s, const char *value,
                          const struct node *node, const char *cell, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct resources *r = &list->items[i];
        if (strcmp(r->cell, cell) != 0)
            continue;
        if (same_limits(&r->limits, &node->limits))
            return 0;
        _cleanup_(freep) char *here = describe_limits(&node->limits);
        _cleanup_(freep) char *there = describe_limits(&r->limits);
        return yaml_error(err, &s->comparison.mark,
                          "'%s' has other resources as %s (%s) than as %s (%s) in the cell '%s': "
                          "expected identical ones",
                          node->group, value, here, r->value, there, cell);
    }
    list->items = array_grow(list->items, list->count, sizeof(*list->items));
    list->items[list->count++] = (struct resources){xstrdup(cell), value, node->limits};
    return 0;
}

/* The group whose kinds are compared: that of "nodes.GROUP.kind". NULL: it is something else. */
static char *compared_group(const struct scenario *s)
{
    static const char begin[] = "nodes.", end[] = ".kind";
    const char *of = s->comparison.of;
    size_t len = strlen(of), around = strlen(begin) + strlen(end);
    if (len <= around || strncmp(of, begin, strlen(begin)) != 0 ||
        strcmp(of + len - strlen(end), end) != 0)
        return NULL;
    return xasprintf("%.*s", (int)(len - around), of + strlen(begin));
}

static int check_point(const struct sweep_options *o, const struct scenario *s, size_t p,
                       json_t *keys, const char *group, struct resource_list *list,
                       struct error *err)
{
    struct scenario *at_point;
    json_t *point = sweep_point(s, p);
    const struct sweep_axis *axis = &s->sweep[s->comparison.axis];
    const char *value = axis->values[s->points[p * s->sweep_count + s->comparison.axis]];
    int r = sweep_open_point(o, point, NULL, &at_point, err);
    if (r < 0) {
        json_decref(point);
        return r;
    }
    for (size_t i = 0; i < at_point->node_count; i++) {
        const struct node *node = &at_point->nodes[i];
        if (strcmp(node->group, group) != 0)
            continue;
        r = check_node(s, node, err);
        _cleanup_(freep) char *cell = winner_cell(point, keys);
        if (r == 0)
            r = take_resources(list, s, value, node, cell, err);
        break; /* the others of the group have the same */
    }
    json_decref(point);
    scenario_free(at_point);
    return r;
}

static int check_resources(const struct sweep_options *o, const struct scenario *s,
                           struct error *err)
{
    _cleanup_(freep) char *group = compared_group(s);
    if (!group)
        return 0;
    struct resource_list list = {0};
    json_t *points = list_points(s), *keys = winner_cell_keys(points, s->comparison.of);
    json_decref(points);
    int r = 0;
    for (size_t p = 0; p < s->point_count && r == 0; p++)
        r = check_point(o, s, p, keys, group, &list, err);
    for (size_t i = 0; i < list.count; i++)
        free(list.items[i].cell);
    free(list.items);
    json_decref(keys);
    return r;
}

/* --- all of it --- */

int comparison_check(const struct sweep_options *o, const struct scenario *s, struct error *err)
{
    struct workload *w;
    json_t *about;
    const struct mark *mark = &s->comparison.mark;
    if (!s->comparison.of)
        return 0;
    if (s->repeat < 2)
        log_warn("%s:%u:%u: each point is run once, which tells nothing of the noise between runs: "
                 "every winner will be a tie (add 'repeat: 3')",
                 mark->file, mark->line, mark->column);
    int r = check_resources(o, s, err);
    if (r < 0)
        return r;
    r = workload_open(&s->workload, &w, err);
    if (r < 0)
        return r;
    r = comparison_describe(s, w, &about, err);
    if (r == 0)
        json_decref(about);
    workload_free(w);
    return r;
}

int comparison_report(const struct sweep_book *b, struct error *err)
{
    struct winner_table t;
    if (!winner_table_read(b, &t))
        return 0;
    struct reasons reasons = reasons_find(b, &t);
    winner_table_print(&t, stdout);
    reasons_print(&reasons, stdout);
    int r = winner_table_write(&t, b->folder, err);
    if (r == 0)
        r = reasons_write(&reasons, b->folder, err);
    reasons_done(&reasons);
    winner_table_done(&t);
    return r;
}
