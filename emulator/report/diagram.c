/* SPDX-License-Identifier: MIT */
#include "report/diagram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "report/html.h"
#include "report/svg.h"

enum {
    WIDTH = 720,
    HEIGHT = 430,
    LABELS_MAX = 15,   /* of wires: a mesh of six nodes */
    OUTLINE_MAX = 600, /* wires */
    NAMES_MAX = 40,
    GROUPS_MAX = 6,
};

/* --- which view --- */

static const char *group_of(const struct diagram *n, size_t node)
{
    return n->nodes[node].group ? n->nodes[node].group : "";
}

static bool has_lan(const struct diagram *n)
{
    for (size_t i = 0; i < n->node_count; i++)
        if (n->nodes[i].is_lan)
            return true;
    return false;
}

/* Every node with every other, and all wires the same. */
static bool is_uniform_mesh(const struct diagram *n)
{
    if (has_lan(n) || n->wire_count != n->node_count * (n->node_count - 1) / 2)
        return false;
    for (size_t i = 1; i < n->wire_count; i++)
        if (strcmp(n->wires[i].label, n->wires[0].label) != 0)
            return false;
    return true;
}

/* The nodes by their groups. */
struct groups {
    size_t *of; /* each node */
    size_t count;
    const char *names[GROUPS_MAX];
    size_t members[GROUPS_MAX];
    const char *labels[GROUPS_MAX][GROUPS_MAX]; /* of all wires between two; NULL: there is none */
    bool is_sound; /* there are few, and no two wires between the same two groups differ */
};

static void group_nodes(const struct diagram *n, struct groups *g)
{
    for (size_t i = 0; i < n->node_count && g->is_sound; i++) {
        size_t k = 0;
        while (k < g->count && strcmp(g->names[k], group_of(n, i)) != 0)
            k++;
        g->is_sound = k < GROUPS_MAX;
        if (!g->is_sound)
            return;
        if (k == g->count)
            g->names[g->count++] = group_of(n, i);
        g->members[k]++;
        g->of[i] = k;
    }
}

static void group_wires(const struct diagram *n, struct groups *g)
{
    for (size_t i = 0; i < n->wire_count && g->is_sound; i++) {
        size_t a = g->of[n->wires[i].a], b = g->of[n->wires[i].b];
        const char **label = &g->labels[a < b ? a : b][a < b ? b : a];
        g->is_sound = !*label || strcmp(*label, n->wires[i].label) == 0;
        *label = n->wires[i].label;
    }
}

/* `g->of` is the caller's to free. */
static void find_groups(const struct diagram *n, struct groups *g)
{
    *g = (struct groups){.of = xcalloc(n->node_count + 1, sizeof(*g->of))};
    g->is_sound = !has_lan(n);
    group_nodes(n, g);
    group_wires(n, g);
    g->is_sound = g->is_sound && g->count > 1;
}

static bool can_group(const struct diagram *n)
{
    struct groups g;
    find_groups(n, &g);
    free(g.of);
    return g.is_sound;
}

enum diagram_view diagram_view_of(const struct diagram *n)
{
    if (n->node_count > 3 && is_uniform_mesh(n))
        return DIAGRAM_HUB;
    if (n->wire_count <= LABELS_MAX || (has_lan(n) && n->wire_count <= NAMES_MAX))
        return DIAGRAM_WHOLE;
    if (can_group(n))
        return DIAGRAM_GROUPS;
    return n->wire_count <= OUTLINE_MAX && n->node_count <= NAMES_MAX ? DIAGRAM_OUTLINE
                                                                      : DIAGRAM_DOTS;
}

/* --- drawing --- */

struct place {
    double x, y;
    double angle;
};

/* Where something is written; x and y are its middle. */
struct box {
    double x, y, width, height;
};

struct sketch {
    FILE *out;
    const struct diagram *n;
    struct place *places;
    size_t *colors;    /* of each node's group */
    struct box *boxes; /* of nodes and labels */
    size_t box_count;
};

