/* SPDX-License-Identifier: MIT
 *
 * The supervisor builds the lab, tells the launcher, and then waits: for clients, for programs and
 * nodes that end, for its engine, for the launcher's lifeline. It ends when it is told to, when the
 * lifeline closes, when the engine dies, or when it is killed; cleaning up is the kernel's work in
 * all four cases.
 */
#include "lab/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "lab/pin.h"
#include "topology/events.h"

/* The launcher must still be there: nobody wants a lab whose `up` was killed half way. */
static void tell_launcher(const struct tree *t, const struct report *report)
{
    if (message_send(t->reports, report, sizeof(*report), NULL, 0) < 0)
        _exit(1);
}

static void on_step(const struct plan *p, const struct op *op, void *arg)
{
    struct report report = {.kind = REPORT_STEP};
    FILE *out = fmemopen(report.err.text, sizeof(report.err.text), "w");
    if (out) {
        plan_print_op(p, op, out);
        fclose(out);
    }
    report.err.text[strcspn(report.err.text, "\n")] = '\0';
    tell_launcher(arg, &report);
}

static void on_boot(size_t booted, size_t count, void *arg)
{
    struct report report = {.kind = REPORT_BOOT, .booted = booted, .count = count};
    tell_launcher(arg, &report);
}

/* Nodes of kind process without limits need no cgroups, so any user can have them. */
static bool needs_cgroups(const struct scenario *s)
{
    for (size_t i = 0; i < s->node_count; i++) {
        const struct node_limits *l = &s->nodes[i].limits;
        if (s->nodes[i].kind == NODE_KIND_CONTAINER || l->cpus > 0 || l->memory_bytes || l->pids ||
            l->io_read || l->io_write)
            return true;
    }
    return false;
}

/* No node's process needs the plan's steps and wires, and in a large lab most of a fork would be
 * copying the table of their pages. */
static void keep_from_nodes(const struct plan *p, bool kept)
{
    const struct wan *wan = &p->scenario->wan;
    mem_keep_from_forks(p->ops, p->op_count * sizeof(*p->ops), kept);
    mem_keep_from_forks(p->wires, p->wire_count * sizeof(*p->wires), kept);
    mem_keep_from_forks(wan->pairs, wan->member_count * wan->member_count * sizeof(*wan->pairs),
                        kept);
}

static int start_engine(struct supervisor *s, struct error *err)
{
    const struct tree *t = s->tree;
    keep_from_nodes(t->plan, false);
    int r = s->engine->start(t->plan, s->fabric.tap_fds, t->options->fates_fd, &s->engine_run, err);
    if (r == 0)
        r = capture_start(t->plan, &t->options->capture, err);
    keep_from_nodes(t->plan, true);
    for (size_t i = 0; i < t->plan->tap_count; i++)
        s->fabric.tap_fds[i] = -1;
    return r;
}

static int build(struct supervisor *s, struct error *err)
{
    const struct tree *t = s->tree;
    const struct scenario *scenario = t->plan->scenario;
    _cleanup_(freep) bool *clocks = xcalloc(scenario->node_count, sizeof(*clocks));
    if (scenario->events)
        schedule_mark_clocks(scenario, scenario->events, clocks);
    s->nodes_folder = xasprintf("%s/nodes", t->folder);
    s->labs_folder = xstrdup(t->folder);
    *strrchr(s->labs_folder, '/') = '\0';
    struct apply_options options = {
        .folder = s->nodes_folder,
        .hidden = s->labs_folder,
        .scratch_bytes = t->scratch_bytes,
        .scratch_disk = t->scratch_disk,
        .scratch_memory = t->scratch_memory,
        .workload_folder = t->options->workload_folder,
        .cache_folder = t->options->cache_folder,
        .clocks = clocks,
        .roots = t->roots,
        .broker = t->broker,
        .host = t->host,
        .launcher = t->reports,
        .on_step = t->options->on_step ? on_step : NULL,
        .on_boot = t->options->on_boot ? on_boot : NULL,
        .arg = (void *)t,
    };
    int r = needs_cgroups(scenario) ? cgroup_reserve(t->folder, &s->cgroups, err) : 0;
    options.cgroups = s->cgroups;
    keep_from_nodes(t->plan, true);
    if (r == 0)
        r = fabric_init(&s->fabric, t->plan, err);
    if (r == 0)
        r = fabric_apply(&s->fabric, &options, err);
    if (r == 0 && t->mounts >= 0)
        r = pin_nodes(t->folder, t->mounts, &s->fabric, -1, err);
    if (r == 0)
        r = start_engine(s, err);
    if (r == 0)
        links_init(s);
    if (r == 0)
        clocks_init(s);
    return r;
}

static void on_engine_died(uv_poll_t *poll, int status, int events)
{
    struct supervisor *s = poll->data;
    (void)status, (void)events;
    log_error("the wire engine '%s' died", s->engine->name);
    control_broadcast(s, json_pack("{s:s s:s}", "event", "engine-died", "engine", s->engine->name));
    uv_stop(&s->loop);
}

static void on_lifeline(uv_poll_t *poll, int status, int events)
{
    struct supervisor *s = poll->data;
    (void)status, (void)events;
    uv_stop(&s->loop);
}

static void watch(struct supervisor *s, uv_poll_t *poll, int fd, void *data, uv_poll_cb callback)
{
    uv_poll_init(&s->loop, poll, fd);
    poll->data = data;
    uv_poll_start(poll, UV_READABLE, callback);
}

static void watch_all(struct supervisor *s)
{
    life_start(s);
    if (s->engine->pidfd(s->engine_run) >= 0)
        watch(s, &s->engine_poll, s->engine->pidfd(s->engine_run), s, on_engine_died);
    if (s->tree->lifeline >= 0)
        watch(s, &s->lifeline_poll, s->tree->lifeline, s, on_lifeline);
}

int supervisor_run(const struct tree *t)
{
    struct supervisor s = {
        .tree = t,
        .engine = wire_engine(t->plan->engine),
        .started_ns = clock_realtime_ns(),
    };
    struct report report = {.kind = REPORT_READY};
    prctl(PR_SET_NAME, "wanlab-lab");
    signal(SIGPIPE, SIG_IGN);
    fd_limit_raise();
    int r = uv_loop_init(&s.loop);
    if (r < 0)
        r = error_errno(&report.err, -r, "cannot make an event loop");
    if (r == 0)
        r = build(&s, &report.err);
    if (r == 0)
        r = control_start(&s, &report.err);
    if (r < 0)
        report.kind = REPORT_FAILED;
    tell_launcher(t, &report);
    close(t->reports);
    if (r < 0)
        return 1;
    watch_all(&s);
    uv_run(&s.loop, UV_RUN_DEFAULT);
    return 0;
}
