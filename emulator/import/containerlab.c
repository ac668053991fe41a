/* SPDX-License-Identifier: MIT
 *
 * Nodes are read first, with what they inherit (node, group, kind, defaults, in that order); then
 * links, in the short form ("a:eth1") and the long one ({node: a, interface: eth1}).
 */
#include "import/containerlab.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "import/names.h"
#include "import/parts.h"
#include "topology/yaml.h"

#define IMAGE_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-@"

enum { UNUSED_MAX = 64 }; /* different ones */

enum place { PLACE_NODE, PLACE_BRIDGE, PLACE_OUTSIDE };

struct device {
    const struct yaml_pair *entry;
    enum place place;
    const char *kind;
    char name[NAME_SIZE];
    unsigned neighbours; /* other nodes and bridges */
};

struct wire {
    unsigned end[2]; /* indices of devices */
    const struct yaml *map;
};

struct setting {
    const char *key;
    size_t count;
};

struct containerlab {
    const struct containerlab_options *options;
    const struct yaml *topology;
    struct device *devices;
    size_t device_count;
    struct wire *wires;
    size_t wire_count;
    struct setting *unused; /* keys without a counterpart here */
    size_t unused_count;
    struct import_list outside, loops, repeated, bridged;
    struct import *out;
};

/* --- what the file says --- */

static const struct yaml *map_at(const struct yaml *map, const char *key)
{
    const struct yaml *value = yaml_get(map, key);
    return value && value->kind == YAML_MAP ? value : NULL;
}

static const char *scalar_at(const struct yaml *map, const char *key)
{
    const struct yaml *value = yaml_get(map, key);
    return value && value->kind == YAML_SCALAR && *value->scalar ? value->scalar : NULL;
}

/* What a node has of a setting by itself, its group, its kind or by default; NULL: nothing. */
static const char *setting_of(const struct containerlab *c, const struct yaml_pair *node,
                              const char *key)
{
    const struct yaml *groups = map_at(c->topology, "groups"),
                      *kinds = map_at(c->topology, "kinds");
    const struct yaml *defaults = map_at(c->topology, "defaults");
    const char *group = scalar_at(node->value, "group");
    const char *found = scalar_at(node->value, key);
    if (!found && group)
        found = scalar_at(map_at(groups, group), key);
    if (!found && strcmp(key, "kind") != 0) {
        const char *kind = setting_of(c, node, "kind");
        found = kind ? scalar_at(map_at(kinds, kind), key) : NULL;
    }
    return found ? found : scalar_at(defaults, key);
}

/* --- what has no counterpart --- */

static void note_setting(struct containerlab *c, const char *key)
{
    for (size_t i = 0; i < c->unused_count; i++)
        if (strcmp(c->unused[i].key, key) == 0) {
            c->unused[i].count++;
            return;
        }
    if (c->unused_count == UNUSED_MAX)
        return;
    c->unused = array_grow(c->unused, c->unused_count, sizeof(*c->unused));
    c->unused[c->unused_count++] = (struct setting){key, 1};
}

static void note_unused(struct containerlab *c, const struct yaml *map, const char *const *used)
{
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        const char *const *u = used;
        while (*u && strcmp(*u, map->pairs[i].key) != 0)
            u++;
        if (!*u)
            note_setting(c, map->pairs[i].key);
    }
}

