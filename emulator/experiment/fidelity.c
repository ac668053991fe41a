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

static const double broken_s = 5e-3, broken_share = 0.05;
static const double broken_drops = 1e-3; /* of all packets */
static const double doubtful_s = 1e-3, doubtful_lateness_s = 500e-6;

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
            f->pairs[f->pair_count++] = (struct pair){
                .a = a, .b = b, .asked_s = (double)rtt / 1e9, .min_s = NAN, .median_s = NAN};
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

static enum verdict judge_pair(const struct pair *p)
{
    double error = fabs(p->min_s - p->asked_s);
    if (p->received == 0 || (error > broken_s && error > broken_share * p->asked_s))
        return VERDICT_BROKEN;
    return error > doubtful_s ? VERDICT_DOUBTFUL : VERDICT_TRUSTED;
}

/* Each pair is judged; the worst one speaks for all, with their number. */
static void judge_pairs(struct fidelity *f, const struct scenario *s)
{
    const struct pair *worst = NULL;
    enum verdict verdict = VERDICT_TRUSTED;
    size_t faulty = 0;
    for (size_t i = 0; i < f->pair_count; i++) {
        const struct pair *p = &f->pairs[i];
        enum verdict v = judge_pair(p);
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

static void judge_engine(struct fidelity *f, json_t *status)
{
    json_t *lateness = json_object_get(status, "lateness"), *wire;
    double p99 = json_number_value(json_object_get(lateness, "p99_s"));
    json_int_t no_memory = json_integer_value(json_object_get(lateness, "no_memory"));
    json_int_t write_errors = json_integer_value(json_object_get(lateness, "write_errors"));
    json_int_t tap_drops = json_integer_value(json_object_get(lateness, "tap_drops"));
    json_int_t packets = json_integer_value(json_object_get(lateness, "packets"));
    json_int_t queue_drops = 0;
    size_t i;
    json_array_foreach(json_object_get(status, "wires"), i, wire) queue_drops +=
        json_integer_value(json_object_get(wire, "queue_drops"));
    if (no_memory + write_errors > 0)
        fidelity_fault(f, VERDICT_BROKEN, "the delay line itself lost %lld packets",
                       (long long)(no_memory + write_errors));
    if (tap_drops > 0)
        fidelity_fault(
            f,
            (double)tap_drops > broken_drops * (double)packets ? VERDICT_BROKEN : VERDICT_DOUBTFUL,
            "%lld packets came faster than the delay line could take them", (long long)tap_drops);
    if (p99 > doubtful_lateness_s)
        fidelity_fault(
            f, VERDICT_DOUBTFUL,
            "1 %% of the packets left more than %.0f us late (limit %.0f us): something else "
            "keeps this machine's %ld processors busy, or the workload itself does",
            p99 * 1e6, doubtful_lateness_s * 1e6, sysconf(_SC_NPROCESSORS_ONLN));
    if (queue_drops > 0)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "%lld packets found the queue of a wire without a rate full",
                       (long long)queue_drops);
}

void fidelity_judge(struct fidelity *f, const struct plan *plan, json_t *status)
{
    f->verdict = VERDICT_TRUSTED;
    if (f->pair_count == 0 && plan->scenario->node_count > 1)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "no two nodes have a direct path: nothing was measured");
    judge_pairs(f, plan->scenario);
    judge_engine(f, status);
}

json_t *fidelity_describe(const struct fidelity *f, const struct plan *plan, json_t *status)
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
    json_t *all = json_pack("{s:s s:o s:s s:b s:I s:o s:O?}", "verdict", verdict_name(f->verdict),
                            "reasons", reasons, "engine", engine_name(plan->engine), "reproducible",
                            plan->engine == ENGINE_DELAYLINE, "paths", (json_int_t)f->path_count,
                            "pairs", pairs, "wires", json_object_get(status, "wires"));
    if (json_object_get(status, "lateness"))
        json_object_set(all, "lateness", json_object_get(status, "lateness"));
    return all;
}

void fidelity_done(struct fidelity *f)
{
    for (size_t i = 0; i < f->reason_count; i++)
        free(f->reasons[i]);
    free(f->pairs);
    *f = (struct fidelity){0};
}
