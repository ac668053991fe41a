/* SPDX-License-Identifier: MIT */
#include "net/tc.h"

#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <stdbool.h>
#include <sys/socket.h>

/* The kernel's name for the first filter of an interface's first u32. */
#define FIRST_U32 0x80000800U

enum {
    LOOPBACK_INDEX = 1,
    MESSAGE_MAX = 1024,   /* without a table of jitter, which has up to 32 KiB */
    NETEM_PRNG_SEED = 14, /* TCA_NETEM_PRNG_SEED, missing from older headers */
};

static struct nl_msg *sized_message(size_t size, int type, int flags, struct tcmsg head,
                                    const char *kind)
{
    struct nl_msg *msg = nlmsg_alloc_size(size);
    nlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, flags);
    nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
    nla_put_string(msg, TCA_KIND, kind);
    return msg;
}

static struct nl_msg *tc_message_of(size_t size, int type, int ifindex, uint32_t parent,
                                    uint32_t handle, const char *kind)
{
    struct tcmsg head = {
        .tcm_family = AF_UNSPEC,
        .tcm_ifindex = ifindex,
        .tcm_parent = parent,
        .tcm_handle = handle,
    };
    if (type == RTM_NEWTFILTER)
        head.tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL)); /* priority 1, any protocol */
    return sized_message(size, type, NLM_F_CREATE | NLM_F_EXCL, head, kind);
}

static struct nl_msg *tc_message(int type, int ifindex, uint32_t parent, uint32_t handle,
                                 const char *kind)
{
    return tc_message_of(MESSAGE_MAX, type, ifindex, parent, handle, kind);
}

static uint32_t netem_share(double share)
{
    return (uint32_t)(share * UINT32_MAX + 0.5);
}

/* The loss models live in a nest of their own; netem has h where the others have 1-h. */
static void put_loss_model(struct nl_msg *msg, const struct netem *netem)
{
    const double *p = netem->loss;
    struct nlattr *nest = nla_nest_start(msg, TCA_NETEM_LOSS);
    if (netem->loss_model == NETEM_LOSS_GEMODEL) {
        struct tc_netem_gemodel model = {.p = netem_share(p[0]),
                                         .r = netem_share(p[1]),
                                         .h = netem_share(1 - p[2]),
                                         .k1 = netem_share(p[3])};
        nla_put(msg, NETEM_LOSS_GE, sizeof(model), &model);
    } else {
        struct tc_netem_gimodel model = {.p13 = netem_share(p[0]),
                                         .p31 = netem_share(p[1]),
                                         .p32 = netem_share(p[2]),
                                         .p23 = netem_share(p[3]),
                                         .p14 = netem_share(p[4])};
        nla_put(msg, NETEM_LOSS_GI, sizeof(model), &model);
    }
    nla_nest_end(msg, nest);
}

static void put_rate(struct nl_msg *msg, const struct netem *netem)
{
    uint64_t bytes_per_s = netem->rate_bps == 0 ? 0 : netem->rate_bps < 8 ? 1 : netem->rate_bps / 8;
    struct tc_netem_rate rate = {
        .rate = bytes_per_s > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes_per_s,
        .packet_overhead = netem->overhead,
        .cell_size = netem->cell,
        .cell_overhead = netem->cell_overhead,
    };
    if (bytes_per_s > UINT32_MAX)
        nla_put_u64(msg, TCA_NETEM_RATE64, bytes_per_s);
    nla_put(msg, TCA_NETEM_RATE, sizeof(rate), &rate);
}

