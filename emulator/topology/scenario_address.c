/* SPDX-License-Identifier: MIT
 *
 * What a link or network says of its interfaces: MTU, and subnets, addresses and MACs of its own.
 *
 *     lan0: {members: [a, b, c], mtu: 9000, subnet: [192.168.1.0/24, fd00:1::/64],
 *            addresses: {b: 192.168.1.20}, macs: {c: 52:54:00:00:00:01}}
 *
 * In a subnet of its own whoever has no address gets the first free one. All addresses are of that
 * subnet, and subnets must not overlap, with each other or with those that are assigned: so no
 * address is there twice.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/scenario_decode.h"

enum { MTU_DEFAULT = 1500, MTU_MIN = 1280 /* of IPv6 */, MTU_MAX = 65521 /* of a TAP */ };

static const struct {
    const char *text, *what;
} reserved[] = {
    {"10.0.0.0/16", "addresses of the wan are assigned"},
    {"10.64.0.0/10", "addresses of links are assigned"},
    {"10.128.0.0/9", "addresses of networks are assigned"},
    {"fd77:6c61:6200::/46", "addresses are assigned"},
    {"0.0.0.0/8", "nobody may have an address"},
    {"127.0.0.0/8", "every node has its own loopback addresses"},
    {"169.254.0.0/16", "link-local addresses are"},
    {"224.0.0.0/3", "there is nothing but multicast and reserved addresses"},
    {"::/8", "there is nothing but reserved addresses"},
    {"fe80::/10", "link-local addresses are"},
    {"ff00::/8", "there is nothing but multicast addresses"},
};

int scenario_decode_mtu(const struct yaml *map, unsigned *ret, struct error *err)
{
    const struct yaml *mtu = yaml_get(map, "mtu");
    uint64_t number = MTU_DEFAULT;
    int r = mtu ? scenario_decode_integer(mtu, "an MTU", 0, UINT32_MAX, &number, err) : 0;
    if (r == 0 && (number < MTU_MIN || number > MTU_MAX))
        r = yaml_error(err, &mtu->mark,
                       "'%s' is out of range: expected %d, the least that IPv6 works with, to %d",
                       mtu->scalar, MTU_MIN, MTU_MAX);
    if (r == 0)
        *ret = (unsigned)number;
    return r;
}

int scenario_check_machine_mtu(const struct scenario *s, const struct yaml *map, unsigned node,
                               unsigned mtu, struct error *err)
{
    if (mtu <= MTU_DEFAULT || !scenario_is_machine(s->nodes[node].kind))
        return 0;
    return yaml_error(err, &yaml_get(map, "mtu")->mark,
                      "'%s' is a virtual machine, whose interfaces have an MTU of at most %d",
                      s->nodes[node].name, MTU_DEFAULT);
}

/* "10.0.0.0/8" without anything about its meaning; false: it is not one. */
static bool parse_ip(const char *text, struct ip *ret, bool with_prefix)
{
    char address[INET6_ADDRSTRLEN + 1];
    size_t len = strcspn(text, "/");
    char *end = NULL;
    struct ip ip = {0};
    if (len >= sizeof(address) || (text[len] == '/') != with_prefix)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (inet_pton(AF_INET, address, ip.bytes) == 1)
        ip.family = AF_INET;
    else if (inet_pton(AF_INET6, address, ip.bytes) == 1)
        ip.family = AF_INET6;
    else
        return false;
    ip.prefix = 8 * ip_size(&ip);
    if (with_prefix) {
        unsigned long prefix = strtoul(text + len + 1, &end, 10);
        if (*end || end == text + len + 1 || !strchr("0123456789", text[len + 1]) ||
            prefix > ip.prefix)
            return false;
        ip.prefix = (unsigned)prefix;
    }
    *ret = ip;
    return true;
}

static bool overlaps(const struct ip *a, const struct ip *b)
{
    struct ip x = *a, y = *b;
    x.prefix = y.prefix = a->prefix < b->prefix ? a->prefix : b->prefix;
    x = ip_network(&x);
    y = ip_network(&y);
    return a->family == b->family && memcmp(x.bytes, y.bytes, ip_size(&x)) == 0;
}

static bool is_same(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, ip_size(a)) == 0;
}

