/* SPDX-License-Identifier: MIT */
#include "experiment/fidelity.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/probe.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
    ROUNDS = 9, /* echoes to each pair */
    MANY_PAIRS = 500,
    ROUNDS_OF_MANY = 3,
    GAP_US = 400, /* between any two echoes of all nodes: the probe must not be the load that it
                     measures */
    ROUND_TIMEOUT_MS = 2000, /* beyond twice the slowest round trip */
    PAIRS_MAX = 2000,
};

/* Where a limit of the scenario is left so far behind that the network was another one. */
static const double broken_errors = 5, broken_share = 0.05;
static const double broken_drops = 1e-3; /* more of all packets */

enum {
    BROKEN_LATENESS = 10,
    LOST_ECHOES_MIN = 3, /* that say anything */
};

const char *verdict_name(enum verdict v)
{
    static const char *const names[] = {"trusted", "doubtful", "broken"};
    return names[v];
}

static void add_pairs(struct fidelity *f, const struct scenario *s)
{
    for (unsigned a = 0; a < s->node_count; a++) {
        for (unsigned b = a + 1; b < s->node_count; b++) {
            uint64_t rtt = scenario_echo_ns(s, a, b, PROBE_FRAME_BYTES);
            if (rtt == UINT64_MAX)
                continue;
            f->pairs = array_grow(f->pairs, f->pair_count, sizeof(*f->pairs));
            f->pairs[f->pair_count++] = (struct pair){.a = a,
                                                      .b = b,
                                                      .asked_s = (double)rtt / 1e9,
                                                      .min_s = NAN,
                                                      .median_s = NAN,
                                                      .is_plain = scenario_is_plain(s, a, b)};
        }
    }
    f->path_count = f->pair_count;
    size_t step = f->pair_count / PAIRS_MAX + 1; /* of very many, a sample over all nodes */
    for (size_t i = 0; i * step < f->pair_count; i++)
        f->pairs[i] = f->pairs[i * step];
    f->pair_count = (f->pair_count + step - 1) / step;
}

/* Which end of a pair sends the echoes: so dealt out, all nodes have about the same number, and the
 * sending takes half as long as if the first node had all of its own. */
static unsigned prober(const struct pair *p)
{
    return (p->a + p->b) % 2 ? p->b : p->a;
}

/* The address under which it reaches the other. */
static const char *probed_address(char text[IP_TEXT_MAX], const struct plan *plan,
                                  const struct pair *p)
{
    unsigned from = prober(p), to = from == p->a ? p->b : p->a;
    return ip_format(text, &plan_port_towards(plan, from, to)->v4);
}

struct measurement {
    struct fidelity *fidelity;
    const struct plan *plan;
};

/* A line of the probe in node `node`: which pair it is about follows from the address. */
static void on_line(unsigned node, const char *line, void *arg)
{
    struct measurement *m = arg;
    const char *address;
    double min = NAN, median = NAN;
    int sent, received;
    json_t *object = json_loads(line, 0, NULL);
    if (json_unpack(object, "{s:s s:i s:i s?F s?F}", "address", &address, "sent", &sent, "received",
                    &received, "rtt_min_s", &min, "rtt_median_s", &median) == 0) {
        for (size_t i = 0; i < m->fidelity->pair_count; i++) {
            struct pair *p = &m->fidelity->pairs[i];
            char text[IP_TEXT_MAX];
            if (prober(p) != node || strcmp(probed_address(text, m->plan, p), address) != 0)
                continue;
            p->sent = (unsigned)sent;
            p->received = (unsigned)received;
            p->min_s = min;
            p->median_s = median;
        }
    }
    json_decref(object);
}

static unsigned rounds_of(const struct fidelity *f)
{
    return f->pair_count > MANY_PAIRS ? ROUNDS_OF_MANY : ROUNDS;
}

static unsigned round_timeout_ms(const struct fidelity *f)
{
    double slowest_s = 0;
    for (size_t i = 0; i < f->pair_count; i++)
        slowest_s = fmax(slowest_s, f->pairs[i].asked_s);
    return ROUND_TIMEOUT_MS + (unsigned)fmin(2 * slowest_s * 1e3, 1e9);
}

