/* SPDX-License-Identifier: MIT
 *
 * The entries of `events`, from YAML to actions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/prng.h"
#include "base/units.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

enum { FILE_MAX = 1 << 26 };

int events_time(const struct yaml *map, const char *key, uint64_t min_ns, uint64_t *io_ns,
                struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    uint64_t ns;
    char least[UNITS_TEXT_MAX];
    if (!node)
        return 0;
    int r = yaml_expect_scalar(node, "a time", err);
    if (r < 0)
        return r;
    if (units_parse_time(node->scalar, &ns, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (ns < min_ns)
        return yaml_error(err, &node->mark, "'%s: %.40s' is too short: expected at least %s", key,
                          node->scalar, units_format_time(least, min_ns));
    *io_ns = ns;
    return 0;
}

json_t *events_json_of(const struct yaml *node)
{
    json_t *ret;
    if (node->kind == YAML_SCALAR)
        return json_string(node->scalar);
    ret = node->kind == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_LIST)
            json_array_append_new(ret, events_json_of(node->items[i]));
        else
            json_object_set_new(ret, node->pairs[i].key, events_json_of(node->pairs[i].value));
    }
    return ret;
}

/* --- partitions */

static int read_one_way(const struct yaml *map, bool *ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, "direction");
    int r = node ? yaml_expect_scalar(node, "a direction", err) : 0;
    if (!node || r < 0)
        return r;
    *ret = strcmp(node->scalar, "one-way") == 0;
    if (!*ret && strcmp(node->scalar, "both") != 0)
        return yaml_error(err, &node->mark, "found '%.60s', expected one-way or both",
                          node->scalar);
    return 0;
}

/* The word `others`: who is in no group that is named. */
static bool is_others(const struct scenario *s, const struct yaml *item)
{
    return item->kind == YAML_SCALAR && strcmp(item->scalar, "others") == 0 &&
           !scenario_find(s, "others");
}

static int put_others(const struct scenario *s, json_t *groups, const struct yaml *list,
                      struct error *err)
{
    _cleanup_(freep) bool *named = xcalloc(s->node_count, sizeof(*named));
    _cleanup_(freep) unsigned *others = xcalloc(s->node_count, sizeof(*others));
    size_t count = 0, i, k;
    json_t *group, *name;
    json_array_foreach(groups, i, group) json_array_foreach(group, k, name)
        named[scenario_node(s, json_string_value(name))] = true;
    for (unsigned n = 0; n < s->node_count; n++)
        if (!named[n])
            others[count++] = n;
    for (i = 0; i < list->count && count > 0; i++)
        if (is_others(s, list->items[i]))
            json_array_set_new(groups, i, events_json_names(s, others, count));
    return count ? 0 : yaml_error(err, &list->mark, "there are no 'others': all nodes are named");
}

static int read_groups(const struct events_entry *e, const struct yaml *list, json_t **ret,
                       struct error *err)
{
    json_t *groups = json_array();
    int r = list->count < 2 ? yaml_error(err, &list->mark,
                                         "expected at least two groups, such as [[%s], others]",
                                         e->scenario->nodes[0].name)
                            : 0;
    bool others = false;
    for (size_t i = 0; r == 0 && i < list->count; i++) {
        struct node_list nodes = {0};
        if (is_others(e->scenario, list->items[i])) {
            others = true;
            json_array_append_new(groups, json_array());
            continue;
        }
        r = events_names(e->scenario, list->items[i], &nodes, err);
        if (r == 0)
            json_array_append_new(groups, events_json_names(e->scenario, nodes.nodes, nodes.count));
        free(nodes.nodes);
    }
    if (r == 0 && others)
        r = put_others(e->scenario, groups, list, err);
    if (r < 0)
        json_decref(groups);
    else
        *ret = groups;
    return r;
}

static int draw_groups(struct events_entry *e, const struct yaml *word, json_t **ret,
                       struct error *err)
{
    struct node_list of = {0};
    int r = events_names(e->scenario, yaml_get(e->map, "of"), &of, err);
    if (r == 0)
        r = events_draw_partition(e, word->scalar, &of, &word->mark, ret, err);
    free(of.nodes);
    return r;
}

