/* SPDX-License-Identifier: MIT
 *
 * The plan as the commands that a person would type.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "topology/plan.h"

static void print_mac(FILE *out, const uint8_t *mac)
{
    fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void print_impairment(FILE *out, const struct impairment *i)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, "netem limit %" PRIu64, i->queue_packets);
    if (i->delay_ns)
        fprintf(out, " delay %s", units_format_time(text, i->delay_ns));
    if (i->loss > 0)
        fprintf(out, " loss %s", units_format_share(text, i->loss));
    if (i->rate_bps)
        fprintf(out, " rate %s", units_format_rate(text, i->rate_bps));
}

static void print_veth(const struct plan *p, const struct op *op, FILE *out)
{
    const struct port *port = &p->ports[op->port];
    fprintf(out, "ip link add %s address ", port->dev);
    print_mac(out, port->mac);
    fprintf(out, " mtu %d type veth peer name %s netns %s address ", PLAN_MTU, port->node_dev,
            p->scenario->nodes[port->node].name);
    print_mac(out, port->node_mac);
    fprintf(out, " mtu %d", PLAN_MTU);
}

static void print_port(const struct plan *p, const struct op *op, FILE *out)
{
    const struct port *port = &p->ports[op->port];
    fprintf(out, "ip tuntap add dev %s mode tap vnet_hdr # %s's %s, ", port->dev,
            p->scenario->nodes[port->node].name, port->node_dev);
    print_mac(out, port->node_mac);
}

static void print_address(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "ip addr add %s dev %s%s noprefixroute", ip_format_prefix(text, &op->address),
            op->dev, op->address.family == AF_INET6 ? " nodad" : "");
}

static void print_route(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "ip route add %s", ip_format_prefix(text, &op->address));
    if (op->via.family)
        fprintf(out, " via %s", ip_format(text, &op->via));
    fprintf(out, " dev %s%s", op->dev, op->via.family ? " onlink" : "");
    if (op->value)
        fprintf(out, " congctl %s", op->value);
}

static void print_neighbour(const struct op *op, FILE *out)
{
    char text[IP_TEXT_MAX];
    fprintf(out, "ip neigh add %s lladdr ", ip_format(text, &op->address));
    print_mac(out, op->mac);
    fprintf(out, " dev %s nud permanent", op->dev);
}

static void print_netem(const struct plan *p, const struct op *op, FILE *out)
{
    if (op->minor)
        fprintf(out, "tc qdisc add dev %s parent 1:%x handle %x: ", op->dev, op->minor,
                op->minor + 1);
    else
        fprintf(out, "tc qdisc add dev %s root handle 1: ", op->dev);
    print_impairment(out, &p->wires[op->wire].impairment);
}

/* Everything that acts on one interface and has no more to it than a name or two. */
static void print_simple(const struct op *op, FILE *out)
{
    switch (op->kind) {
    case OP_BRIDGE:
        fprintf(out, "ip link add %s type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                op->dev);
        break;
    case OP_IFB:
        fprintf(out, "ip link add %s type ifb", op->dev);
        break;
    case OP_TAP:
        fprintf(out, "ip tuntap add dev %s mode tap vnet_hdr", op->dev);
        break;
    case OP_UP:
        fprintf(out, "ip link set %s up", op->dev);
        break;
    case OP_MASTER:
        fprintf(out, "ip link set %s master %s", op->dev, op->target);
        break;
    case OP_OFFLOADS:
        fprintf(out, "ethtool -K %s tso off gso off gro off tx-udp-segmentation off", op->dev);
        break;
    case OP_CLSACT:
        fprintf(out, "tc qdisc add dev %s clsact", op->dev);
        break;
    case OP_HTB:
        fprintf(out, "tc qdisc add dev %s root handle 1: htb", op->dev);
        break;
    case OP_HTB_CLASS:
        fprintf(out, "tc class add dev %s parent 1: classid 1:%x htb rate 100gbit", op->dev,
                op->minor);
        break;
    case OP_MARK_FILTER:
        fprintf(out, "tc filter add dev %s parent 1: protocol all prio 1 fw", op->dev);
        break;
    case OP_REDIRECT:
        fprintf(out,
                "tc filter add dev %s ingress protocol all prio 1 u32 match u32 0 0 "
                "action mirred egress redirect dev %s",
                op->dev, op->target);
        break;
    case OP_MARK:
        fprintf(out,
                "tc filter add dev %s ingress protocol all prio 1 u32 match u32 0 0 "
                "action skbedit mark 0x1%04x",
                op->dev, op->minor);
        break;
    default:
        break;
    }
}

void plan_print_op(const struct plan *p, const struct op *op, FILE *out)
{
    const char *node = op->ns == PLAN_FABRIC ? "fabric" : p->scenario->nodes[op->ns].name;
    if (op->kind == OP_NODE) {
        bool machine = scenario_is_machine(p->scenario->nodes[op->ns].kind);
        fprintf(out, machine ? "# %s boots\n" : "ip netns add %s\n", node);
        return;
    }
    fprintf(out, "[%s] ", node);
    switch (op->kind) {
    case OP_SYSCTL:
        fprintf(out, "sysctl -w%s %s='%s'", op->optional ? "e" : "", op->key, op->value);
        break;
    case OP_VETH:
        print_veth(p, op, out);
        break;
    case OP_PORT:
        print_port(p, op, out);
        break;
    case OP_ADDRESS:
        print_address(op, out);
        break;
    case OP_ROUTE:
        print_route(op, out);
        break;
    case OP_NEIGHBOUR:
        print_neighbour(op, out);
        break;
    case OP_NETEM:
        print_netem(p, op, out);
        break;
    default:
        print_simple(op, out);
    }
    putc('\n', out);
}

void plan_print(const struct plan *p, FILE *out)
{
    for (size_t i = 0; i < p->op_count; i++)
        plan_print_op(p, &p->ops[i], out);
    if (p->engine == ENGINE_NETEM)
        return;
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct wire *w = &p->wires[i];
        fprintf(out, "# delay line, %s: %s to %s, as if ", w->name, p->taps[w->from_tap].dev,
                p->taps[w->to_tap].dev);
        print_impairment(out, &w->impairment);
        putc('\n', out);
    }
}