static void note_all_unused(struct containerlab *c, const struct yaml *root)
{
    static const char *const top[] = {"name", "topology", NULL};
    static const char *const sections[] = {"nodes", "links", "kinds", "groups", "defaults", NULL};
    static const char *const node[] = {"kind", "image", "cpu", "memory", "group", NULL};
    static const char *const link[] = {"endpoints", "endpoint", "type", "mtu", NULL};
    static const char *const end[] = {"node", "interface", NULL};
    const struct yaml *links = yaml_get(c->topology, "links");
    note_unused(c, root, top);
    note_unused(c, c->topology, sections);
    note_unused(c, map_at(c->topology, "defaults"), node);
    for (size_t s = 0; s < 4; s++) {
        const struct yaml *map = map_at(c->topology, sections[s]);
        for (size_t i = 0; s != 1 && map && i < map->count; i++)
            note_unused(c, map->pairs[i].value, node);
    }
    for (size_t i = 0; links && i < links->count; i++) {
        const struct yaml *ends = yaml_get(links->items[i], "endpoints");
        note_unused(c, links->items[i], link);
        for (size_t n = 0; ends && ends->kind == YAML_LIST && n < ends->count; n++)
            note_unused(c, ends->items[n], end);
    }
    struct import_list list = {0};
    for (size_t i = 0; i < c->unused_count; i++) {
        _cleanup_(freep) char *text =
            xasprintf("'%.60s' (%zu)", c->unused[i].key, c->unused[i].count);
        import_list_add(&list, text);
    }
    if (list.count > 0)
        import_warn(c->out, "settings without a counterpart, left out: %s", import_list_end(&list));
    import_list_done(&list);
}

/* --- nodes --- */

static enum place place_of(const char *kind)
{
    static const char *const bridges[] = {"bridge", "ovs-bridge"};
    static const char *const outside[] = {"host", "ext-container", "k8s-kind"};
    for (size_t i = 0; i < ARRAY_LEN(bridges); i++)
        if (strcmp(kind, bridges[i]) == 0)
            return PLACE_BRIDGE;
    for (size_t i = 0; i < ARRAY_LEN(outside); i++)
        if (strcmp(kind, outside[i]) == 0)
            return PLACE_OUTSIDE;
    return PLACE_NODE;
}

static int read_nodes(struct containerlab *c, const struct mark *mark, struct error *err)
{
    const struct yaml *nodes = map_at(c->topology, "nodes");
    struct names names = {0};
    if (!nodes || nodes->count == 0)
        return yaml_error(err, mark, "found no 'topology: nodes:', expected a containerlab file");
    if (nodes->count > SCENARIO_NODES_MAX)
        return yaml_error(err, &nodes->mark, "too many nodes: found %zu, expected at most %d",
                          nodes->count, SCENARIO_NODES_MAX);
    c->devices = xcalloc(nodes->count, sizeof(*c->devices));
    c->device_count = nodes->count;
    for (size_t i = 0; i < nodes->count; i++) {
        struct device *d = &c->devices[i];
        d->entry = &nodes->pairs[i];
        d->kind = setting_of(c, d->entry, "kind");
        d->kind = d->kind ? d->kind : "linux";
        d->place = place_of(d->kind);
        names_make(&names, d->entry->key, "node", d->name);
    }
    names_done(&names);
    return 0;
}

static void warn_of_kinds(struct containerlab *c)
{
    struct import_list outside = {0}, systems = {0};
    for (size_t i = 0; i < c->device_count; i++) {
        const struct device *d = &c->devices[i];
        _cleanup_(freep) char *text = xasprintf("%s (%.60s)", d->name, d->kind);
        if (d->place == PLACE_OUTSIDE)
            import_list_add(&outside, text);
        else if (d->place == PLACE_NODE && strcmp(d->kind, "linux") != 0)
            import_list_add(&systems, text);
    }
    if (outside.count > 0)
        import_warn(c->out, "nodes outside of the lab, left out: %s", import_list_end(&outside));
    if (systems.count > 0)
        import_warn(c->out,
                    "kinds whose system does not start by itself here (wanlab forwards in its "
                    "place): %s",
                    import_list_end(&systems));
    import_list_done(&outside);
    import_list_done(&systems);
}

/* --- links --- */

/* The device that an end names, up to `len` characters; NULL: none in the file. */
static const struct device *find_device(const struct containerlab *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->device_count; i++) {
        const char *key = c->devices[i].entry->key;
        if (strncmp(key, name, len) == 0 && key[len] == '\0')
            return &c->devices[i];
    }
    return NULL;
}

