/* SPDX-License-Identifier: MIT
 *
 * The clocks of a running lab's nodes. What a node is to be off by is kept here: a machine's kernel
 * is told, and goes on by itself; what programs of other nodes are to read (node/faketime.h) is
 * written anew for each change, and, while it drifts, a hundred times a second. A node that boots
 * has the host's clock again.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "lab/boot.h"
#include "lab/supervisor.h"
#include "node/faketime.h"
#include "topology/events.h"

enum { TICK_MS = 10 };

static const int64_t furthest_ns = 1000000000000000000; /* 31 years */

struct clock {
    int64_t offset_ns; /* from the host's, at `since_ns` */
    int64_t drift_ppb;
    uint64_t since_ns; /* monotonic */
};

static int64_t offset_at(const struct clock *c, uint64_t now_ns)
{
    const double drift = (double)c->drift_ppb / 1e9;
    return c->offset_ns + (int64_t)((double)(now_ns - c->since_ns) * drift);
}

/* Whether its programs read their clock in a file of ours. */
static bool is_faked(const struct supervisor *s, unsigned node)
{
    return s->fabric.boots[node].clock.file != NULL;
}

static void on_tick(uv_timer_t *timer)
{
    struct supervisor *s = timer->data;
    const uint64_t now_ns = clock_monotonic_ns();
    struct error err;
    bool any = false;
    for (unsigned i = 0; i < s->tree->plan->scenario->node_count; i++) {
        struct clock *c = &s->clocks[i];
        if (!is_faked(s, i) || c->drift_ppb == 0)
            continue;
        any = true;
        if (faketime_write(s->fabric.boots[i].clock.file, offset_at(c, now_ns), &err) < 0) {
            log_warn("the clock of node '%s' drifts no longer: %s",
                     s->tree->plan->scenario->nodes[i].name, err.text);
            c->drift_ppb = 0;
        }
    }
    if (!any)
        uv_timer_stop(timer);
}

void clocks_init(struct supervisor *s)
{
    s->clocks = xcalloc(s->tree->plan->scenario->node_count, sizeof(*s->clocks));
    uv_timer_init(&s->loop, &s->clock_tick);
    s->clock_tick.data = s;
}

void clocks_forget(struct supervisor *s, unsigned node)
{
    struct error err;
    s->clocks[node] = (struct clock){0};
    if (is_faked(s, node) && faketime_write(s->fabric.boots[node].clock.file, 0, &err) < 0)
        log_warn("%s", err.text);
}

/* One that is dead or boots has no clock to change. */
static bool is_up(const struct node_instance *n)
{
    return n->state == NODE_RUNNING || n->state == NODE_PAUSED;
}

/* Before anything is changed. */
static int check_node(const struct supervisor *s, unsigned node, struct error *err)
{
    const struct node_instance *n = &s->fabric.nodes[node];
    if (!is_up(n) || n->driver->set_clock)
        return 0;
    if (!is_faked(s, node))
        return error_input(err,
                           "node '%s': its programs see the host's clock (name the node in a "
                           "'clock' event of the file, and they are started with libfaketime)",
                           n->name);
    int r = faketime_check_node(n, err);
    return r < 0 ? error_wrap(err, "node '%s'", n->name) : 0;
}

static int change_node(struct supervisor *s, unsigned node, const struct clock_change *change,
                       struct error *err)
{
    struct node_instance *n = &s->fabric.nodes[node];
    struct clock *c = &s->clocks[node], next = {.since_ns = clock_monotonic_ns()};
    const int64_t before_ns = offset_at(c, next.since_ns);
    if (!change->reset) {
        next.offset_ns = before_ns + change->step_ns;
        next.drift_ppb = change->has_drift ? change->drift_ppb : c->drift_ppb;
    }
    if (!is_up(n))
        return 0;
    if (llabs(next.offset_ns) > furthest_ns)
        return error_input(err, "node '%s': its clock would be off by more than 30 years", n->name);
    int r = n->driver->set_clock
                ? n->driver->set_clock(n, next.offset_ns - before_ns, next.drift_ppb, err)
                : faketime_write(s->fabric.boots[node].clock.file, next.offset_ns, err);
    if (r < 0)
        return r;
    *c = next;
    if (is_faked(s, node) && next.drift_ppb != 0 && !uv_is_active((uv_handle_t *)&s->clock_tick)) {
        uv_update_time(&s->loop);
        uv_timer_start(&s->clock_tick, on_tick, TICK_MS, TICK_MS);
    }
    return 0;
}

int clocks_request(struct supervisor *s, json_t *request, json_t *answer, struct error *err)
{
    const size_t count = s->tree->plan->scenario->node_count;
    _cleanup_(freep) bool *named = xcalloc(count, sizeof(*named));
    struct clock_change change;
    struct wire_switch when = {0};
    int r = control_named(s, request, named, err);
    if (r == 0)
        r = clock_change_read(json_object_get(request, "clock"), &change, err);
    for (unsigned i = 0; i < count && r == 0; i++)
        r = named[i] ? check_node(s, i, err) : 0;
    for (unsigned i = 0; i < count && r == 0; i++) {
        if (!named[i])
            continue;
        r = change_node(s, i, &change, err);
        control_note_time(&when);
    }
    if (r == 0)
        json_object_set_new(answer, "change", control_describe_switch(&when));
    return r;
}