int schedule_add_partition(struct events_entry *e, uint64_t at_ns, uint64_t for_ns, json_t *groups,
                           const char *name, bool one_way, struct error *err)
{
    _cleanup_(freep) char *own =
        name ? xstrdup(name) : xasprintf("partition-%u", ++e->schedule->partitions);
    json_t *asked = json_pack("{s:o s:s}", "partition", groups, "name", own);
    if (one_way)
        json_object_set_new(asked, "direction", json_string("one-way"));
    int r = schedule_add(e, EVENT_PARTITION, at_ns, asked, err);
    if (r == 0 && for_ns > 0)
        r = schedule_add(e, EVENT_HEAL, at_ns + for_ns, json_pack("{s:s}", "heal", own), err);
    return r;
}

static int read_partition(struct events_entry *e, const struct yaml *value, struct error *err)
{
    const struct yaml *name = yaml_get(e->map, "name"), *of = yaml_get(e->map, "of");
    bool one_way = false;
    json_t *groups = NULL;
    int r = read_one_way(e->map, &one_way, err);
    if (r == 0 && name)
        r = yaml_expect_scalar(name, "the name of a partition", err);
    if (r == 0 && name)
        r = scenario_check_name(name->scalar, "a partition", &name->mark, err);
    if (r == 0 && name && strcmp(name->scalar, "all") == 0)
        r = yaml_error(err, &name->mark, "'all' means all partitions: expected another name");
    if (r == 0 && of && value->kind == YAML_LIST)
        r = yaml_error(err, &of->mark, "'of' is for partitions that are drawn, such as halves");
    if (r == 0 && value->kind == YAML_LIST)
        r = read_groups(e, value, &groups, err);
    else if (r == 0)
        r = draw_groups(e, value, &groups, err);
    return r < 0 ? r
                 : schedule_add_partition(e, e->at_ns, e->for_ns, groups,
                                          name ? name->scalar : NULL, one_way, err);
}

static int read_heal(struct events_entry *e, const struct yaml *value, struct error *err)
{
    int r = yaml_expect_scalar(value, "the name of a partition, or 'all'", err);
    return r < 0 ? r
                 : schedule_add(e, EVENT_HEAL, e->at_ns, json_pack("{s:s}", "heal", value->scalar),
                                err);
}

/* --- links */

int events_flag(const struct yaml *map, const char *key, bool *ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    *ret = node && node->kind == YAML_SCALAR && !*node->scalar;
    return !node || *ret ? 0 : scenario_decode_bool(node, key, ret, err);
}

int events_wires(const struct yaml *map, json_t **ret, struct error *err)
{
    const struct yaml *wires = yaml_get(map, "wires"), *ends = yaml_get(map, "ends");
    if (!wires == !ends)
        return yaml_error(err, &map->mark,
                          "expected either 'ends: [a, b]' or 'wires', such as "
                          "a-b, \"a->b\", a node, a network, or all");
    const struct yaml *list = wires ? wires : ends;
    const bool single = wires && wires->kind == YAML_SCALAR;
    int r = single ? 0 : yaml_expect_list(list, wires ? "wires" : "ends", err);
    if (r == 0 && ends && ends->count != 2)
        r = yaml_error(err, &ends->mark, "found %zu ends, expected two", ends->count);
    for (size_t i = 0; r == 0 && !single && i < list->count; i++)
        r = yaml_expect_scalar(list->items[i], "a wire", err);
    if (r < 0)
        return r;
    if (ends) {
        const char *a = ends->items[0]->scalar, *b = ends->items[1]->scalar;
        *ret = json_pack("[o,o]", json_sprintf("%s->%s", a, b), json_sprintf("%s->%s", b, a));
    } else {
        *ret = single ? json_pack("[s]", wires->scalar) : events_json_of(wires);
    }
    return 0;
}