static int decode_subnet(const struct yaml *node, struct ip *v4, struct ip *v6, struct error *err)
{
    struct ip ip, net, other;
    int r = yaml_expect_scalar(node, "a subnet", err);
    if (r < 0)
        return r;
    if (!parse_ip(node->scalar, &ip, true))
        return yaml_error(err, &node->mark,
                          "found '%.60s', expected a subnet such as 192.168.1.0/24 or fd00:1::/64",
                          node->scalar);
    net = ip_network(&ip);
    if (!is_same(&net, &ip))
        return yaml_error(err, &node->mark, "'%s' has bits behind its prefix", node->scalar);
    const unsigned most = ip.family == AF_INET ? 31 : 127, least = ip.family == AF_INET ? 8 : 16;
    if (ip.prefix < least || ip.prefix > most)
        return yaml_error(err, &node->mark, "'%s' has a prefix out of range: expected /%u to /%u",
                          node->scalar, least, most);
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (parse_ip(reserved[i].text, &other, true) && overlaps(&ip, &other))
            return yaml_error(err, &node->mark, "'%s' overlaps %s, where %s", node->scalar,
                              reserved[i].text, reserved[i].what);
    struct ip *place = ip.family == AF_INET ? v4 : v6;
    if (place->family)
        return yaml_error(err, &node->mark, "found a second subnet of IPv%d, expected one",
                          ip.family == AF_INET ? 4 : 6);
    *place = ip;
    return 0;
}

static int decode_each(const struct yaml *node, struct ip *v4, struct ip *v6,
                       int (*decode)(const struct yaml *node, struct ip *v4, struct ip *v6,
                                     struct error *err),
                       struct error *err)
{
    int r = node->kind == YAML_LIST ? 0 : decode(node, v4, v6, err);
    for (size_t i = 0; node->kind == YAML_LIST && r == 0 && i < node->count; i++)
        r = decode(node->items[i], v4, v6, err);
    return r;
}

/* Host number `number` of a subnet. */
static struct ip host_of(const struct ip *subnet, unsigned number)
{
    struct ip ip = *subnet;
    const unsigned size = ip_size(&ip);
    for (unsigned i = 0; i < 4; i++)
        ip.bytes[size - 1 - i] |= (uint8_t)(number >> 8 * i);
    return ip;
}

/* How many hosts it has room for, numbered from 1 (of a /31, which has no others, from 0). */
static uint64_t room_of(const struct ip *subnet)
{
    const unsigned bits = 8 * ip_size(subnet) - subnet->prefix;
    if (bits > 30)
        return 1u << 30;
    return bits == 1 ? 2 : ((uint64_t)1 << bits) - (subnet->family == AF_INET ? 2 : 1);
}

/* An address that is given: of one of the subnets, and no special one. */
static int check_address(const struct yaml *node, const struct ip *subnet, struct ip *ip,
                         struct error *err)
{
    char text[IP_TEXT_MAX];
    if (!subnet->family)
        return yaml_error(err, &node->mark,
                          "found an address of IPv%d without a 'subnet' that it is in",
                          ip->family == AF_INET ? 4 : 6);
    if (!overlaps(subnet, ip))
        return yaml_error(err, &node->mark, "'%s' is not in the subnet %s", node->scalar,
                          ip_format_prefix(text, subnet));
    struct ip last = *ip;
    for (unsigned bit = subnet->prefix; bit < 8 * ip_size(ip); bit++)
        last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    bool has_special = subnet->prefix + 1 < 8 * ip_size(ip);
    if (has_special && (is_same(ip, subnet) || (ip->family == AF_INET && is_same(ip, &last))))
        return yaml_error(err, &node->mark,
                          "'%s' is the address of the subnet itself, or of all "
                          "its nodes, expected another",
                          node->scalar);
    ip->prefix = subnet->prefix;
    return 0;
}

static int decode_address(const struct yaml *node, struct ip *v4, struct ip *v6, struct error *err)
{
    struct ip ip;
    int r = yaml_expect_scalar(node, "an address", err);
    if (r < 0)
        return r;
    if (!parse_ip(node->scalar, &ip, false))
        return yaml_error(err, &node->mark,
                          "found '%.60s', expected an address such as 192.168.1.5 or fd00:1::5",
                          node->scalar);
    struct ip *place = ip.family == AF_INET ? v4 : v6;
    if (place->family)
        return yaml_error(err, &node->mark, "found a second address of IPv%d, expected one",
                          ip.family == AF_INET ? 4 : 6);
    *place = ip;
    return 0;
}

/* Which interface of the list is the one that a key names. */
static int find_interface(const struct scenario *s, const struct yaml_pair *pair,
                          const struct interface_list *list, struct interface_choice **ret,
                          struct error *err)
{
    int node = scenario_node(s, pair->key);
    for (size_t i = 0; node >= 0 && i < list->count; i++) {
        if (list->nodes[i] == (unsigned)node) {
            *ret = list->choices[i];
            return 0;
        }
    }
    return yaml_error(err, &pair->key_mark, "'%.60s' is no node of this %s", pair->key, list->what);
}

