/* SPDX-License-Identifier: MIT */
#include "lab/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/interface.h"
#include "net/route.h"
#include "net/sysctl.h"
#include "net/tc.h"

#define FACTS_FOLDER ".lab" /* no node can have these names */
#define WORK_FOLDER  ".work"

int fabric_init(struct fabric *f, const struct plan *plan, struct error *err)
{
    *f = (struct fabric){.plan = plan};
    f->nodes = xcalloc(plan->scenario->node_count, sizeof(*f->nodes));
    for (size_t i = 0; i < plan->scenario->node_count; i++)
        f->nodes[i] = (struct node_instance){.pidfd = -1, .ns_fd = -1, .ioctl_fd = -1};
    f->tap_fds = xcalloc(plan->tap_count, sizeof(*f->tap_fds));
    for (size_t i = 0; i < plan->tap_count; i++)
        f->tap_fds[i] = -1;
    return netlink_open(&f->netlink, err);
}

void fabric_done(struct fabric *f)
{
    for (size_t i = 0; f->nodes && i < f->plan->scenario->node_count; i++)
        if (f->nodes[i].driver)
            f->nodes[i].driver->stop(&f->nodes[i]);
    for (size_t i = 0; f->tap_fds && i < f->plan->tap_count; i++)
        fd_closep(&f->tap_fds[i]);
    netlink_close(f->netlink);
    free(f->nodes);
    free(f->tap_fds);
    *f = (struct fabric){0};
}

/* Every node's name with its addresses, so that nothing ever waits for a name to be resolved. */
static void print_hosts(const struct plan *p, unsigned viewer, FILE *out)
{
    fputs("127.0.0.1 localhost\n::1 localhost\n", out);
    for (unsigned i = 0; i < p->scenario->node_count; i++) {
        const struct port *port = plan_port_towards(p, viewer, i);
        const char *name = p->scenario->nodes[i].name;
        char v4[IP_TEXT_MAX], v6[IP_TEXT_MAX];
        if (port)
            fprintf(out, "%s %s\n%s %s\n", ip_format(v4, &port->v4), name, ip_format(v6, &port->v6),
                    name);
    }
}

/* Writes what a node sees of the lab. */
static int write_facts(const struct plan *p, unsigned viewer, const char *folder, struct error *err)
{
    static const struct {
        const char *name;
        void (*print)(const struct plan *p, unsigned viewer, FILE *out);
    } files[] = {{"hosts", print_hosts}, {"peers.json", plan_print_peers}};
    int r = file_make_dirs(folder, err);
    for (size_t i = 0; i < ARRAY_LEN(files) && r == 0; i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, files[i].name);
        FILE *out = fopen(path, "we");
        if (!out)
            return error_errno(err, errno, "cannot write '%s'", path);
        files[i].print(p, viewer, out);
        if (fclose(out) < 0)
            r = error_errno(err, errno, "cannot write '%s'", path);
    }
    return r;
}

/* Where no node has two interfaces, all see the same, and one copy serves all. The caller frees
 * `*ret_folder`. */
static int provide_facts(const struct plan *p, unsigned node, const char *nodes_folder,
                         char **ret_folder, struct error *err)
{
    bool same = p->port_count <= p->scenario->node_count;
    char *folder =
        same ? xasprintf("%s/" FACTS_FOLDER, nodes_folder)
             : xasprintf("%s/" FACTS_FOLDER "/%s", nodes_folder, p->scenario->nodes[node].name);
    *ret_folder = folder;
    _cleanup_(freep) char *hosts = xasprintf("%s/hosts", folder);
    return same && file_exists(hosts) ? 0 : write_facts(p, node, folder, err);
}

