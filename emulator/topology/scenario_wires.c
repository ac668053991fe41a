/* SPDX-License-Identifier: MIT
 *
 * What joins the nodes: the wan with its matrix, links, and networks.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/matrix.h"
#include "topology/scenario_decode.h"

enum { MTU = 1500, NETWORK_MEMBERS_MAX = 50000 };
DEFINE_CLEANUP(struct matrix *, matrix_free);

#define IMPAIRMENT_KEYS "delay", "loss", "rate"

/* Known from the design, but not yet to this version: better words than "unknown key". */
static int refuse_later_keys(const struct yaml *map, struct error *err)
{
    static const char *const later[] = {"queue",   "jitter",    "distribution", "correlation",
                                        "reorder", "duplicate", "corrupt",      "trace"};
    for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++) {
        for (size_t j = 0; j < ARRAY_LEN(later); j++) {
            if (strcmp(map->pairs[i].key, later[j]) == 0)
                return yaml_error(err, &map->pairs[i].key_mark,
                                  "'%s' is not available in this version, expected delay, loss "
                                  "or rate",
                                  later[j]);
        }
    }
    return 0;
}

static int expect_wire_map(const struct yaml *map, const char *what, const char *const *keys,
                           size_t key_count, struct error *err)
{
    int r = refuse_later_keys(map, err);
    if (r < 0)
        return r;
    return yaml_expect_map(map, what, keys, key_count, err);
}

/* Changes those values that the map has. */
static int decode_impairment(const struct yaml *map, struct impairment *io, struct error *err)
{
    static const char *const keys[] = {IMPAIRMENT_KEYS};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct yaml *value = yaml_get(map, keys[i]);
        if (!value)
            continue;
        int r = yaml_expect_scalar(value, keys[i], err);
        if (r < 0)
            return r;
        if (i == 0)
            r = units_parse_time(value->scalar, &io->delay_ns, err);
        else if (i == 1)
            r = units_parse_share(value->scalar, &io->loss, err);
        else
            r = units_parse_rate(value->scalar, &io->rate_bps, err);
        if (r < 0)
            return yaml_wrap(err, &value->mark);
    }
    io->queue_packets = impairment_default_queue(io, MTU);
    return 0;
}

/* The path is relative to the scenario file's folder. */
static int open_matrix(const struct scenario *s, const struct yaml *node, struct matrix **ret,
                       struct error *err)
{
    int r = yaml_expect_scalar(node, "the file of a matrix", err);
    if (r < 0)
        return r;
    const char *file = s->document.file, *slash = strrchr(file, '/');
    int folder = slash && *node->scalar != '/' ? (int)(slash - file) + 1 : 0;
    _cleanup_(freep) char *path = xasprintf("%.*s%s", folder, file, node->scalar);
    if (!*node->scalar || !file_is_regular(path)) /* a pipe would wait for ever */
        return yaml_error(err, &node->mark, "no file '%s', expected a matrix of delays", path);
    return matrix_open(path, ret, err);
}

/* Where the file says in which region a node is. */
static struct mark region_mark(const struct scenario *s, unsigned node)
{
    const struct yaml *groups = yaml_get(s->document.root, "nodes");
    const struct yaml *region = yaml_get(yaml_get(groups, s->nodes[node].group), "region");
    const struct scenario_name *group = scenario_find(s, s->nodes[node].group);
    if (!region || !group)
        return s->nodes[node].mark;
    if (region->kind == YAML_LIST)
        return region->items[(node - group->first) % region->count]->mark;
    return region->mark;
}

static int find_regions(const struct scenario *s, const struct matrix *m, unsigned *regions,
                        struct error *err)
{
    for (size_t i = 0; i < s->wan.member_count; i++) {
        const struct node *node = &s->nodes[s->wan.members[i]];
        if (!node->region)
            return yaml_error(err, &node->mark,
                              "'%s' has no region, expected one of the wan's matrix", node->name);
        int found = matrix_region(m, node->region, err);
        if (found < 0) {
            const struct mark mark = region_mark(s, s->wan.members[i]);
            return yaml_wrap(err, &mark);
        }
        regions[i] = (unsigned)found;
    }
    return 0;
}

static int fill_pairs(struct scenario *s, const struct matrix *m, const struct impairment *common,
                      struct error *err)
{
    const size_t n = s->wan.member_count;
    _cleanup_(freep) unsigned *regions = xcalloc(n, sizeof(*regions));
    s->wan.pairs = xcalloc(n * n, sizeof(*s->wan.pairs));
    int r = m ? find_regions(s, m, regions, err) : 0;
    for (size_t i = 0; r == 0 && i < n * n; i++) {
        struct impairment *pair = &s->wan.pairs[i];
        *pair = *common;
        if (m && i / n != i % n)
            r = matrix_delay(m, regions[i / n], regions[i % n], &pair->delay_ns, err);
        pair->queue_packets = impairment_default_queue(pair, MTU);
    }
    return r;
}

