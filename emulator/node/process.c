/* SPDX-License-Identifier: MIT
 *
 * A process node is a set of namespaces and the small process that holds them: its PID 1, a copy of
 * the supervisor that never executes anything but reaps what is orphaned. It opens the socket
 * through which the supervisor configures the node's network and hands it over, so that nobody has
 * to enter the namespace later.
 *
 * The supervisor is one thread, so it does as little as it can: all namespaces but that of PIDs,
 * which only a clone can make, are made by the node's process itself, several side by side.
 *
 * When a node's PID 1 dies the kernel kills all of its processes; when the supervisor dies, the
 * lab's PID namespace takes the nodes with it.
 */
#include "node/process.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "node/child.h"
#include "node/program.h"
#include "node/sandbox.h"

enum {
    NODE_NAMESPACES = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC,
};

static int enter(const struct node_spec *spec, int channel, int *ret_fd, struct error *err)
{
    fd_close_others((int[]){channel, spec->bare_mounts}, 2); /* nobody's pipe lives on in a node */
    if (unshare(NODE_NAMESPACES & ~(CLONE_NEWPID | CLONE_NEWNS)) < 0)
        return error_errno(err, errno, "cannot make its namespaces");
    int r = child_open_network(ret_fd, err);
    if (r == 0)
        r = sandbox_build(spec, spec->bare_mounts, err);
    return r < 0 ? r : sandbox_drop_privileges(err);
}

static int begin(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    node_init(n, &node_process, spec->name);
    n->namespaces = NODE_NAMESPACES;
    return node_clone(n, spec, enter, err);
}

static int finish(struct node_instance *n, const struct node_spec *spec, struct error *err)
{
    struct child_answer answer;
    int fd = -1;
    int r = child_receive(n->boot_fd, &answer, &fd, 1, err);
    fd_closep(&n->boot_fd);
    if (r == 0)
        r = netlink_adopt(fd, &n->netlink, err);
    return r < 0 ? error_wrap(err, "node '%s'", spec->name) : 0;
}

const struct node_driver node_process = {
    .name = "process",
    .begin = begin,
    .finish = finish,
    .exec = program_start,
    .pause = program_pause_node,
    .end = program_end_node,
    .halt = program_halt_node,
    .stop = program_stop_node,
};
