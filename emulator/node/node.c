/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/message.h"
#include "base/reap.h"
#include "node/child.h"
#include "node/container.h"
#include "node/docker.h"
#include "node/native.h"
#include "node/process.h"
#include "node/qemu.h"
#include "node/sandbox.h"
#include "node/uml.h"

const struct node_driver *node_driver(enum node_kind kind)
{
    static const struct node_driver *const drivers[] = {
        [NODE_KIND_PROCESS] = &node_process, [NODE_KIND_CONTAINER] = &node_container,
        [NODE_KIND_UML] = &node_uml,         [NODE_KIND_QEMU] = &node_qemu,
        [NODE_KIND_DOCKER] = &node_docker,   [NODE_KIND_NATIVE] = &node_native,
    };
    return drivers[kind];
}

const struct node_instance node_none = {.pidfd = -1, .boot_fd = -1, .broker = -1};

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
    return r < 0 ? r : cgroup_limit(&n->cgroup, spec->limits, spec->disk, err);
}

static _Noreturn void first_process(const struct node_instance *n, const struct node_spec *spec,
                                    node_enter enter, int channel)
{
    struct child_answer answer = {0};
    int fd = -1;
    cgroup_join(&n->cgroup);
    answer.result = enter(spec, channel, &fd, &answer.err);
    message_send(channel, &answer, sizeof(answer), &fd, answer.result == 0 && fd >= 0 ? 1 : 0);
    if (answer.result < 0)
        _exit(1);
    reap_forever();
}

int node_clone(struct node_instance *n, const struct node_spec *spec, node_enter enter,
               struct error *err)
{
    int pair[2];
    int r = node_limit(n, spec, err);
    if (r == 0)
        r = child_channel(pair, err);
    if (r < 0)
        return error_wrap(err, "node '%s'", spec->name);
    n->boot_fd = pair[0];
    n->pid = child_clone(CLONE_NEWPID, &n->pidfd);
    if (n->pid == 0)
        first_process(n, spec, enter, pair[1]);
    close(pair[1]);
    if (n->pid < 0) {
        n->pid = 0;
        return error_errno(err, errno, "cannot make the PID namespace of node '%s'", spec->name);
    }
    return 0;
}

struct entry {
    int ns_fd;
    const struct node_spec *spec;
};

static int open_network(void *arg, int *ret_fd, struct error *err)
{
    const struct entry *e = arg;
    if (setns(e->ns_fd, CLONE_NEWNET) < 0)
        return error_errno(err, errno, "cannot enter the node's network");
    int r = child_open_network(ret_fd, err);
    return r < 0 ? r : sandbox_apply_settings(e->spec, err);
}

int node_open_network(struct node_instance *n, const struct node_spec *spec, int ns_fd,
                      struct error *err)
{
    struct entry entry = {ns_fd, spec};
    int fd = -1;
    int r = child_do(open_network, &entry, &fd, err);
    return r < 0 ? r : netlink_adopt(fd, &n->netlink, err);
}
