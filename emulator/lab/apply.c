/* SPDX-License-Identifier: MIT */
#include "lab/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "lab/boot.h"
#include "net/interface.h"
#include "net/offload.h"
#include "net/route.h"
#include "net/sysctl.h"
#include "net/tc.h"
#include "node/machine.h"
#include "wire/netem.h"

int fabric_init(struct fabric *f, const struct plan *plan, struct error *err)
{
    *f = (struct fabric){.plan = plan, .bare_mounts = -1};
    f->nodes = xcalloc(plan->scenario->node_count, sizeof(*f->nodes));
    f->boots = xcalloc(plan->scenario->node_count, sizeof(*f->boots));
    for (size_t i = 0; i < plan->scenario->node_count; i++)
        f->nodes[i] = node_none;
    f->tap_fds = xcalloc(plan_taps(plan), sizeof(*f->tap_fds));
    for (size_t i = 0; i < plan_taps(plan); i++)
        f->tap_fds[i] = -1;
    return netlink_open(&f->netlink, err);
}

void fabric_done(struct fabric *f)
{
    for (size_t i = 0; f->nodes && i < f->plan->scenario->node_count; i++) {
        if (f->nodes[i].driver)
            f->nodes[i].driver->stop(&f->nodes[i]);
        boot_done(&f->boots[i]);
    }
    for (size_t i = 0; f->tap_fds && i < plan_taps(f->plan); i++)
        fd_closep(&f->tap_fds[i]);
    fd_closep(&f->bare_mounts);
    netlink_close(f->netlink);
    free(f->nodes);
    free(f->boots);
    free(f->tap_fds);
    *f = (struct fabric){.bare_mounts = -1};
}

/* Not to be gathered: the descriptor is good for now only. */
static int add_veth(struct fabric *f, const struct op *op, struct error *err)
{
    const struct port *port = &f->plan->ports[op->port];
    _cleanup_(fd_closep) int ns = -1;
    int r = netlink_namespace(f->nodes[port->node].netlink, &ns, err);
    if (r < 0)
        return r;
    struct veth veth = {
        .name = port->dev,
        .index = port->index,
        .mac = port->mac,
        .peer_name = port->node_dev,
        .peer_index = port->node_index,
        .peer_mac = port->node_mac,
        .peer_ns_fd = ns,
        .mtu = port->mtu,
    };
    return interface_add_veth(f->netlink, &veth, err);
}

static int add_trunk(struct netlink *nl, const struct op *op, struct error *err)
{
    struct veth veth = {
        .name = op->dev,
        .index = op->dev_index,
        .peer_name = op->target,
        .peer_index = op->target_index,
        .peer_ns_fd = -1,
        .mtu = PLAN_MTU,
    };
    return interface_add_veth(nl, &veth, err);
}

static int add_netem(struct netlink *nl, const struct plan *p, const struct op *op,
                     struct error *err)
{
    struct netem netem;
    uint32_t parent = op->minor ? TC_HANDLE(1, op->minor) : TC_H_ROOT;
    uint32_t handle = TC_HANDLE(op->minor + 1, 0);
    netem_fill(p, op->wire, &p->wires[op->wire].impairment, &netem);
    return tc_add_netem(nl, op->dev_index, parent, handle, &netem, err);
}

static int set_route(struct netlink *nl, const struct op *op, int index, struct error *err)
{
    struct route route = {
        .destination = op->address,
        .via = op->via,
        .source = op->source,
        .ifindex = index,
        .congestion = op->value,
        .unreachable = !op->dev,
    };
    return route_add(nl, &route, err);
}

static int open_tap(struct fabric *f, const struct op *op, struct error *err)
{
    int r = interface_open_tap(op->dev, op->dev_index, &f->tap_fds[op->tap], err);
    return r < 0 ? r : interface_set_queue_len(f->netlink, op->dev_index, PLAN_TAP_QUEUE, err);
}

