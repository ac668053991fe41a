/* SPDX-License-Identifier: MIT */
#include "net/route.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

int address_add(struct netlink *nl, int ifindex, const struct ip *address, struct error *err)
{
    struct ifaddrmsg head = {
        .ifa_family = (uint8_t)address->family,
        .ifa_prefixlen = (uint8_t)address->prefix,
        .ifa_index = (uint32_t)ifindex,
        .ifa_scope = RT_SCOPE_UNIVERSE,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
    nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
    nla_put(msg, IFA_LOCAL, (int)ip_size(address), address->bytes);
    nla_put(msg, IFA_ADDRESS, (int)ip_size(address), address->bytes);
    nla_put_u32(msg, IFA_FLAGS, IFA_F_PERMANENT | IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
    return netlink_request(nl, msg, err);
}

int route_add(struct netlink *nl, const struct route *route, struct error *err)
{
    const bool is_direct = !route->via.family && !route->unreachable;
    struct rtmsg head = {
        .rtm_family = (uint8_t)route->destination.family,
        .rtm_dst_len = (uint8_t)route->destination.prefix,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = is_direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
        .rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST,
        .rtm_flags = route->via.family ? RTNH_F_ONLINK : 0,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
    nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
    nla_put(msg, RTA_DST, (int)ip_size(&route->destination), route->destination.bytes);
    if (!route->unreachable)
        nla_put_u32(msg, RTA_OIF, (uint32_t)route->ifindex);
    if (route->source.family)
        nla_put(msg, RTA_PREFSRC, (int)ip_size(&route->source), route->source.bytes);
    if (route->via.family)
        nla_put(msg, RTA_GATEWAY, (int)ip_size(&route->via), route->via.bytes);
    if (route->congestion) {
        struct nlattr *metrics = nla_nest_start(msg, RTA_METRICS);
        nla_put_string(msg, RTAX_CC_ALGO, route->congestion);
        nla_nest_end(msg, metrics);
    }
    return netlink_request(nl, msg, err);
}

int neighbour_add(struct netlink *nl, int ifindex, const struct ip *address, const uint8_t *mac,
                  struct error *err)
{
    struct ndmsg head = {
        .ndm_family = (uint8_t)address->family,
        .ndm_ifindex = ifindex,
        .ndm_state = NUD_PERMANENT,
    };
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
    nla_put(msg, NDA_DST, (int)ip_size(address), address->bytes);
    nla_put(msg, NDA_LLADDR, 6, mac);
    return netlink_request(nl, msg, err);
}
