/* SPDX-License-Identifier: MIT */
#include "experiment/monitor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probe.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "topology/path.h"

enum { TIMEOUT_MS = 2000 /* beyond twice the round trip */ };

static double slack_s(const struct path *p)
{
    return ((double)path_delay_ns(p) - (double)path_earliest_ns(p)) / 1e9;
}

static void add_pair(struct monitor *m, const struct path *there, const struct path *back)
{
    const struct node *nodes = m->plan->scenario->nodes;
    uint64_t asked_ns = path_passage_ns(there, PROBE_FRAME_BYTES);
    asked_ns += path_passage_ns(back, PROBE_FRAME_BYTES);
    m->pairs = array_grow(m->pairs, m->pair_count, sizeof(*m->pairs));
    m->pairs[m->pair_count++] = (struct monitored){
        .from = there->from,
        .to = there->to,
        .asked_s = (double)asked_ns / 1e9,
        .slack_s = slack_s(there) + slack_s(back),
        .loss = path_loss(there) + path_loss(back) - path_loss(there) * path_loss(back),
        .is_blurred = !path_is_plain(there) || !path_is_plain(back) || path_rate_bps(there) ||
                      path_rate_bps(back) || scenario_is_machine(nodes[there->from].kind) ||
                      scenario_is_machine(nodes[there->to].kind),
    };
}

void monitor_take(struct monitor *m, unsigned node, const char *line)
{
    const char *address;
    double rtt = NAN;
    int lost = 0;
    json_t *object = json_loads(line, 0, NULL);
    if (!m->ended && json_unpack(object, "{s:s s?F s?b}", "address", &address, "rtt_s", &rtt,
                                 "lost", &lost) == 0) {
        for (size_t i = 0; i < m->pair_count; i++) {
            struct monitored *p = &m->pairs[i];
            char text[IP_TEXT_MAX];
            if (p->from != node ||
                strcmp(ip_format(text, &plan_port_towards(m->plan, p->from, p->to)->v4), address) !=
                    0)
                continue;
            p->sent++;
            p->lost += lost != 0;
            if (lost || isnan(rtt))
                continue;
            p->errors = array_grow(p->errors, p->error_count, sizeof(*p->errors));
            p->errors[p->error_count++] = rtt - p->asked_s;
        }
    }
    json_decref(object);
}

/* Whether it is the path that the name of its end stands for at its beginning. */
static bool is_named(const struct plan *plan, const struct path *p)
{
    return plan_port_towards(plan, p->from, p->to) == p->to_port;
}

/* Which node sends to which: every so-manyth node to every so-manyth of those that it reaches over
 * the connection that its name stands for. */
void monitor_choose(struct monitor *m, const struct plan *plan)
{
    *m = (struct monitor){.plan = plan};
    size_t count, nodes = plan->scenario->node_count;
    _cleanup_(freep) struct path *paths = paths_of(plan, &count);
    _cleanup_(freep) unsigned *reached = xcalloc(nodes, sizeof(*reached));
    _cleanup_(freep) unsigned *seen = xcalloc(nodes, sizeof(*seen));
    const size_t node_step = (nodes + MONITOR_NODES - 1) / MONITOR_NODES;
    for (size_t i = 0; i < count; i++)
        reached[paths[i].from] += is_named(plan, &paths[i]);
    for (size_t i = 0; i < count; i++) {
        unsigned from = paths[i].from;
        size_t step = (reached[from] + MONITOR_TARGETS - 1) / MONITOR_TARGETS;
        if (from % node_step == 0 && is_named(plan, &paths[i]) && seen[from]++ % step == 0)
            add_pair(m, &paths[i], &paths[i ^ 1]);
    }
}

static void on_line(unsigned node, const char *line, void *arg)
{
    monitor_take(arg, node, line);
}

