/* SPDX-License-Identifier: MIT
 *
 * The clocks of nodes: what an entry asks of them, and which nodes a schedule asks it of.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

int clock_change_read(json_t *clock, struct clock_change *ret, struct error *err)
{
    const char *step = json_text_of(clock, "step"), *drift = json_text_of(clock, "drift");
    struct clock_change c = {.reset = json_is_true(json_object_get(clock, "reset")),
                             .has_drift = *drift};
    int r = *step ? units_parse_signed_time(step, &c.step_ns, err) : 0;
    if (r == 0 && *drift)
        r = units_parse_drift(drift, &c.drift_ppb, err);
    if (r == 0)
        *ret = c;
    return r;
}

/* Whether the value of `key`, if there is one, can be understood. */
static int check_value(const struct yaml *map, const char *key,
                       int (*parse)(const char *text, int64_t *ret, struct error *err),
                       struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    int64_t value;
    int r = node ? yaml_expect_scalar(node, key, err) : 0;
    if (r == 0 && node && parse(node->scalar, &value, err) < 0)
        return yaml_wrap(err, &node->mark);
    return r;
}

static int check_values(const struct events_entry *e, const struct yaml *map, bool reset,
                        struct error *err)
{
    const bool any = yaml_get(map, "step") || yaml_get(map, "drift");
    if (!yaml_get(map, "nodes"))
        return yaml_error(err, &map->mark, "clocks without 'nodes', expected whose");
    if (!any && !reset)
        return yaml_error(err, &map->mark,
                          "expected what is to happen to the clocks: step: -30s, drift: 100ppm, or "
                          "reset");
    if (reset && (any || e->for_ns > 0))
        return yaml_error(err, &map->mark, "'reset' goes with 'nodes' alone");
    int r = check_value(map, "step", units_parse_signed_time, err);
    return r < 0 ? r : check_value(map, "drift", units_parse_drift, err);
}

/* The engine's containers share this kernel, and have a root of their own, of whatever C library.
 */
static int check_kinds(const struct scenario *s, const struct node_list *nodes,
                       const struct mark *mark, struct error *err)
{
    for (size_t i = 0; i < nodes->count; i++)
        if (s->nodes[nodes->nodes[i]].kind == NODE_KIND_DOCKER)
            return yaml_error(err, mark,
                              "'%s' is of kind docker, whose clock is the host's: expected nodes "
                              "of another kind",
                              s->nodes[nodes->nodes[i]].name);
    return 0;
}

/* "-30s" for "30s" or "+30s", and the other way round. */
static json_t *negate(const char *step)
{
    return *step == '-' ? json_sprintf("+%s", step + 1)
                        : json_sprintf("-%s", step + (*step == '+'));
}

/* The change, and what undoes it: a clock that has drifted keeps what it has come to be off. */
static int add_changes(struct events_entry *e, const struct yaml *map, bool reset, json_t *names,
                       struct error *err)
{
    const struct yaml *step = yaml_get(map, "step"), *drift = yaml_get(map, "drift");
    json_t *begin = json_pack("{s:O}", "nodes", names), *end = json_copy(begin);
    if (step) {
        json_object_set_new(begin, "step", json_string(step->scalar));
        json_object_set_new(end, "step", negate(step->scalar));
    }
    if (drift) {
        json_object_set_new(begin, "drift", json_string(drift->scalar));
        json_object_set_new(end, "drift", json_string("0ppm"));
    }
    if (reset)
        json_object_set_new(begin, "reset", json_true());
    int r = schedule_add(e, EVENT_CLOCK, e->at_ns, json_pack("{s:O}", "clock", begin), err);
    if (r == 0 && e->for_ns > 0)
        r = schedule_add(e, EVENT_CLOCK, e->at_ns + e->for_ns, json_pack("{s:O}", "clock", end),
                         err);
    json_decref(begin);
    json_decref(end);
    return r;
}

int events_read_clock(struct events_entry *e, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"nodes", "step", "drift", "reset"};
    struct node_list nodes = {0};
    bool reset = false;
    int r = yaml_expect_map(map, "a change of clocks", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = events_flag(map, "reset", &reset, err);
    if (r == 0)
        r = check_values(e, map, reset, err);
    if (r == 0)
        r = events_names(e->scenario, yaml_get(map, "nodes"), &nodes, err);
    if (r == 0)
        r = check_kinds(e->scenario, &nodes, &yaml_get(map, "nodes")->mark, err);
    if (r == 0) {
        json_t *names = events_json_names(e->scenario, nodes.nodes, nodes.count);
        r = add_changes(e, map, reset, names, err);
        json_decref(names);
    }
    free(nodes.nodes);
    return r;
}

static void mark_events(const struct scenario *s, const struct schedule *c, bool *io_nodes)
{
    for (size_t i = 0; i < c->count; i++) {
        json_t *name;
        size_t k;
        if (c->events[i].kind != EVENT_CLOCK)
            continue;
        json_array_foreach(event_nodes(&c->events[i]), k, name)
            io_nodes[scenario_node(s, json_string_value(name))] = true;
    }
}

/* Whoever may fulfil a condition may be the one that it is about. */
void schedule_mark_clocks(const struct scenario *s, const struct schedule *c, bool *io_nodes)
{
    mark_events(s, c, io_nodes);
    for (size_t i = 0; i < c->condition_count; i++) {
        const struct condition *condition = &c->conditions[i];
        struct schedule then;
        if (!json_object_get(condition->entry, "clock"))
            continue;
        for (unsigned n = 0; n < s->node_count; n++) {
            if (!condition->nodes[n] || schedule_read_fulfilled(s, condition, n, &then, NULL) < 0)
                continue;
            mark_events(s, &then, io_nodes);
            schedule_done(&then);
        }
    }
}
