/* SPDX-License-Identifier: MIT
 *
 * Nodes get names and places, edges become links, what joins the same two nodes is put together,
 * and what is left is written.
 */
#include "import/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "import/globe.h"
#include "import/graphml.h"
#include "import/names.h"
#include "import/parts.h"
#include "import/speed.h"

#define RATE_MAX 1000000000000u /* of a scenario: 1000gbit */

struct point {
    char name[NAME_SIZE];
    struct place place;
    bool has_place;
    bool left_out;
};

/* One for each pair of nodes that an edge joins. */
struct joint {
    unsigned end[2]; /* the smaller index first */
    uint64_t rate_bps[2];
    unsigned edges[2]; /* how many lead that way */
    unsigned first;    /* the edge that comes first in the file */
};

struct network_import {
    const char *file;
    const struct graphml *graph;
    const struct network_options *options;
    struct import *out;
    struct point *points;
    struct joint *joints;
    size_t joint_count;
    size_t without_speed, without_length, no_length, from_label, one_way; /* links, edges */
};

static const char *value_of(const struct graphml_element *e, enum graphml_attribute attribute)
{
    return e->values[attribute] ? e->values[attribute] : "";
}

/* The Zoo writes "None" where it knows nothing. */
static const char *label_of(const struct graphml_element *e)
{
    const char *label = value_of(e, GRAPHML_LABEL);
    return strcmp(label, "None") == 0 ? "" : label;
}

/* --- nodes --- */

static void warn_list(struct network_import *n, struct import_list *list, const char *what)
{
    if (list->count > 0)
        import_warn(n->out, "%s (%zu): %s", what, list->count, import_list_end(list));
    import_list_done(list);
}

static void name_points(struct network_import *n)
{
    struct names names = {0};
    struct import_list external = {0}, bad = {0};
    for (size_t i = 0; i < n->graph->node_count; i++) {
        const struct graphml_element *e = &n->graph->nodes[i];
        struct point *p = &n->points[i];
        const char *latitude = value_of(e, GRAPHML_LATITUDE);
        const char *longitude = value_of(e, GRAPHML_LONGITUDE);
        names_make(&names, label_of(e), e->id, p->name);
        p->has_place = place_parse(latitude, longitude, &p->place);
        if (!p->has_place && (*latitude || *longitude))
            import_list_add(&bad, p->name);
        if (strcmp(value_of(e, GRAPHML_INTERNAL), "0") != 0)
            continue;
        p->left_out = n->options->internal;
        import_list_add(&external, p->name);
    }
    warn_list(n, &bad, "nodes whose coordinates are none");
    warn_list(n, &external,
              n->options->internal
                  ? "external nodes, left out"
                  : "external nodes, taken like the others (--internal leaves them out)");
    names_done(&names);
}

/* One round: nodes without a place get into the middle of those neighbours that had one before.
 * Whether there were any. */
static bool guess_round(struct network_import *n, struct import_list *guessed)
{
    const size_t count = n->graph->node_count;
    _cleanup_(freep) struct place *sums = xcalloc(count, sizeof(*sums));
    bool progress = false;
    for (size_t i = 0; i < n->joint_count; i++) {
        const unsigned *end = n->joints[i].end;
        const int known = n->points[end[1]].has_place;
        if (n->points[end[!known]].has_place || !n->points[end[known]].has_place)
            continue;
        place_add(&sums[end[!known]], &n->points[end[known]].place);
    }
    for (size_t i = 0; i < count; i++) {
        struct point *p = &n->points[i];
        if (p->has_place || !place_of_sum(&sums[i], &p->place))
            continue;
        progress = p->has_place = true;
        import_list_add(guessed, p->name);
    }
    return progress;
}

static void guess_places(struct network_import *n)
{
    struct import_list guessed = {0}, lost = {0};
    while (guess_round(n, &guessed))
        continue;
    for (size_t i = 0; i < n->graph->node_count; i++)
        if (!n->points[i].has_place && !n->points[i].left_out)
            import_list_add(&lost, n->points[i].name);
    warn_list(n, &guessed, "nodes without coordinates, put in the middle of their neighbours");
    warn_list(n, &lost, "nodes without coordinates, and so are their neighbours");
}

/* --- edges --- */

static uint64_t rate_of(struct network_import *n, const struct graphml_element *e)
{
    static const enum graphml_attribute texts[] = {GRAPHML_LINK_LABEL, GRAPHML_LINK_TYPE,
                                                   GRAPHML_LINK_NOTE};
    const char *units = value_of(e, GRAPHML_SPEED_UNITS);
    uint64_t bps = speed_of_number(value_of(e, GRAPHML_SPEED_RAW), "");
    if (bps == 0 && *units)
        bps = speed_of_number(value_of(e, GRAPHML_SPEED), units);
    if (bps == 0)
        bps = speed_of_text(value_of(e, GRAPHML_SPEED));
    for (size_t i = 0; bps == 0 && i < ARRAY_LEN(texts); i++) {
        bps = speed_of_text(value_of(e, texts[i]));
        n->from_label += bps > 0;
    }
    return bps;
}

