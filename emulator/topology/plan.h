/* SPDX-License-Identifier: MIT
 *
 * The plan: what the kernel has to be told, in order, to make a scenario's network. Pure: the same
 * scenario and engine give the same plan. lab/ applies it, `wanlab plan` prints it as `ip` and `tc`
 * lines, and golden files hold it still.
 *
 * How a packet travels. Every interface of a node is one end of a veth pair; the other end, called
 * the port, is in the fabric, a network namespace of the lab. A node with a kernel of its own has
 * TAPs as ports and no veth pairs. There
 *   - a link joins two ports: what comes in at one leaves at the other;
 *   - a network is a bridge of ports, or, with many members, several in a row (PLAN_BRIDGE_PORTS);
 *   - a wan takes a packet from its source's port to its destination's port by address;
 * and there the impairments act: one hop away from the sender, before the receiver's port.
 *
 * Engine netem puts qdiscs on the ports' egress: a link's at the root, a wan's one class per source
 * (chosen by the mark that the source's port gave the packet: one look-up, however many pairs), a
 * network's uplink on an ifb. Engine delay line redirects the ports of impaired wires to TAPs whose
 * other ends the delay line process holds.
 *
 * A link or a member of a network without any impairment is joined directly. Its wires are bare:
 * the engine has nothing to do with them, until a change of theirs splices them in.
 *
 * Where there are routers, they, and nodes with several interfaces, have an address of their own on
 * their loopback, and all nodes have routes by the shortest paths (routing.h) to all of those and
 * to all links and networks. Subnets are numbered along the paths from the first router, so that
 * few prefixes say all (route_table.h).
 *
 * Names in the fabric, N being the port's number: port "pN", its TAP "tN", a bridge-side TAP "uN",
 * an ifb "iN", bridges "brM", "brM.1", …, joined by "xM.K" and "yM.K". A node's interfaces are
 * eth0, eth1, … in the order wan, links, networks. All interface indices are given by the plan.
 */
#ifndef WANLAB_TOPOLOGY_PLAN_H
#define WANLAB_TOPOLOGY_PLAN_H

#include <stdbool.h>
#include <stdio.h>

#include "base/ip.h"
#include "topology/scenario.h"

enum {
    PLAN_NAME_MAX = 16, /* of an interface, with the NUL */
    PLAN_MTU = 1500,
    PLAN_FABRIC = -1,      /* in place of a node's index: the fabric's namespace */
    PLAN_TAP_QUEUE = 4096, /* packets that a TAP holds for its reader */
    /* Of the members of a network, on one bridge. A Linux bridge has 1,023 ports, but a broadcast
     * goes into one queue for all of them, of 1,000 packets by default; and in a row of bridges two
     * of them may send it on at once. */
    PLAN_BRIDGE_PORTS = 480,
    PLAN_RTT_NODES_MAX =
        1024, /* of larger labs the peers' file would have gigabytes of round trips */
    PLAN_NEIGHBOURS_MAX = 64, /* members of a network that know each other's MAC from the start */
};

/* A node's interface and its port in the fabric. Locally administered MACs, from the number. */
struct port {
    unsigned node;
    unsigned eth; /* the number of the node's interface, from 0 */
    char node_dev[PLAN_NAME_MAX];
    int node_index; /* interface index in the node's namespace */
    char dev[PLAN_NAME_MAX];
    int index; /* interface index in the fabric */
    uint8_t node_mac[6], mac[6];
    unsigned mtu;
    struct ip v4, v6; /* the node's addresses there */
};

/* A TAP of the delay line. */
struct tap {
    unsigned port;
    char dev[PLAN_NAME_MAX];
    int index;
};

enum wire_kind { WIRE_LINK, WIRE_WAN, WIRE_UPLINK, WIRE_DOWNLINK };

/* One direction of an impaired connection. */
struct wire {
    char *name; /* "db1->db2", "db1->lan0", "lan0->db1": unique, keys the randomness */
    enum wire_kind kind;
    unsigned from_port, to_port; /* a network's wire: both are the member's port */
    unsigned from_tap, to_tap;   /* delay line only */
    struct impairment impairment;
};

/* One step; which fields count depends on the kind, see the constructors in plan.c. */
enum op_kind {
    OP_NODE,        /* make the node `ns`'s namespaces */
    OP_SYSCTL,      /* key, value */
    OP_BRIDGE,      /* dev */
    OP_TRUNK,       /* dev, target: a veth pair between two bridges */
    OP_VETH,        /* port: dev in the fabric, the peer in the node */
    OP_PORT,        /* port: dev in the fabric, a TAP that a machine has as its interface */
    OP_IFB,         /* dev */
    OP_TAP,         /* tap: dev in the fabric */
    OP_UP,          /* dev */
    OP_MTU,         /* dev, minor: the MTU, where it is not what a new device has */
    OP_MASTER,      /* dev, target */
    OP_NO_MASTER,   /* dev */
    OP_ADDRESS,     /* dev, address */
    OP_ROUTE,       /* dev, address, via, source, congestion; without dev: what is refused */
    OP_NEIGHBOUR,   /* dev, address, mac */
    OP_OFFLOADS,    /* dev: segmentation and receive offload off */
    OP_CLSACT,      /* dev */
    OP_REDIRECT,    /* dev (its ingress) to target (its egress); replace */
    OP_MARK,        /* dev (its ingress), minor: the packets' class at the receiver's port */
    OP_HTB,         /* dev */
    OP_HTB_CLASS,   /* dev, minor */
    OP_MARK_FILTER, /* dev */
    OP_NETEM,       /* dev, minor: the class, 0 for the root; wire */
};

