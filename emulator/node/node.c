/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
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

/* In a short-lived child. */
static void open_network(int ns_fd, const struct node_spec *spec, int channel)
{
    struct child_answer answer = {0};
    int fd = -1;
    if (setns(ns_fd, CLONE_NEWNET) < 0)
        answer.result = error_errno(&answer.err, errno, "cannot enter the node's network");
    if (answer.result == 0)
        answer.result = child_open_network(&fd, &answer.err);
    if (answer.result == 0)
        answer.result = sandbox_apply_settings(spec, &answer.err);
    message_send(channel, &answer, sizeof(answer), &fd, answer.result == 0 ? 1 : 0);
    _exit(0);
}

int node_open_network(struct node_instance *n, const struct node_spec *spec, int ns_fd,
                      struct error *err)
{
    int pair[2], fd = -1;
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    _cleanup_(fd_closep) int channel = pair[0];
    pid_t child = fork();
    if (child == 0)
        open_network(ns_fd, spec, pair[1]);
    close(pair[1]);
    if (child < 0)
        return error_errno(err, errno, "cannot fork");
    struct child_answer answer;
    r = child_receive(channel, &answer, &fd, 1, err);
    waitpid(child, NULL, 0);
    return r < 0 ? r : netlink_adopt(fd, &n->netlink, err);
}
