/* SPDX-License-Identifier: MIT
 *
 * What a run leaves: raw samples are on disk already, here come the account of the run (run.json),
 * of its network (fidelity.json) and the table by node (summary.csv).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"
#include "base/version.h"
#include "experiment/cost.h"
#include "experiment/overall.h"
#include "experiment/run.h"
#include "lab/idle.h"
#include "report/table.h"

enum { PAIRS_PRINTED_MAX = 45, CPUINFO_MAX = 1 << 20 };

static bool is_single(const struct run *r, const char *metric)
{
    for (size_t i = 0; i < r->metrics.count; i++)
        if (strcmp(r->metrics.series[i].metric, metric) == 0 && r->metrics.series[i].count > 1)
            return false;
    return true;
}

const char *summary_unit(const struct run *r, const char *metric)
{
    for (size_t i = 0; metric && i < r->workload->metric_count; i++)
        if (strcmp(r->workload->metrics[i].name, metric) == 0)
            return r->workload->metrics[i].unit;
    return "";
}

void summary_add_cell(struct table *t, double value, const char *unit, bool for_people)
{
    char text[UNITS_TEXT_MAX];
    if (isnan(value))
        table_add(t, "%s", for_people ? "-" : "");
    else if (for_people && strcmp(unit, "s") == 0)
        table_add(t, "%s", units_format_time_short(text, value * 1e9));
    else if (for_people && *unit && strcmp(unit, "/s") != 0)
        table_add(t, "%s", units_format_quantity(text, value, unit));
    else
        table_add(t, !for_people ? "%.9g" : fabs(value) >= 1e4 ? "%.0f" : "%.5g", value);
}

/* One column for a metric that each node reports once, p50 and p99 for one with many samples. */
static struct table *node_table(const struct run *r, bool for_people)
{
    const char *columns[64] = {"node", "region"};
    char *texts[64];
    size_t count = 2, text_count = 0;
    for (char **metric = r->workload->table; metric && *metric && count < 62; metric++) {
        if (is_single(r, *metric)) {
            columns[count++] = texts[text_count++] = xasprintf(">%s", *metric);
            continue;
        }
        columns[count++] = texts[text_count++] = xasprintf(">%s p50", *metric);
        columns[count++] = texts[text_count++] = xasprintf(">%s p99", *metric);
    }
    struct table *t = table_new(columns, count);
    for (unsigned i = 0; i < r->scenario->node_count; i++) {
        table_add(t, "%s", r->scenario->nodes[i].name);
        table_add(t, "%s", r->scenario->nodes[i].region ? r->scenario->nodes[i].region : "");
        for (char **metric = r->workload->table; metric && *metric; metric++) {
            const struct series *s = metrics_find(&r->metrics, i, *metric);
            const char *unit = summary_unit(r, *metric);
            summary_add_cell(t, series_quantile(s, is_single(r, *metric) ? 1 : 0.5), unit,
                             for_people);
            if (!is_single(r, *metric))
                summary_add_cell(t, series_quantile(s, 0.99), unit, for_people);
        }
    }
    for (size_t i = 0; i < text_count; i++)
        free(texts[i]);
    return t;
}

static struct table *pair_table(const struct run *r)
{
    static const char *const columns[] = {"wire", ">RTT asked", ">measured", ">error"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < r->fidelity.pair_count; i++) {
        const struct pair *p = &r->fidelity.pairs[i];
        table_add(t, "%s-%s", r->scenario->nodes[p->a].name, r->scenario->nodes[p->b].name);
        table_add(t, "%.3f ms", p->asked_s * 1e3);
        table_add(t, "%.3f ms", p->median_s * 1e3);
        table_add(t, "%+.3f ms", (p->median_s - p->asked_s) * 1e3);
    }
    return t;
}