static void put_chances(struct nl_msg *msg, const struct netem *netem, bool all)
{
    const struct tc_netem_corrupt corrupt = {.probability = netem_share(netem->corrupt)};
    const struct tc_netem_reorder reorder = {.probability = netem_share(netem->reorder)};
    if (netem->corrupt > 0 || all)
        nla_put(msg, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
    if (netem->reorder > 0 || all)
        nla_put(msg, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
    if (netem->loss_model >= NETEM_LOSS_GEMODEL)
        put_loss_model(msg, netem);
}

/* TCA_OPTIONS of netem is a structure with attributes behind it. `all`: also those without effect.
 */
static void put_netem(struct nl_msg *msg, const struct netem *netem, bool all)
{
    struct tc_netem_qopt options = {
        .limit = netem->limit,
        .loss = netem->loss_model == NETEM_LOSS_RANDOM ? netem_share(netem->loss[0]) : 0,
        .duplicate = netem_share(netem->duplicate),
        .gap = netem->reorder > 0 && netem->gap == 0 ? 1 : netem->gap,
    };
    struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);
    nlmsg_append(msg, &options, sizeof(options), NLMSG_ALIGNTO);
    nla_put_s64(msg, TCA_NETEM_LATENCY64, (int64_t)netem->delay_ns);
    if (netem->jitter_ns || all)
        nla_put_s64(msg, TCA_NETEM_JITTER64, (int64_t)netem->jitter_ns);
    if (netem->distribution)
        nla_put(msg, TCA_NETEM_DELAY_DIST, (int)(netem->distribution_count * sizeof(int16_t)),
                netem->distribution);
    put_chances(msg, netem, all);
    if (netem->rate_bps || all)
        put_rate(msg, netem);
    if (netem->seed)
        nla_put_u64(msg, NETEM_PRNG_SEED, netem->seed);
    nla_nest_end(msg, nest);
}

static size_t netem_size(const struct netem *netem)
{
    return MESSAGE_MAX + netem->distribution_count * sizeof(*netem->distribution);
}

int tc_add_netem(struct netlink *nl, int ifindex, uint32_t parent, uint32_t handle,
                 const struct netem *netem, struct error *err)
{
    struct nl_msg *msg =
        tc_message_of(netem_size(netem), RTM_NEWQDISC, ifindex, parent, handle, "netem");
    put_netem(msg, netem, false);
    return netlink_request(nl, msg, err);
}

struct nl_msg *tc_replace_netem(int ifindex, uint32_t parent, uint32_t handle,
                                const struct netem *netem)
{
    const size_t size = netem_size(netem);
    const struct tcmsg head = {.tcm_family = AF_UNSPEC,
                               .tcm_ifindex = ifindex,
                               .tcm_parent = parent,
                               .tcm_handle = handle};
    struct nl_msg *msg =
        sized_message(size, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, head, "netem");
    put_netem(msg, netem, true);
    return msg;
}

int tc_add_htb(struct netlink *nl, int ifindex, uint32_t handle, struct error *err)
{
    struct tc_htb_glob options = {.version = 3, .rate2quantum = 10};
    struct nl_msg *msg = tc_message(RTM_NEWQDISC, ifindex, TC_H_ROOT, handle, "htb");
    struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);
    nla_put(msg, TCA_HTB_INIT, sizeof(options), &options);
    nla_nest_end(msg, nest);
    return netlink_request(nl, msg, err);
}

int tc_add_htb_class(struct netlink *nl, int ifindex, uint32_t parent, uint32_t class_id,
                     struct error *err)
{
    static const uint64_t rate = 100000000000ULL / 8; /* never the bottleneck */
    struct tc_htb_opt options = {
        .rate = {.rate = UINT32_MAX, .linklayer = TC_LINKLAYER_ETHERNET},
        .ceil = {.rate = UINT32_MAX, .linklayer = TC_LINKLAYER_ETHERNET},
        .buffer = 1U << 20, /* in psched ticks of 64 ns: 67 ms of credit, so no shaping at all */
        .cbuffer = 1U << 20,
        .quantum = 200000,
    };
    struct nl_msg *msg = tc_message(RTM_NEWTCLASS, ifindex, parent, class_id, "htb");
    struct nlattr *nest = nla_nest_start(msg, TCA_OPTIONS);
    nla_put(msg, TCA_HTB_PARMS, sizeof(options), &options);
    nla_put_u64(msg, TCA_HTB_RATE64, rate);
    nla_put_u64(msg, TCA_HTB_CEIL64, rate);
    nla_nest_end(msg, nest);
    return netlink_request(nl, msg, err);
}

int tc_add_mark_filter(struct netlink *nl, int ifindex, uint32_t parent, struct error *err)
{
    return netlink_request(nl, tc_message(RTM_NEWTFILTER, ifindex, parent, 0, "fw"), err);
}

int tc_add_clsact(struct netlink *nl, int ifindex, struct error *err)
{
    return netlink_request(
        nl, tc_message(RTM_NEWQDISC, ifindex, TC_H_CLSACT, TC_HANDLE(0xffff, 0), "clsact"), err);
}

int tc_delete_clsact(struct netlink *nl, int ifindex, struct error *err)
{
    const struct tcmsg head = {.tcm_family = AF_UNSPEC,
                               .tcm_ifindex = ifindex,
                               .tcm_parent = TC_H_CLSACT,
                               .tcm_handle = TC_HANDLE(0xffff, 0)};
    return netlink_request(nl, sized_message(MESSAGE_MAX, RTM_DELQDISC, 0, head, "clsact"), err);
}

/* A filter on ingress that every packet matches, with one action. It is u32 with an empty match:
 * matchall says the same more simply but is missing from small kernels. */
