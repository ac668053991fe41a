/* SPDX-License-Identifier: MIT
 *
 * Whether a kernel has netem is found out by making one, on the loopback of a network namespace
 * that lives as long as the attempt: the kernel may load a module for it, and no file says so
 * reliably.
 */
#include "wire/netem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/prng.h"
#include "net/netlink.h"
#include "topology/distribution.h"

enum { UNIFORM_VALUES = 4096 };

static int try_netem(struct error *err)
{
    int namespaces = CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    if (unshare(namespaces) < 0)
        return error_machine(err, errno,
                             "cannot make a network namespace to try netem in "
                             "(run as root, or allow user namespaces)");
    _cleanup_(netlink_closep) struct netlink *nl = NULL;
    int r = netlink_open(&nl, err);
    if (r < 0)
        return r;
    r = tc_probe_netem(nl, err);
    if (r == -ENOENT || r == -EOPNOTSUPP)
        return error_machine(err, ENOENT,
                             "the kernel has no sch_netem (install the kernel's extra "
                             "modules, or use the engine 'delayline')");
    return r;
}

static int probe(struct error *err)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    _cleanup_(fd_closep) int reader = pipe_fds[0];
    pid_t child = fork();
    if (child == 0) {
        struct error answer = {0};
        int r = try_netem(&answer);
        if (r < 0)
            fd_write_all(pipe_fds[1], &answer, sizeof(answer));
        _exit(r < 0);
    }
    close(pipe_fds[1]);
    if (child < 0)
        return error_errno(err, errno, "cannot fork");
    struct error answer;
    ssize_t n = read(reader, &answer, sizeof(answer));
    int status;
    waitpid(child, &status, 0);
    if (n == (ssize_t)sizeof(answer)) {
        if (err)
            *err = answer;
        return -answer.code;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(err, EIO, "the attempt to make a netem qdisc died");
    return 0;
}

static void fill_loss(const struct impairment *i, struct netem *netem)
{
    if (i->cut) {
        netem->loss_model = NETEM_LOSS_RANDOM;
        netem->loss[0] = 1;
    } else if (i->loss_model == LOSS_RANDOM && i->loss_parameters[0] > 0) {
        netem->loss_model = NETEM_LOSS_GEMODEL;
        impairment_correlated_loss(i, &netem->loss[0], &netem->loss[1]);
        netem->loss[2] = 1;
    } else if (i->loss_model == LOSS_RANDOM) {
        netem->loss_model = i->loss > 0 ? NETEM_LOSS_RANDOM : NETEM_LOSS_NONE;
        netem->loss[0] = i->loss;
    } else {
        netem->loss_model = i->loss_model == LOSS_GEMODEL ? NETEM_LOSS_GEMODEL : NETEM_LOSS_STATE;
        memcpy(netem->loss, i->loss_parameters, sizeof(netem->loss));
    }
}

void netem_fill(const struct plan *plan, unsigned wire, const struct impairment *i,
                struct netem *ret)
{
    *ret = (struct netem){
        .delay_ns = i->delay_ns,
        .jitter_ns = i->jitter_ns,
        .distribution = i->distribution ? i->distribution->values : NULL,
        .distribution_count = i->distribution ? i->distribution->count : 0,
        .duplicate = i->duplicate.probability,
        .corrupt = i->corrupt.probability,
        .reorder = i->reorder.probability,
        .gap = i->reorder_gap,
        .rate_bps = impairment_netem_rate(i),
        .overhead = i->framing.overhead,
        .cell = i->framing.cell,
        .cell_overhead = i->framing.cell_overhead,
        .limit = impairment_netem_limit(i, plan->ports[plan->wires[wire].to_port].mtu),
        .seed = prng_key(plan->scenario->seed, plan->wires[wire].name),
    };
    fill_loss(i, ret);
}

/* A change cannot take a table away that is there; this one means the same as none. */
static const int16_t *uniform_table(void)
{
    static int16_t values[UNIFORM_VALUES];
    const int step = 2 * DISTRIBUTION_SCALE / UNIFORM_VALUES;
    for (int i = 0; values[0] == 0 && i < UNIFORM_VALUES; i++)
        values[UNIFORM_VALUES - 1 - i] = (int16_t)(DISTRIBUTION_SCALE - step / 2 - i * step);
    return values;
}

static struct nl_msg *change_message(const struct plan *plan, unsigned wire,
                                     const struct impairment *i)
{
    static uint64_t changes; /* so that no change brings the same fates again */
    struct netem netem;
    int index;
    uint32_t minor;
    netem_fill(plan, wire, i, &netem);
    netem.seed += ++changes;
    if (netem.jitter_ns && !netem.distribution) {
        netem.distribution = uniform_table();
        netem.distribution_count = UNIFORM_VALUES;
    }
    /* What flies already must not be overtaken by what has a shorter delay. */
    if (!i->order_free)
        netem.rate_bps = impairment_ordering_rate(i);
    plan_netem_place(&plan->wires[wire], &index, &minor);
    return tc_replace_netem(index, minor ? TC_HANDLE(1, minor) : TC_H_ROOT, TC_HANDLE(minor + 1, 0),
                            &netem);
}

/* All wires of a change, in one go; `back`: as they were before it. */
static int send_all(struct netlink *nl, const struct change *c, bool back, struct wire_switch *ret,
                    struct error *err)
{
    _cleanup_(freep) struct nl_msg **msgs = xcalloc(c->count, sizeof(*msgs));
    size_t failed;
    uint64_t ns[2];
    for (size_t i = 0; i < c->count; i++) {
        const struct change_wire *w = &c->wires[i];
        msgs[i] = change_message(c->plan, w->wire, back ? &c->now[w->wire] : &w->impairment);
    }
    ret->realtime_ns = clock_realtime_ns();
    int r = netlink_request_all(nl, msgs, c->count, &failed, ns, err);
    ret->first_ns = ns[0];
    ret->last_ns = ns[1];
    if (r < 0 && failed < c->count)
        return error_wrap(err, "wire '%s'", c->plan->wires[c->wires[failed].wire].name);
    return r;
}

static int change(struct engine_run *run, const struct change *c, struct wire_switch *ret,
                  struct error *err)
{
    _cleanup_(netlink_closep) struct netlink *nl = NULL;
    struct wire_switch when;
    (void)run;
    int r = netlink_open(&nl, err);
    if (r < 0)
        return r;
    r = send_all(nl, c, false, &when, err);
    if (r < 0) {
        send_all(nl, c, true, &when, NULL);
        return r;
    }
    *ret = when;
    return 0;
}

static int start(const struct plan *plan, const int *tap_fds, int fates_fd, struct engine_run **ret,
                 struct error *err)
{
    (void)plan, (void)tap_fds, (void)fates_fd, (void)err;
    *ret = NULL;
    return 0;
}

static int no_pidfd(const struct engine_run *run)
{
    (void)run;
    return -1;
}

static const struct delayline_stats *no_stats(const struct engine_run *run)
{
    (void)run;
    return NULL;
}

static void stop(struct engine_run *run)
{
    (void)run;
}

const struct wire_engine netem_engine = {
    .name = "netem",
    .probe = probe,
    .start = start,
    .pidfd = no_pidfd,
    .stats = no_stats,
    .change = change,
    .stop = stop,
};