/* Ends that are no nodes: the host, its interfaces, tunnels, the management network. */
static bool is_special(const char *name, size_t len)
{
    static const char *const special[] = {"host",  "mgmt-net",     "macvlan",
                                          "vxlan", "vxlan-stitch", "dummy"};
    for (size_t i = 0; i < ARRAY_LEN(special); i++)
        if (strlen(special[i]) == len && strncmp(special[i], name, len) == 0)
            return true;
    return false;
}

/* `*ret` is NULL for an end outside of the lab. */
static int read_end(const struct containerlab *c, const struct yaml *end, const struct device **ret,
                    struct error *err)
{
    const char *name = end->kind == YAML_MAP ? scalar_at(end, "node") : end->scalar;
    if (end->kind == YAML_LIST || !name || !*name)
        return yaml_error(err, &end->mark, "found an end without a node, expected NODE:INTERFACE");
    size_t len = end->kind == YAML_MAP ? strlen(name) : strcspn(name, ":");
    const struct device *found = find_device(c, name, len);
    if (!found && !is_special(name, len))
        return yaml_error(err, &end->mark, "found '%.60s', expected an end at one of the nodes",
                          name);
    *ret = found && found->place != PLACE_OUTSIDE ? found : NULL;
    return 0;
}

static bool is_known(const struct containerlab *c, const struct wire *w)
{
    for (size_t i = 0; i < c->wire_count; i++) {
        const unsigned *end = c->wires[i].end;
        if ((end[0] == w->end[0] && end[1] == w->end[1]) ||
            (end[0] == w->end[1] && end[1] == w->end[0]))
            return true;
    }
    return false;
}

static void add_wire(struct containerlab *c, const struct yaml *map, const struct device *a,
                     const struct device *b)
{
    const struct wire w = {{(unsigned)(a - c->devices), (unsigned)(b - c->devices)}, map};
    _cleanup_(freep) char *pair = xasprintf("%s-%s", a->name, b->name);
    if (a == b) {
        import_list_add(&c->loops, pair);
    } else if (a->place == PLACE_BRIDGE && b->place == PLACE_BRIDGE) {
        import_list_add(&c->bridged, pair);
    } else if (is_known(c, &w)) {
        import_list_add(&c->repeated, pair);
    } else {
        c->wires = array_grow(c->wires, c->wire_count, sizeof(*c->wires));
        c->wires[c->wire_count++] = w;
        c->devices[w.end[0]].neighbours++;
        c->devices[w.end[1]].neighbours++;
    }
}

static int read_link(struct containerlab *c, const struct yaml *map, struct error *err)
{
    const struct yaml *ends = yaml_get(map, "endpoints");
    const struct device *end[2] = {NULL, NULL};
    char line[32];
    snprintf(line, sizeof(line), "line %u", map->mark.line);
    if (map->kind == YAML_MAP && !ends && yaml_get(map, "endpoint")) {
        import_list_add(&c->outside, line); /* to the host or a tunnel */
        return 0;
    }
    if (!ends || ends->kind != YAML_LIST || ends->count != 2)
        return yaml_error(err, &map->mark, "found a link without two 'endpoints'");
    for (size_t i = 0; i < 2; i++) {
        int r = read_end(c, ends->items[i], &end[i], err);
        if (r < 0)
            return r;
    }
    if (end[0] && end[1])
        add_wire(c, map, end[0], end[1]);
    else
        import_list_add(&c->outside, line);
    return 0;
}

static void warn_list(struct containerlab *c, struct import_list *list, const char *what)
{
    if (list->count > 0)
        import_warn(c->out, "%s (%zu): %s", what, list->count, import_list_end(list));
    import_list_done(list);
}

static int read_links(struct containerlab *c, struct error *err)
{
    const struct yaml *links = yaml_get(c->topology, "links");
    int r = links ? yaml_expect_list(links, "links", err) : 0;
    for (size_t i = 0; r == 0 && links && i < links->count; i++)
        r = read_link(c, links->items[i], err);
    warn_list(c, &c->outside, "links to the host, tunnels or other places outside, left out");
    warn_list(c, &c->loops, "links of a node with itself, left out");
    warn_list(c, &c->bridged, "links between bridges, left out");
    warn_list(c, &c->repeated, "more than one link between two nodes, only the first is kept");
    return r;
}

