/* SPDX-License-Identifier: MIT
 *
 * A network drawn as SVG for a page: nodes on a ring with what belongs together side by side, wires
 * with what is written on them. Where all nodes are joined in the same way a hub stands for the
 * wires; where there are too many for their labels, groups stand for their nodes, or the labels are
 * left out.
 */
#ifndef WANLAB_REPORT_DIAGRAM_H
#define WANLAB_REPORT_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diagram_node {
    const char *name;
    const char *group; /* nodes of one have one colour; NULL: none */
    bool is_lan;       /* drawn as a bar in the middle */
};

struct diagram_wire {
    size_t a, b;       /* places among the nodes */
    const char *label; /* "10 ms" */
};

struct diagram {
    const struct diagram_node *nodes;
    size_t node_count;
    const struct diagram_wire *wires;
    size_t wire_count;
};

enum diagram_view {
    DIAGRAM_WHOLE,   /* every wire with its label */
    DIAGRAM_HUB,     /* all wires are alike */
    DIAGRAM_GROUPS,  /* groups in place of nodes */
    DIAGRAM_OUTLINE, /* every wire, no labels */
    DIAGRAM_DOTS,    /* only nodes, and few names */
};

/* How diagram_put() draws it. */
enum diagram_view diagram_view_of(const struct diagram *n);

/* Writes the SVG element and a line that says how to read it. */
void diagram_put(FILE *out, const struct diagram *n);

#endif
