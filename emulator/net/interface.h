/* SPDX-License-Identifier: MIT
 *
 * Network interfaces: making them and changing them, in process, through one netlink socket (whose
 * namespace is meant, unless a peer's is given). MAC addresses are 6 bytes.
 */
#ifndef WANLAB_NET_INTERFACE_H
#define WANLAB_NET_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/netlink.h"

/* Both indices are chosen by the caller, so that nothing has to be looked up afterwards. Without a
 * MAC (NULL) an end gets one by chance. */
struct veth {
    const char *name;
    int index;
    const uint8_t *mac;
    const char *peer_name;
    int peer_index;
    const uint8_t *peer_mac;
    int peer_ns_fd; /* network namespace that the peer is born in; -1: the same */
    uint32_t mtu;
};

int interface_add_veth(struct netlink *nl, const struct veth *veth, struct error *err);
/* A bridge that keeps quiet and forwards at once: no STP, no multicast snooping. */
int interface_add_bridge(struct netlink *nl, const char *name, int index, struct error *err);
int interface_add_ifb(struct netlink *nl, const char *name, int index, struct error *err);

int interface_set_up(struct netlink *nl, int index, struct error *err);
int interface_set_mac(struct netlink *nl, int index, const uint8_t *mac, struct error *err);
int interface_set_down(struct netlink *nl, int index, struct error *err);

/* Moves an interface to the network namespace `ns_fd`, where it is down, without addresses, and has
 * the name; what joins it to its peer, its MAC and (if free there) its index stay. */
int interface_move(struct netlink *nl, int index, const char *name, int ns_fd, struct error *err);

int interface_delete(struct netlink *nl, int index, struct error *err);

/* `bridge_index` 0: none any more. */
int interface_set_mtu(struct netlink *nl, int index, unsigned mtu, struct error *err);
int interface_set_master(struct netlink *nl, int index, int bridge_index, struct error *err);

/* Packets that the interface's driver may hold: for a TAP, what waits for its reader. */
int interface_set_queue_len(struct netlink *nl, int index, uint32_t packets, struct error *err);

/* Packets that the interface of the CALLER's network namespace had to drop on sending: for a TAP,
 * those that its reader was too slow for. `counters` is the text of /proc/self/net/dev. 0 if it is
 * not in there. */
uint64_t interface_tx_dropped(const char *counters, const char *name);

/* Makes a TAP in the CALLER's network namespace with virtio-net headers (struct virtio_net_hdr_v1
 * in front of each packet), and returns its descriptor (non-blocking, close-on-exec): whoever holds
 * it is the wire's other end. The interface stays as long as its network namespace: one that goes
 * by itself costs some 20 ms, and all that go with the namespace no more than one. A missing or
 * forbidden /dev/net/tun is STATUS_MACHINE. */
int interface_open_tap(const char *name, int index, int *ret_fd, struct error *err);

/* The same without holding it: the TAP stays as long as its network namespace, without a carrier
 * while no process has it open. Its headers are struct virtio_net_hdr, until who opens it says
 * else. */
int interface_add_tap(const char *name, int index, struct error *err);

/* Opens one that is there already, for packets with a struct virtio_net_hdr in front. */
int interface_attach_tap(const char *name, int *ret_fd, struct error *err);

#endif
