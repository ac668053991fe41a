/* SPDX-License-Identifier: MIT
 *
 * Which nodes an event is about: by name, group, region or role.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/events_internal.h"
#include "topology/scenario_decode.h"

static const char *const roles[] = {[ROLE_HOST] = "host", [ROLE_ROUTER] = "router"};

static bool has_region(const struct node *n, const char *name)
{
    return n->region && strcmp(n->region, name) == 0;
}

static bool has_role(const struct node *n, const char *name)
{
    return strcmp(roles[n->role], name) == 0;
}

/* Marks the nodes for which `is` holds; how many there are. */
static size_t mark_by(const struct scenario *s, const char *name,
                      bool (*is)(const struct node *n, const char *name), bool *named)
{
    size_t count = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        if (!is(&s->nodes[i], name))
            continue;
        named[i] = true;
        count++;
    }
    return count;
}

static int unknown(const struct scenario *s, const struct yaml *item, struct error *err)
{
    size_t count = 0;
    _cleanup_(freep) const char **names =
        xcalloc(s->name_count + s->node_count + ARRAY_LEN(roles), sizeof(*names));
    for (size_t i = 0; i < s->name_count; i++)
        names[count++] = s->names[i].name;
    for (size_t i = 0; i < s->node_count; i++)
        if (s->nodes[i].region)
            names[count++] = s->nodes[i].region;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        names[count++] = roles[i];
    const char *nearest = text_nearest(item->scalar, names, count);
    if (nearest)
        return yaml_error(err, &item->mark,
                          "no node, group, region or role '%.60s', did you mean '%s'?",
                          item->scalar, nearest);
    return yaml_error(err, &item->mark,
                      "no node, group, region or role '%.60s', expected one such as '%s'",
                      item->scalar, s->nodes[0].name);
}

static int mark_named(const struct scenario *s, const struct yaml *item, bool *named,
                      struct error *err)
{
    int r = yaml_expect_scalar(item, "the name of a node", err);
    if (r < 0)
        return r;
    const struct scenario_name *found = scenario_find(s, item->scalar);
    for (unsigned i = 0; found && i < found->count; i++)
        named[found->first + i] = true;
    if (found || mark_by(s, item->scalar, has_region, named) ||
        mark_by(s, item->scalar, has_role, named))
        return 0;
    return unknown(s, item, err);
}

int events_names(const struct scenario *s, const struct yaml *node, struct node_list *ret,
                 struct error *err)
{
    _cleanup_(freep) bool *named = xcalloc(s->node_count, sizeof(*named));
    int r = 0;
    if (!node)
        memset(named, true, s->node_count * sizeof(*named));
    else if (node->kind == YAML_LIST && node->count == 0)
        return yaml_error(err, &node->mark, "found an empty list, expected at least one node");
    else if (node->kind != YAML_LIST)
        r = mark_named(s, node, named, err);
    for (size_t i = 0; r == 0 && node && node->kind == YAML_LIST && i < node->count; i++)
        r = mark_named(s, node->items[i], named, err);
    if (r < 0)
        return r;
    *ret = (struct node_list){.nodes = xcalloc(s->node_count, sizeof(*ret->nodes))};
    for (unsigned i = 0; i < s->node_count; i++)
        if (named[i])
            ret->nodes[ret->count++] = i;
    return 0;
}

json_t *events_json_names(const struct scenario *s, const unsigned *nodes, size_t count)
{
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(s->nodes[nodes[i]].name));
    return names;
}