void summary_print(const struct run *r)
{
    struct table *nodes = node_table(r, true), *pairs = pair_table(r), *overall = overall_table(r),
                 *costs = cost_table(r->costs);
    putchar('\n');
    table_print(nodes, stdout, "  ");
    puts("\n  over all nodes:\n");
    table_print(overall, stdout, "  ");
    puts("\n  what a node took of this machine, on average:\n");
    table_print(costs, stdout, "  ");
    printf("\n  the emulator itself took %.2f s of processor time, and this command %.2f s\n",
           r->emulator_cpu.lab_s, r->emulator_cpu.command_s);
    putchar('\n');
    if (r->fidelity.pair_count > 0 && r->fidelity.pair_count <= PAIRS_PRINTED_MAX) {
        table_print(pairs, stdout, "  ");
        putchar('\n');
    }
    printf("  verdict: %s\n", verdict_name(r->fidelity.verdict));
    for (size_t i = 0; i < r->fidelity.reason_count; i++)
        printf("    %s\n", r->fidelity.reasons[i]);
    printf("  results: %s\n", r->results.folder);
    table_free(nodes);
    table_free(overall);
    table_free(pairs);
    table_free(costs);
}

void summary_main_metric(const struct run *r, double *ret_max, double *ret_mean)
{
    double max = NAN, sum = 0;
    for (unsigned i = 0; r->workload->main_metric && i < r->scenario->node_count; i++) {
        double value = metrics_last(&r->metrics, i, r->workload->main_metric, NAN);
        max = isnan(max) ? value : fmax(max, value);
        sum += value;
    }
    *ret_max = max;
    *ret_mean = isnan(max) ? NAN : sum / (double)r->scenario->node_count;
}

/* The processors' name, of /proc/cpuinfo; NULL: it has none. The caller frees it. */
static char *read_model(void)
{
    static const char key[] = "model name";
    _cleanup_(freep) char *text = NULL;
    if (file_read("/proc/cpuinfo", CPUINFO_MAX, &text, NULL, NULL) < 0)
        return NULL;
    const char *line = strstr(text, key), *value = line ? strchr(line, ':') : NULL;
    if (!value || value > line + strcspn(line, "\n"))
        return NULL;
    value += 1 + strspn(value + 1, " ");
    return xasprintf("%.*s", (int)strcspn(value, "\n"), value);
}

static json_t *describe_host(void)
{
    struct utsname u;
    uname(&u);
    _cleanup_(freep) char *model = read_model();
    json_int_t memory = (json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    return json_pack("{s:s s:s s:s s:i s:s* s:I}", "kernel", u.release, "version", u.version,
                     "machine", u.machine, "processors", (int)sysconf(_SC_NPROCESSORS_ONLN),
                     "model", model, "memory_bytes", memory);
}

json_t *summary_describe_yaml(const struct yaml *node)
{
    if (node->kind == YAML_SCALAR)
        return json_string(node->scalar);
    json_t *result = node->kind == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_LIST)
            json_array_append_new(result, summary_describe_yaml(node->items[i]));
        else
            json_object_set_new(result, node->pairs[i].key,
                                summary_describe_yaml(node->pairs[i].value));
    }
    return result;
}

json_t *summary_describe_units(const struct workload *w)
{
    json_t *units = json_object();
    for (size_t i = 0; i < w->metric_count; i++)
        json_object_set_new(units, w->metrics[i].name,
                            json_string(w->metrics[i].unit ? w->metrics[i].unit : ""));
    return units;
}

json_t *summary_describe_sets(const struct scenario *s)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < s->set_count; i++)
        json_array_append_new(sets, json_string(s->sets[i]));
    return sets;
}

/* The scenario as it was after --set and with all defaults: what has to be known to repeat the run.
 */
static json_t *describe_scenario(const struct run *r)
{
    const struct scenario *s = r->scenario;
    json_t *nodes = json_array(), *parameters = json_object();
    for (size_t i = 0; i < s->node_count; i++)
        json_array_append_new(
            nodes, json_pack("{s:s s:s?}", "name", s->nodes[i].name, "region", s->nodes[i].region));
    for (size_t i = 0; i < r->workload->parameter_count; i++)
        json_object_set_new(parameters, r->values[i].name, json_string(r->values[i].text));
    return json_pack("{s:s s:o s:s s:I s:o s:{s:s s:s* s:o s:o} s:o}", "file", s->document.file,
                     "sets", summary_describe_sets(s), "name", s->name, "seed", (json_int_t)s->seed,
                     "nodes", nodes, "workload", "name", r->workload->name, "main",
                     r->workload->main_metric, "units", summary_describe_units(r->workload),
                     "parameters", parameters, "document", summary_describe_yaml(s->document.root));
}