struct op {
    enum op_kind kind;
    int ns;                   /* a node's index or PLAN_FABRIC */
    const char *dev, *target; /* names, for people; owned by ports, taps and the plan */
    int dev_index, target_index;
    unsigned port, tap, wire;
    uint32_t minor;
    struct ip address, via, source;
    const uint8_t *mac;
    const char *key, *value; /* a sysctl */
    bool optional;           /* a sysctl that not every kernel has */
    bool replace;            /* what is there already */
};

struct plan {
    const struct scenario *scenario; /* not owned */
    enum engine_choice engine;       /* never ENGINE_AUTO */
    struct port *ports;
    size_t port_count;
    struct port *homes; /* by node: its own address, on its loopback; see routing_has_home() */
    struct tap *taps;
    size_t tap_count;      /* made from the start … */
    size_t bare_tap_count; /* … and behind them those of bare wires */
    struct wire *wires;
    size_t wire_count; /* the impaired ones … */
    size_t bare_count; /* … and behind them, two by two, those of connections without impairment */
    struct op *ops;
    size_t op_count;
    size_t *node_ops; /* where each node's steps begin, and behind the last's those between ports */
    const char *tcp_buffers; /* of every node: tcp_rmem and tcp_wmem */
    char **texts;            /* what ops point to and nobody else owns */
    size_t text_count;
};

/* `engine` is ENGINE_NETEM or ENGINE_DELAYLINE. The scenario must outlive the plan. Errors
 * (STATUS_INPUT): more networks, members or links than the address plan has room for. */
int plan_new(const struct scenario *s, enum engine_choice engine, struct plan **ret,
             struct error *err);
void plan_free(struct plan *p);

/* All wires and TAPs, bare ones included. */
static inline size_t plan_wires(const struct plan *p)
{
    return p->wire_count + p->bare_count;
}

static inline size_t plan_taps(const struct plan *p)
{
    return p->tap_count + p->bare_tap_count;
}

/* Whether the engine has nothing to do with a wire from the start. */
bool plan_is_bare(const struct plan *p, unsigned wire);

/* The steps that put a bare wire, and on the delay line the other one of its connection, into the
 * engine's hands, where it then does as little as before. They point into `*ret`, which must not
 * be moved; plan_splice_done() frees it. */
struct splice {
    struct op *ops;
    size_t op_count;
    char ifb[PLAN_NAME_MAX], bridge[PLAN_NAME_MAX];
};
void plan_splice(const struct plan *p, unsigned wire, struct splice *ret);
void plan_splice_done(struct splice *s);

/* Where a wire's netem is, or would be: the interface, and the class (0: the root). */
void plan_netem_place(const struct wire *w, int *ret_index, uint32_t *ret_minor);

/* The first port of a node (its address is the node's name's), or NULL if it has no interface. */
const struct port *plan_node_port(const struct plan *p, unsigned node);

/* The MTU of the path by which node `from` reaches node `to`; 0: it has several, or there is none.
 */
unsigned plan_mtu_towards(const struct plan *p, unsigned from, unsigned to);

/* Whether a node has an address of its own, on its loopback. */
bool plan_has_home(const struct plan *p, unsigned node);

/* Where other nodes find a node by the shortest path: its own address, or that of its only link or
 * network; NULL if it has none. Of a loopback only node, name and addresses count. */
const struct port *plan_home(const struct plan *p, unsigned node);

/* Prints an op as the command a person would type where the fabric is the current namespace:
 * "ip -n db1 link set eth0 up". The whole plan runs by `sh -e`; the wires of the delay line are
 * comments in it, each with the netem line that means the same. */
void plan_print_op(const struct plan *p, const struct op *op, FILE *out);
void plan_print(const struct plan *p, FILE *out);

/* The address under which node `from` reaches node `to`: its home (plan_home()) where
 * there are routers, unless the wan joins them, else on the connection that they share (the one
 * that scenario_rtt_ns() is about), else the first one of `to`; NULL if that has none. */
const struct port *plan_port_towards(const struct plan *p, unsigned from, unsigned to);

/* Whether two nodes reach each other over the host's loopback: both are native. */
bool plan_is_loopback(const struct plan *p, unsigned a, unsigned b);

/* Prints what programs of node `viewer` are told of the nodes (WANLAB_PEERS): a JSON array in node
 * order, each with the address first under which the viewer reaches it:
 * {"name":"db1","index":0,"region":"dallas","addresses":["10.0.0.1","fd77:…"],"rtt":[0,0.123,…]};
 * `rtt` is the asked round trip in seconds to each node, null where there is no direct path, and
 * left out where there are more than PLAN_RTT_NODES_MAX nodes. */
void plan_print_peers(const struct plan *p, unsigned viewer, FILE *out);

const char *engine_name(enum engine_choice engine);

#endif