/* --- writing --- */

/* "1.5gb" as "1.5GB"; false if it is no size. */
static bool convert_memory(const char *text, char *ret, size_t size)
{
    static const char *const units[][2] = {
        {"b", "B"},   {"kb", "KB"},   {"mb", "MB"},   {"gb", "GB"},   {"k", "KiB"}, {"m", "MiB"},
        {"g", "GiB"}, {"kib", "KiB"}, {"mib", "MiB"}, {"gib", "GiB"}, {"", "B"}};
    const size_t digits = strspn(text, "0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    uint64_t bytes;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (strcasecmp(unit, units[i][0]) == 0) {
            snprintf(ret, size, "%.*s%s", (int)digits, text, units[i][1]);
            return units_parse_size(ret, &bytes, NULL) == 0;
        }
    return false;
}

static void write_limits(struct containerlab *c, const struct device *d)
{
    const char *cpu = setting_of(c, d->entry, "cpu"), *memory = setting_of(c, d->entry, "memory");
    char *end, size[64];
    double cpus = cpu ? strtod(cpu, &end) : 0;
    if (cpu && !*end && cpus >= 0.01 && cpus <= 4096)
        text_add(&c->out->body, ", cpus: %g", cpus);
    else if (cpu)
        import_warn(c->out, "node '%s': 'cpu: %.60s' is left out", d->name, cpu);
    if (memory && convert_memory(memory, size, sizeof(size)))
        text_add(&c->out->body, ", memory: %s", size);
    else if (memory)
        import_warn(c->out, "node '%s': 'memory: %.60s' is left out", d->name, memory);
}

/* The image of a node, if a scenario can name it. */
static const char *image_of(struct containerlab *c, const struct device *d)
{
    const char *image = setting_of(c, d->entry, "image");
    if (!image || image[0] == '-' || !image[strspn(image, IMAGE_LETTERS)])
        return image;
    import_warn(c->out, "node '%s': 'image: %.80s' is no image's name, left out", d->name, image);
    return NULL;
}

static void write_node(struct containerlab *c, const struct device *d)
{
    struct text *out = &c->out->body;
    const char *image = image_of(c, d);
    bool is_docker = image && !c->options->processes;
    text_add(out, "  %s: {kind: %s", d->name, is_docker ? "docker" : "process");
    if (is_docker) {
        text_add(out, ", image: ");
        import_add_quoted(out, image);
    }
    if (d->neighbours > 1)
        text_add(out, ", role: router");
    write_limits(c, d);
    text_add(out, "} # ");
    import_add_foreign(out, d->kind);
    if (image && !is_docker) {
        text_add(out, ", ");
        import_add_foreign(out, image);
    }
    text_add(out, "\n");
}

static int write_mtu(struct containerlab *c, const struct yaml *map, struct error *err)
{
    const struct yaml *mtu = yaml_get(map, "mtu");
    uint64_t bytes;
    if (!mtu)
        return 0;
    if (yaml_expect_scalar(mtu, "an MTU", err) < 0)
        return -err->code;
    if (units_parse_integer(mtu->scalar, 1280, 65521, &bytes, err) < 0)
        return yaml_wrap(err, &mtu->mark);
    text_add(&c->out->body, ", mtu: %u", (unsigned)bytes);
    return 0;
}

static bool is_to_bridge(const struct containerlab *c, const struct wire *w, unsigned *ret_member,
                         unsigned *ret_bridge)
{
    for (int i = 0; i < 2; i++)
        if (c->devices[w->end[i]].place == PLACE_BRIDGE) {
            *ret_bridge = w->end[i];
            *ret_member = w->end[!i];
            return true;
        }
    return false;
}

