/* SPDX-License-Identifier: MIT
 *
 * Traffic control: qdiscs, classes and filters as tc(8) makes them, with the attributes built
 * here, since libnl's netem API lacks rate and 64-bit delays. Handles are written as in tc:
 * TC_HANDLE(1, 2) is "1:2".
 */
#ifndef WANLAB_NET_TC_H
#define WANLAB_NET_TC_H

#include <linux/pkt_sched.h>
#include <stdint.h>

#include "net/netlink.h"

#define TC_HANDLE(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

enum netem_loss { NETEM_LOSS_NONE, NETEM_LOSS_RANDOM, NETEM_LOSS_GEMODEL, NETEM_LOSS_STATE };

/* What netem gets; always the full set, because a change that names one value drops the others.
 * Probabilities are 0…1. */
struct netem {
    uint64_t delay_ns, jitter_ns;
    const int16_t *distribution; /* netem's table of it; NULL: uniform */
    size_t distribution_count;
    enum netem_loss loss_model;
    double loss[5]; /* the probability; or p, r, 1-h, 1-k; or p13, p31, p32, p23, p14 */
    double duplicate, corrupt, reorder;
    uint32_t gap;
    uint64_t rate_bps; /* bits per second; 0: unlimited */
    int32_t overhead, cell_overhead;
    uint32_t cell;
    uint32_t limit; /* packets */
    uint64_t seed;  /* of kernels that take one (6.6 and later); others ignore it */
};

/* tc qdisc add dev DEV parent PARENT handle HANDLE netem …; parent TC_H_ROOT is "root". */
int tc_add_netem(struct netlink *nl, int ifindex, uint32_t parent, uint32_t handle,
                 const struct netem *netem, struct error *err);

/* tc qdisc replace … netem …: the request for netlink_request_all(). A netem that is there changes
 * and keeps its packets. All parameters are in it, also those that are nothing: the kernel keeps
 * what a change leaves out. */
struct nl_msg *tc_replace_netem(int ifindex, uint32_t parent, uint32_t handle,
                                const struct netem *netem);

/* tc qdisc add dev DEV root handle HANDLE htb: unclassified packets pass untouched. */
int tc_add_htb(struct netlink *nl, int ifindex, uint32_t handle, struct error *err);

/* tc class add dev DEV parent PARENT classid CLASS htb rate 100gbit: a place for a qdisc. */
int tc_add_htb_class(struct netlink *nl, int ifindex, uint32_t parent, uint32_t class_id,
                     struct error *err);

/* tc filter add dev DEV parent PARENT protocol all prio 1 fw: firewall mark N selects class N, one
 * look-up whatever the number of classes. */
int tc_add_mark_filter(struct netlink *nl, int ifindex, uint32_t parent, struct error *err);

/* tc qdisc add dev DEV clsact */
int tc_add_clsact(struct netlink *nl, int ifindex, struct error *err);

/* tc qdisc del dev DEV clsact, with all filters */
int tc_delete_clsact(struct netlink *nl, int ifindex, struct error *err);

/* tc filter add dev DEV ingress … action mirred egress redirect dev TARGET, for every packet. Needs
 * clsact. */
int tc_add_redirect(struct netlink *nl, int ifindex, int target_ifindex, struct error *err);

/* tc filter replace … handle 800::800 …: another target for that one, without a gap. */
int tc_replace_redirect(struct netlink *nl, int ifindex, int target_ifindex, struct error *err);

/* tc filter add dev DEV ingress … action skbedit mark MARK, for every packet. Needs clsact. */
int tc_add_mark(struct netlink *nl, int ifindex, uint32_t mark, struct error *err);

/* What a qdisc has counted since it was made. */
struct qdisc_stats {
    uint64_t packets, bytes; /* passed on */
    uint32_t drops, requeues, overlimits;
    uint32_t queued, backlog; /* now: packets, bytes */
};

/* tc -s qdisc show: calls `on_qdisc` for each qdisc of the socket's namespace. */
int tc_read_qdiscs(struct netlink *nl,
                   void (*on_qdisc)(int ifindex, uint32_t parent, const char *kind,
                                    const struct qdisc_stats *stats, void *arg),
                   void *arg, struct error *err);

/* Whether this kernel knows netem: tries one on the loopback of the caller's namespace, which must
 * be a scratch one. -ENOENT: the kernel has none. */
int tc_probe_netem(struct netlink *nl, struct error *err);

#endif