static int read_link(struct events_entry *e, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"ends", "wires", "down", "up", WIRE_KEYS};
    bool down = false, up = false;
    json_t *wires = NULL;
    int r = yaml_expect_map(map, "a link's change", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = events_flag(map, "down", &down, err);
    if (r == 0)
        r = events_flag(map, "up", &up, err);
    if (r == 0 && down && up)
        r = yaml_error(err, &map->mark, "found both 'down' and 'up', expected one of them");
    if (r == 0 && e->for_ns > 0 && !down)
        r = yaml_error(err, &map->mark,
                       "'for' ends 'down' alone: what else is to end needs an "
                       "event of its own, or a ramp");
    if (r == 0)
        r = events_wires(map, &wires, err);
    if (r < 0)
        return r;
    json_t *link = json_pack("{s:O}", "wires", wires);
    for (size_t i = 4; i < ARRAY_LEN(keys); i++)
        if (yaml_get(map, keys[i]))
            json_object_set_new(link, keys[i], events_json_of(yaml_get(map, keys[i])));
    if (down || up)
        json_object_set_new(link, down ? "down" : "up", json_true());
    if (json_object_size(link) == 1)
        r = yaml_error(err, &map->mark, "expected something to change, such as delay or down");
    if (r == 0)
        r = schedule_add(e, EVENT_LINK, e->at_ns, json_pack("{s:O}", "link", link), err);
    if (r == 0 && e->for_ns > 0)
        r = schedule_add(e, EVENT_LINK, e->at_ns + e->for_ns,
                         json_pack("{s:{s:O s:b}}", "link", "wires", wires, "up", 1), err);
    json_decref(link);
    json_decref(wires);
    return r;
}

/* --- nodes */

static int read_nodes(struct events_entry *e, const struct yaml *value, enum event_kind kind,
                      struct error *err)
{
    struct node_list nodes = {0};
    const enum event_kind end = kind == EVENT_PAUSE ? EVENT_RESUME : EVENT_RESTART;
    int r = events_names(e->scenario, value, &nodes, err);
    if (r < 0)
        return r;
    json_t *names = events_json_names(e->scenario, nodes.nodes, nodes.count);
    r = schedule_add(e, kind, e->at_ns, json_pack("{s:O}", event_kind_name(kind), names), err);
    if (r == 0 && e->for_ns > 0)
        r = schedule_add(e, end, e->at_ns + e->for_ns,
                         json_pack("{s:O}", event_kind_name(end), names), err);
    json_decref(names);
    free(nodes.nodes);
    return r;
}

static int read_command(struct events_entry *e, const struct yaml *value, struct error *err)
{
    const struct yaml *where = yaml_get(e->map, "nodes");
    struct node_list nodes = {0};
    int r = yaml_expect_scalar(value, "a command", err);
    if (r == 0 && !where)
        r = yaml_error(err, &e->map->mark, "a command without 'nodes', expected on which it runs");
    if (r == 0)
        r = events_names(e->scenario, where, &nodes, err);
    if (r == 0)
        r = schedule_add(e, EVENT_COMMAND, e->at_ns,
                         json_pack("{s:s s:o}", "command", value->scalar, "nodes",
                                   events_json_names(e->scenario, nodes.nodes, nodes.count)),
                         err);
    free(nodes.nodes);
    return r;
}

static int read_host(struct events_entry *e, const struct yaml *value, struct error *err)
{
    int r = yaml_expect_scalar(value, "a command", err);
    return r < 0 ? r
                 : schedule_add(e, EVENT_HOST, e->at_ns, json_pack("{s:s}", "host", value->scalar),
                                err);
}

/* The scratch folder of nodes has no room, until it is given back. */
static int read_fill(struct events_entry *e, const struct yaml *value, struct error *err)
{
    static const char file[] = "/run/wanlab/scratch/.wanlab-fill";
    struct node_list nodes = {0};
    int r = events_names(e->scenario, value, &nodes, err);
    for (size_t i = 0; i < nodes.count && r == 0; i++) {
        const struct node *n = &e->scenario->nodes[nodes.nodes[i]];
        if (n->kind == NODE_KIND_DOCKER || n->kind == NODE_KIND_NATIVE)
            r = yaml_error(err, &value->mark,
                           "'%s' is of kind %s, whose scratch folder has no bounds: expected "
                           "nodes of another kind",
                           n->name, scenario_kind_name(n->kind));
    }
    json_t *names = events_json_names(e->scenario, nodes.nodes, nodes.count);
    if (r == 0)
        r = schedule_add(e, EVENT_COMMAND, e->at_ns,
                         json_pack("{s:o s:O}", "command",
                                   json_sprintf("cat /dev/zero >%s 2>/dev/null; true", file),
                                   "nodes", names),
                         err);
    if (r == 0 && e->for_ns > 0)
        r = schedule_add(
            e, EVENT_COMMAND, e->at_ns + e->for_ns,
            json_pack("{s:o s:O}", "command", json_sprintf("rm -f %s", file), "nodes", names), err);
    json_decref(names);
    free(nodes.nodes);
    return r;
}