/* The traffic control steps, all of them in the fabric. */
static int apply_tc(struct fabric *f, const struct op *op, struct error *err)
{
    struct netlink *nl = f->netlink;
    const uint32_t root = TC_HANDLE(1, 0);
    switch (op->kind) {
    case OP_CLSACT:
        return tc_add_clsact(nl, op->dev_index, err);
    case OP_REDIRECT:
        return op->replace ? tc_replace_redirect(nl, op->dev_index, op->target_index, err)
                           : tc_add_redirect(nl, op->dev_index, op->target_index, err);
    case OP_MARK:
        return tc_add_mark(nl, op->dev_index, TC_HANDLE(1, op->minor), err);
    case OP_HTB:
        return tc_add_htb(nl, op->dev_index, root, err);
    case OP_HTB_CLASS:
        return tc_add_htb_class(nl, op->dev_index, root, TC_HANDLE(1, op->minor), err);
    case OP_MARK_FILTER:
        return tc_add_mark_filter(nl, op->dev_index, root, err);
    default:
        return add_netem(nl, f->plan, op, err);
    }
}

static int add_port(struct fabric *f, const struct op *op, struct error *err)
{
    const struct port *port = &f->plan->ports[op->port];
    int r = interface_add_tap(port->dev, port->index, err);
    if (r == 0)
        r = interface_set_mac(f->netlink, port->index, port->mac, err);
    return r < 0 ? r : interface_set_queue_len(f->netlink, port->index, PLAN_TAP_QUEUE, err);
}

static bool is_machine(const struct fabric *f, int node)
{
    return scenario_is_machine(f->plan->scenario->nodes[node].kind);
}

/* A machine numbers its interfaces itself. */
static int index_of(const struct fabric *f, const struct op *op)
{
    if (op->ns == PLAN_FABRIC || !is_machine(f, op->ns))
        return op->dev_index;
    for (size_t i = 0; i < f->plan->port_count; i++) {
        const struct port *port = &f->plan->ports[i];
        if (port->node == (unsigned)op->ns && port->node_index == op->dev_index)
            return machine_interface(&f->nodes[op->ns], port->eth);
    }
    return op->dev_index;
}

static int apply_op(struct fabric *f, const struct op *op, struct error *err)
{
    bool in_fabric = op->ns == PLAN_FABRIC;
    struct netlink *nl = in_fabric ? f->netlink : f->nodes[op->ns].netlink;
    int index = index_of(f, op);
    switch (op->kind) {
    case OP_SYSCTL: /* a node's own are applied during its boot */
        return in_fabric ? sysctl_set(op->key, op->value, op->optional, err) : 0;
    case OP_TRUNK:
        return add_trunk(nl, op, err);
    case OP_BRIDGE:
        return interface_add_bridge(nl, op->dev, op->dev_index, err);
    case OP_VETH:
        return add_veth(f, op, err);
    case OP_PORT:
        return add_port(f, op, err);
    case OP_IFB:
        return interface_add_ifb(nl, op->dev, op->dev_index, err);
    case OP_TAP:
        return open_tap(f, op, err);
    case OP_UP:
        return interface_set_up(nl, index, err);
    case OP_MTU:
        return interface_set_mtu(nl, index, op->minor, err);
    case OP_MASTER:
        return interface_set_master(nl, op->dev_index, op->target_index, err);
    case OP_NO_MASTER:
        return interface_set_master(nl, op->dev_index, 0, err);
    case OP_ADDRESS:
        return address_add(nl, index, &op->address, err);
    case OP_ROUTE:
        return set_route(nl, op, index, err);
    case OP_NEIGHBOUR:
        return neighbour_add(nl, index, &op->address, op->mac, err);
    case OP_OFFLOADS: /* a machine's are part of its boot */
        return is_machine(f, op->ns)
                   ? 0
                   : interface_set_offload(netlink_socket_of(f->nodes[op->ns].netlink), op->dev,
                                           false, err);
    default:
        return apply_tc(f, op, err);
    }
}

/* The error says which step it was in the words of `wanlab plan`. */
static int wrap_with_step(const struct plan *p, const struct op *op, struct error *err)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        return -err->code;
    plan_print_op(p, op, out);
    fclose(out);
    if (size > 0)
        line[size - 1] = '\0'; /* without the line's end */
    int r = error_wrap(err, "%s", line);
    free(line);
    return r;
}

/* The order in which the plan's steps are carried out: first what a booting node needs of the
 * fabric, then all boots, side by side, each followed by the steps about its node's network, then
 * what joins the nodes; within each in the plan's order. */
enum phase { PHASE_FABRIC, PHASE_BOOT, PHASE_NETWORK };