static int decode_given(const struct scenario *s, const struct yaml *map,
                        const struct interface_list *list, const struct ip *subnet4,
                        const struct ip *subnet6, struct error *err)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml *value = map->pairs[i].value;
        struct interface_choice *c = NULL;
        int r = find_interface(s, &map->pairs[i], list, &c, err);
        if (r == 0)
            r = decode_each(value, &c->v4, &c->v6, decode_address, err);
        if (r == 0 && c->v4.family)
            r = check_address(value, subnet4, &c->v4, err);
        if (r == 0 && c->v6.family)
            r = check_address(value, subnet6, &c->v6, err);
        if (r < 0)
            return r;
        c->mark = value->mark;
        for (size_t k = 0; k < list->count; k++) {
            const struct interface_choice *other = list->choices[k];
            char place[SCENARIO_PLACE_MAX];
            if (other != c && ((c->v4.family && is_same(&c->v4, &other->v4)) ||
                               (c->v6.family && is_same(&c->v6, &other->v6))))
                return yaml_error(err, &value->mark, "this address is taken by '%s' at %s",
                                  s->nodes[list->nodes[k]].name,
                                  scenario_place(place, &other->mark));
        }
    }
    return 0;
}

static struct ip *of_family(struct interface_choice *c, int family)
{
    return family == AF_INET ? &c->v4 : &c->v6;
}

static int compare_ips(const void *a, const void *b)
{
    const struct ip *x = a, *y = b;
    return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* Whoever has none gets the first free one. */
static void assign_rest(const struct ip *subnet, const struct interface_list *list)
{
    _cleanup_(freep) struct ip *taken = xcalloc(list->count, sizeof(*taken));
    size_t count = 0, passed = 0;
    unsigned number = subnet->prefix + 1 < 8 * ip_size(subnet);
    for (size_t i = 0; i < list->count; i++)
        if (of_family(list->choices[i], subnet->family)->family)
            taken[count++] = *of_family(list->choices[i], subnet->family);
    qsort(taken, count, sizeof(*taken), compare_ips);
    for (size_t i = 0; i < list->count; i++) {
        struct ip *own = of_family(list->choices[i], subnet->family);
        if (own->family)
            continue;
        do {
            *own = host_of(subnet, number++);
            while (passed < count && compare_ips(&taken[passed], own) < 0)
                passed++;
        } while (passed < count && compare_ips(&taken[passed], own) == 0);
    }
}

static int decode_macs(const struct scenario *s, const struct yaml *map,
                       const struct interface_list *list, struct error *err)
{
    int r = map->kind == YAML_MAP ? 0 : yaml_expect_map(map, "MACs", NULL, 0, err);
    for (size_t i = 0; r == 0 && i < map->count; i++) {
        const struct yaml *value = map->pairs[i].value;
        struct interface_choice *c = NULL;
        int end = 0;
        r = find_interface(s, &map->pairs[i], list, &c, err);
        if (r == 0)
            r = yaml_expect_scalar(value, "a MAC", err);
        if (r < 0)
            return r;
        uint8_t *m = c->mac;
        if (strlen(value->scalar) != 17 ||
            sscanf(value->scalar, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2],
                   &m[3], &m[4], &m[5], &end) != 6 ||
            end != 17)
            return yaml_error(err, &value->mark,
                              "found '%.60s', expected a MAC such as 52:54:00:12:34:56",
                              value->scalar);
        if (m[0] & 1 || (m[0] == 0x02 && (m[1] == 1 || m[1] == 2) && m[2] == 0) ||
            memcmp(m, "\0\0\0\0\0", 6) == 0)
            return yaml_error(err, &value->mark,
                              "'%s' cannot be an interface's, or is of those that are assigned "
                              "(02:01:00 and 02:02:00): expected another",
                              value->scalar);
        c->has_mac = true;
        c->mac_mark = value->mark;
    }
    return r;
}