/* --- entries */

/* What stands beside an action, beyond `at`. */
struct action {
    const char *key;
    enum event_kind kind;
    const char *beside[4];
};
static const struct action actions[] = {
    {"partition", EVENT_PARTITION, {"for", "of", "name", "direction"}},
    {"heal", EVENT_HEAL, {NULL}},
    {"link", EVENT_LINK, {"for"}},
    {"pause", EVENT_PAUSE, {"for"}},
    {"resume", EVENT_RESUME, {NULL}},
    {"kill", EVENT_KILL, {"for"}},
    {"restart", EVENT_RESTART, {NULL}},
    {"command", EVENT_COMMAND, {"nodes"}},
    {"clock", EVENT_CLOCK, {"for"}},
    {"host", EVENT_HOST, {NULL}},
    {"fill", EVENT_KINDS, {"for"}},
    {"ramp", EVENT_KINDS, {NULL}},
    {"flap", EVENT_KINDS, {"for"}},
    {"random", EVENT_KINDS, {NULL}},
    {"churn", EVENT_KINDS, {NULL}},
};

static int read_action(struct events_entry *e, const struct action *a, const struct yaml *value,
                       struct error *err)
{
    switch (a->kind) {
    case EVENT_PARTITION:
        return read_partition(e, value, err);
    case EVENT_HEAL:
        return read_heal(e, value, err);
    case EVENT_LINK:
        return read_link(e, value, err);
    case EVENT_COMMAND:
        return read_command(e, value, err);
    case EVENT_CLOCK:
        return events_read_clock(e, value, err);
    case EVENT_HOST:
        return read_host(e, value, err);
    case EVENT_KINDS:
        break;
    default:
        return read_nodes(e, value, a->kind, err);
    }
    if (strcmp(a->key, "fill") == 0)
        return read_fill(e, value, err);
    if (strcmp(a->key, "ramp") == 0)
        return events_read_ramp(e, value, err);
    if (strcmp(a->key, "flap") == 0)
        return events_read_flap(e, value, err);
    if (strcmp(a->key, "random") == 0)
        return events_read_random(e, value, err);
    return events_read_churn(e, value, err);
}

/* Exactly one action, and nothing beside it that does not go with it. */
static int find_action(const struct yaml *map, const struct action **ret, struct error *err)
{
    static const char *const keys[] = {
        "at",     "when", "after",     "for",     "partition", "heal",  "link",   "pause",
        "resume", "kill", "restart",   "command", "ramp",      "flap",  "random", "churn",
        "of",     "name", "direction", "nodes",   "fill",      "clock", "host"};
    int r = yaml_expect_map(map, "an event", keys, ARRAY_LEN(keys), err);
    *ret = NULL;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(actions); i++) {
        if (!yaml_get(map, actions[i].key))
            continue;
        if (*ret)
            return yaml_error(err, &map->mark, "found both '%s' and '%s', expected one action",
                              (*ret)->key, actions[i].key);
        *ret = &actions[i];
    }
    if (r == 0 && !*ret)
        return yaml_error(err, &map->mark,
                          "an event without an action, expected one of partition, heal, link, "
                          "pause, resume, kill, restart, command, clock, host, fill, ramp, flap, "
                          "random, churn");
    for (size_t i = 0; r == 0 && i < map->count; i++) {
        const char *key = map->pairs[i].key;
        bool fits =
            strcmp(key, "at") == 0 || strcmp(key, (*ret)->key) == 0 || strcmp(key, "when") == 0;
        fits |= yaml_get(map, "when") && strcmp(key, "after") == 0;
        for (size_t k = 0; k < ARRAY_LEN((*ret)->beside) && (*ret)->beside[k]; k++)
            fits |= strcmp(key, (*ret)->beside[k]) == 0;
        if (!fits)
            return yaml_error(err, &map->pairs[i].key_mark, "'%s' does not go with '%s'", key,
                              (*ret)->key);
    }
    return r;
}

