/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "topology/plan.h"

/* Asked round trips from one node to all others. On a LAN most are alike: what was formatted is
 * used again. */
static void print_rtts(const struct scenario *s, unsigned node, FILE *out)
{
    uint64_t *rtts = xcalloc(s->node_count, sizeof(*rtts)), shown = UINT64_MAX;
    char text[32] = "null";
    scenario_rtts(s, node, rtts);
    for (unsigned to = 0; to < s->node_count; to++) {
        if (to)
            putc(',', out);
        if (rtts[to] != shown)
            snprintf(text, sizeof(text), "%.9g", (double)rtts[to] / 1e9);
        if (rtts[to] == UINT64_MAX)
            strcpy(text, "null");
        shown = rtts[to];
        fputs(text, out);
    }
    free(rtts);
}

/* Names and regions have no character that JSON would want escaped: the scenario saw to it. */
static void print_peer(const struct plan *p, unsigned viewer, unsigned node, FILE *out)
{
    const struct port *first = plan_port_towards(p, viewer, node);
    const struct scenario *s = p->scenario;
    char v4[IP_TEXT_MAX], v6[IP_TEXT_MAX];
    fprintf(out, "{\"name\":\"%s\",\"index\":%u,\"region\":", s->nodes[node].name, node);
    if (s->nodes[node].region)
        fprintf(out, "\"%s\"", s->nodes[node].region);
    else
        fputs("null", out);
    fputs(",\"addresses\":[", out);
    if (plan_is_loopback(p, viewer, node))
        fputs("\"127.0.0.1\"", out);
    if (first)
        fprintf(out, "\"%s\",\"%s\"", ip_format(v4, &first->v4), ip_format(v6, &first->v6));
    for (const struct port *q = p->ports; q < p->ports + p->port_count; q++)
        if (q->node == node && q != first)
            fprintf(out, ",\"%s\",\"%s\"", ip_format(v4, &q->v4), ip_format(v6, &q->v6));
    putc(']', out);
    if (s->node_count <= PLAN_RTT_NODES_MAX) {
        fputs(",\"rtt\":[", out);
        print_rtts(s, node, out);
        putc(']', out);
    }
    putc('}', out);
}

bool plan_is_loopback(const struct plan *p, unsigned a, unsigned b)
{
    const struct node *nodes = p->scenario->nodes;
    return !scenario_is_wired(nodes[a].kind) && !scenario_is_wired(nodes[b].kind);
}

void plan_print_peers(const struct plan *p, unsigned viewer, FILE *out)
{
    putc('[', out);
    for (unsigned i = 0; i < p->scenario->node_count; i++) {
        if (i)
            fputs(",\n", out);
        print_peer(p, viewer, i, out);
    }
    fputs("]\n", out);
}
