/* SPDX-License-Identifier: MIT
 *
 * What programs report, a JSON object a line: kept as it is, and understood. A line that cannot be
 * understood fails the run: a measurement that is silently left out is a wrong one.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/field.h"
#include "experiment/run.h"
#include "report/table.h"

enum { SAMPLES_A_LINE_MAX = 1 << 24, METRICS_MAX = 500, METRIC_NAME_MAX = 60, UNIT_MAX = 16 };

struct report {
    const char *metric, *unit, *peer, *phase, *barrier;
    double value, at, progress;
    json_int_t count;
    int cpu; /* with a barrier: asks what the nodes have taken */
};

static const struct workload_metric *find_metric(const struct workload *w, const char *name)
{
    for (size_t i = 0; i < w->metric_count; i++)
        if (strcmp(w->metrics[i].name, name) == 0)
            return &w->metrics[i];
    return NULL;
}

/* What workload.yaml, or the first line about it, says of a metric. */
static int know_metric(struct workload *w, const struct report *p,
                       const struct workload_metric **ret, struct error *err)
{
    const struct workload_metric *m = find_metric(w, p->metric);
    if (!m) {
        if (!*p->metric || p->metric[strspn(p->metric, FIELD_NAME)] ||
            strlen(p->metric) > METRIC_NAME_MAX)
            return error_set(err, EPROTO,
                             "found the metric '%.70s', expected a name of a-z, 0-9 and _, at most "
                             "%d characters",
                             p->metric, METRIC_NAME_MAX);
        if (w->metric_count >= METRICS_MAX)
            return error_set(err, EPROTO, "found the metric '%s' after %d others, expected no more",
                             p->metric, METRICS_MAX);
        if (p->unit && strlen(p->unit) > UNIT_MAX)
            return error_set(err, EPROTO, "found a unit of %zu characters, expected at most %d",
                             strlen(p->unit), UNIT_MAX);
        workload_adopt_metric(w, p->metric, p->unit ? p->unit : "");
        m = find_metric(w, p->metric);
    }
    if (p->unit && strcmp(p->unit, m->unit) != 0)
        return error_set(err, EPROTO, "metric '%s' has the unit '%.20s', but %s '%s'", p->metric,
                         p->unit, m->adopted ? "earlier lines have" : "workload.yaml says",
                         m->unit);
    *ret = m;
    return 0;
}

static int take_metric(struct run *r, unsigned node, const struct report *p, struct error *err)
{
    const struct workload_metric *m = NULL;
    if (!isfinite(p->value))
        return error_set(err, EPROTO, "metric '%.60s' has no 'value'", p->metric);
    int result = know_metric(r->workload, p, &m, err);
    if (result < 0)
        return result;
    events_measured(&r->events, node, m->name, p->value);
    for (json_int_t i = 0; i < p->count && i < SAMPLES_A_LINE_MAX; i++)
        metrics_add(&r->metrics, node, m->name, m->unit, p->at, p->value);
    fprintf(r->samples, "%s,", r->scenario->nodes[node].name);
    csv_field(r->samples, m->name);
    putc(',', r->samples);
    csv_field(r->samples, p->peer);
    fprintf(r->samples, ",%.9g,%.9g,", p->at, p->value);
    csv_field(r->samples, m->unit);
    fprintf(r->samples, ",%lld\n", (long long)p->count);
    return 0;
}

/* To all that have waited, at once; `cpu` goes with it (consumed; NULL: nothing). */
static void let_go(struct run *r, const char *name, json_t *cpu)
{
    json_t *line = json_pack("{s:s s:f}", "barrier", name, "at", results_now(&r->results));
    if (cpu)
        json_object_update_new(line, cpu);
    _cleanup_(freep) char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(line);
    for (unsigned i = 0; i < r->scenario->node_count; i++)
        if (barrier_take(&r->barrier, i))
            crew_tell(r->crew, i, text);
    results_event(&r->results, json_pack("{s:s s:s}", "event", "barrier", "name", name));
    if (r->workload->begins && strcmp(name, r->workload->begins) == 0)
        events_begin(&r->events, results_now(&r->results));
}

/* {"cpu":{NODE:seconds,…},"lab_cpu":seconds}: what they took of the host so far, as far as that is
 * known. */
static json_t *describe_cpu(json_t *status)
{
    json_t *nodes = json_object(), *node;
    size_t i;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        const char *name = json_string_value(json_object_get(node, "name"));
        json_object_set(nodes, name, json_object_get(node, "cpu_s"));
    }
    return json_pack("{s:o s:O}", "cpu", nodes, "lab_cpu", json_object_get(status, "lab_cpu_s"));
}

