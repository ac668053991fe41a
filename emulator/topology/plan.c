/* SPDX-License-Identifier: MIT
 *
 * The skeleton of a plan: which nodes, ports and addresses there are. The order of the steps:
 * the fabric's settings, then each node with its interfaces, addresses and routes, then the
 * connections between the ports with their wires, so that no packet ever meets a wire half made.
 */
#include "topology/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "topology/plan_internal.h"
#include "topology/routing.h"

enum {
    LINKS_MAX = 1 << 16, /* and homes */
    NETWORK_MEMBERS_MAX = 65000,
};

const char *engine_name(enum engine_choice engine)
{
    static const char *const names[] = {"auto", "netem", "delayline"};
    return names[engine];
}

struct op *plan_add(struct plan *p, enum op_kind kind, int ns)
{
    p->ops = array_grow(p->ops, p->op_count, sizeof(*p->ops));
    struct op *op = &p->ops[p->op_count++];
    *op = (struct op){.kind = kind, .ns = ns};
    return op;
}

struct op *plan_add_dev(struct plan *p, enum op_kind kind, int ns, const char *dev, int index)
{
    struct op *op = plan_add(p, kind, ns);
    op->dev = dev;
    op->dev_index = index;
    return op;
}

void plan_add_sysctl(struct plan *p, int ns, const char *key, const char *value, bool optional)
{
    struct op *op = plan_add(p, OP_SYSCTL, ns);
    op->key = key;
    op->value = value;
    op->optional = optional;
}

const char *plan_keep(struct plan *p, char *text)
{
    p->texts = array_grow(p->texts, p->text_count, sizeof(*p->texts));
    return p->texts[p->text_count++] = text;
}

/* The buffer that keeps one direction of a connection full: twice what is under way in a round
 * trip at the wire's rate, 10 Gbit/s where it has none. */
