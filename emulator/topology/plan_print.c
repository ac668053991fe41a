/* SPDX-License-Identifier: MIT
 *
 * The plan as the commands that a person would type, with the fabric being the network namespace in
 * which they are typed and every node one of `ip netns`. What happens inside a machine is a
 * comment.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "topology/events.h"
#include "topology/plan.h"

static bool is_machine(const struct plan *p, int node)
{
    return scenario_is_machine(p->scenario->nodes[node].kind);
}

/* "ip " or "tc ", for the namespace of the step. */
static void print_tool(const struct plan *p, const struct op *op, const char *tool, FILE *out)
{
    bool in_node = op->ns != PLAN_FABRIC && !is_machine(p, op->ns);
    fprintf(out, in_node ? "%s -n %s " : "%s ", tool,
            in_node ? p->scenario->nodes[op->ns].name : "");
}

/* What has to stand before a program that knows nothing of namespaces. */
static void print_entry(const struct plan *p, const struct op *op, FILE *out)
{
    if (op->ns != PLAN_FABRIC && !is_machine(p, op->ns))
        fprintf(out, "ip netns exec %s ", p->scenario->nodes[op->ns].name);
}

static void print_mac(FILE *out, const uint8_t *mac)
{
    fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void print_veth(const struct plan *p, const struct op *op, FILE *out)
{
    const struct port *port = &p->ports[op->port];
    fprintf(out, "ip link add %s address ", port->dev);
    print_mac(out, port->mac);
    fprintf(out, " mtu %u type veth peer name %s netns %s address ", port->mtu, port->node_dev,
            p->scenario->nodes[port->node].name);
    print_mac(out, port->node_mac);
    fprintf(out, " mtu %u", port->mtu);
}

static void print_port(const struct plan *p, const struct op *op, FILE *out)
{
    const struct port *port = &p->ports[op->port];
    fprintf(out, "ip tuntap add dev %s mode tap vnet_hdr; ip link set %s txqueuelen %d address ",
            port->dev, port->dev, PLAN_TAP_QUEUE);
    print_mac(out, port->mac);
    fprintf(out, " # %s's %s, ", p->scenario->nodes[port->node].name, port->node_dev);
    print_mac(out, port->node_mac);
}

static void print_address(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "addr add %s dev %s%s noprefixroute", ip_format_prefix(text, &op->address),
            op->dev, op->address.family == AF_INET6 ? " nodad" : "");
}

static void print_route(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "route add %s%s", op->dev ? "" : "unreachable ",
            ip_format_prefix(text, &op->address));
    if (op->via.family)
        fprintf(out, " via %s", ip_format(text, &op->via));
    if (op->dev)
        fprintf(out, " dev %s%s", op->dev, op->via.family ? " onlink" : "");
    fputs(" proto static", out);
    if (op->source.family)
        fprintf(out, " src %s", ip_format(text, &op->source));
    if (op->value)
        fprintf(out, " congctl %s", op->value);
}

static void print_neighbour(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "neigh add %s lladdr ", ip_format(text, &op->address));
    print_mac(out, op->mac);
    fprintf(out, " dev %s nud permanent", op->dev);
}

static void print_layer3(const struct op *op, FILE *out)
{
    if (op->kind == OP_ADDRESS)
        print_address(op, out);
    else if (op->kind == OP_ROUTE)
        print_route(op, out);
    else
        print_neighbour(op, out);
}

static void print_netem(const struct plan *p, const struct op *op, FILE *out)
{
    if (op->minor)
        fprintf(out, "tc qdisc add dev %s parent 1:%x handle %x: ", op->dev, op->minor,
                op->minor + 1);
    else
        fprintf(out, "tc qdisc add dev %s root handle 1: ", op->dev);
    const struct impairment *i = &p->wires[op->wire].impairment;
    impairment_print_netem(i, impairment_netem_limit(i, p->ports[p->wires[op->wire].to_port].mtu),
                           out);
}

