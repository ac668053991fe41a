/* SPDX-License-Identifier: MIT
 *
 * What joins the nodes: the wan with its matrix, links, and networks.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/matrix.h"
#include "topology/scenario_decode.h"

enum { NETWORK_MEMBERS_MAX = 50000 };
DEFINE_CLEANUP(struct matrix *, matrix_free);

static int open_matrix(const struct scenario *s, const struct yaml *node, struct matrix **ret,
                       struct error *err)
{
    _cleanup_(freep) char *path = NULL;
    int r = scenario_find_file(s, node, "a matrix of delays", &path, err);
    return r < 0 ? r : matrix_open(path, ret, err);
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

/* The wires of a wan while they are decoded. */
struct pairs {
    const struct yaml *map;
    const struct yaml **own; /* like wan.pairs: the map of the pair itself, or NULL */
};

/* The delays of the matrix. */
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
    }
    return r;
}

/* One side of "a->b", the characters from `text` up to `end`: a node or a group. */
static int decode_side(const struct scenario *s, const char *text, const char *end,
                       const struct mark *mark, const struct scenario_name **ret, struct error *err)
{
    _cleanup_(freep) char *name = xasprintf("%.*s", (int)(end - text), text);
    return scenario_find_or_fail(s, name, mark, ret, err);
}

static bool is_among(const struct scenario_name *name, unsigned node)
{
    return node >= name->first && node < name->first + name->count;
}

/* `a->b: {…}` in a wan: its values for all pairs of a node of `a` and one of `b`. */
static int decode_pair(struct scenario *s, const struct yaml_pair *entry, struct pairs *pairs,
                       struct error *err)
{
    static const char *const keys[] = {WIRE_KEYS};
    const struct scenario_name *from, *to;
    const struct wan *wan = &s->wan;
    const size_t n = wan->member_count;
    const char *arrow = strstr(entry->key, "->");
    bool found = false;
    int r = decode_side(s, entry->key, arrow, &entry->key_mark, &from, err);
    if (r == 0)
        r = decode_side(s, arrow + 2, entry->key + strlen(entry->key), &entry->key_mark, &to, err);
    if (r == 0)
        r = yaml_expect_map(entry->value, "a pair of a wan", keys, ARRAY_LEN(keys), err);
    for (size_t i = 0; r == 0 && i < n * n; i++) {
        unsigned a = wan->members[i / n], b = wan->members[i % n];
        if (a == b || !is_among(from, a) || !is_among(to, b))
            continue;
        found = true;
        pairs->own[i] = entry->value;
        r = scenario_decode_impairment(s, entry->value, &wan->pairs[i], err);
    }
    if (r == 0 && !found)
        r = yaml_error(err, &entry->key_mark,
                       "the wan has no pair '%s', expected two of its members", entry->key);
    return r;
}

static int finish_pairs(struct scenario *s, const struct pairs *pairs, struct error *err)
{
    const size_t n = s->wan.member_count;
    int r = 0;
    for (size_t i = 0; r == 0 && i < n * n; i++) {
        const struct yaml *maps[] = {pairs->map, pairs->own[i]};
        if (i / n != i % n)
            r = scenario_finish_wire(s, maps, pairs->own[i] ? 2 : 1, IN_WAN, &s->wan.pairs[i], err);
    }
    return r;
}

static int decode_pairs(struct scenario *s, const struct yaml *map, const struct matrix *m,
                        const struct impairment *common, struct error *err)
{
    const size_t n = s->wan.member_count;
    _cleanup_(freep) const struct yaml **own = xcalloc(n * n, sizeof(*own));
    struct pairs pairs = {map, own};
    int r = fill_pairs(s, m, common, err);
    for (size_t i = 0; r == 0 && i < map->count; i++)
        if (strstr(map->pairs[i].key, "->"))
            r = decode_pair(s, &map->pairs[i], &pairs, err);
    return r < 0 ? r : finish_pairs(s, &pairs, err);
}

/* The known keys, and those of pairs, which are looked at later. */
static int expect_wan(const struct yaml *map, struct error *err)
{
    static const char *const known[] = {"members", "matrix", "mtu", WIRE_KEYS};
    size_t count = map->kind == YAML_MAP ? map->count : 0, used = ARRAY_LEN(known);
    _cleanup_(freep) const char **keys = xcalloc(used + count, sizeof(*keys));
    memcpy(keys, known, sizeof(known));
    for (size_t i = 0; i < count; i++)
        if (strstr(map->pairs[i].key, "->"))
            keys[used++] = map->pairs[i].key;
    return yaml_expect_map(map, "a wan", keys, used, err);
}

