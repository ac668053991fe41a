/* SPDX-License-Identifier: MIT
 *
 * Events that wait for something. They are read like all others, but with a node in place of `it`:
 * once when the file is checked, for any that may say so, and when one has said so.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

void condition_done(struct condition *c)
{
    free(c->log);
    free(c->metric);
    free(c->nodes);
    json_decref(c->entry);
}

/* The action alone, and what stands beside it. */
static json_t *entry_of(const struct yaml *map)
{
    json_t *entry = events_json_of(map);
    json_object_del(entry, "when");
    json_object_del(entry, "at");
    json_object_del(entry, "after");
    return entry;
}

/* A copy with a node's name for `it`, wherever that is a whole text. */
static json_t *with_it(json_t *value, const char *name)
{
    const char *text = json_string_value(value), *key;
    json_t *ret, *item;
    size_t i;
    if (json_is_array(value)) {
        ret = json_array();
        json_array_foreach(value, i, item) json_array_append_new(ret, with_it(item, name));
        return ret;
    }
    if (!json_is_object(value))
        return text && strcmp(text, "it") == 0 ? json_string(name) : json_incref(value);
    ret = json_object();
    json_object_foreach(value, key, item) json_object_set_new(ret, key, with_it(item, name));
    return ret;
}

int schedule_read_fulfilled(const struct scenario *s, const struct condition *condition,
                            unsigned it, struct schedule *ret, struct error *err)
{
    struct schedule c = {0};
    struct yaml_document doc;
    json_t *entry = with_it(condition->entry, s->nodes[it].name);
    _cleanup_(freep) char *text = json_dumps(entry, JSON_COMPACT);
    json_decref(entry);
    int r = yaml_parse("when", text, strlen(text), &doc, err);
    if (r < 0)
        return r;
    struct events_entry e = {.scenario = s,
                             .schedule = &c,
                             .map = doc.root,
                             .mark = condition->mark,
                             .number = condition->number};
    c.partitions = 1000 * condition->number; /* names that no other entry takes */
    r = events_read_entry(&e, err);
    schedule_sort(&c);
    yaml_close(&doc);
    if (r < 0)
        schedule_done(&c);
    else
        *ret = c;
    return r;
}

/* Whether the action is possible for one of the nodes, without regard to the wires. */
static int try_it(const struct scenario *s, const struct condition *c, struct error *err)
{
    int r = 0;
    for (unsigned i = 0; i < s->node_count; i++) {
        struct schedule tried;
        if (!c->nodes[i])
            continue;
        r = schedule_read_fulfilled(s, c, i, &tried, err);
        if (r == 0) {
            schedule_done(&tried);
            return 0;
        }
    }
    return yaml_wrap(err, &c->mark);
}

static int read_limit(const struct yaml *when, struct condition *c, struct error *err)
{
    const struct yaml *above = yaml_get(when, "above"), *below = yaml_get(when, "below");
    if (!above == !below)
        return yaml_error(err, &when->mark, "expected either 'above' or 'below' with a number");
    c->below = below;
    return scenario_decode_number(above ? above : below, "a limit of the metric", -1e300, 1e300,
                                  &c->limit, err);
}

static int read_what(const struct yaml *when, struct condition *c, struct error *err)
{
    const struct yaml *log = yaml_get(when, "log"), *metric = yaml_get(when, "metric");
    if (!log == !metric)
        return yaml_error(err, &when->mark,
                          "expected either {log: TEXT}, a part of a line that a "
                          "program prints, or {metric: NAME, above: 10}");
    int r = yaml_expect_scalar(log ? log : metric, log ? "a part of a line" : "a metric", err);
    if (r == 0 && !*(log ? log : metric)->scalar)
        r = yaml_error(err, &(log ? log : metric)->mark, "found nothing, expected a text");
    if (r == 0 && log && (yaml_get(when, "above") || yaml_get(when, "below")))
        r = yaml_error(err, &when->mark, "'above' and 'below' are for metrics");
    if (r < 0)
        return r;
    *(log ? &c->log : &c->metric) = xstrdup((log ? log : metric)->scalar);
    return log ? 0 : read_limit(when, c, err);
}

static int read_condition(struct events_entry *e, const struct yaml *when, struct condition *c,
                          struct error *err)
{
    static const char *const keys[] = {"log", "metric", "above", "below", "nodes"};
    struct node_list nodes = {0};
    int r = yaml_expect_map(when, "a condition", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = read_what(when, c, err);
    if (r == 0)
        r = events_time(e->map, "after", 0, &c->after_ns, err);
    if (r == 0)
        r = events_names(e->scenario, yaml_get(when, "nodes"), &nodes, err);
    c->nodes = xcalloc(e->scenario->node_count, sizeof(*c->nodes));
    for (size_t i = 0; i < nodes.count; i++)
        c->nodes[nodes.nodes[i]] = true;
    free(nodes.nodes);
    return r < 0 ? r : try_it(e->scenario, c, err);
}

int events_read_when(struct events_entry *e, const struct yaml *when, struct error *err)
{
    struct schedule *s = e->schedule;
    s->conditions = array_grow(s->conditions, s->condition_count, sizeof(*s->conditions));
    struct condition *c = &s->conditions[s->condition_count++];
    *c = (struct condition){
        .from_ns = e->at_ns, .entry = entry_of(e->map), .number = e->number, .mark = e->mark};
    return read_condition(e, when, c, err);
}
