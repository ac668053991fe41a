/* SPDX-License-Identifier: MIT */
#include "net/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/veth.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"

/* RTM_NEWLINK; a new interface has a name, an existing one is meant by its index alone. */
static struct nl_msg *link_message(const char *name, int index, unsigned up)
{
    struct ifinfomsg info = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = up, .ifi_change = up};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, name ? NLM_F_CREATE | NLM_F_EXCL : 0);
    nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
    if (name)
        nla_put_string(msg, IFLA_IFNAME, name);
    return msg;
}

int interface_add_veth(struct netlink *nl, const struct veth *veth, struct error *err)
{
    struct nl_msg *msg = link_message(veth->name, veth->index, 0);
    if (veth->mac)
        nla_put(msg, IFLA_ADDRESS, 6, veth->mac);
    nla_put_u32(msg, IFLA_MTU, veth->mtu);
    struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
    nla_put_string(msg, IFLA_INFO_KIND, "veth");
    struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);
    struct nlattr *peer = nla_nest_start(msg, VETH_INFO_PEER);
    struct ifinfomsg peer_info = {.ifi_family = AF_UNSPEC, .ifi_index = veth->peer_index};
    nlmsg_append(msg, &peer_info, sizeof(peer_info), NLMSG_ALIGNTO);
    nla_put_string(msg, IFLA_IFNAME, veth->peer_name);
    if (veth->peer_mac)
        nla_put(msg, IFLA_ADDRESS, 6, veth->peer_mac);
    nla_put_u32(msg, IFLA_MTU, veth->mtu);
    if (veth->peer_ns_fd >= 0)
        nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)veth->peer_ns_fd);
    nla_nest_end(msg, peer);
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return netlink_request(nl, msg, err);
}

int interface_add_bridge(struct netlink *nl, const char *name, int index, struct error *err)
{
    struct nl_msg *msg = link_message(name, index, 0);
    struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
    nla_put_string(msg, IFLA_INFO_KIND, "bridge");
    struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);
    nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 0);
    nla_put_u32(msg, IFLA_BR_STP_STATE, 0);
    nla_put_u8(msg, IFLA_BR_MCAST_SNOOPING, 0);
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return netlink_request(nl, msg, err);
}

int interface_add_ifb(struct netlink *nl, const char *name, int index, struct error *err)
{
    struct nl_msg *msg = link_message(name, index, 0);
    struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);
    nla_put_string(msg, IFLA_INFO_KIND, "ifb");
    nla_nest_end(msg, info);
    return netlink_request(nl, msg, err);
}

int interface_set_up(struct netlink *nl, int index, struct error *err)
{
    return netlink_request(nl, link_message(NULL, index, IFF_UP), err);
}

int interface_set_down(struct netlink *nl, int index, struct error *err)
{
    struct ifinfomsg info = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = 0, .ifi_change = IFF_UP};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
    nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
    return netlink_request(nl, msg, err);
}

int interface_delete(struct netlink *nl, int index, struct error *err)
{
    struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, 0);
    nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO);
    return netlink_request(nl, msg, err);
}

int interface_move(struct netlink *nl, int index, const char *name, int ns_fd, struct error *err)
{
    struct nl_msg *msg = link_message(NULL, index, 0);
    nla_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)ns_fd);
    nla_put_string(msg, IFLA_IFNAME, name);
    return netlink_request(nl, msg, err);
}

int interface_set_mtu(struct netlink *nl, int index, unsigned mtu, struct error *err)
{
    struct nl_msg *msg = link_message(NULL, index, 0);
    nla_put_u32(msg, IFLA_MTU, mtu);
    return netlink_request(nl, msg, err);
}

int interface_set_master(struct netlink *nl, int index, int bridge_index, struct error *err)
{
    struct nl_msg *msg = link_message(NULL, index, 0);
    nla_put_u32(msg, IFLA_MASTER, (uint32_t)bridge_index);
    return netlink_request(nl, msg, err);
}

int interface_set_queue_len(struct netlink *nl, int index, uint32_t packets, struct error *err)
{
    struct nl_msg *msg = link_message(NULL, index, 0);
    nla_put_u32(msg, IFLA_TXQLEN, packets);
    return netlink_request(nl, msg, err);
}

uint64_t interface_tx_dropped(const char *counters, const char *name)
{
    enum { TX_DROPPED = 11 }; /* which of the numbers behind the name, from 0 */
    size_t len = strlen(name);
    for (const char *line = counters; line; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        if (strncmp(line, name, len) != 0 || line[len] != ':')
            continue;
        char *at = (char *)line + len + 1;
        uint64_t value = 0;
        for (int i = 0; i <= TX_DROPPED; i++)
            value = strtoull(at, &at, 10);
        return value;
    }
    return 0;
}

int interface_set_mac(struct netlink *nl, int index, const uint8_t *mac, struct error *err)
{
    struct nl_msg *msg = link_message(NULL, index, 0);
    nla_put(msg, IFLA_ADDRESS, 6, mac);
    return netlink_request(nl, msg, err);
}

/* Makes it, with index 0 also one of any index; opens it if it is there. */
static int make_tap(const char *name, int index, int *ret_fd, struct error *err)
{
    _cleanup_(fd_closep) int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_machine(err, errno,
                             "cannot open '/dev/net/tun': %s (load the module 'tun', "
                             "or make the device readable and writable)",
                             strerror(errno));
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
    if ((index && ioctl(fd, TUNSETIFINDEX, &index) < 0) || ioctl(fd, TUNSETIFF, &request) < 0)
        return error_errno(err, errno, "cannot open the tap '%s'", name);
    *ret_fd = take_fd(&fd);
    return 0;
}

int interface_open_tap(const char *name, int index, int *ret_fd, struct error *err)
{
    _cleanup_(fd_closep) int fd = -1;
    int header = sizeof(struct virtio_net_hdr_v1);
    int r = make_tap(name, index, &fd, err);
    if (r == 0 && (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0))
        r = error_errno(err, errno, "cannot set up the tap '%s'", name);
    if (r == 0)
        *ret_fd = take_fd(&fd);
    return r;
}

int interface_add_tap(const char *name, int index, struct error *err)
{
    _cleanup_(fd_closep) int fd = -1;
    int r = make_tap(name, index, &fd, err);
    if (r == 0 && ioctl(fd, TUNSETPERSIST, 1) < 0)
        r = error_errno(err, errno, "cannot keep the tap '%s'", name);
    return r;
}

int interface_attach_tap(const char *name, int *ret_fd, struct error *err)
{
    return make_tap(name, 0, ret_fd, err);
}
