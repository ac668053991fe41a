/* SPDX-License-Identifier: MIT
 *
 * Who forwards, by what the shortest path is chosen, and whether every node then reaches every
 * other.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/routing.h"
#include "topology/scenario_decode.h"

enum { WEIGHT_MAX = 1000000, HOPS_MAX = 255 };

int scenario_decode_role(const struct yaml *node, enum node_role *ret, struct error *err)
{
    static const char *const names[] = {[ROLE_HOST] = "host", [ROLE_ROUTER] = "router"};
    if (!node)
        return 0;
    int r = yaml_expect_word(node, "the role of a node", names, ARRAY_LEN(names), err);
    if (r < 0)
        return r;
    *ret = (enum node_role)r;
    return 0;
}

int scenario_decode_metric(struct scenario *s, const struct yaml *root, struct error *err)
{
    static const char *const names[] = {
        [METRIC_DELAY] = "delay", [METRIC_WEIGHT] = "weight", [METRIC_HOPS] = "hops"};
    const struct yaml *metric = yaml_get(root, "routing"),
                      *disconnected = yaml_get(root, "disconnected");
    int r = disconnected
                ? scenario_decode_bool(disconnected, "'disconnected'", &s->disconnected, err)
                : 0;
    if (r < 0 || !metric)
        return r;
    r = yaml_expect_word(metric, "the routing", names, ARRAY_LEN(names), err);
    if (r < 0)
        return r;
    s->metric = (enum routing_metric)r;
    return 0;
}

int scenario_decode_weight(const struct scenario *s, const struct yaml *map, unsigned *io,
                           struct error *err)
{
    const struct yaml *weight = yaml_get(map, "weight");
    uint64_t number;
    if (!weight)
        return 0;
    int r = scenario_decode_integer(weight, "a weight", 1, WEIGHT_MAX, &number, err);
    if (r == 0 && !yaml_get(s->document.root, "routing"))
        r = yaml_error(err, &weight->mark,
                       "found a weight in a file that does not say what routes are chosen by, "
                       "expected 'routing: weight' (or delay, or hops) at its top");
    if (r == 0)
        *io = (unsigned)number;
    return r;
}

/* Where a wan joins both. */
static bool is_direct(const bool *in_wan, unsigned a, unsigned b)
{
    return in_wan[a] && in_wan[b];
}

static int refuse_unreachable(const struct scenario *s, struct error *err)
{
    _cleanup_(freep) bool *in_wan = xcalloc(s->node_count, sizeof(*in_wan));
    for (size_t i = 0; i < s->wan.member_count; i++)
        in_wan[s->wan.members[i]] = true;
    for (unsigned a = 0; a < s->node_count; a++)
        for (unsigned b = a + 1; b < s->node_count; b++)
            if (!is_direct(in_wan, a, b) && !(routing_reaches(s->routing, a, b)))
                return yaml_error(
                    err, &s->nodes[b].mark,
                    "no path leads from '%s' to '%s': links and networks, with 'role: "
                    "router' wherever something is passed on, have to join them; or "
                    "say 'disconnected: yes'",
                    s->nodes[a].name, s->nodes[b].name);
    return 0;
}

int scenario_make_routing(struct scenario *s, struct error *err)
{
    size_t router = 0;
    while (router < s->node_count && s->nodes[router].role != ROLE_ROUTER)
        router++;
    if (router == s->node_count)
        return 0;
    int r = routing_new(s, &s->routing, err);
    if (r < 0)
        return yaml_wrap(err, &s->nodes[router].mark);
    if (s->disconnected)
        return 0;
    if (s->routing->longest > HOPS_MAX)
        return yaml_error(err, &s->nodes[router].mark,
                          "found a shortest path of %u hops over routers, but no packet lives for "
                          "more than %d: expected shorter ones, or 'disconnected: yes'",
                          s->routing->longest, HOPS_MAX);
    return refuse_unreachable(s, err);
}