static json_t *describe_metrics(const struct run *r)
{
    json_t *nodes = json_object();
    for (unsigned i = 0; i < r->scenario->node_count; i++) {
        json_t *node = json_object();
        for (size_t m = 0; m < r->metrics.count; m++) {
            const struct series *s = &r->metrics.series[m];
            if (s->node != i)
                continue;
            json_t *value =
                s->count == 1
                    ? json_real(s->samples[0].value)
                    : json_pack("{s:I s:f s:f s:f s:f}", "count", (json_int_t)s->count, "mean",
                                series_mean(s), "p50", series_quantile(s, 0.5), "p99",
                                series_quantile(s, 0.99), "max", series_quantile(s, 1));
            json_object_set_new(node, s->metric, value);
        }
        json_object_set_new(nodes, r->scenario->nodes[i].name, node);
    }
    return nodes;
}

/* What each node cost and what its kernel said; NULL before it was asked. */
static json_t *describe_nodes(const struct run *r)
{
    json_t *nodes = r->costs ? cost_describe(r->costs) : NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++)
        facts_describe(&r->facts, i, json_array_get(nodes, i));
    return nodes;
}

static json_t *describe_run(const struct run *r, const struct error *failure)
{
    json_t *run = json_pack("{s:i s:s s:s s:I s:o s:o}", "format", 1, "wanlab", wanlab_version,
                            "outcome", failure ? "failed" : "done", "start_unix_ns",
                            (json_int_t)(r->results.start_s * 1e9), "scenario",
                            describe_scenario(r), "host", describe_host());
    if (failure)
        json_object_set_new(run, "error", json_string(failure->text));
    if (r->lab.plan)
        json_object_update_missing_new(
            run,
            json_pack("{s:s s:b s:s}", "engine", engine_name(r->lab.plan->engine), "reproducible",
                      r->lab.plan->engine == ENGINE_DELAYLINE, "idle", idle_name(r->lab.polls)));
    json_t *nodes = describe_nodes(r);
    if (nodes)
        json_object_set_new(run, "nodes", nodes);
    if (r->costs)
        json_object_set_new(run, "emulator",
                            json_pack("{s:f s:f}", "lab_cpu_s", r->emulator_cpu.lab_s,
                                      "command_cpu_s", r->emulator_cpu.command_s));
    if (r->done) {
        json_t *reasons = json_array();
        for (size_t i = 0; i < r->fidelity.reason_count; i++)
            json_array_append_new(reasons, json_string(r->fidelity.reasons[i]));
        json_object_set_new(run, "verdict", json_string(verdict_name(r->fidelity.verdict)));
        json_object_set_new(run, "reasons", reasons);
        json_object_set_new(run, "metrics", describe_metrics(r));
        json_object_set_new(run, "overall", overall_describe(r));
    }
    return run;
}

static int write_summary_csv(const struct run *r, struct error *err)
{
    FILE *out = results_create(&r->results, "summary.csv", err);
    if (!out)
        return -err->code;
    struct table *t = node_table(r, false);
    table_csv(t, out);
    table_free(t);
    return fclose(out) < 0 ? error_set(err, EIO, "cannot write 'summary.csv'") : 0;
}

int summary_write(struct run *r, const struct error *failure, struct error *err)
{
    int result = 0;
    if (r->lab.plan)
        result = results_write_json(&r->results, "fidelity.json",
                                    fidelity_describe(&r->fidelity, r->lab.plan), err);
    if (result == 0 && r->costs)
        result = cost_write_csv(&r->results, r->costs, err);
    if (result == 0 && r->done)
        result = write_summary_csv(r, err);
    if (result == 0 && r->done)
        result = overall_write(r, err);
    if (result == 0) /* last: a folder with a run.json is complete */
        result = results_write_json(&r->results, "run.json", describe_run(r, failure), err);
    return result;
}