static int compare_joints(const void *a, const void *b)
{
    const struct joint *x = a, *y = b;
    for (int i = 0; i < 2; i++)
        if (x->end[i] != y->end[i])
            return x->end[i] < y->end[i] ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int compare_in_file(const void *a, const void *b)
{
    const struct joint *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Every edge as a joint of its own, without loops and what was left out. */
static void list_joints(struct network_import *n)
{
    struct import_list loops = {0};
    n->joints = xcalloc(n->graph->edge_count, sizeof(*n->joints));
    for (size_t i = 0; i < n->graph->edge_count; i++) {
        const struct graphml_edge *e = &n->graph->edges[i];
        const unsigned a = e->node[0], b = e->node[1];
        if (a == b)
            import_list_add(&loops, n->points[a].name);
        if (a == b || n->points[a].left_out || n->points[b].left_out)
            continue;
        const int there = a > b; /* the direction of the joint that the edge leads to */
        const uint64_t rate = rate_of(n, &e->element);
        struct joint *j = &n->joints[n->joint_count++];
        *j = (struct joint){{a < b ? a : b, a < b ? b : a}, .first = (unsigned)i};
        j->edges[there] = 1;
        j->rate_bps[there] = rate;
        j->edges[!there] = !e->directed;
        j->rate_bps[!there] = e->directed ? 0 : rate;
    }
    warn_list(n, &loops, "edges of a node with itself, dropped");
}

static void add_rate(struct joint *to, const struct joint *from)
{
    for (int i = 0; i < 2; i++) {
        to->rate_bps[i] += from->rate_bps[i];
        if (to->rate_bps[i] > RATE_MAX)
            to->rate_bps[i] = RATE_MAX;
        to->edges[i] += from->edges[i];
    }
}

/* Edges between the same two nodes become one link, as fast as all of them. */
static void merge_joints(struct network_import *n)
{
    size_t kept = 0;
    struct import_list repeated = {0};
    qsort(n->joints, n->joint_count, sizeof(*n->joints), compare_joints);
    for (size_t i = 0; i < n->joint_count; i++) {
        struct joint *last = kept > 0 ? &n->joints[kept - 1] : NULL;
        const struct joint *j = &n->joints[i];
        if (last && last->end[0] == j->end[0] && last->end[1] == j->end[1])
            add_rate(last, j);
        else
            n->joints[kept++] = *j;
    }
    n->joint_count = kept;
    qsort(n->joints, kept, sizeof(*n->joints), compare_in_file);
    for (size_t i = 0; i < kept; i++) {
        const struct joint *j = &n->joints[i];
        _cleanup_(freep) char *pair =
            xasprintf("%s-%s", n->points[j->end[0]].name, n->points[j->end[1]].name);
        if (j->edges[0] > 1 || j->edges[1] > 1)
            import_list_add(&repeated, pair);
    }
    warn_list(n, &repeated,
              "several edges between two nodes, made one link with the sum of their rates");
}

static bool is_in_parts(const struct network_import *n)
{
    struct parts parts;
    parts_init(&parts, n->graph->node_count);
    for (size_t i = 0; i < n->joint_count; i++)
        parts_join(&parts, n->joints[i].end[0], n->joints[i].end[1]);
    for (size_t i = 0; i < n->graph->node_count; i++)
        parts.number -= n->points[i].left_out; /* nothing joins it */
    const size_t number = parts.number;
    parts_done(&parts);
    if (number > 1)
        import_warn(n->out, "parts of the network that do not reach each other: %zu", number);
    return number > 1;
}

/* --- writing --- */

static void write_nodes(struct network_import *n, struct text *out)
{
    text_add(out, "nodes:\n");
    for (size_t i = 0; i < n->graph->node_count; i++) {
        const struct graphml_element *e = &n->graph->nodes[i];
        if (n->points[i].left_out)
            continue;
        text_add(out, "  %s: {role: router}", n->points[i].name);
        if (*label_of(e) && strcmp(label_of(e), n->points[i].name) != 0) {
            text_add(out, " # ");
            import_add_foreign(out, label_of(e));
        }
        text_add(out, "\n");
    }
}

static uint64_t delay_of(struct network_import *n, const struct joint *j)
{
    const struct point *a = &n->points[j->end[0]], *b = &n->points[j->end[1]];
    if (!a->has_place || !b->has_place) {
        n->without_length++;
        return n->options->delay_ns;
    }
    uint64_t delay = fibre_delay_ns(place_distance_km(&a->place, &b->place) * n->options->detour);
    n->no_length += delay == 0;
    return delay;
}

/* The rate of a direction: an edge that leads one way only is taken to lead back as fast. */
static uint64_t direction_rate(struct network_import *n, const struct joint *j, int direction)
{
    uint64_t rate = j->rate_bps[j->edges[direction] ? direction : !direction];
    if (rate > 0)
        return rate;
    n->without_speed += direction == 0;
    return n->options->rate_bps;
}

static void write_link(struct network_import *n, const struct joint *j, struct text *out)
{
    const char *a = n->points[j->end[0]].name, *b = n->points[j->end[1]].name;
    char delay_text[UNITS_TEXT_MAX], rate_text[UNITS_TEXT_MAX];
    const uint64_t delay = delay_of(n, j);
    const uint64_t there = direction_rate(n, j, 0), back = direction_rate(n, j, 1);
    n->one_way += !j->edges[0] || !j->edges[1];
    text_add(out, "  - {ends: [%s, %s]", a, b);
    if (delay > 0)
        text_add(out, ", delay: %s", units_format_time(delay_text, delay));
    if (there > 0 && there == back)
        text_add(out, ", rate: %s", units_format_rate(rate_text, there));
    if (there > 0 && there != back)
        text_add(out, ", %s->%s: {rate: %s}", a, b, units_format_rate(rate_text, there));
    if (back > 0 && there != back)
        text_add(out, ", %s->%s: {rate: %s}", b, a, units_format_rate(rate_text, back));
    text_add(out, "}\n");
}

static void write_links(struct network_import *n, struct text *out)
{
    char text[UNITS_TEXT_MAX];
    text_add(out, n->joint_count > 0 ? "links:\n" : "");
    for (size_t i = 0; i < n->joint_count; i++)
        write_link(n, &n->joints[i], out);
    if (n->without_length > 0)
        import_warn(n->out, "links of unknown length, with a delay of %s (--delay): %zu",
                    units_format_time(text, n->options->delay_ns), n->without_length);
    if (n->no_length > 0)
        import_warn(n->out, "links between nodes at one place, without delay: %zu", n->no_length);
    if (n->one_way > 0)
        import_warn(n->out, "links that lead one way in the file, and both ways here: %zu",
                    n->one_way);
    if (n->from_label > 0)
        import_warn(n->out, "edges whose rate was read out of a label: %zu", n->from_label);
    if (n->without_speed > 0 && n->options->rate_bps)
        import_warn(n->out, "links of unknown speed, with a rate of %s: %zu",
                    units_format_rate(text, n->options->rate_bps), n->without_speed);
    else if (n->without_speed > 0)
        import_warn(n->out, "links of unknown speed, without a rate (--rate gives them one): %zu",
                    n->without_speed);
}

static void write_facts(struct network_import *n)
{
    static const enum graphml_attribute attributes[] = {GRAPHML_NETWORK, GRAPHML_DATE,
                                                        GRAPHML_SOURCE};
    static const char *const what[] = {"network", "of", "source"};
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        struct text text = {0};
        import_add_foreign(&text, value_of(&n->graph->graph, attributes[i]));
        if (*text.data)
            import_fact(n->out, "%s: %s", what[i], text.data);
        text_done(&text);
    }
    import_fact(n->out,
                "Delays: great circles between the coordinates times %g (--detour), at 2/3 of the "
                "speed of light.",
                n->options->detour);
}

static void warn_of_skipped(struct network_import *n)
{
    for (size_t i = 0; i < n->graph->skipped_count; i++) {
        const struct graphml_skipped *s = &n->graph->skipped[i];
        import_warn(n->out, "elements <%s>, passed over: %zu, the first in line %u", s->name,
                    s->count, s->line);
    }
    if (n->graph->graph_count > 1)
        import_warn(n->out, "graphs in the file, put together: %zu", n->graph->graph_count);
}

/* The graph's label, its network's name, or the file's. */
static void write_name(const struct network_import *n, struct text *out)
{
    const struct graphml_element *g = &n->graph->graph;
    const char *label = *label_of(g) ? label_of(g) : value_of(g, GRAPHML_NETWORK);
    const char *slash = strrchr(n->file, '/');
    const char *base = slash ? slash + 1 : n->file;
    _cleanup_(freep) char *stem = xasprintf("%.*s", (int)strcspn(base, "."), base);
    struct names names = {0};
    char name[NAME_SIZE];
    names_make(&names, label, stem, name);
    names_done(&names);
    text_add(out, "name: %s\nrouting: delay\n", name);
}

static int convert(struct network_import *n, struct error *err)
{
    struct text *out = &n->out->body;
    size_t left = 0;
    write_facts(n);
    warn_of_skipped(n);
    name_points(n);
    for (size_t i = 0; i < n->graph->node_count; i++)
        left += !n->points[i].left_out;
    if (left == 0)
        return error_input(err, "%s: all nodes are external: nothing is left of them", n->file);
    list_joints(n);
    merge_joints(n);
    guess_places(n);
    write_name(n, out);
    if (is_in_parts(n))
        text_add(out, "disconnected: yes\n");
    write_nodes(n, out);
    write_links(n, out);
    return 0;
}

int import_network(const char *file, const char *text, size_t size,
                   const struct network_options *options, struct import *ret, struct error *err)
{
    struct graphml *graph = NULL;
    struct network_import n = {.file = file, .options = options, .out = ret};
    int r = graphml_parse(file, text, size, &graph, err);
    if (r < 0)
        return r;
    n.graph = graph;
    n.points = xcalloc(graph->node_count, sizeof(*n.points));
    r = convert(&n, err);
    free(n.points);
    free(n.joints);
    graphml_free(graph);
    return r;
}