int scenario_decode_addresses(const struct scenario *s, const struct yaml *map,
                              const struct interface_list *list, struct error *err)
{
    const struct yaml *subnet = yaml_get(map, "subnet"), *addresses = yaml_get(map, "addresses"),
                      *macs = yaml_get(map, "macs");
    struct ip subnets[2] = {{0}, {0}};
    int r = subnet ? decode_each(subnet, &subnets[0], &subnets[1], decode_subnet, err) : 0;
    for (size_t i = 0; r == 0 && i < 2; i++)
        if (subnets[i].family && room_of(&subnets[i]) < list->count)
            r = yaml_error(err, &subnet->mark, "the subnet has no room for %zu addresses",
                           list->count);
    for (size_t i = 0; subnet && i < list->count; i++)
        list->choices[i]->mark = subnet->mark;
    if (r == 0 && addresses && addresses->kind != YAML_MAP)
        r = yaml_expect_map(addresses, "addresses", NULL, 0, err);
    if (r == 0 && addresses)
        r = decode_given(s, addresses, list, &subnets[0], &subnets[1], err);
    for (size_t i = 0; r == 0 && i < 2; i++)
        if (subnets[i].family)
            assign_rest(&subnets[i], list);
    return r < 0 || !macs ? r : decode_macs(s, macs, list, err);
}

/* --- of all together --- */

/* A subnet or a MAC that the file gives. */
struct given {
    struct ip subnet;
    uint8_t mac[6];
    const struct mark *mark;
};

/* By family and beginning, the larger one first, then by place. */
static int compare_subnets(const void *a, const void *b)
{
    const struct given *x = a, *y = b;
    int order = memcmp(x->subnet.bytes, y->subnet.bytes, sizeof(x->subnet.bytes));
    if (x->subnet.family != y->subnet.family)
        return x->subnet.family < y->subnet.family ? -1 : 1;
    if (order || x->subnet.prefix != y->subnet.prefix)
        return order ? order : x->subnet.prefix < y->subnet.prefix ? -1 : 1;
    return (x->mark->line > y->mark->line) - (x->mark->line < y->mark->line);
}

static int compare_macs(const void *a, const void *b)
{
    const struct given *x = a, *y = b;
    return memcmp(x->mac, y->mac, sizeof(x->mac));
}

static void collect(const struct interface_choice *c, bool with_subnets, struct given **subnets,
                    size_t *subnet_count, struct given **macs, size_t *mac_count)
{
    const struct ip *ips[] = {&c->v4, &c->v6};
    for (size_t i = 0; with_subnets && i < 2; i++) {
        if (!ips[i]->family)
            continue;
        *subnets = array_grow(*subnets, *subnet_count, sizeof(**subnets));
        (*subnets)[(*subnet_count)++] =
            (struct given){.subnet = ip_network(ips[i]), .mark = &c->mark};
    }
    if (!c->has_mac)
        return;
    *macs = array_grow(*macs, *mac_count, sizeof(**macs));
    (*macs)[*mac_count] = (struct given){.mark = &c->mac_mark};
    memcpy((*macs)[(*mac_count)++].mac, c->mac, sizeof(c->mac));
}

static int refuse_overlaps(const struct given *subnets, size_t count, struct error *err)
{
    size_t widest = 0; /* of those so far, the one that reaches farthest */
    for (size_t i = 1; i < count; i++) {
        char text[IP_TEXT_MAX], place[SCENARIO_PLACE_MAX];
        if (overlaps(&subnets[widest].subnet, &subnets[i].subnet))
            return yaml_error(err, subnets[i].mark, "the subnet overlaps %s at %s",
                              ip_format_prefix(text, &subnets[widest].subnet),
                              scenario_place(place, subnets[widest].mark));
        widest = i;
    }
    return 0;
}

int scenario_check_addresses(const struct scenario *s, struct error *err)
{
    _cleanup_(freep) struct given *subnets = NULL, *macs = NULL;
    size_t subnet_count = 0, mac_count = 0;
    for (size_t i = 0; i < s->link_count; i++)
        for (size_t end = 0; end < 2; end++)
            collect(&s->links[i].given[end], end == 0, &subnets, &subnet_count, &macs, &mac_count);
    for (size_t i = 0; i < s->network_count; i++)
        for (size_t m = 0; m < s->networks[i].member_count; m++)
            collect(&s->networks[i].members[m].given, m == 0, &subnets, &subnet_count, &macs,
                    &mac_count);
    if (subnet_count > 1)
        qsort(subnets, subnet_count, sizeof(*subnets), compare_subnets);
    if (mac_count > 1)
        qsort(macs, mac_count, sizeof(*macs), compare_macs);
    for (size_t i = 1; i < mac_count; i++) {
        char place[SCENARIO_PLACE_MAX];
        if (compare_macs(&macs[i - 1], &macs[i]) == 0)
            return yaml_error(err, macs[i].mark, "this MAC is taken already at %s",
                              scenario_place(place, macs[i - 1].mark));
    }
    return refuse_overlaps(subnets, subnet_count, err);
}