static void on_cpu(json_t *answer, const struct error *failure, void *arg)
{
    struct run *r = arg;
    _cleanup_(freep) char *name = r->metered_barrier;
    r->metered_barrier = NULL;
    if (failure)
        crew_fail(r->crew, failure);
    else if (name)
        let_go(r, name, describe_cpu(json_object_get(answer, "status")));
}

/* All have come. Who wants to know what the nodes have taken is told so with the barrier's end. */
static int open_barrier(struct run *r, const char *name, struct error *err)
{
    if (!r->wants_cpu) {
        let_go(r, name, NULL);
        return 0;
    }
    r->wants_cpu = false;
    free(r->metered_barrier); /* of one that was late: the next answer is for both */
    r->metered_barrier = xstrdup(name);
    return crew_post(r->crew, json_pack("{s:s}", "do", "status"), on_cpu, r, err);
}

static int take_barrier(struct run *r, unsigned node, const struct report *p, struct error *err)
{
    int result = r->barrier.states ? barrier_arrive(&r->barrier, node, p->barrier, err)
                                   : error_set(err, EPROTO, "found a barrier before 'run'");
    r->wants_cpu |= p->cpu && result >= 0;
    return result > 0 ? open_barrier(r, p->barrier, err) : result;
}

void run_leave_barrier(struct run *r, unsigned node, bool lost)
{
    struct error err;
    _cleanup_(freep) char *name = r->barrier.name ? xstrdup(r->barrier.name) : NULL;
    int result = lost ? barrier_lose(&r->barrier, node) : barrier_leave(&r->barrier, node, &err);
    if (result > 0)
        result = open_barrier(r, name, &err);
    if (result < 0)
        crew_fail(r->crew, &err);
}

static int understand(struct run *r, unsigned node, json_t *object, struct error *err)
{
    json_error_t why;
    struct report p = {.peer = "", .value = NAN, .at = NAN, .progress = -1, .count = 1};
    if (json_unpack_ex(object, &why, 0, "{s?s s?s s?s s?s s?s s?F s?F s?F s?I s?b}", "metric",
                       &p.metric, "unit", &p.unit, "peer", &p.peer, "phase", &p.phase, "barrier",
                       &p.barrier, "value", &p.value, "at", &p.at, "progress", &p.progress, "count",
                       &p.count, "cpu", &p.cpu) < 0)
        return error_set(err, EPROTO, "%s", why.text);
    if (isnan(p.at))
        p.at = results_now(&r->results);
    int result = p.metric ? take_metric(r, node, &p, err) : 0;
    if (p.phase)
        results_event(&r->results, json_pack("{s:s s:s s:s}", "event", "phase", "node",
                                             r->scenario->nodes[node].name, "phase", p.phase));
    if (p.phase && r->workload->begins && strcmp(p.phase, r->workload->begins) == 0)
        events_begin(&r->events, p.at);
    if (p.progress >= 0)
        r->progress[node] = p.progress;
    return result < 0 || !p.barrier ? result : take_barrier(r, node, &p, err);
}

static int take_line(struct run *r, unsigned node, const char *line, struct error *err)
{
    json_error_t why;
    struct output *o = &r->outputs[node];
    o->lines++;
    o->bytes += strlen(line) + 1;
    if (o->bytes > r->workload->output_limit)
        return error_set(err, EFBIG,
                         "it is past the limit of %llu bytes (output_limit in workload.yaml)",
                         (unsigned long long)r->workload->output_limit);
    fprintf(o->file, "%s\n", line);
    if (!line[strspn(line, " \t\r")])
        return 0;
    json_t *object = json_loads(line, 0, &why);
    if (!object)
        return error_set(err, EPROTO, "found '%.60s', expected a JSON object: %s", line, why.text);
    int result = understand(r, node, object, err);
    json_decref(object);
    return result;
}

void run_on_output(unsigned node, const char *line, void *arg)
{
    struct run *r = arg;
    struct error err;
    if (r->outputs[node].failed || take_line(r, node, line, &err) == 0)
        return;
    r->outputs[node].failed = true;
    error_wrap(&err, "node '%s': line %llu of its WANLAB_OUTPUT (nodes/%s.jsonl)",
               r->scenario->nodes[node].name, (unsigned long long)r->outputs[node].lines,
               r->scenario->nodes[node].name);
    crew_fail(r->crew, &err);
}