/* Steps about one interface that have no more to them than a name or two. */
static void print_interface(const struct op *op, FILE *out)
{
    switch (op->kind) {
    case OP_BRIDGE:
        fprintf(out, "link add %s type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                op->dev);
        break;
    case OP_TRUNK:
        fprintf(out, "link add %s mtu %d type veth peer name %s mtu %d", op->dev, PLAN_MTU,
                op->target, PLAN_MTU);
        break;
    case OP_IFB:
        fprintf(out, "link add %s type ifb", op->dev);
        break;
    case OP_TAP:
        fprintf(out, "tuntap add dev %s mode tap vnet_hdr; ip link set %s txqueuelen %d", op->dev,
                op->dev, PLAN_TAP_QUEUE);
        break;
    case OP_MTU:
        fprintf(out, "link set %s mtu %u", op->dev, op->minor);
        break;
    case OP_MASTER:
        fprintf(out, "link set %s master %s", op->dev, op->target);
        break;
    case OP_NO_MASTER:
        fprintf(out, "link set %s nomaster", op->dev);
        break;
    default: /* OP_UP */
        fprintf(out, "link set %s up", op->dev);
    }
}

static void print_tc(const struct op *op, FILE *out)
{
    static const char on_ingress[] = "ingress protocol all prio 1 u32 match u32 0 0 action";
    switch (op->kind) {
    case OP_CLSACT:
        fprintf(out, "tc qdisc add dev %s clsact", op->dev);
        break;
    case OP_HTB:
        fprintf(out, "tc qdisc add dev %s root handle 1: htb", op->dev);
        break;
    case OP_HTB_CLASS:
        fprintf(out,
                "tc class add dev %s parent 1: classid 1:%x htb rate 100gbit burst 800mb "
                "cburst 800mb quantum 200000",
                op->dev, op->minor);
        break;
    case OP_MARK_FILTER:
        fprintf(out, "tc filter add dev %s parent 1: protocol all prio 1 fw", op->dev);
        break;
    case OP_REDIRECT:
        fprintf(out, "tc filter %s dev %s %s%s mirred egress redirect dev %s",
                op->replace ? "replace" : "add", op->dev, op->replace ? "handle 800::800 " : "",
                on_ingress, op->target);
        break;
    default: /* OP_MARK */
        fprintf(out, "tc filter add dev %s %s skbedit mark 0x1%04x pass", op->dev, on_ingress,
                op->minor);
    }
}

static void print_step(const struct plan *p, const struct op *op, FILE *out)
{
    switch (op->kind) {
    case OP_SYSCTL:
        print_entry(p, op, out);
        fprintf(out, "sysctl -qw%s %s='%s'", op->optional ? "e" : "", op->key, op->value);
        break;
    case OP_VETH:
        print_veth(p, op, out);
        break;
    case OP_PORT:
        print_port(p, op, out);
        break;
    case OP_ADDRESS:
    case OP_ROUTE:
    case OP_NEIGHBOUR:
        print_tool(p, op, "ip", out);
        print_layer3(op, out);
        break;
    case OP_BRIDGE:
    case OP_TRUNK:
    case OP_IFB:
    case OP_TAP:
    case OP_UP:
    case OP_MTU:
    case OP_MASTER:
    case OP_NO_MASTER:
        print_tool(p, op, "ip", out);
        print_interface(op, out);
        break;
    case OP_OFFLOADS:
        print_entry(p, op, out);
        fprintf(out, "ethtool -K %s tso off gso off gro off tx-udp-segmentation off", op->dev);
        break;
    case OP_NETEM:
        print_netem(p, op, out);
        break;
    default:
        print_tc(op, out);
    }
}

void plan_print_op(const struct plan *p, const struct op *op, FILE *out)
{
    const char *node = op->ns == PLAN_FABRIC ? NULL : p->scenario->nodes[op->ns].name;
    if (op->kind == OP_NODE) {
        const enum node_kind kind = p->scenario->nodes[op->ns].kind;
        fprintf(out,
                !scenario_is_wired(kind)    ? "# %s is on the host's network\n"
                : scenario_is_machine(kind) ? "# %s boots\n"
                                            : "ip netns add %s\n",
                node);
        return;
    }
    if (node && is_machine(p, op->ns))
        fprintf(out, "# in %s: ", node);
    print_step(p, op, out);
    putc('\n', out);
}

/* A wire of the delay line in words, and, where netem could do the same, its line there. */
static void print_delayline_wire(const struct plan *p, const struct wire *w, FILE *out)
{
    char ifb[PLAN_NAME_MAX];
    snprintf(ifb, sizeof(ifb), "i%u", w->from_port);
    struct op op = {
        .kind = OP_NETEM,
        .ns = PLAN_FABRIC,
        .dev = w->kind == WIRE_UPLINK ? ifb : p->ports[w->to_port].dev,
        .wire = (unsigned)(w - p->wires),
    };
    plan_netem_place(w, &op.dev_index, &op.minor);
    const char *key;
    fprintf(out, "# %s is the delay line's, from %s to %s: ", w->name, p->taps[w->from_tap].dev,
            p->taps[w->to_tap].dev);
    impairment_print(&w->impairment, out);
    if (impairment_netem_lacks(&w->impairment, &key)) {
        putc('\n', out);
        return;
    }
    fputs("; on netem: ", out);
    plan_print_op(p, &op, out);
}

static void print_head(const struct plan *p, FILE *out)
{
    fprintf(out,
            "# The network of '%s' on engine %s. To make it by hand, as root, until 'exit':\n"
            "#   unshare --net --mount bash -c 'mount -t tmpfs none /run && sh -e FILE && bash'\n",
            p->scenario->name, engine_name(p->engine));
    if (p->wire_count > 0 && p->engine == ENGINE_DELAYLINE)
        fputs(
            "# Its wires are in a process, the delay line, and carry nothing without it; those of\n"
            "# '--engine netem' are the kernel's.\n",
            out);
}

void plan_print(const struct plan *p, FILE *out)
{
    print_head(p, out);
    for (size_t i = 0; i < p->op_count; i++)
        plan_print_op(p, &p->ops[i], out);
    for (size_t i = 0; i < p->wire_count && p->engine == ENGINE_DELAYLINE; i++)
        if (!impairment_is_none(&p->wires[i].impairment))
            print_delayline_wire(p, &p->wires[i], out);
    if (p->scenario->events)
        schedule_print(p->scenario->events, "# event ", out);
}