static enum phase phase_of(const struct op *op)
{
    if (op->kind == OP_NODE)
        return PHASE_BOOT;
    bool first = op->kind == OP_PORT || (op->kind == OP_SYSCTL && op->ns == PLAN_FABRIC);
    return first ? PHASE_FABRIC : PHASE_NETWORK;
}

/* Steps that are a netlink request and nothing else. */
static bool can_be_gathered(const struct op *op)
{
    return op->kind != OP_VETH && op->kind != OP_TAP && op->kind != OP_PORT &&
           op->kind != OP_OFFLOADS && op->kind != OP_SYSCTL;
}

/* Some of the plan's steps, in order: requests to one socket are gathered as long as no other is
 * needed, so that each step finds done what stands before it. */
struct steps {
    const struct apply_options *options; /* NULL: nobody wants to know of them */
    enum phase phase;
    size_t from, to;
    int ns;               /* of this namespace alone, unless it is ALL */
    struct netlink *open; /* has gathered something */
};

enum { ALL = -2 };

static int flush_steps(struct fabric *f, struct steps *s, struct error *err)
{
    const void *refused;
    struct netlink *open = s->open;
    s->open = NULL;
    int r = open ? netlink_flush(open, &refused, err) : 0;
    return r < 0 ? wrap_with_step(f->plan, refused, err) : 0;
}

static int apply_step(struct fabric *f, struct steps *s, const struct op *op, struct error *err)
{
    struct netlink *nl = op->ns == PLAN_FABRIC ? f->netlink : f->nodes[op->ns].netlink;
    int r = 0;
    if (s->open && (s->open != nl || !can_be_gathered(op)))
        r = flush_steps(f, s, err);
    if (r < 0)
        return r;
    if (can_be_gathered(op)) {
        netlink_gather(nl, op);
        s->open = nl;
    }
    r = apply_op(f, op, err);
    return r < 0 ? wrap_with_step(f->plan, op, err) : 0;
}

static int apply_steps(struct fabric *f, struct steps s, struct error *err)
{
    const struct plan *p = f->plan;
    int r = 0;
    for (size_t i = s.from; i < s.to && r == 0; i++) {
        const struct op *op = &p->ops[i];
        if (phase_of(op) != s.phase || (s.ns != ALL && s.ns != op->ns))
            continue;
        if (s.options && s.options->on_step)
            s.options->on_step(p, op, s.options->arg);
        r = apply_step(f, &s, op, err);
    }
    struct error ignored;
    int flushed = flush_steps(f, &s, r == 0 ? err : &ignored);
    return r < 0 ? r : flushed;
}

int fabric_connect_node(struct fabric *f, unsigned node, const struct apply_options *options,
                        struct error *err)
{
    const size_t *ops = f->plan->node_ops;
    struct steps steps = {.options = options,
                          .phase = PHASE_NETWORK,
                          .from = ops[node],
                          .to = ops[node + 1],
                          .ns = ALL};
    return apply_steps(f, steps, err);
}

int fabric_apply(struct fabric *f, const struct apply_options *options, struct error *err)
{
    const struct plan *p = f->plan;
    const size_t between = p->node_ops[p->scenario->node_count];
    struct steps first = {
        .options = options, .phase = PHASE_FABRIC, .from = 0, .to = p->op_count, .ns = ALL};
    struct steps last = {
        .options = options, .phase = PHASE_NETWORK, .from = between, .to = p->op_count, .ns = ALL};
    int r = apply_steps(f, first, err);
    if (r == 0)
        r = boot_all(f, options, err);
    return r < 0 ? r : apply_steps(f, last, err);
}

static int adopt_taps(struct fabric *f, const struct splice *s, const struct wire_engine *engine,
                      struct engine_run *run, struct error *err)
{
    unsigned taps[2];
    int fds[2];
    size_t count = 0;
    for (size_t i = 0; i < s->op_count; i++) {
        if (s->ops[i].kind != OP_TAP)
            continue;
        taps[count] = s->ops[i].tap;
        fds[count++] = f->tap_fds[s->ops[i].tap];
        f->tap_fds[s->ops[i].tap] = -1;
    }
    return count ? engine->adopt(run, taps, fds, count, err) : 0;
}