int scenario_decode_wan(struct scenario *s, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"members", "matrix", IMPAIRMENT_KEYS};
    _cleanup_(matrix_freep) struct matrix *m = NULL;
    struct impairment common = {0};
    int r = expect_wire_map(map, "a wan", keys, ARRAY_LEN(keys), err);
    if (r < 0)
        return r;
    const struct yaml *members = yaml_get(map, "members"), *matrix = yaml_get(map, "matrix");
    const struct yaml *delay = yaml_get(map, "delay");
    s->wan.mark = map->mark;
    if (!members)
        return yaml_error(err, &map->mark, "the wan has no 'members', expected a list of nodes");
    if (matrix && delay)
        return yaml_error(err, &delay->mark, "found both 'matrix' and 'delay', expected one");
    r = scenario_decode_members(s, members, &s->wan.members, &s->wan.member_count, err);
    if (r == 0 && s->wan.member_count > SCENARIO_WAN_MEMBERS_MAX)
        r = yaml_error(err, &members->mark, "a wan of %zu members: expected at most %d",
                       s->wan.member_count, SCENARIO_WAN_MEMBERS_MAX);
    if (r == 0)
        r = decode_impairment(map, &common, err);
    if (r == 0 && matrix)
        r = open_matrix(s, matrix, &m, err);
    if (r == 0)
        r = fill_pairs(s, m, &common, err);
    return r;
}

static int decode_end(const struct scenario *s, const struct yaml *item, unsigned *ret,
                      struct error *err)
{
    const struct scenario_name *found = NULL;
    int r = yaml_expect_scalar(item, "an end of a link", err);
    if (r == 0)
        r = scenario_find_or_fail(s, item->scalar, &item->mark, &found, err);
    if (r < 0)
        return r;
    if (found->is_group)
        return yaml_error(err, &item->mark, "'%s' is a group, expected a node such as '%s'",
                          item->scalar, s->nodes[found->first].name);
    *ret = found->first;
    return 0;
}

static int decode_ends(const struct scenario *s, const struct yaml *ends, unsigned *ret_ends,
                       struct error *err)
{
    int r = yaml_expect_list(ends, "the ends of a link", err);
    if (r < 0)
        return r;
    if (ends->count != 2)
        return yaml_error(err, &ends->mark, "found %zu ends of a link, expected 2", ends->count);
    for (size_t i = 0; r == 0 && i < 2; i++)
        r = decode_end(s, ends->items[i], &ret_ends[i], err);
    if (r == 0 && ret_ends[0] == ret_ends[1])
        return yaml_error(err, &ends->items[1]->mark,
                          "found '%s' at both ends of a link, expected two nodes",
                          ends->items[1]->scalar);
    return r;
}