int scenario_decode_wan(struct scenario *s, const struct yaml *map, struct error *err)
{
    _cleanup_(matrix_freep) struct matrix *m = NULL;
    struct impairment common = {0};
    int r = expect_wan(map, err);
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
        r = scenario_decode_impairment(s, map, &common, err);
    if (r == 0 && matrix)
        r = open_matrix(s, matrix, &m, err);
    if (r == 0)
        r = decode_pairs(s, map, m, &common, err);
    if (r == 0)
        r = scenario_decode_mtu(map, &s->wan.mtu, err);
    for (size_t i = 0; r == 0 && i < s->wan.member_count; i++)
        r = scenario_check_machine_mtu(s, map, s->wan.members[i], s->wan.mtu, err);
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
    return scenario_check_wired(s, found, &item->mark, err);
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

/* One direction of a link, or of a network's wires: what the whole has, and what `key` changes. */
static int decode_direction(struct scenario *s, const struct yaml *map, const char *key,
                            enum wire_place place, struct impairment *io, struct error *err)
{
    static const char *const keys[] = {WIRE_KEYS, "weight"};
    const struct yaml *own = yaml_get(map, key);
    const struct yaml *maps[] = {map, own};
    const size_t count = ARRAY_LEN(keys) - (place != IN_LINK); /* a network has one weight */
    int r = own ? yaml_expect_map(own, "a direction", keys, count, err) : 0;
    if (r == 0 && own)
        r = scenario_decode_impairment(s, own, io, err);
    return r < 0 ? r : scenario_finish_wire(s, maps, own ? 2 : 1, place, io, err);
}

static int decode_weights(const struct scenario *s, const struct yaml *map, const char *there,
                          const char *back, struct link *link, struct error *err)
{
    unsigned weight = 1;
    int r = scenario_decode_weight(s, map, &weight, err);
    link->weight[0] = link->weight[1] = weight;
    if (r == 0)
        r = scenario_decode_weight(s, yaml_get(map, there), &link->weight[0], err);
    return r < 0 ? r : scenario_decode_weight(s, yaml_get(map, back), &link->weight[1], err);
}

static int decode_link_interfaces(const struct scenario *s, const struct yaml *map,
                                  struct link *link, struct error *err)
{
    struct interface_choice *choices[] = {&link->given[0], &link->given[1]};
    const struct interface_list list = {link->end, choices, 2, "link"};
    int r = scenario_decode_mtu(map, &link->mtu, err);
    for (size_t i = 0; r == 0 && i < 2; i++)
        r = scenario_check_machine_mtu(s, map, link->end[i], link->mtu, err);
    return r < 0 ? r : scenario_decode_addresses(s, map, &list, err);
}

static int decode_link(struct scenario *s, const struct yaml *map, struct link *link,
                       struct error *err)
{
    static const char *const plain_keys[] = {"ends", WIRE_KEYS, "weight", INTERFACE_KEYS};
    const struct yaml *ends = yaml_get(map, "ends");
    struct impairment common = {0};
    if (!ends) {
        int r = yaml_expect_map(map, "a link", plain_keys, ARRAY_LEN(plain_keys), err);
        return r < 0 ? r : yaml_error(err, &map->mark, "a link without 'ends', expected [a, b]");
    }
    int r = decode_ends(s, ends, link->end, err);
    if (r < 0)
        return r;
    const char *a = s->nodes[link->end[0]].name, *b = s->nodes[link->end[1]].name;
    char there[2 * SCENARIO_NAME_MAX + 3], back[sizeof(there)];
    snprintf(there, sizeof(there), "%s->%s", a, b);
    snprintf(back, sizeof(back), "%s->%s", b, a);
    const char *const keys[] = {"ends", WIRE_KEYS, "weight", INTERFACE_KEYS, there, back};
    r = yaml_expect_map(map, "a link", keys, ARRAY_LEN(keys), err);
    if (r == 0)
        r = scenario_decode_impairment(s, map, &common, err);
    link->mark = map->mark;
    link->direction[0] = link->direction[1] = common;
    if (r == 0)
        r = decode_direction(s, map, there, IN_LINK, &link->direction[0], err);
    if (r == 0)
        r = decode_direction(s, map, back, IN_LINK, &link->direction[1], err);
    if (r == 0)
        r = decode_weights(s, map, there, back, link, err);
    return r < 0 ? r : decode_link_interfaces(s, map, link, err);
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

/* Whether the list under `key` names native nodes alone, at least `min` of them, and the map says
 * nothing else: what joins them is the host's loopback, which is there already. */
static bool is_loopback(const struct scenario *s, const struct yaml *map, const char *key,
                        size_t min)
{
    const struct yaml *names = map->kind == YAML_MAP && map->count == 1 ? yaml_get(map, key) : NULL;
    if (!names || names->kind != YAML_LIST || names->count < min)
        return false;
    for (size_t i = 0; i < names->count; i++) {
        const struct yaml *item = names->items[i];
        const struct scenario_name *found =
            item->kind == YAML_SCALAR ? scenario_find(s, item->scalar) : NULL;
        bool again = i > 0 && found == scenario_find(s, names->items[i - 1]->scalar);
        if (!found || again || scenario_is_wired(s->nodes[found->first].kind))
            return false;
    }
    return true;
}

int scenario_decode_links(struct scenario *s, const struct yaml *list, struct error *err)
{
    int r = yaml_expect_list(list, "links", err);
    if (r < 0)
        return r;
    s->links = xcalloc(list->count, sizeof(*s->links));
    for (size_t i = 0; i < list->count; i++) {
        if (is_loopback(s, list->items[i], "ends", 2))
            continue;
        r = decode_link(s, list->items[i], &s->links[s->link_count], err);
        if (r < 0)
            return r;
        s->link_count++;
    }
    r = refuse_same_links(s, err);
    return r < 0 ? r : refuse_links_within_wan(s, err);
}

static int decode_network_interfaces(const struct scenario *s, const struct yaml *map,
                                     const unsigned *nodes, struct network *n, struct error *err)
{
    _cleanup_(freep) struct interface_choice **choices =
        xcalloc(n->member_count, sizeof(struct interface_choice *));
    const struct interface_list list = {nodes, choices, n->member_count, "network"};
    int r = scenario_decode_mtu(map, &n->mtu, err);
    for (size_t i = 0; r == 0 && i < n->member_count; i++) {
        choices[i] = &n->members[i].given;
        r = scenario_check_machine_mtu(s, map, nodes[i], n->mtu, err);
    }
    return r < 0 ? r : scenario_decode_addresses(s, map, &list, err);
}

static int decode_network(struct scenario *s, const struct yaml_pair *pair, struct network *n,
                          struct error *err)
{
    static const char *const keys[] = {"members", "up",           "down",
                                       "weight",  INTERFACE_KEYS, WIRE_KEYS};
    const struct yaml *map = pair->value;
    const struct scenario_name *same = scenario_find(s, pair->key);
    struct impairment common = {0};
    char place[SCENARIO_PLACE_MAX];
    n->mark = pair->key_mark;
    if (same)
        return yaml_error(err, &n->mark,
                          "the name '%s' is already taken by the node or group at %s", pair->key,
                          scenario_place(place, &same->mark));
    int r = scenario_check_name(pair->key, "a network", &n->mark, err);
    if (r == 0)
        r = yaml_expect_map(map, "a network", keys, ARRAY_LEN(keys), err);
    const struct yaml *members = yaml_get(map, "members");
    if (r == 0 && !members)
        r = yaml_error(err, &n->mark, "the network '%s' has no 'members', expected a list of nodes",
                       pair->key);
    if (r == 0)
        r = scenario_decode_impairment(s, map, &common, err);
    struct impairment up = common, down = common;
    if (r == 0)
        r = decode_direction(s, map, "up", IN_NETWORK, &up, err);
    if (r == 0)
        r = decode_direction(s, map, "down", IN_NETWORK, &down, err);
    n->weight = 1;
    if (r == 0)
        r = scenario_decode_weight(s, map, &n->weight, err);
    if (r < 0)
        return r;
    _cleanup_(freep) unsigned *nodes = NULL;
    r = scenario_decode_members(s, members, &nodes, &n->member_count, err);
    if (r < 0)
        return r;
    n->name = xstrdup(pair->key);
    n->members = xcalloc(n->member_count, sizeof(*n->members));
    for (size_t i = 0; i < n->member_count; i++)
        n->members[i] = (struct network_member){.node = nodes[i], .up = up, .down = down};
    return decode_network_interfaces(s, map, nodes, n, err);
}

int scenario_decode_networks(struct scenario *s, const struct yaml *map, struct error *err)
{
    size_t total = 0;
    if (map->kind != YAML_MAP)
        return yaml_expect_map(map, "the networks", NULL, 0, err);
    s->networks = xcalloc(map->count, sizeof(*s->networks));
    for (size_t i = 0; i < map->count; i++) {
        if (is_loopback(s, map->pairs[i].value, "members", 1))
            continue;
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
