/* SPDX-License-Identifier: MIT
 *
 * Bare wires. They cost nothing until somebody wants them changed; then their connection is opened
 * and led through the engine: TAPs are put between its ports for the delay line, or a place for a
 * qdisc is made. The step that leads packets the new way comes when all that it needs is there.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/plan_internal.h"

void plan_netem_place(const struct wire *w, int *ret_index, uint32_t *ret_minor)
{
    *ret_index = (w->kind == WIRE_UPLINK ? INDEX_IFB : INDEX_PORT) + (int)w->to_port;
    *ret_minor = w->kind == WIRE_WAN ? w->from_port + 1 : 0;
}

static void add_bare_link(struct plan *p, const struct link *link, unsigned first)
{
    unsigned taps[2] = {0};
    if (!impairment_is_none(&link->direction[0]) || !impairment_is_none(&link->direction[1]))
        return;
    for (unsigned end = 0; end < 2 && p->engine == ENGINE_DELAYLINE; end++)
        taps[end] = plan_reserve_tap(p, first + end, 't');
    for (unsigned d = 0; d < 2; d++)
        plan_add_link_wire(p, link, first, d, taps);
}

static void add_bare_member(struct plan *p, const struct network *n, const struct network_member *m,
                            unsigned port)
{
    unsigned taps[2] = {0}, wires[2];
    if (!impairment_is_none(&m->up) || !impairment_is_none(&m->down))
        return;
    for (unsigned end = 0; end < 2 && p->engine == ENGINE_DELAYLINE; end++)
        taps[end] = plan_reserve_tap(p, port, "tu"[end]);
    plan_add_member_wires(p, n, m, port, taps, wires);
}

void plan_add_bare_wires(struct plan *p)
{
    const struct scenario *s = p->scenario;
    const size_t wires = p->wire_count, taps = p->tap_count;
    unsigned port = (unsigned)s->wan.member_count;
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        add_bare_link(p, &s->links[i], port);
    for (size_t i = 0; i < s->network_count; i++)
        for (size_t m = 0; m < s->networks[i].member_count; m++, port++)
            add_bare_member(p, &s->networks[i], &s->networks[i].members[m], port);
    p->bare_count = p->wire_count - wires;
    p->bare_tap_count = p->tap_count - taps;
    p->wire_count = wires;
    p->tap_count = taps;
}

bool plan_is_bare(const struct plan *p, unsigned wire)
{
    const struct wire *w = &p->wires[wire];
    if (p->engine == ENGINE_NETEM) /* elsewhere a qdisc can be put in place at any time */
        return w->kind == WIRE_UPLINK && impairment_is_none(&w->impairment);
    return wire >= p->wire_count;
}

/* The number of the network that a member's port belongs to. */
static int network_of(const struct scenario *s, unsigned port)
{
    unsigned first = (unsigned)(s->wan.member_count + 2 * s->link_count);
    for (int i = 0;; i++) {
        first += (unsigned)s->networks[i].member_count;
        if (port < first)
            return i;
    }
}

/* A TAP that leads to its port, without anything that leads to the TAP. */
static void add_exit(struct plan *p, unsigned number)
{
    const struct tap *tap = &p->taps[number];
    const struct port *port = &p->ports[tap->port];
    plan_open_tap(p, number);
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, tap->dev, tap->index);
    plan_add_redirect(p, tap->dev, tap->index, port->dev, port->index);
}

static void add_entry(struct plan *p, unsigned number, bool replace)
{
    const struct tap *tap = &p->taps[number];
    const struct port *port = &p->ports[tap->port];
    plan_add_redirect(p, port->dev, port->index, tap->dev, tap->index)->replace = replace;
}

static void splice_member(struct plan *p, const struct wire *w, int network, const char *bridge)
{
    const struct port *port = &p->ports[w->from_port];
    unsigned outer = w->kind == WIRE_UPLINK ? w->from_tap : w->to_tap;
    unsigned inner = w->kind == WIRE_UPLINK ? w->to_tap : w->from_tap;
    const struct tap *tap = &p->taps[inner];
    add_exit(p, outer);
    plan_open_tap(p, inner);
    plan_add_dev(p, OP_CLSACT, PLAN_FABRIC, port->dev, port->index);
    struct op *op = plan_add_dev(p, OP_MASTER, PLAN_FABRIC, tap->dev, tap->index);
    op->target = bridge;
    op->target_index = INDEX_BRIDGE + network;
    add_entry(p, outer, false);
    plan_add_dev(p, OP_NO_MASTER, PLAN_FABRIC, port->dev, port->index);
}

void plan_splice(const struct plan *p, unsigned wire, struct splice *ret)
{
    const struct wire *w = &p->wires[wire];
    struct plan steps = *p; /* which shares all but the steps */
    steps.ops = NULL;
    steps.op_count = 0;
    int network = w->kind == WIRE_LINK ? -1 : network_of(p->scenario, w->from_port);
    snprintf(ret->ifb, sizeof(ret->ifb), "i%u", w->from_port);
    snprintf(ret->bridge, sizeof(ret->bridge), "br%d", network);
    if (p->engine == ENGINE_NETEM) {
        plan_add_uplink(&steps, w->from_port, ret->ifb, wire);
    } else if (w->kind == WIRE_LINK) {
        add_exit(&steps, w->from_tap);
        add_exit(&steps, w->to_tap);
        add_entry(&steps, w->from_tap, true);
        add_entry(&steps, w->to_tap, true);
    } else {
        splice_member(&steps, w, network, ret->bridge);
    }
    ret->ops = steps.ops;
    ret->op_count = steps.op_count;
}

void plan_splice_done(struct splice *s)
{
    free(s->ops);
    *s = (struct splice){0};
}