static int decode_direction(const struct yaml *link, const char *key, struct impairment *io,
                            struct error *err)
{
    static const char *const keys[] = {IMPAIRMENT_KEYS};
    const struct yaml *map = yaml_get(link, key);
    if (!map)
        return 0;
    int r = expect_wire_map(map, "a direction of a link", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = decode_impairment(map, io, err);
    return r;
}

static int decode_link(const struct scenario *s, const struct yaml *map, struct link *link,
                       struct error *err)
{
    static const char *const plain_keys[] = {"ends", IMPAIRMENT_KEYS};
    const struct yaml *ends = yaml_get(map, "ends");
    struct impairment common = {0};
    if (!ends) {
        int r = expect_wire_map(map, "a link", plain_keys, ARRAY_LEN(plain_keys), err);
        return r < 0 ? r : yaml_error(err, &map->mark, "a link without 'ends', expected [a, b]");
    }
    int r = decode_ends(s, ends, link->end, err);
    if (r < 0)
        return r;
    const char *a = s->nodes[link->end[0]].name, *b = s->nodes[link->end[1]].name;
    char there[2 * SCENARIO_NAME_MAX + 3], back[sizeof(there)];
    snprintf(there, sizeof(there), "%s->%s", a, b);
    snprintf(back, sizeof(back), "%s->%s", b, a);
    const char *const keys[] = {"ends", IMPAIRMENT_KEYS, there, back};
    r = expect_wire_map(map, "a link", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = decode_impairment(map, &common, err);
    link->mark = map->mark;
    link->direction[0] = link->direction[1] = common;
    if (r == 0)
        r = decode_direction(map, there, &link->direction[0], err);
    if (r == 0)
        r = decode_direction(map, back, &link->direction[1], err);
    return r;
}

static unsigned low_end(const struct link *l)
{
    return l->end[l->end[0] > l->end[1]];
}

static unsigned high_end(const struct link *l)
{
    return l->end[l->end[0] < l->end[1]];
}

/* By the pair of nodes, then in file order: the array holds pointers into s->links. */
static int compare_links(const void *a, const void *b)
{
    const struct link *x = *(struct link *const *)a, *y = *(struct link *const *)b;
    if (low_end(x) != low_end(y))
        return low_end(x) < low_end(y) ? -1 : 1;
    if (high_end(x) != high_end(y))
        return high_end(x) < high_end(y) ? -1 : 1;
    return (x > y) - (x < y);
}

static int refuse_same_links(const struct scenario *s, struct error *err)
{
    _cleanup_(freep) const struct link **sorted = xcalloc(s->link_count, sizeof(*sorted));
    for (size_t i = 0; i < s->link_count; i++)
        sorted[i] = &s->links[i];
    qsort(sorted, s->link_count, sizeof(*sorted), compare_links);
    for (size_t i = 1; i < s->link_count; i++) {
        const struct link *a = sorted[i - 1], *b = sorted[i];
        char place[SCENARIO_PLACE_MAX];
        if (low_end(a) == low_end(b) && high_end(a) == high_end(b))
            return yaml_error(err, &b->mark,
                              "a second link between '%s' and '%s': the first is at %s",
                              s->nodes[a->end[0]].name, s->nodes[a->end[1]].name,
                              scenario_place(place, &a->mark));
    }
    return 0;
}

/* Both would be the wire "a->b", and which of them a packet takes would be a matter of routes. */
static int refuse_links_within_wan(const struct scenario *s, struct error *err)
{
    _cleanup_(freep) bool *in_wan = xcalloc(s->node_count, sizeof(*in_wan));
    for (size_t i = 0; i < s->wan.member_count; i++)
        in_wan[s->wan.members[i]] = true;
    for (size_t i = 0; i < s->link_count; i++) {
        const struct link *l = &s->links[i];
        if (in_wan[l->end[0]] && in_wan[l->end[1]])
            return yaml_error(err, &l->mark, "the wan joins '%s' and '%s' already",
                              s->nodes[l->end[0]].name, s->nodes[l->end[1]].name);
    }
    return 0;
}

int scenario_decode_links(struct scenario *s, const struct yaml *list, struct error *err)
{
    int r = yaml_expect_list(list, "links", err);
    if (r < 0)
        return r;
    s->links = xcalloc(list->count, sizeof(*s->links));
    for (size_t i = 0; i < list->count; i++) {
        r = decode_link(s, list->items[i], &s->links[i], err);
        if (r < 0)
            return r;
        s->link_count++;
    }
    r = refuse_same_links(s, err);
    return r < 0 ? r : refuse_links_within_wan(s, err);
}

static int decode_network(struct scenario *s, const struct yaml_pair *pair, struct network *n,
                          struct error *err)
{
    static const char *const keys[] = {"members", IMPAIRMENT_KEYS};
    const struct yaml *map = pair->value;
    const struct scenario_name *same = scenario_find(s, pair->key);
    struct impairment wire = {0};
    char place[SCENARIO_PLACE_MAX];
    n->mark = pair->key_mark;
    if (same)
        return yaml_error(err, &n->mark,
                          "the name '%s' is already taken by the node or group at %s", pair->key,
                          scenario_place(place, &same->mark));
    int r = scenario_check_name(pair->key, "a network", &n->mark, err);
    if (r == 0)
        r = expect_wire_map(map, "a network", keys, ARRAY_LEN(keys), err);
    const struct yaml *members = yaml_get(map, "members");
    if (r == 0 && !members)
        r = yaml_error(err, &n->mark, "the network '%s' has no 'members', expected a list of nodes",
                       pair->key);
    if (r == 0)
        r = decode_impairment(map, &wire, err);
    if (r < 0)
        return r;
    _cleanup_(freep) unsigned *nodes = NULL;
    r = scenario_decode_members(s, members, &nodes, &n->member_count, err);
    if (r < 0)
        return r;
    n->name = xstrdup(pair->key);
    n->members = xcalloc(n->member_count, sizeof(*n->members));
    for (size_t i = 0; i < n->member_count; i++)
        n->members[i] = (struct network_member){nodes[i], wire, wire};
    return 0;
}

static void scale(struct impairment *wire, double factor)
{
    wire->delay_ns = (uint64_t)llround((double)wire->delay_ns * factor);
    wire->queue_packets = impairment_default_queue(wire, MTU);
}

void scenario_scale_delays(struct scenario *s)
{
    const double factor = s->delay_scale;
    for (size_t i = 0; i < s->wan.member_count * s->wan.member_count; i++)
        scale(&s->wan.pairs[i], factor);
    for (size_t i = 0; i < s->link_count; i++) {
        scale(&s->links[i].direction[0], factor);
        scale(&s->links[i].direction[1], factor);
    }
    for (size_t i = 0; i < s->network_count; i++) {
        for (size_t k = 0; k < s->networks[i].member_count; k++) {
            scale(&s->networks[i].members[k].up, factor);
            scale(&s->networks[i].members[k].down, factor);
        }
    }
}

int scenario_decode_networks(struct scenario *s, const struct yaml *map, struct error *err)
{
    size_t total = 0;
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the networks", NULL, 0, err);
    s->networks = xcalloc(map->count, sizeof(*s->networks));
    for (size_t i = 0; i < map->count; i++) {
        struct network *n = &s->networks[s->network_count++];
        int r = decode_network(s, &map->pairs[i], n, err);
        if (r < 0)
            return r;
        total += n->member_count;
        if (total > NETWORK_MEMBERS_MAX)
            return yaml_error(err, &n->mark, "too many members of networks, expected at most %d",
                              NETWORK_MEMBERS_MAX);
    }
    return 0;
}