static int start_probe(struct measurement *m, struct crew *crew, unsigned node, struct error *err)
{
    size_t argc = 0, capacity = 5 + m->fidelity->pair_count;
    size_t nodes = m->plan->scenario->node_count;
    char **argv = xcalloc(capacity, sizeof(*argv));
    argv[argc++] = xstrdup("probe");
    argv[argc++] = xasprintf("%u", rounds_of(m->fidelity));
    argv[argc++] = xasprintf("%u", round_timeout_ms(m->fidelity));
    argv[argc++] = xasprintf("%zu", nodes * GAP_US);
    for (size_t i = 0; i < m->fidelity->pair_count; i++) {
        const struct pair *p = &m->fidelity->pairs[i];
        char text[IP_TEXT_MAX];
        if (prober(p) == node)
            argv[argc++] = xstrdup(probed_address(text, m->plan, p));
    }
    struct crew_task task = {
        .node = node, .role = "the probe", .argv = argv, .on_line = on_line, .arg = m};
    int r = argc > 4 ? crew_start_builtin(crew, &task, err) : 0;
    for (size_t i = 0; i < argc; i++)
        free(argv[i]);
    free(argv);
    return r;
}

int fidelity_measure(struct fidelity *f, struct crew *crew, const struct plan *plan,
                     struct error *err)
{
    struct measurement m = {f, plan};
    add_pairs(f, plan->scenario);
    for (unsigned i = 0; i < plan->scenario->node_count; i++) {
        int r = start_probe(&m, crew, i, err);
        if (r < 0)
            return r;
    }
    uint64_t sending_ns = f->pair_count * plan->scenario->node_count * GAP_US * NS_PER_US;
    uint64_t round_ns = round_timeout_ms(f) * NS_PER_MS + sending_ns;
    return crew_await_end(crew, (rounds_of(f) + 1) * round_ns, NULL, NULL, err);
}

void fidelity_fault(struct fidelity *f, enum verdict v, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (v > f->verdict)
        f->verdict = v;
    if (f->reason_count < ARRAY_LEN(f->reasons))
        f->reasons[f->reason_count++] = xstrdup(text);
}

static enum verdict judge_pair(const struct pair *p, double limit_s)
{
    double error = p->is_plain || p->received == 0 ? fabs(p->min_s - p->asked_s) : 0;
    if (p->received == 0 || (error > broken_errors * limit_s && error > broken_share * p->asked_s))
        return VERDICT_BROKEN;
    return error > limit_s ? VERDICT_DOUBTFUL : VERDICT_TRUSTED;
}

/* Each pair is judged; the worst one speaks for all, with their number. */
static void judge_pairs(struct fidelity *f, const struct scenario *s)
{
    const struct pair *worst = NULL;
    enum verdict verdict = VERDICT_TRUSTED;
    size_t faulty = 0;
    for (size_t i = 0; i < f->pair_count; i++) {
        const struct pair *p = &f->pairs[i];
        enum verdict v = judge_pair(p, (double)s->verdict.delay_error_ns / 1e9);
        faulty += v != VERDICT_TRUSTED;
        if (v > verdict || (v == verdict && worst &&
                            fabs(p->min_s - p->asked_s) > fabs(worst->min_s - worst->asked_s))) {
            verdict = v;
            worst = p;
        }
    }
    if (!worst)
        return;
    const char *a = s->nodes[worst->a].name, *b = s->nodes[worst->b].name;
    if (worst->received == 0)
        fidelity_fault(f, verdict,
                       "%s and %s do not reach each other (%zu of %zu round trips are wrong)", a, b,
                       faulty, f->pair_count);
    else
        fidelity_fault(
            f, verdict,
            "the round trip %s-%s takes at least %.3f ms instead of %.3f ms (%zu of %zu are "
            "off)",
            a, b, worst->min_s * 1e3, worst->asked_s * 1e3, faulty, f->pair_count);
}