static struct nl_msg *ingress_action(int ifindex, const char *action, int params_type,
                                     const void *params, int params_size, const uint32_t *mark)
{
    struct {
        struct tc_u32_sel sel;
        struct tc_u32_key key; /* mask 0, value 0: matches all */
    } match = {.sel = {.flags = TC_U32_TERMINAL, .nkeys = 1}};
    struct nl_msg *msg =
        tc_message(RTM_NEWTFILTER, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), 0, "u32");
    struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);
    nla_put(msg, TCA_U32_SEL, sizeof(match), &match);
    struct nlattr *actions = nla_nest_start(msg, TCA_U32_ACT);
    struct nlattr *first = nla_nest_start(msg, 1);
    nla_put_string(msg, TCA_ACT_KIND, action);
    struct nlattr *act_options = nla_nest_start(msg, TCA_ACT_OPTIONS);
    nla_put(msg, params_type, params_size, params);
    if (mark)
        nla_put_u32(msg, TCA_SKBEDIT_MARK, *mark);
    nla_nest_end(msg, act_options);
    nla_nest_end(msg, first);
    nla_nest_end(msg, actions);
    nla_nest_end(msg, options);
    return msg;
}

static struct nl_msg *redirect(int ifindex, int target_ifindex)
{
    struct tc_mirred params = {
        .action = TC_ACT_STOLEN,
        .eaction = TCA_EGRESS_REDIR,
        .ifindex = (uint32_t)target_ifindex,
    };
    return ingress_action(ifindex, "mirred", TCA_MIRRED_PARMS, &params, sizeof(params), NULL);
}

int tc_add_redirect(struct netlink *nl, int ifindex, int target_ifindex, struct error *err)
{
    return netlink_request(nl, redirect(ifindex, target_ifindex), err);
}

int tc_replace_redirect(struct netlink *nl, int ifindex, int target_ifindex, struct error *err)
{
    struct nl_msg *msg = redirect(ifindex, target_ifindex);
    struct tcmsg *head = nlmsg_data(nlmsg_hdr(msg));
    nlmsg_hdr(msg)->nlmsg_flags &= (uint16_t)~NLM_F_EXCL;
    head->tcm_handle = FIRST_U32;
    return netlink_request(nl, msg, err);
}

int tc_add_mark(struct netlink *nl, int ifindex, uint32_t mark, struct error *err)
{
    struct tc_skbedit params = {.action = TC_ACT_OK};
    return netlink_request(
        nl, ingress_action(ifindex, "skbedit", TCA_SKBEDIT_PARMS, &params, sizeof(params), &mark),
        err);
}

struct qdisc_reader {
    void (*on_qdisc)(int ifindex, uint32_t parent, const char *kind,
                     const struct qdisc_stats *stats, void *arg);
    void *arg;
};

static void read_stats(struct nlattr *nest, struct qdisc_stats *ret)
{
    struct nlattr *all[TCA_STATS_MAX + 1];
    struct gnet_stats_basic basic = {0};
    struct gnet_stats_queue queue = {0};
    if (nla_parse_nested(all, TCA_STATS_MAX, nest, NULL) < 0)
        return;
    if (all[TCA_STATS_BASIC])
        nla_memcpy(&basic, all[TCA_STATS_BASIC], sizeof(basic));
    if (all[TCA_STATS_QUEUE])
        nla_memcpy(&queue, all[TCA_STATS_QUEUE], sizeof(queue));
    *ret = (struct qdisc_stats){.packets = basic.packets,
                                .bytes = basic.bytes,
                                .drops = queue.drops,
                                .requeues = queue.requeues,
                                .overlimits = queue.overlimits,
                                .queued = queue.qlen,
                                .backlog = queue.backlog};
    if (all[TCA_STATS_PKT64])
        ret->packets = nla_get_u64(all[TCA_STATS_PKT64]);
}

static void read_qdisc(const struct nlmsghdr *message, void *arg)
{
    const struct qdisc_reader *r = arg;
    const struct tcmsg *head = nlmsg_data(message);
    struct nlattr *all[TCA_MAX + 1];
    struct qdisc_stats stats = {0};
    if (message->nlmsg_type != RTM_NEWQDISC ||
        nlmsg_parse((struct nlmsghdr *)message, sizeof(*head), all, TCA_MAX, NULL) < 0 ||
        !all[TCA_KIND])
        return;
    if (all[TCA_STATS2])
        read_stats(all[TCA_STATS2], &stats);
    r->on_qdisc(head->tcm_ifindex, head->tcm_parent, nla_get_string(all[TCA_KIND]), &stats, r->arg);
}

int tc_read_qdiscs(struct netlink *nl,
                   void (*on_qdisc)(int ifindex, uint32_t parent, const char *kind,
                                    const struct qdisc_stats *stats, void *arg),
                   void *arg, struct error *err)
{
    struct tcmsg head = {.tcm_family = AF_UNSPEC};
    struct qdisc_reader reader = {on_qdisc, arg};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETQDISC, 0);
    nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO);
    return netlink_dump(nl, msg, read_qdisc, &reader, err);
}

int tc_probe_netem(struct netlink *nl, struct error *err)
{
    struct netem netem = {.limit = 1};
    return tc_add_netem(nl, LOOPBACK_INDEX, TC_H_ROOT, TC_HANDLE(1, 0), &netem, err);
}