/* Backwards, as far as it came. What leads to the interfaces it made goes with them. */
static void undo_splice(struct fabric *f, const struct wire *w, const struct splice *s, size_t done)
{
    const struct port *from = &f->plan->ports[w->from_port], *to = &f->plan->ports[w->to_port];
    for (size_t i = done; i-- > 0;) {
        const struct op *op = &s->ops[i];
        if (op->kind == OP_REDIRECT && op->replace)
            tc_replace_redirect(f->netlink, op->dev_index,
                                op->dev_index == from->index ? to->index : from->index, NULL);
        else if (op->kind == OP_CLSACT && op->dev_index == from->index)
            tc_delete_clsact(f->netlink, op->dev_index, NULL);
    }
    for (size_t i = 0; i < s->op_count; i++) {
        const struct op *op = &s->ops[i];
        if (op->kind == OP_TAP)
            fd_closep(&f->tap_fds[op->tap]);
        if (op->kind == OP_TAP || op->kind == OP_IFB)
            interface_delete(f->netlink, op->dev_index, NULL);
    }
}

int fabric_splice(struct fabric *f, unsigned wire, const struct wire_engine *engine,
                  struct engine_run *run, struct error *err)
{
    _cleanup_(plan_splice_done) struct splice s;
    size_t done = 0;
    int r = 0;
    plan_splice(f->plan, wire, &s);
    for (size_t i = 0; i < s.op_count && r == 0; i++)
        if (s.ops[i].kind == OP_TAP)
            r = apply_op(f, &s.ops[i], err);
    if (r == 0)
        r = adopt_taps(f, &s, engine, run, err);
    for (; done < s.op_count && r == 0; done++) {
        const struct op *op = &s.ops[done];
        r = op->kind == OP_TAP ? 0 : apply_op(f, op, err);
        if (r < 0)
            wrap_with_step(f->plan, op, err);
    }
    if (r < 0)
        undo_splice(f, &f->plan->wires[wire], &s, done);
    return r;
}

int fabric_set_offloads_off(struct fabric *f, unsigned port, struct error *err)
{
    const struct port *q = &f->plan->ports[port];
    const struct node_instance *n = &f->nodes[q->node];
    if (is_machine(f, (int)q->node))
        return error_set(err, ENOTSUP,
                         "node '%s' has a kernel of its own, whose offloads are set at its boot "
                         "only (start the lab with 'engine: delayline')",
                         f->plan->scenario->nodes[q->node].name);
    return n->netlink
               ? interface_set_offload(netlink_socket_of(n->netlink), q->node_dev, false, err)
               : 0;
}

void fabric_silence(struct fabric *f, unsigned node)
{
    struct node_instance *n = &f->nodes[node];
    if (is_machine(f, (int)node)) /* its stack dies with it, or is out of reach */
        return;
    for (size_t i = 0; n->netlink && i < f->plan->port_count; i++)
        if (f->plan->ports[i].node == node)
            interface_set_down(n->netlink, f->plan->ports[i].node_index, NULL);
}

int fabric_rewire(struct fabric *f, unsigned node, struct node_instance *former, struct error *err)
{
    const struct plan *p = f->plan;
    _cleanup_(fd_closep) int ns = -1;
    int r = former->netlink ? netlink_namespace(f->nodes[node].netlink, &ns, err) : 0;
    for (size_t i = 0; former->netlink && i < p->port_count && r == 0; i++) {
        const struct port *port = &p->ports[i];
        if (port->node != node)
            continue;
        r = interface_move(former->netlink, port->node_index, port->node_dev, ns, err);
        if (r < 0)
            error_wrap(err, "node '%s': cannot take its '%s' over", p->scenario->nodes[node].name,
                       port->node_dev);
    }
    struct steps own = {.phase = PHASE_NETWORK, .from = 0, .to = p->op_count, .ns = (int)node};
    return r < 0 ? r : apply_steps(f, own, err);
}

void fabric_restore(struct fabric *f, unsigned node, const struct node_instance *former)
{
    const struct node_instance *n = &f->nodes[node];
    _cleanup_(fd_closep) int ns = -1;
    if (!former->netlink || !n->netlink || netlink_namespace(former->netlink, &ns, NULL) < 0)
        return;
    for (size_t i = 0; i < f->plan->port_count; i++) {
        const struct port *port = &f->plan->ports[i];
        if (port->node == node)
            interface_move(n->netlink, port->node_index, port->node_dev, ns, NULL);
    }
}