/* The settings of a node are applied by its first process: the steps right behind OP_NODE. */
static size_t collect_settings(const struct plan *p, const struct op *node_op,
                               struct node_setting **ret)
{
    size_t count = 0;
    const struct op *op = node_op + 1, *end = p->ops + p->op_count;
    while (op + count < end && op[count].kind == OP_SYSCTL)
        count++;
    struct node_setting *settings = xcalloc(count, sizeof(*settings));
    for (size_t i = 0; i < count; i++)
        settings[i] = (struct node_setting){op[i].key, op[i].value, op[i].optional};
    *ret = settings;
    return count;
}

/* In memory, in the lab's mount namespace, and of a size of its own: no node can fill another's. */
static int mount_scratch(const char *path, uint64_t bytes, struct error *err)
{
    char options[64];
    snprintf(options, sizeof(options), "mode=0755,size=%llu", (unsigned long long)bytes);
    int r = file_make_dirs(path, err);
    if (r == 0 && mount("wanlab", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        r = error_errno(err, errno, "cannot mount the scratch folder '%s'", path);
    return r;
}

static int start_node(struct fabric *f, const struct apply_options *o, const struct op *op,
                      struct error *err)
{
    const struct node *node = &f->plan->scenario->nodes[op->ns];
    _cleanup_(freep) char *scratch = xasprintf("%s/%s", o->folder, node->name);
    _cleanup_(freep) char *facts = NULL;
    int r = provide_facts(f->plan, (unsigned)op->ns, o->folder, &facts, err);
    _cleanup_(freep) char *hosts = xasprintf("%s/hosts", facts);
    _cleanup_(freep) char *work = xasprintf("%s/" WORK_FOLDER "/%s", o->folder, node->name);
    _cleanup_(freep) struct node_setting *settings = NULL;
    struct node_mount mounts[4] = {
        {scratch, "/run/wanlab/scratch", true},
        {facts, "/run/wanlab/lab", false},
    };
    struct node_spec spec = {
        .name = node->name,
        .hosts = hosts,
        .hidden = o->hidden,
        .mounts = mounts,
        .mount_count = 2,
        .limits = &node->limits,
        .cgroups = o->cgroups,
        .root = o->roots ? o->roots[op->ns] : NULL,
        .work = work,
    };
    uint64_t begin = clock_monotonic_ns();
    if (o->workload_folder)
        mounts[spec.mount_count++] =
            (struct node_mount){o->workload_folder, "/run/wanlab/workload", false};
    if (o->cache_folder)
        mounts[spec.mount_count++] =
            (struct node_mount){o->cache_folder, "/run/wanlab/cache", false};
    spec.setting_count = collect_settings(f->plan, op, &settings);
    spec.settings = settings;
    if (r == 0)
        r = mount_scratch(scratch, o->scratch_bytes, err);
    if (r == 0 && node->kind == NODE_KIND_CONTAINER)
        r = mount_scratch(work, o->scratch_bytes, err);
    if (r == 0)
        r = node_driver(node->kind)->start(&f->nodes[op->ns], &spec, err);
    f->nodes[op->ns].boot_ns = clock_monotonic_ns() - begin;
    return r;
}

static int add_veth(struct fabric *f, const struct op *op, struct error *err)
{
    const struct port *port = &f->plan->ports[op->port];
    struct veth veth = {
        .name = port->dev,
        .index = port->index,
        .mac = port->mac,
        .peer_name = port->node_dev,
        .peer_index = port->node_index,
        .peer_mac = port->node_mac,
        .peer_ns_fd = f->nodes[port->node].ns_fd,
        .mtu = PLAN_MTU,
    };
    return interface_add_veth(f->netlink, &veth, err);
}

static int add_netem(struct netlink *nl, const struct plan *p, const struct op *op,
                     struct error *err)
{
    const struct impairment *i = &p->wires[op->wire].impairment;
    struct netem netem = {
        .delay_ns = i->delay_ns,
        .loss = i->loss,
        .rate_bps = i->rate_bps,
        .limit = (uint32_t)i->queue_packets,
    };
    uint32_t parent = op->minor ? TC_HANDLE(1, op->minor) : TC_H_ROOT;
    uint32_t handle = TC_HANDLE(op->minor + 1, 0);
    return tc_add_netem(nl, op->dev_index, parent, handle, &netem, err);
}

static int set_route(struct netlink *nl, const struct op *op, struct error *err)
{
    struct route route = {
        .destination = op->address,
        .via = op->via,
        .ifindex = op->dev_index,
        .congestion = op->value,
    };
    return route_add(nl, &route, err);
}

static int open_tap(struct fabric *f, const struct op *op, struct error *err)
{
    int r = interface_open_tap(op->dev, op->dev_index, &f->tap_fds[op->tap], err);
    return r < 0 ? r : interface_set_queue_len(f->netlink, op->dev_index, TAP_QUEUE_PACKETS, err);
}

/* The traffic control steps, all of them in the fabric. */
static int apply_tc(struct fabric *f, const struct op *op, struct error *err)
{
    struct netlink *nl = f->netlink;
    const uint32_t root = TC_HANDLE(1, 0);
    switch (op->kind) {
    case OP_CLSACT:
        return tc_add_clsact(nl, op->dev_index, err);
    case OP_REDIRECT:
        return tc_add_redirect(nl, op->dev_index, op->target_index, err);
    case OP_MARK:
        return tc_add_mark(nl, op->dev_index, TC_HANDLE(1, op->minor), err);
    case OP_HTB:
        return tc_add_htb(nl, op->dev_index, root, err);
    case OP_HTB_CLASS:
        return tc_add_htb_class(nl, op->dev_index, root, TC_HANDLE(1, op->minor), err);
    case OP_MARK_FILTER:
        return tc_add_mark_filter(nl, op->dev_index, root, err);
    default:
        return add_netem(nl, f->plan, op, err);
    }
}

static int apply_op(struct fabric *f, const struct apply_options *o, const struct op *op,
                    struct error *err)
{
    bool in_fabric = op->ns == PLAN_FABRIC;
    struct netlink *nl = in_fabric ? f->netlink : f->nodes[op->ns].netlink;
    switch (op->kind) {
    case OP_NODE:
        return start_node(f, o, op, err);
    case OP_SYSCTL:
        return in_fabric ? sysctl_set(op->key, op->value, op->optional, err) : 0;
    case OP_BRIDGE:
        return interface_add_bridge(nl, op->dev, op->dev_index, err);
    case OP_VETH:
        return add_veth(f, op, err);
    case OP_IFB:
        return interface_add_ifb(nl, op->dev, op->dev_index, err);
    case OP_TAP:
        return open_tap(f, op, err);
    case OP_UP:
        return interface_set_up(nl, op->dev_index, err);
    case OP_MASTER:
        return interface_set_master(nl, op->dev_index, op->target_index, err);
    case OP_ADDRESS:
        return address_add(nl, op->dev_index, &op->address, err);
    case OP_ROUTE:
        return set_route(nl, op, err);
    case OP_NEIGHBOUR:
        return neighbour_add(nl, op->dev_index, &op->address, op->mac, err);
    case OP_OFFLOADS:
        return interface_set_offload(f->nodes[op->ns].ioctl_fd, op->dev, false, err);
    default:
        return apply_tc(f, op, err);
    }
}

/* The error says which step it was in the words of `wanlab plan`. */
static int wrap_with_step(const struct plan *p, const struct op *op, struct error *err)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        return -err->code;
    plan_print_op(p, op, out);
    fclose(out);
    if (size > 0)
        line[size - 1] = '\0'; /* without the line's end */
    int r = error_wrap(err, "%s", line);
    free(line);
    return r;
}

int fabric_apply(struct fabric *f, const struct apply_options *options, struct error *err)
{
    const struct plan *p = f->plan;
    int r = 0;
    for (size_t i = 0; i < p->op_count && r == 0; i++) {
        if (options->on_step)
            options->on_step(p, &p->ops[i], options->arg);
        r = apply_op(f, options, &p->ops[i], err);
        if (r < 0)
            wrap_with_step(p, &p->ops[i], err);
    }
    return r;
}