/* Nodes of a group stand side by side on the ring; LANs in the middle. */
static void arrange(struct sketch *s)
{
    const struct diagram *n = s->n;
    size_t lans = 0, on_ring = 0, place = 0, lan = 0, color = 0;
    _cleanup_(freep) bool *done = xcalloc(n->node_count + 1, sizeof(*done));
    for (size_t i = 0; i < n->node_count; i++)
        lans += n->nodes[i].is_lan;
    on_ring = n->node_count - lans;
    double turn = on_ring == 2 ? 0 : M_PI / 2;
    for (size_t i = 0; i < n->node_count; i++) {
        if (n->nodes[i].is_lan) {
            double at = lans > 1 ? (double)lan++ / (double)(lans - 1) - 0.5 : 0;
            s->places[i] = (struct place){WIDTH / 2.0 + at * 220, HEIGHT / 2.0, 0};
            continue;
        }
        bool first = true;
        for (size_t k = i; k < n->node_count && !done[i]; k++) {
            if (n->nodes[k].is_lan || done[k] || strcmp(group_of(n, i), group_of(n, k)) != 0)
                continue;
            double angle = 2 * M_PI * (double)place++ / (double)on_ring - turn;
            s->places[k] = (struct place){WIDTH / 2.0 + 255 * cos(angle),
                                          HEIGHT / 2.0 + 158 * sin(angle), angle};
            s->colors[k] = color;
            done[k] = k != i;
            first = false;
        }
        done[i] = true;
        color += !first;
    }
}

static void put_wire(const struct sketch *s, const struct diagram_wire *w)
{
    const struct place *a = &s->places[w->a], *b = &s->places[w->b];
    fprintf(s->out, "<line class=\"wire\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            a->x, a->y, b->x, b->y);
}

static bool meet(const struct box *a, const struct box *b)
{
    return fabs(a->x - b->x) < (a->width + b->width) / 2 &&
           fabs(a->y - b->y) < (a->height + b->height) / 2;
}

static bool is_free(const struct sketch *s, const struct box *box)
{
    for (size_t i = 0; i < s->box_count; i++)
        if (meet(box, &s->boxes[i]))
            return false;
    return true;
}

static double text_width(const char *text)
{
    double count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count * 5.9;
}

/* As near to the middle as no other label is in the way; in the middle if there is no such place.
 */
static void put_label(struct sketch *s, const struct diagram_wire *w)
{
    static const double places[] = {0.5, 0.43, 0.57, 0.36, 0.64, 0.29, 0.71, 0.22, 0.78, 0.5};
    const struct place *a = &s->places[w->a], *b = &s->places[w->b];
    struct box box = {.width = text_width(w->label) + 4, .height = 15};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        box.x = a->x + (b->x - a->x) * places[i];
        box.y = a->y + (b->y - a->y) * places[i];
        if (is_free(s, &box))
            break;
    }
    s->boxes[s->box_count++] = box;
    fprintf(s->out, "<text class=\"delay\" x=\"%.1f\" y=\"%.1f\">", box.x, box.y + 4);
    html_put(s->out, w->label);
    fputs("</text>\n", s->out);
}

static void put_name(const struct sketch *s, const struct place *p, double radius, const char *name,
                     const char *below)
{
    double y = p->y + sin(p->angle) * (radius + 8) +
               (sin(p->angle) < -0.3  ? (below && *below ? -12 : 0)
                : sin(p->angle) > 0.3 ? 12
                                      : 4);
    double reach = fabs(sin(p->angle)) < 0.95 ? radius + 8 : 0;
    const char *anchor = fabs(cos(p->angle)) < 0.3 ? "middle" : cos(p->angle) > 0 ? "start" : "end";
    double x = p->x + (strcmp(anchor, "middle") == 0 ? 0 : cos(p->angle) > 0 ? reach : -reach);
    fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" style=\"text-anchor:%s\">", x, y, anchor);
    html_put(s->out, name);
    if (below && *below) {
        fprintf(s->out, "<tspan class=\"small\" x=\"%.1f\" dy=\"14\">", x);
        html_put(s->out, below);
        fputs("</tspan>", s->out);
    }
    fputs("</text>\n", s->out);
}

static void put_node(const struct sketch *s, size_t i, double radius, bool with_name)
{
    const struct diagram_node *node = &s->n->nodes[i];
    const struct place *p = &s->places[i];
    if (node->is_lan) {
        fprintf(s->out,
                "<rect class=\"node\" x=\"%.1f\" y=\"%.1f\" width=\"84\" height=\"24\" rx=\"5\" "
                "stroke=\"var(--axis)\"/><text x=\"%.1f\" y=\"%.1f\">",
                p->x - 42, p->y - 12, p->x, p->y + 4);
        html_put(s->out, node->name);
        fputs("</text>\n", s->out);
        return;
    }
    fprintf(s->out,
            "<circle class=\"node\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" stroke=\"var(--s%zu)\">"
            "<title>",
            p->x, p->y, radius, s->colors[i] % SVG_COLORS);
    html_put(s->out, node->name);
    fputs("</title></circle>\n", s->out);
    if (with_name)
        put_name(s, p, radius, node->name, node->group);
}

