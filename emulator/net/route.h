/* SPDX-License-Identifier: MIT
 *
 * Addresses, routes and permanent neighbours of the namespace that the netlink socket belongs to.
 */
#ifndef WANLAB_NET_ROUTE_H
#define WANLAB_NET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip.h"
#include "net/netlink.h"

/* Adds an address that is usable at once (no duplicate address detection) and makes no route. */
int address_add(struct netlink *nl, int ifindex, const struct ip *address, struct error *err);

struct route {
    struct ip destination;
    struct ip via;    /* family 0: directly on the interface */
    struct ip source; /* of what the node itself sends; family 0: the interface's */
    bool unreachable; /* refuse packets; without interface */
    int ifindex;
    const char *congestion; /* TCP congestion control for connections over it, or NULL */
};

int route_add(struct netlink *nl, const struct route *route, struct error *err);

int neighbour_add(struct netlink *nl, int ifindex, const struct ip *address, const uint8_t *mac,
                  struct error *err);

#endif
