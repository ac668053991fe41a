/* SPDX-License-Identifier: MIT */
#include "topology/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"

enum { MESH_MAX = 4 };

/* What a set of wires does at least and at most. */
struct range {
    bool any;
    struct impairment least, most;
};

#define WIDEN(range, i, field)                                                                     \
    do {                                                                                           \
        if (!(range)->any || (i)->field < (range)->least.field)                                    \
            (range)->least.field = (i)->field;                                                     \
        if (!(range)->any || (i)->field > (range)->most.field)                                     \
            (range)->most.field = (i)->field;                                                      \
    } while (0)

static void range_add(struct range *r, const struct impairment *i)
{
    WIDEN(r, i, delay_ns);
    WIDEN(r, i, loss);
    WIDEN(r, i, rate_bps);
    r->any = true;
}

static void print_between(const char *word, const char *least, const char *most, const char **comma,
                          FILE *out)
{
    fprintf(out, "%s%s%s", *comma, word, least);
    if (strcmp(least, most) != 0)
        fprintf(out, " to %s", most);
    *comma = ", ";
}

/* "10ms, 20mbit, loss 1%", or "5ms to 80ms"; nothing of what no wire does. */
static void print_range(const struct range *r, FILE *out)
{
    char least[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
    const char *comma = "";
    if (r->most.delay_ns)
        print_between("", units_format_time(least, r->least.delay_ns),
                      units_format_time(most, r->most.delay_ns), &comma, out);
    if (r->most.rate_bps) {
        if (r->least.rate_bps)
            units_format_rate(least, r->least.rate_bps);
        else
            strcpy(least, "any rate");
        print_between("", least, units_format_rate(most, r->most.rate_bps), &comma, out);
    }
    if (r->most.loss > 0)
        print_between("loss ", units_format_share(least, r->least.loss),
                      units_format_share(most, r->most.loss), &comma, out);
}

static void print_impairment(const struct impairment *i, FILE *out)
{
    struct range one = {0};
    range_add(&one, i);
    print_range(&one, out);
}

static bool is_same(const struct impairment *a, const struct impairment *b)
{
    return a->delay_ns == b->delay_ns && a->rate_bps == b->rate_bps && a->loss == b->loss;
}

/* One text for both directions, or a line for each. */
static void print_edge(const char *from, const char *to, const struct impairment *there,
                       const struct impairment *back, FILE *out)
{
    fprintf(out, "  \"%s\" -- \"%s\" [label=\"", from, to);
    print_impairment(there, out);
    if (!is_same(there, back)) {
        fprintf(out, " to %s\\n", to);
        print_impairment(back, out);
        fprintf(out, " to %s", from);
    }
    fputs("\"];\n", out);
}

static void print_quoted(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* The regions that the nodes name, in their order, once each. Free `*ret`. */
static size_t list_regions(const struct scenario *s, const char ***ret)
{
    const char **regions = xcalloc(s->node_count, sizeof(*regions));
    size_t count = 0;
    for (size_t i = 0; i < s->node_count; i++) {
        size_t k = 0;
        while (s->nodes[i].region && k < count && strcmp(regions[k], s->nodes[i].region) != 0)
            k++;
        if (s->nodes[i].region && k == count)
            regions[count++] = s->nodes[i].region;
    }
    *ret = regions;
    return count;
}

/* A colour of its own for each region, round a circle. */
static void print_colour(const char *region, const char *const *regions, size_t count, FILE *out)
{
    size_t number = 0;
    while (strcmp(regions[number], region) != 0)
        number++;
    fprintf(out, ", fillcolor=\"%.3f 0.3 1.0\"", (double)number / (double)count);
}

static void print_node(const struct node *n, const char *const *regions, size_t region_count,
                       FILE *out)
{
    static const char *const shapes[] = {
        [NODE_KIND_PROCESS] = "ellipse",  [NODE_KIND_CONTAINER] = "component",
        [NODE_KIND_UML] = "box3d",        [NODE_KIND_QEMU] = "box3d",
        [NODE_KIND_DOCKER] = "component", [NODE_KIND_NATIVE] = "house"};
    bool is_router = n->role == ROLE_ROUTER;
    fprintf(out, "  \"%s\" [shape=%s, label=\"%s\\n%s%s", n->name,
            is_router ? "octagon" : shapes[n->kind], n->name, is_router ? "router, " : "",
            scenario_kind_name(n->kind));
    if (n->region) {
        fputs(", ", out);
        print_quoted(n->region, out);
    }
    fputc('"', out);
    if (n->region)
        print_colour(n->region, regions, region_count, out);
    fputs("];\n", out);
}

static const struct impairment none;

/* The wire of a link or network from a port (an uplink), or to it (a downlink); the wan's, which
 * come first, are not looked at. */
static const struct impairment *impairment_of(const struct plan *p, enum wire_kind kind,
                                              unsigned port)
{
    size_t members = p->scenario->wan.member_count, first = members ? members * (members - 1) : 0;
    for (size_t i = first; i < p->wire_count; i++)
        if (p->wires[i].kind == kind && p->wires[i].from_port == port)
            return &p->wires[i].impairment;
    return &none;
}

static void print_links(const struct plan *p, FILE *out)
{
    const struct scenario *s = p->scenario;
    unsigned port = (unsigned)s->wan.member_count;
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        print_edge(s->nodes[p->ports[port].node].name, s->nodes[p->ports[port + 1].node].name,
                   impairment_of(p, WIRE_LINK, port), impairment_of(p, WIRE_LINK, port + 1), out);
}

static void print_networks(const struct plan *p, FILE *out)
{
    const struct scenario *s = p->scenario;
    unsigned port = (unsigned)(s->wan.member_count + 2 * s->link_count);
    for (size_t i = 0; i < s->network_count; i++) {
        const char *name = s->networks[i].name;
        fprintf(out, "  \"%s\" [shape=box, style=bold, fillcolor=white];\n", name);
        for (size_t m = 0; m < s->networks[i].member_count; m++, port++)
            print_edge(s->nodes[p->ports[port].node].name, name,
                       impairment_of(p, WIRE_UPLINK, port), impairment_of(p, WIRE_DOWNLINK, port),
                       out);
    }
}

/* The wan's wires: [from][to], without those to itself. */
static const struct impairment *pair(const struct plan *p, size_t from, size_t to)
{
    size_t others = p->scenario->wan.member_count - 1;
    return &p->wires[from * others + to - (to > from)].impairment;
}

static const char *member_name(const struct plan *p, size_t member)
{
    return p->scenario->nodes[p->scenario->wan.members[member]].name;
}

static void print_mesh(const struct plan *p, FILE *out)
{
    for (size_t a = 0; a < p->scenario->wan.member_count; a++)
        for (size_t b = a + 1; b < p->scenario->wan.member_count; b++)
            print_edge(member_name(p, a), member_name(p, b), pair(p, a, b), pair(p, b, a), out);
}

static void print_hub(const struct plan *p, FILE *out)
{
    size_t n = p->scenario->wan.member_count;
    struct range all = {0};
    for (size_t i = 0; i < n * (n - 1); i++)
        range_add(&all, &p->wires[i].impairment);
    /* A name with a blank is no node's. */
    fprintf(out, "  \"the wan\" [peripheries=2, fillcolor=white, label=\"wan of %zu\\n", n);
    print_range(&all, out);
    fputs("\"];\n", out);
    for (size_t a = 0; a < n; a++) {
        struct range own = {0};
        for (size_t b = 0; b < n; b++)
            if (b != a)
                range_add(&own, pair(p, a, b));
        fprintf(out, "  \"%s\" -- \"the wan\" [label=\"", member_name(p, a));
        if (!is_same(&own.least, &all.least) || !is_same(&own.most, &all.most))
            print_range(&own, out); /* else the hub says it */
        fputs("\"];\n", out);
    }
}

void graph_print(const struct plan *p, FILE *out)
{
    const struct scenario *s = p->scenario;
    _cleanup_(freep) const char **regions = NULL;
    size_t region_count = list_regions(s, &regions);
    fprintf(out,
            "graph \"%s\" {\n"
            "  graph [layout=neato, overlap=false, sep=\"+12\", splines=true];\n"
            "  node [fontname=\"sans-serif\", fontsize=11, style=filled, fillcolor=white];\n"
            "  edge [fontname=\"sans-serif\", fontsize=9, len=2.5];\n",
            s->name);
    for (unsigned i = 0; i < s->node_count; i++)
        print_node(&s->nodes[i], regions, region_count, out);
    if (s->wan.member_count > MESH_MAX)
        print_hub(p, out);
    else
        print_mesh(p, out);
    print_links(p, out);
    print_networks(p, out);
    fputs("}\n", out);
}
