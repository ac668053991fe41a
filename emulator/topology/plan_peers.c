/* SPDX-License-Identifier: MIT */
#include "topology/plan.h"

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
    if (first)
        fprintf(out, "\"%s\",\"%s\"", ip_format(v4, &first->v4), ip_format(v6, &first->v6));
    for (const struct port *q = p->ports; q < p->ports + p->port_count; q++)
        if (q->node == node && q != first)
            fprintf(out, ",\"%s\",\"%s\"", ip_format(v4, &q->v4), ip_format(v6, &q->v6));
    fputs("],\"rtt\":[", out);
    for (unsigned to = 0; to < s->node_count; to++) {
        uint64_t rtt = to == node ? 0 : scenario_rtt_ns(s, node, to);
        if (to)
            putc(',', out);
        if (rtt == UINT64_MAX)
            fputs("null", out);
        else
            fprintf(out, "%.9g", (double)rtt / 1e9);
    }
    fputs("]}", out);
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