static int write_links(struct containerlab *c, struct error *err)
{
    bool any = false;
    unsigned member, bridge;
    for (size_t i = 0; i < c->wire_count; i++) {
        const struct wire *w = &c->wires[i];
        if (is_to_bridge(c, w, &member, &bridge))
            continue;
        text_add(&c->out->body, "%s  - {ends: [%s, %s]", any ? "" : "links:\n",
                 c->devices[w->end[0]].name, c->devices[w->end[1]].name);
        any = true;
        int r = write_mtu(c, w->map, err);
        if (r < 0)
            return r;
        text_add(&c->out->body, "}\n");
    }
    return 0;
}

static void write_networks(struct containerlab *c)
{
    bool any = false;
    unsigned member, bridge;
    for (unsigned i = 0; i < c->device_count; i++) {
        size_t members = 0;
        if (c->devices[i].place != PLACE_BRIDGE || c->devices[i].neighbours == 0)
            continue;
        text_add(&c->out->body, "%s  %s: {members: [", any ? "" : "networks:\n",
                 c->devices[i].name);
        any = true;
        for (size_t w = 0; w < c->wire_count; w++)
            if (is_to_bridge(c, &c->wires[w], &member, &bridge) && bridge == i)
                text_add(&c->out->body, "%s%s", members++ ? ", " : "", c->devices[member].name);
        text_add(&c->out->body, "]}\n");
    }
}

static void write_disconnected(struct containerlab *c)
{
    struct parts parts;
    parts_init(&parts, c->device_count);
    for (size_t i = 0; i < c->wire_count; i++)
        parts_join(&parts, c->wires[i].end[0], c->wires[i].end[1]);
    for (size_t i = 0; i < c->device_count; i++) /* nothing joins these */
        parts.number -= c->devices[i].place == PLACE_OUTSIDE ||
                        (c->devices[i].place == PLACE_BRIDGE && c->devices[i].neighbours == 0);
    if (parts.number > 1) {
        import_warn(c->out, "parts of the lab that do not reach each other: %zu", parts.number);
        text_add(&c->out->body, "disconnected: yes\n");
    }
    parts_done(&parts);
}

static int write_scenario(struct containerlab *c, const struct yaml *root, struct error *err)
{
    const char *label = scalar_at(root, "name");
    struct text *out = &c->out->body;
    struct names names = {0};
    struct import_list routers = {0};
    char name[NAME_SIZE];
    size_t nodes = 0;
    names_make(&names, label ? label : "", "lab", name);
    names_done(&names);
    import_fact(c->out, "From a containerlab topology. Interfaces are eth0, eth1 … in every node.");
    text_add(out, "name: %s\n", name);
    write_disconnected(c);
    text_add(out, "nodes:\n");
    for (size_t i = 0; i < c->device_count; i++)
        if (c->devices[i].place == PLACE_NODE) {
            nodes++;
            write_node(c, &c->devices[i]);
            if (c->devices[i].neighbours > 1)
                import_list_add(&routers, c->devices[i].name);
        }
    warn_list(c, &routers, "nodes with several links, made routers");
    if (nodes == 0)
        return yaml_error(err, &root->mark, "found no node that can be one here");
    int r = write_links(c, err);
    if (r == 0)
        write_networks(c);
    return r;
}

int import_containerlab(const char *file, const char *text, size_t size,
                        const struct containerlab_options *options, struct import *ret,
                        struct error *err)
{
    struct yaml_document document = {0};
    struct containerlab c = {.options = options, .out = ret};
    int r = yaml_parse(file, text, size, &document, err);
    if (r < 0)
        return r;
    c.topology = map_at(document.root, "topology");
    r = read_nodes(&c, &document.root->mark, err);
    if (r == 0) {
        warn_of_kinds(&c);
        r = read_links(&c, err);
    }
    if (r == 0) {
        note_all_unused(&c, document.root);
        r = write_scenario(&c, document.root, err);
    }
    free(c.devices);
    free(c.wires);
    free(c.unused);
    yaml_close(&document);
    return r;
}