static int start_node(struct monitor *m, struct crew *crew, unsigned node, unsigned senders,
                      struct error *err)
{
    char *argv[4 + MONITOR_TARGETS + 1] = {NULL};
    size_t argc = 0;
    double slowest = 0;
    for (size_t i = 0; i < m->pair_count; i++)
        slowest = fmax(slowest, m->pairs[i].asked_s);
    argv[argc++] = xstrdup("probe");
    argv[argc++] = xstrdup("0");
    argv[argc++] = xasprintf("%.0f", fmin(TIMEOUT_MS + 2e3 * slowest, 1e9));
    argv[argc++] = xasprintf("%llu", senders * NS_PER_SEC / NS_PER_US / MONITOR_PER_SECOND);
    for (size_t i = 0; i < m->pair_count && argc < 4 + MONITOR_TARGETS; i++) {
        const struct monitored *p = &m->pairs[i];
        char text[IP_TEXT_MAX];
        if (p->from == node)
            argv[argc++] = xstrdup(ip_format(text, &plan_port_towards(m->plan, node, p->to)->v4));
    }
    struct crew_task task = {.node = node,
                             .role = "the probe",
                             .argv = argv,
                             .service = true,
                             .on_line = on_line,
                             .arg = m};
    int r = crew_start_builtin(crew, &task, err);
    for (size_t i = 0; i < argc; i++)
        free(argv[i]);
    return r;
}

int monitor_start(struct monitor *m, struct crew *crew, const struct plan *plan, struct error *err)
{
    monitor_choose(m, plan);
    _cleanup_(freep) bool *sends = xcalloc(plan->scenario->node_count, sizeof(*sends));
    unsigned senders = 0;
    for (size_t i = 0; i < m->pair_count; i++) {
        senders += !sends[m->pairs[i].from];
        sends[m->pairs[i].from] = true;
    }
    int r = 0;
    for (unsigned i = 0; r == 0 && i < plan->scenario->node_count; i++)
        if (sends[i])
            r = start_node(m, crew, i, senders, err);
    return r;
}

void monitor_end(struct monitor *m)
{
    m->ended = true;
}

void monitor_done(struct monitor *m)
{
    for (size_t i = 0; i < m->pair_count; i++)
        free(m->pairs[i].errors);
    free(m->pairs);
    *m = (struct monitor){0};
}

double monitor_median_error(const struct monitor *m)
{
    double *all = NULL;
    size_t count = 0;
    for (size_t i = 0; i < m->pair_count; i++) {
        const struct monitored *p = &m->pairs[i];
        for (size_t k = 0; !p->is_blurred && k < p->error_count; k++) {
            all = array_grow(all, count, sizeof(*all));
            all[count++] = p->errors[k];
        }
    }
    double median = stats_of(all, count).median;
    free(all);
    return median;
}

double monitor_earliest(const struct monitor *m)
{
    double earliest = 0;
    for (size_t i = 0; i < m->pair_count; i++)
        for (size_t k = 0; k < m->pairs[i].error_count; k++)
            earliest = fmax(earliest, -m->pairs[i].errors[k] - m->pairs[i].slack_s);
    return earliest;
}

unsigned monitor_lost(const struct monitor *m, unsigned *ret_sent)
{
    unsigned lost = 0;
    *ret_sent = 0;
    for (size_t i = 0; i < m->pair_count; i++) {
        if (m->pairs[i].is_blurred || m->pairs[i].loss > 0)
            continue;
        *ret_sent += m->pairs[i].sent;
        lost += m->pairs[i].lost;
    }
    return lost;
}

json_t *monitor_describe(const struct monitor *m)
{
    json_t *pairs = json_array();
    const struct node *nodes = m->plan ? m->plan->scenario->nodes : NULL;
    for (size_t i = 0; i < m->pair_count; i++) {
        const struct monitored *p = &m->pairs[i];
        struct stats errors = stats_of(p->errors, p->error_count);
        json_t *pair =
            json_pack("{s:s s:s s:f s:i s:i}", "a", nodes[p->from].name, "b", nodes[p->to].name,
                      "rtt_asked_s", p->asked_s, "sent", (int)p->sent, "lost", (int)p->lost);
        if (p->error_count > 0)
            json_object_set_new(pair, "rtt_median_s", json_real(p->asked_s + errors.median));
        json_array_append_new(pairs, pair);
    }
    return pairs;
}
