/* SPDX-License-Identifier: MIT */
#include "experiment/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum { TIMEOUT_S = 60, NAMED_MAX = 3 };

/* --- reading --- */

struct reading {
    json_t **nodes;
};

static void on_line(unsigned node, const char *line, void *arg)
{
    struct reading *r = arg;
    json_t *object = json_loads(line, 0, NULL);
    if (!object)
        return;
    json_decref(r->nodes[node]);
    r->nodes[node] = object;
}

/* A node to which node `i` has a route of its own: the next with a path. -1: there is none. */
static int find_peer(const struct plan *p, unsigned i)
{
    unsigned count = (unsigned)p->scenario->node_count;
    for (unsigned k = 1; k < count; k++) {
        unsigned peer = (i + k) % count;
        if (scenario_rtt_ns(p->scenario, i, peer) != UINT64_MAX)
            return (int)peer;
    }
    return -1;
}

static int start(struct reading *r, struct crew *crew, const struct plan *plan, unsigned node,
                 struct error *err)
{
    char text[IP_TEXT_MAX] = "";
    int peer = find_peer(plan, node);
    if (peer >= 0)
        ip_format(text, &plan_port_towards(plan, node, (unsigned)peer)->v4);
    char *argv[] = {"facts", peer >= 0 ? text : NULL, NULL};
    struct crew_task task = {
        .node = node, .role = "reading its settings", .argv = argv, .on_line = on_line, .arg = r};
    return crew_start_builtin(crew, &task, err);
}

int facts_read(struct facts *f, int time, struct crew *crew, const struct plan *plan,
               struct error *err)
{
    int result = 0;
    f->count = plan->scenario->node_count;
    f->nodes[time] = xcalloc(f->count, sizeof(*f->nodes[time]));
    struct reading r = {f->nodes[time]};
    for (unsigned i = 0; i < f->count && result == 0; i++)
        if (crew_node(crew, i) == CREW_NODE_RUNS)
            result = start(&r, crew, plan, i, err);
    if (result == 0)
        result = crew_await_end(crew, TIMEOUT_S * NS_PER_SEC, NULL, NULL, err);
    for (unsigned i = 0; i < f->count && result == 0; i++)
        if (!f->nodes[time][i] && crew_node(crew, i) == CREW_NODE_RUNS)
            result = error_set(err, EPROTO, "node '%s' does not tell its settings",
                               plan->scenario->nodes[i].name);
    return result;
}

/* --- judging --- */

/* What the plan asks for under a key of "tcp". */
struct wish {
    const char *key, *what;
    json_t *value; /* NULL: the MTU of the node's way to its peer */
    bool needs_peer;
};

/* For one node; NULL: nothing. */
static json_t *wished(const struct wish *w, const struct plan *plan, unsigned node)
{
    const int peer = w->needs_peer ? find_peer(plan, node) : 0;
    if (peer < 0 || w->value)
        return peer < 0 ? NULL : json_incref(w->value);
    const unsigned mtu = plan_mtu_towards(plan, node, (unsigned)peer);
    return mtu ? json_integer(mtu) : NULL; /* a path of several is still to be discovered */
}

/* The nodes that do not have it, in one reason: how many, the first ones, and what the first has.
 */
static void judge_wish(const struct facts *f, int time, const struct wish *w,
                       struct fidelity *fidelity, const struct plan *plan)
{
    struct text names = {0};
    char *found = NULL, *asked = NULL; /* of the first */
    size_t wrong = 0;
    for (unsigned i = 0; i < f->count; i++) {
        json_t *value = json_object_get(json_object_get(f->nodes[time][i], "tcp"), w->key);
        json_t *wish = wished(w, plan, i);
        bool is_own = scenario_is_wired(plan->scenario->nodes[i].kind); /* not the host's */
        bool is_wrong = is_own && f->nodes[time][i] && wish && !json_equal(value, wish);
        if (is_wrong && wrong++ == 0) {
            found = value ? json_dumps(value, JSON_ENCODE_ANY) : xstrdup("unknown");
            asked = json_dumps(wish, JSON_ENCODE_ANY);
        }
        json_decref(wish);
        if (!is_wrong)
            continue;
        if (wrong <= NAMED_MAX)
            text_add(&names, "%s%s", wrong > 1 ? ", " : "", plan->scenario->nodes[i].name);
    }
    if (wrong > NAMED_MAX)
        text_add(&names, " and %zu more", wrong - NAMED_MAX);
    if (wrong > 0)
        fidelity_fault(fidelity, VERDICT_DOUBTFUL, "%s TCP's %s is %s in %s, not %s as asked",
                       time == FACTS_END ? "after the workload" : "before the workload", w->what,
                       found, names.data, asked);
    free(found);
    free(asked);
    text_done(&names);
}

void facts_judge(const struct facts *f, struct fidelity *fidelity, const struct plan *plan)
{
    struct wish wishes[] = {
        {"congestion", "congestion control", json_string(plan->scenario->tcp.congestion), true},
        {"rmem", "tcp_rmem", json_string(plan->tcp_buffers), false},
        {"wmem", "tcp_wmem", json_string(plan->tcp_buffers), false},
        {"no_metrics_save", "tcp_no_metrics_save", json_string("1"), false},
        {"mtu", "MTU", NULL, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        for (int time = 0; time < FACTS_TIMES; time++)
            if (f->nodes[time])
                judge_wish(f, time, &wishes[i], fidelity, plan);
        json_decref(wishes[i].value);
    }
}

/* What overflowed between the two readings. */
static json_t *describe_overflows(json_t *at_start, json_t *at_end)
{
    json_t *before = json_object_get(at_start, "overflows"), *difference = json_object(), *value;
    const char *key;
    json_object_foreach(json_object_get(at_end, "overflows"), key, value) json_object_set_new(
        difference, key,
        json_integer(json_integer_value(value) - json_integer_value(json_object_get(before, key))));
    return difference;
}

void facts_describe(const struct facts *f, size_t i, json_t *node)
{
    json_t *at_start = f->nodes[FACTS_START] ? f->nodes[FACTS_START][i] : NULL;
    json_t *at_end = f->nodes[FACTS_END] ? f->nodes[FACTS_END][i] : NULL;
    json_t *tcp_at_end = json_object_get(at_end, "tcp");
    json_object_update(node, at_start);
    json_object_set_new(node, "overflows", describe_overflows(at_start, at_end));
    if (tcp_at_end && !json_equal(tcp_at_end, json_object_get(at_start, "tcp")))
        json_object_set(node, "tcp_at_end", tcp_at_end);
}

void facts_done(struct facts *f)
{
    for (int time = 0; time < FACTS_TIMES; time++) {
        for (size_t i = 0; f->nodes[time] && i < f->count; i++)
            json_decref(f->nodes[time][i]);
        free(f->nodes[time]);
    }
    *f = (struct facts){0};
}
