/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include "base/mem.h"
#include "node/container.h"
#include "node/process.h"
#include "node/qemu.h"
#include "node/uml.h"

const struct node_driver *node_driver(enum node_kind kind)
{
    static const struct node_driver *const drivers[] = {
        [NODE_KIND_PROCESS] = &node_process,
        [NODE_KIND_CONTAINER] = &node_container,
        [NODE_KIND_UML] = &node_uml,
        [NODE_KIND_QEMU] = &node_qemu,
    };
    return drivers[kind];
}

const struct node_instance node_none = {.pidfd = -1, .boot_fd = -1, .ns_fd = -1, .ioctl_fd = -1};

const char *node_state_name(enum node_state state)
{
    static const char *const names[] = {"dead", "booting", "running", "paused"};
    return names[state];
}

void node_init(struct node_instance *n, const struct node_driver *driver, const char *name)
{
    *n = node_none;
    n->driver = driver;
    n->name = xstrdup(name);
}

int node_limit(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    if (!spec->cgroups)
        return 0;
    int r = cgroup_open(spec->cgroups, spec->name, spec->limits, &n->cgroup, err);
    return r < 0 ? r : cgroup_limit(&n->cgroup, spec->limits, err);
}

int node_adopt_network(struct node_instance *n, const int *fds, struct error *err)
{
    n->ioctl_fd = fds[1];
    n->ns_fd = fds[2];
    return netlink_adopt(fds[0], &n->netlink, err);
}