static uint64_t buffer_for(const struct impairment *i, uint64_t back_ns)
{
    double rate_bps = impairment_has_rate(i) ? (double)impairment_rate(i) : 10e9;
    return (uint64_t)(2 * (double)(i->delay_ns + back_ns) * 1e-9 * rate_bps / 8);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* From one member up to the bridge and down to another, and back: at most twice the slowest each.
 */
static uint64_t buffer_for_network(const struct network *n)
{
    uint64_t up_ns = 0, down_ns = 0, bytes = 0;
    for (size_t i = 0; i < n->member_count; i++) {
        up_ns = larger(up_ns, n->members[i].up.delay_ns);
        down_ns = larger(down_ns, n->members[i].down.delay_ns);
    }
    for (size_t i = 0; i < n->member_count; i++) {
        bytes = larger(bytes, buffer_for(&n->members[i].up, up_ns + 2 * down_ns));
        bytes = larger(bytes, buffer_for(&n->members[i].down, 2 * up_ns + down_ns));
    }
    return bytes;
}

/* The longest path over routers, as if it had the fastest link's rate all along. */
static uint64_t buffer_for_paths(const struct scenario *s)
{
    struct impairment path = {.delay_ns = s->routing ? s->routing->longest_ns : 0};
    for (size_t i = 0; i < s->link_count; i++) {
        const struct impairment *d = s->links[i].direction;
        for (size_t k = 0; k < 2; k++) {
            if (!impairment_has_rate(&d[k]))
                return buffer_for(&(struct impairment){.delay_ns = path.delay_ns}, path.delay_ns);
            path.rate_bps = larger(path.rate_bps, impairment_rate(&d[k]));
        }
    }
    return buffer_for(&path, path.delay_ns);
}

/* For the path that needs most, within 6 to 64 MiB. */
static uint64_t buffers_of_wires(const struct scenario *s)
{
    const size_t n = s->wan.member_count;
    const uint64_t least = 6 << 20, most = 64 << 20;
    uint64_t bytes = least;
    for (size_t i = 0; i < n * n; i++) /* [from * n + to]; the way back is [to * n + from] */
        bytes =
            larger(bytes, buffer_for(&s->wan.pairs[i], s->wan.pairs[i % n * n + i / n].delay_ns));
    for (size_t i = 0; i < s->link_count; i++)
        for (int d = 0; d < 2; d++)
            bytes = larger(bytes, buffer_for(&s->links[i].direction[d],
                                             s->links[i].direction[1 - d].delay_ns));
    for (size_t i = 0; i < s->network_count; i++)
        bytes = larger(bytes, buffer_for_network(&s->networks[i]));
    bytes = larger(bytes, buffer_for_paths(s));
    return bytes > most ? most : bytes;
}

/* One TCP for all nodes: the least of a socket's buffer, its size at first, the most. */
static const char *tcp_buffers(struct plan *p)
{
    const struct tcp_profile *tcp = &p->scenario->tcp;
    unsigned long long most = tcp->buffer_bytes ? tcp->buffer_bytes : buffers_of_wires(p->scenario);
    unsigned long long first = most < 131072 ? most : 131072;
    return plan_keep(p, xasprintf("4096 %llu %llu", first, most));
}

static void add_tcp_profile(struct plan *p, unsigned node, const char *buffers)
{
    plan_add_sysctl(p, (int)node, "net.ipv4.tcp_rmem", buffers, false);
    plan_add_sysctl(p, (int)node, "net.ipv4.tcp_wmem", buffers, false);
    plan_add_sysctl(p, (int)node, "net.ipv4.tcp_no_metrics_save", "1", false);
}

/* Without these an idle node keeps sending router solicitations and duplicate address probes. */
static void add_quiet_ipv6(struct plan *p, int ns)
{
    plan_add_sysctl(p, ns, "net.ipv6.conf.default.addr_gen_mode", "1", true);
    plan_add_sysctl(p, ns, "net.ipv6.conf.default.accept_dad", "0", true);
    plan_add_sysctl(p, ns, "net.ipv6.conf.default.accept_ra", "0", true);
    plan_add_sysctl(p, ns, "net.ipv6.conf.default.router_solicitations", "0", true);
}

static void add_addresses(struct plan *p, const struct port *port)
{
    const struct ip *addresses[] = {&port->v4, &port->v6};
    for (int i = 0; i < 2; i++) {
        struct op *op =
            plan_add_dev(p, OP_ADDRESS, (int)port->node, port->node_dev, port->node_index);
        op->address = *addresses[i];
    }
}

struct op *plan_add_route(struct plan *p, const struct port *port, struct ip to, struct ip via)
{
    struct op *op = plan_add_dev(p, OP_ROUTE, (int)port->node, port->node_dev, port->node_index);
    op->address = to;
    op->via = via;
    op->value = p->scenario->tcp.congestion;
    return op;
}

static void add_neighbour(struct plan *p, const struct port *port, struct ip ip, const uint8_t *mac)
{
    struct op *op =
        plan_add_dev(p, OP_NEIGHBOUR, (int)port->node, port->node_dev, port->node_index);
    op->address = ip;
    op->mac = mac;
}

/* The wan's gateway has no address in any node's subnet: it is only a neighbour. */
static void add_wan_routes(struct plan *p, const struct port *port)
{
    const struct ip gateway4 = ip4(169, 254, 1, 1, 32);
    const struct ip gateway6 = ip6((uint16_t[8]){0xfe80, 0, 0, 0, 0, 0, 0, 1}, 128);
    add_neighbour(p, port, gateway4, port->mac);
    add_neighbour(p, port, gateway6, port->mac);
    plan_add_route(p, port, plan_subnet(p, port, AF_INET), gateway4);
    plan_add_route(p, port, plan_subnet(p, port, AF_INET6), gateway6);
}

/* A link's or network's own subnet, and the neighbours in it, so that no ARP is ever sent. */
static void add_subnet_routes(struct plan *p, const struct port *port, const struct port *others,
                              size_t other_count)
{
    plan_add_route(p, port, plan_subnet(p, port, AF_INET), (struct ip){0});
    plan_add_route(p, port, plan_subnet(p, port, AF_INET6), (struct ip){0});
    if (other_count > PLAN_NEIGHBOURS_MAX)
        return;
    for (size_t i = 0; i < other_count; i++) {
        if (&others[i] == port)
            continue;
        add_neighbour(p, port, others[i].v4, others[i].node_mac);
        add_neighbour(p, port, others[i].v6, others[i].node_mac);
    }
}

/* The ports that share a connection with port number `n`, itself included. */
static const struct port *connection_of(const struct plan *p, size_t n, size_t *ret_count)
{
    const struct scenario *s = p->scenario;
    size_t first = s->wan.member_count;
    if (n < first + 2 * s->link_count) {
        *ret_count = 2;
        return &p->ports[first + (n - first) / 2 * 2];
    }
    first += 2 * s->link_count;
    for (size_t i = 0;; i++) {
        if (n < first + s->networks[i].member_count) {
            *ret_count = s->networks[i].member_count;
            return &p->ports[first];
        }
        first += s->networks[i].member_count;
    }
}

static void add_interface(struct plan *p, size_t number)
{
    const struct port *port = &p->ports[number];
    bool machine = scenario_is_machine(p->scenario->nodes[port->node].kind);
    struct op *op =
        plan_add_dev(p, machine ? OP_PORT : OP_VETH, PLAN_FABRIC, port->dev, port->index);
    op->port = (unsigned)number;
    /* What a machine sends before its TAP is up is an error, after which it may stay mute. */
    plan_add_dev(p, OP_UP, PLAN_FABRIC, port->dev, port->index);
    if (machine && port->mtu != PLAN_MTU) {
        plan_add_dev(p, OP_MTU, PLAN_FABRIC, port->dev, port->index)->minor = port->mtu;
        plan_add_dev(p, OP_MTU, (int)port->node, port->node_dev, port->node_index)->minor =
            port->mtu;
    }
    plan_add_dev(p, OP_UP, (int)port->node, port->node_dev, port->node_index);
    add_addresses(p, port);
    if (number < p->scenario->wan.member_count) {
        add_wan_routes(p, port);
    } else {
        size_t count;
        const struct port *others = connection_of(p, number, &count);
        add_subnet_routes(p, port, others, count);
    }
}

static void add_node(struct plan *p, unsigned node, const struct subnets *subnets)
{
    plan_add(p, OP_NODE, (int)node);
    if (!scenario_is_wired(p->scenario->nodes[node].kind))
        return;
    add_quiet_ipv6(p, (int)node);
    add_tcp_profile(p, node, p->tcp_buffers);
    if (p->scenario->routing)
        plan_add_forwarding(p, node);
    plan_add_dev(p, OP_UP, (int)node, "lo", 1);
    if (plan_has_home(p, node))
        add_addresses(p, &p->homes[node]);
    for (size_t i = 0; i < p->port_count; i++)
        if (p->ports[i].node == node)
            add_interface(p, i);
    if (p->scenario->routing)
        plan_add_node_routes(p, subnets, node);
}

static int check_size(const struct scenario *s, struct error *err)
{
    const size_t links_max = LINKS_MAX - (s->routing ? s->routing->core_count : 0);
    if (s->link_count > links_max)
        return yaml_error(err, &s->links[links_max].mark, "there is room for %zu links%s",
                          links_max, s->routing ? " beside the routers' own addresses" : "");
    if (s->network_count > NETWORKS_MAX)
        return yaml_error(err, &s->networks[NETWORKS_MAX].mark, "there is room for %d networks",
                          NETWORKS_MAX);
    for (size_t i = 0; i < s->network_count; i++)
        if (s->networks[i].member_count > NETWORK_MEMBERS_MAX)
            return yaml_error(err, &s->networks[i].mark, "a network has room for %d members",
                              NETWORK_MEMBERS_MAX);
    return 0;
}

int plan_new(const struct scenario *s, enum engine_choice engine, struct plan **ret,
             struct error *err)
{
    int r = check_size(s, err);
    if (r < 0)
        return r;
    struct plan *p = xcalloc(1, sizeof(*p));
    p->scenario = s;
    p->engine = engine;
    struct subnets subnets;
    plan_number_subnets(p, &subnets);
    plan_add_ports(p, &subnets);

    add_quiet_ipv6(p, PLAN_FABRIC);
    plan_add_sysctl(p, PLAN_FABRIC, "net.ipv6.conf.all.disable_ipv6",
                    s->wan.member_count && engine == ENGINE_NETEM ? "0" : "1", true);
    p->tcp_buffers = tcp_buffers(p);
    p->node_ops = xcalloc(s->node_count + 1, sizeof(*p->node_ops));
    for (unsigned i = 0; i < s->node_count; i++) {
        p->node_ops[i] = p->op_count;
        add_node(p, i, &subnets);
    }
    p->node_ops[s->node_count] = p->op_count;
    plan_subnets_done(&subnets);

    unsigned port = 0;
    plan_connect_wan(p, &s->wan, port);
    port += (unsigned)s->wan.member_count;
    for (size_t i = 0; i < s->link_count; i++, port += 2)
        plan_connect_link(p, &s->links[i], port);
    for (unsigned i = 0; i < s->network_count; i++) {
        plan_connect_network(p, &s->networks[i], i, port);
        port += (unsigned)s->networks[i].member_count;
    }
    plan_add_bare_wires(p);
    *ret = p;
    return 0;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < plan_wires(p); i++)
        free(p->wires[i].name);
    for (size_t i = 0; i < p->text_count; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->wires);
    free(p->taps);
    free(p->ports);
    free(p->homes);
    free(p->node_ops);
    free(p->ops);
    free(p);
}

const struct port *plan_node_port(const struct plan *p, unsigned node)
{
    for (size_t i = 0; i < p->port_count; i++)
        if (p->ports[i].node == node)
            return &p->ports[i];
    return NULL;
}

const struct port *plan_port_towards(const struct plan *p, unsigned from, unsigned to)
{
    const struct scenario *s = p->scenario;
    if (s->routing && (s->wan.member_count == 0 || scenario_is_routed(s, from, to)))
        return plan_home(p, to);
    size_t first = 0, count = s->wan.member_count;
    for (size_t connection = 0; first < p->port_count; connection++) {
        const struct port *a = NULL, *b = NULL;
        for (size_t i = first; i < first + count; i++) {
            a = p->ports[i].node == from ? &p->ports[i] : a;
            b = p->ports[i].node == to ? &p->ports[i] : b;
        }
        if (a && b)
            return b;
        first += count;
        count = connection < s->link_count ? 2
                : connection - s->link_count < s->network_count
                    ? s->networks[connection - s->link_count].member_count
                    : 0;
    }
    return plan_node_port(p, to);
}