static void judge_engine(struct fidelity *f, const struct verdict_limits *limits)
{
    const struct account *a = f->account;
    uint64_t p50 = histogram_quantile(&a->lateness, 0.5);
    uint64_t p99 = histogram_quantile(&a->lateness, 0.99);
    double share = account_unasked_share(a), pressure = host_load_pressure(&f->load);
    if (account_unasked_drops(a) > 0 && share > limits->drops) {
        const unsigned long long drops = account_unasked_drops(a), packets = a->packets;
        _cleanup_(freep) char *causes = account_describe_drops(a);
        fidelity_fault(f, share > limits->drops + broken_drops ? VERDICT_BROKEN : VERDICT_DOUBTFUL,
                       "%llu of %llu packets were dropped that the file did not ask to drop: %s",
                       drops, packets + drops, causes);
    }
    if (p99 > limits->lateness_ns)
        fidelity_fault(
            f, p50 > BROKEN_LATENESS * limits->lateness_ns ? VERDICT_BROKEN : VERDICT_DOUBTFUL,
            "1 %% of the packets left more than %.0f us late (limit %g us): something waited for "
            "one of this machine's %ld processors %.0f %% of the time",
            (double)p99 / 1e3, (double)limits->lateness_ns / 1e3, sysconf(_SC_NPROCESSORS_ONLN),
            (isnan(pressure) ? host_load_busy(&f->load) : pressure) * 100);
}

/* What chance did to the packets of the workload, by the engine's own count. */
static void judge_chances(struct fidelity *f, const struct plan *plan)
{
    account_judge(f->account, plan, plan->scenario->verdict.confidence);
    if (f->account->improbable > 0)
        fidelity_fault(f, VERDICT_DOUBTFUL, "%s, which is not by chance (%zu of %zu such shares)",
                       f->account->worst, f->account->improbable, f->account->judged);
}

/* While the workload ran. Longer round trips are no news where a rate or a guest is on the way. */
static void judge_monitor(struct fidelity *f, const struct verdict_limits *limits)
{
    unsigned sent, lost = monitor_lost(&f->monitor, &sent);
    double limit_s = (double)limits->delay_error_ns / 1e9;
    double median = monitor_median_error(&f->monitor), early = monitor_earliest(&f->monitor);
    if (median > limit_s)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "while the workload ran round trips took %.3f ms more than asked in the "
                       "median (limit %.3f ms)",
                       median * 1e3, limit_s * 1e3);
    if (early > limit_s)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "while the workload ran a round trip took %.3f ms less than asked (limit "
                       "%.3f ms)",
                       early * 1e3, limit_s * 1e3);
    if (lost >= LOST_ECHOES_MIN && lost > limits->drops * sent)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "while the workload ran %u of %u echoes were lost on wires without loss",
                       lost, sent);
}

static void judge_host(struct fidelity *f, const struct verdict_limits *limits)
{
    double pressure = host_load_pressure(&f->load), steal = host_load_steal(&f->load);
    double jump = host_load_jump_s(&f->load), slept = host_load_slept_s(&f->load);
    if (host_load_steal_at_least(&f->load) > limits->steal)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "%.1f %% of the processors' time was taken by what this machine itself runs "
                       "on (limit %.1f %%)",
                       steal * 100, limits->steal * 100);
    if (pressure > limits->pressure)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "something waited for a processor %.0f %% of the time (limit %.0f %%)",
                       pressure * 100, limits->pressure * 100);
    if (fabs(jump) * 1e9 > (double)limits->clock_jump_ns)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "the machine's clock was set by %+.3f s while the workload ran", jump);
    if (slept * 1e9 > (double)limits->clock_jump_ns)
        fidelity_fault(f, VERDICT_DOUBTFUL, "the machine slept for %.3f s while the workload ran",
                       slept);
}

int fidelity_begin(struct fidelity *f, struct crew *crew, const struct plan *plan, json_t *status,
                   struct error *err)
{
    f->before = status;
    host_load_begin(&f->load);
    return monitor_start(&f->monitor, crew, plan, err);
}

void fidelity_watch(struct fidelity *f)
{
    host_load_watch(&f->load);
}