static void put_hub(const struct sketch *s)
{
    struct place hub = {WIDTH / 2.0, HEIGHT / 2.0, 0};
    for (size_t i = 0; i < s->n->node_count; i++)
        fprintf(s->out, "<line class=\"wire\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                hub.x, hub.y, s->places[i].x, s->places[i].y);
    fprintf(s->out,
            "<rect class=\"node\" x=\"%.1f\" y=\"%.1f\" width=\"170\" height=\"44\" rx=\"8\" "
            "stroke=\"var(--axis)\"/><text x=\"%.1f\" y=\"%.1f\">any two nodes<tspan x=\"%.1f\" "
            "dy=\"15\">",
            hub.x - 85, hub.y - 22, hub.x, hub.y - 3, hub.x);
    html_put(s->out, s->n->wires[0].label);
    fputs("</tspan></text>\n", s->out);
}

static void put_sketch(struct sketch *s, enum diagram_view view)
{
    const struct diagram *n = s->n;
    arrange(s);
    double radius = n->node_count > 60 ? 3 : n->node_count > 24 ? 6 : 10;
    fprintf(s->out,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"the network: %zu nodes, %zu "
            "wires\">\n",
            WIDTH, HEIGHT, n->node_count, n->wire_count);
    if (view == DIAGRAM_HUB)
        put_hub(s);
    for (size_t i = 0; i < n->wire_count && (view == DIAGRAM_WHOLE || view == DIAGRAM_OUTLINE); i++)
        put_wire(s, &n->wires[i]);
    for (size_t i = 0; i < n->node_count; i++) {
        put_node(s, i, radius, n->node_count <= NAMES_MAX);
        s->boxes[s->box_count++] =
            (struct box){s->places[i].x, s->places[i].y, n->nodes[i].is_lan ? 84 : 2 * radius, 24};
    }
    for (size_t i = 0; i < n->wire_count && view == DIAGRAM_WHOLE; i++)
        put_label(s, &n->wires[i]);
    fputs("</svg>\n", s->out);
}

static void put_whole(FILE *out, const struct diagram *n, enum diagram_view view)
{
    struct sketch s = {.out = out, .n = n};
    s.places = xcalloc(n->node_count + 1, sizeof(*s.places));
    s.colors = xcalloc(n->node_count + 1, sizeof(*s.colors));
    s.boxes = xcalloc(n->node_count + n->wire_count + 1, sizeof(*s.boxes));
    put_sketch(&s, view);
    free(s.places);
    free(s.colors);
    free(s.boxes);
}

/* Draws the network whose nodes are the groups. */
static void put_groups(FILE *out, const struct diagram *n)
{
    struct groups g;
    struct diagram_node nodes[GROUPS_MAX];
    struct diagram_wire wires[GROUPS_MAX * GROUPS_MAX];
    char *texts[GROUPS_MAX];
    find_groups(n, &g);
    struct diagram groups = {nodes, g.count, wires, 0};
    for (size_t i = 0; i < g.count; i++) {
        texts[i] = g.labels[i][i]
                       ? xasprintf("%zu nodes, %s apart", g.members[i], g.labels[i][i])
                       : xasprintf("%zu %s", g.members[i], g.members[i] == 1 ? "node" : "nodes");
        nodes[i] = (struct diagram_node){*g.names[i] ? g.names[i] : "others", texts[i], false};
        for (size_t k = 0; k < i; k++)
            if (g.labels[k][i])
                wires[groups.wire_count++] = (struct diagram_wire){k, i, g.labels[k][i]};
    }
    put_whole(out, &groups, DIAGRAM_WHOLE);
    for (size_t i = 0; i < g.count; i++)
        free(texts[i]);
    free(g.of);
}

void diagram_put(FILE *out, const struct diagram *n)
{
    static const char *const notes[] = {
        [DIAGRAM_WHOLE] = "On each wire is its delay, one way.",
        [DIAGRAM_HUB] = "Every node is joined with every other by a wire of its own; all wires are "
                        "alike. Delays are one way.",
        [DIAGRAM_GROUPS] = "Each circle stands for all nodes of a region: every two of them have a "
                           "wire of their own. Delays are one way.",
        [DIAGRAM_OUTLINE] = "The delays are in the matrix below.",
        [DIAGRAM_DOTS] = "One circle for each node; the wires are too many to be drawn.",
    };
    enum diagram_view view = diagram_view_of(n);
    fputs("<div class=\"network\"><div class=\"scroll\">", out);
    if (view == DIAGRAM_GROUPS)
        put_groups(out, n);
    else
        put_whole(out, n, view);
    fprintf(out, "</div><p class=\"note\">%s</p></div>\n", notes[view]);
}