int events_read_entry(struct events_entry *e, struct error *err)
{
    const struct action *action;
    int r = find_action(e->map, &action, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *stream = xasprintf("event %u %s", e->number, action->key);
    e->key = prng_key(e->scenario->seed, stream);
    r = events_time(e->map, "at", 0, &e->at_ns, err);
    if (r == 0)
        r = events_time(e->map, "for", NS_PER_MS, &e->for_ns, err);
    if (r == 0 && yaml_get(e->map, "when"))
        return events_read_when(e, yaml_get(e->map, "when"), err);
    return r < 0 ? r : read_action(e, action, yaml_get(e->map, action->key), err);
}

/* --- files */

static void put_line(struct yaml *node, unsigned line)
{
    node->mark.line = line;
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAP)
            node->pairs[i].key_mark.line = line;
        put_line(node->kind == YAML_MAP ? node->pairs[i].value : node->items[i], line);
    }
}

/* A line of events.jsonl. Those that are no actions of a schedule are left out. */
static int read_line(const struct events_entry *like, const char *path, const char *line,
                     unsigned number, struct error *err)
{
    struct events_entry e = *like;
    struct yaml_document doc;
    const struct mark mark = {path, number, 1};
    json_t *object = json_loads(line, 0, NULL), *asked = json_object_get(object, "asked");
    const double planned_s = json_number_of(object, "planned");
    e.number = number;
    e.at_ns = planned_s > 0 && planned_s < 1e9 ? (uint64_t)(planned_s * 1e9 + 0.5) : 0;
    int r = object ? 0 : yaml_error(err, &mark, "found no JSON object, expected one in each line");
    if (r == 0 && asked && !json_is_number(json_object_get(object, "planned")))
        r = yaml_error(err, &mark, "an event without 'planned', expected its time in seconds");
    _cleanup_(freep) char *text = json_dumps(asked, JSON_COMPACT);
    json_decref(object);
    if (r < 0 || !text)
        return r;
    r = yaml_parse(path, text, strlen(text), &doc, err);
    if (r < 0)
        return r;
    put_line(doc.root, number);
    e.map = doc.root;
    r = events_read_entry(&e, err);
    yaml_close(&doc);
    return r;
}

static int read_file(struct events_entry *e, const struct yaml *node, struct error *err)
{
    static const char *const keys[] = {"file"};
    _cleanup_(freep) char *path = NULL;
    _cleanup_(freep) char *text = NULL;
    int r = yaml_expect_map(e->map, "a file of events", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = scenario_find_file(e->scenario, node, "a file of events", &path, err);
    if (r == 0 && file_read(path, FILE_MAX, &text, NULL, err) < 0)
        return yaml_wrap(err, &node->mark);
    unsigned number = 1;
    char *rest = text, *line;
    while (r == 0 && (line = strsep(&rest, "\n"))) {
        if (*line)
            r = read_line(e, path, line, number, err);
        number++;
    }
    return r;
}

int schedule_read(const struct scenario *s, const struct yaml *node, uint64_t duration_ns,
                  struct schedule *ret, struct error *err)
{
    const struct yaml *file = yaml_get(node, "file");
    const bool is_list = node->kind == YAML_LIST;
    struct schedule c = {0};
    int r = 0;
    for (unsigned i = 0; r == 0 && i < (is_list ? node->count : 1); i++) {
        struct events_entry e = {.scenario = s,
                                 .schedule = &c,
                                 .map = is_list ? node->items[i] : node,
                                 .number = i + 1,
                                 .duration_ns = duration_ns};
        e.mark = e.map->mark;
        r = file ? read_file(&e, file, err) : events_read_entry(&e, err);
    }
    if (r == 0)
        r = schedule_settle(s, &c, err);
    if (r < 0)
        schedule_done(&c);
    else
        *ret = c;
    return r;
}

int schedule_read_by_hand(const struct scenario *s, const struct yaml *node, unsigned number,
                          struct schedule *ret, struct error *err)
{
    struct schedule c = {.partitions = number - 1};
    struct events_entry e = {
        .scenario = s, .schedule = &c, .map = node, .mark = node->mark, .number = number};
    int r = yaml_get(node, "when") ? yaml_error(err, &node->mark, "'when' is for a run's events")
                                   : events_read_entry(&e, err);
    if (r == 0 && c.count > 0 && c.events[0].kind == EVENT_HOST)
        r = yaml_error(err, &node->mark,
                       "'host' is for a run's events: what is to run on this machine by hand needs "
                       "no lab");
    schedule_sort(&c);
    if (r < 0)
        schedule_done(&c);
    else
        *ret = c;
    return r;
}