void fidelity_end(struct fidelity *f, json_t *status)
{
    host_load_end(&f->load);
    monitor_end(&f->monitor);
    f->account = account_between(f->before, status, f->monitor.plan);
    if (f->had_outages)
        f->account->refused = f->account->ports = f->account->taps = 0;
}

void fidelity_link_changed(struct fidelity *f)
{
    f->link_changes++;
}

void fidelity_event(struct fidelity *f, bool of_nodes)
{
    f->had_events = true;
    f->had_outages |= of_nodes;
}

static void judge_changes(struct fidelity *f)
{
    if (f->link_changes > 0)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "wires were changed %u time%s while it ran: they are not what the file asks "
                       "('link' in events.jsonl)",
                       f->link_changes, f->link_changes == 1 ? "" : "s");
}

void fidelity_judge(struct fidelity *f, const struct plan *plan)
{
    const struct verdict_limits *limits = &plan->scenario->verdict;
    f->verdict = VERDICT_TRUSTED;
    if (f->pair_count == 0 && plan->port_count > 0)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "no two nodes have a direct path: nothing was measured");
    judge_pairs(f, plan->scenario);
    judge_engine(f, limits);
    judge_changes(f);
    if (f->link_changes == 0)
        judge_chances(f, plan);
    if (f->link_changes == 0 && !f->had_events)
        judge_monitor(f, limits);
    judge_host(f, limits);
}

static json_t *describe_limits(const struct verdict_limits *l)
{
    return json_pack("{s:f s:f s:f s:f s:f s:f s:f s:f}", "delay_error_s",
                     (double)l->delay_error_ns / 1e9, "lateness_p99_s",
                     (double)l->lateness_ns / 1e9, "drops", l->drops, "rate_error", l->rate_error,
                     "confidence", l->confidence, "steal", l->steal, "pressure", l->pressure,
                     "clock_jump_s", (double)l->clock_jump_ns / 1e9);
}

/* What was seen while the workload ran. */
static void describe_workload_time(const struct fidelity *f, json_t *all)
{
    json_object_update_new(all, account_describe(f->account));
    json_object_set(all, "wires", f->account->wires);
    json_object_set_new(all, "during", monitor_describe(&f->monitor));
    json_object_set_new(all, "host", host_load_describe(&f->load));
}

json_t *fidelity_describe(const struct fidelity *f, const struct plan *plan)
{
    json_t *pairs = json_array(), *reasons = json_array();
    const struct node *nodes = plan->scenario->nodes;
    for (size_t i = 0; i < f->pair_count; i++) {
        const struct pair *p = &f->pairs[i];
        json_t *pair = json_pack("{s:s s:s s:f s:i s:i}", "a", nodes[p->a].name, "b",
                                 nodes[p->b].name, "rtt_asked_s", p->asked_s, "sent", (int)p->sent,
                                 "received", (int)p->received);
        if (p->received > 0) {
            json_object_set_new(pair, "rtt_min_s", json_real(p->min_s));
            json_object_set_new(pair, "rtt_median_s", json_real(p->median_s));
        }
        json_array_append_new(pairs, pair);
    }
    for (size_t i = 0; i < f->reason_count; i++)
        json_array_append_new(reasons, json_string(f->reasons[i]));
    json_t *all =
        json_pack("{s:s s:o s:o s:s s:b s:I s:o}", "verdict", verdict_name(f->verdict), "reasons",
                  reasons, "limits", describe_limits(&plan->scenario->verdict), "engine",
                  engine_name(plan->engine), "reproducible", plan->engine == ENGINE_DELAYLINE,
                  "paths", (json_int_t)f->path_count, "pairs", pairs);
    if (f->account)
        describe_workload_time(f, all);
    return all;
}

void fidelity_done(struct fidelity *f)
{
    for (size_t i = 0; i < f->reason_count; i++)
        free(f->reasons[i]);
    free(f->pairs);
    json_decref(f->before);
    account_free(f->account);
    monitor_done(&f->monitor);
    *f = (struct fidelity){0};
}
