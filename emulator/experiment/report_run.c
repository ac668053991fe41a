/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "experiment/measures.h"
#include "experiment/over_time.h"
#include "experiment/report.h"
#include "experiment/report_events.h"
#include "experiment/report_network.h"
#include "report/csv.h"
#include "report/page.h"

enum { BARS_MAX = 100, METRICS_MAX = 6 };

static const char *main_metric(json_t *run)
{
    json_t *workload = json_object_get(json_object_get(run, "scenario"), "workload");
    const char *name = json_text_of(workload, "main");
    return *name ? name : "main_loop";
}

/* The unit of a metric, or of a column of summary.csv: "main_loop", "local_insert p99". Runs of
 * before units were on record have times there alone. */
static const char *unit_of(json_t *run, const char *column)
{
    json_t *workload = json_object_get(json_object_get(run, "scenario"), "workload");
    json_t *units = json_object_get(workload, "units");
    _cleanup_(freep) char *metric = xasprintf("%.*s", (int)strcspn(column, " "), column);
    bool is_time =
        strchr(column, ' ') || strncmp(column, main_metric(run), strlen(main_metric(run))) == 0;
    return units ? json_text_of(units, metric) : is_time ? "s" : "";
}

/* --- the top --- */

static void put_title(struct report *r, json_t *run)
{
    json_t *scenario = json_object_get(run, "scenario");
    time_t start = (time_t)(json_integer_value(json_object_get(run, "start_unix_ns")) / 1000000000);
    struct tm utc;
    char when[64] = "";
    if (start > 0 && gmtime_r(&start, &utc))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &utc);
    page_title(r->out, json_text_of(scenario, "name"),
               "A run of %s · workload %s · %zu nodes · seed %lld%s%s", when,
               json_text_of(json_object_get(scenario, "workload"), "name"),
               json_array_size(json_object_get(scenario, "nodes")),
               (long long)json_integer_value(json_object_get(scenario, "seed")),
               *json_text_of(run, "engine") ? " · engine " : "", json_text_of(run, "engine"));
}

static void put_verdict(struct report *r, json_t *run, json_t *fidelity)
{
    const char *verdict = json_text_of(run, "verdict");
    if (strcmp(json_text_of(run, "outcome"), "done") != 0)
        report_verdict(r, "failed", "failed", json_text_of(run, "error"), NULL);
    else if (strcmp(verdict, "trusted") == 0)
        report_verdict(r, verdict, verdict,
                       "The network was the one that was asked for, all the time while this was "
                       "measured.",
                       NULL);
    else if (strcmp(verdict, "doubtful") == 0)
        report_verdict(r, verdict, verdict,
                       "Something was worse than it should be. Before you rely on these numbers, "
                       "look at the reason:",
                       json_object_get(fidelity, "reasons"));
    else
        report_verdict(r, "broken", "broken",
                       "The network was not the one that was asked for. These numbers are of "
                       "something else:",
                       json_object_get(fidelity, "reasons"));
}

static void put_main_numbers(struct report *r, json_t *run, json_t *measures)
{
    char text[REPORT_VALUE_MAX];
    const char *metric = main_metric(run), *unit = unit_of(run, metric);
    _cleanup_(freep) char *max = xasprintf("%s_max", metric);
    _cleanup_(freep) char *nominal = xasprintf("%s_nominal", metric);
    _cleanup_(freep) char *words = report_words(metric);
    json_t *value = json_object_get(measures, max), *asked = json_object_get(measures, nominal);
    if (!value)
        return;
    _cleanup_(freep) char *name =
        asked ? xasprintf("%s of the slowest node; nominal is %s", words,
                          report_value(text, json_number_value(asked), unit))
              : xasprintf("%s of the slowest node", words);
    page_number(r->out, name, "%s", report_value(text, json_number_value(value), unit));
    if ((value = json_object_get(measures, "ratio_max")))
        page_number(r->out, "times nominal", "%.4g", json_number_value(value));
}

static void put_latency_numbers(struct report *r, json_t *measures, const char *metric)
{
    char p50[REPORT_VALUE_MAX], p99[REPORT_VALUE_MAX];
    _cleanup_(freep) char *low = xasprintf("%s_p50", metric);
    _cleanup_(freep) char *high = xasprintf("%s_p99", metric);
    _cleanup_(freep) char *words = report_words(metric);
    _cleanup_(freep) char *name = xasprintf("%s, p50 / p99", words);
    json_t *a = json_object_get(measures, low), *b = json_object_get(measures, high);
    if (a && b)
        page_number(r->out, name, "%s / %s", report_value(p50, json_number_value(a), "s"),
                    report_value(p99, json_number_value(b), "s"));
}

static void put_numbers(struct report *r, json_t *run, json_t *fidelity)
{
    json_t *measures = measures_of(run), *pair, *asked, *found;
    char text[REPORT_VALUE_MAX];
    double worst = -1;
    size_t i;
    json_array_foreach(json_object_get(fidelity, "pairs"), i, pair)
    {
        asked = json_object_get(pair, "rtt_asked_s");
        found = json_object_get(pair, "rtt_median_s");
        if (asked && found)
            worst = fmax(worst, fabs(json_number_value(found) - json_number_value(asked)));
    }
    page_numbers_begin(r->out);
    put_main_numbers(r, run, measures);
    put_latency_numbers(r, measures, "local_insert");
    put_latency_numbers(r, measures, "remote_batch");
    if (worst >= 0)
        page_number(r->out, "largest error of a round trip", "%s", report_value(text, worst, "s"));
    json_t *late = json_object_get(json_object_get(fidelity, "lateness"), "p99_s");
    if (late)
        page_number(r->out, "packets late, p99", "%s",
                    report_value(text, json_number_value(late), "s"));
    page_numbers_end(r->out);
    json_decref(measures);
}

/* --- over time --- */

static void fill_points(const struct over_time_series *s, struct plot_point *points[3],
                        char **labels)
{
    static const char *const names[] = {"p50", "p90", "p99"};
    double width = (s->end - s->begin) / (double)s->bin_count;
    for (size_t i = 0; i < s->bin_count; i++) {
        const struct over_time_bin *b = &s->bins[i];
        double values[] = {b->p50, b->p90, b->p99}, from = s->begin + width * (double)i;
        for (size_t k = 0; k < 3; k++) {
            char text[REPORT_VALUE_MAX];
            double ms = b->count ? values[k] * 1e3 : NAN;
            labels[3 * i + k] = xasprintf("%s %s\n%.4g to %.4g s, %llu samples", names[k],
                                          report_value(text, values[k], "s"), from, from + width,
                                          (unsigned long long)b->count);
            points[k][i] = (struct plot_point){from + width / 2, ms, ms, ms, labels[3 * i + k]};
        }
    }
}

/* Where the range is wide, a logarithmic axis. */
static bool is_wide(const struct over_time_series *s)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < s->bin_count; i++) {
        if (s->bins[i].count == 0)
            continue;
        low = fmin(low, s->bins[i].p50);
        high = fmax(high, s->bins[i].p99);
    }
    return low > 0 && high > 20 * low;
}

static void put_over_time(struct report *r, const struct over_time_series *s, const struct marks *m)
{
    struct plot_point *points[3];
    struct plot_series series[3];
    static const char *const names[] = {"p50", "p90", "p99"};
    char **labels = xcalloc(3 * s->bin_count + 1, sizeof(*labels));
    for (size_t k = 0; k < 3; k++)
        points[k] = xcalloc(s->bin_count + 1, sizeof(**points));
    fill_points(s, points, labels);
    for (size_t k = 0; k < 3; k++)
        series[k] = (struct plot_series){names[k], PLOT_LINES, points[k], s->bin_count};
    _cleanup_(freep) char *title = report_words(s->metric);
    struct plot plot = {.title = title,
                        .x_label = "time since the start of the run (s)",
                        .y_label = "ms",
                        .log_y = is_wide(s),
                        .series = series,
                        .series_count = 3,
                        .bands = m->bands,
                        .band_count = m->count,
                        .width = 640,
                        .height = 380};
    if (s->count > 0)
        report_figure(r, &plot, s->metric);
    for (size_t i = 0; i < 3 * s->bin_count; i++)
        free(labels[i]);
    for (size_t k = 0; k < 3; k++)
        free(points[k]);
    free(labels);
}

/* The metrics of which a node reports many samples. */
static size_t list_metrics(json_t *run, const char *metrics[METRICS_MAX])
{
    const char *node, *name;
    json_t *of_node, *value;
    size_t count = 0;
    json_object_foreach(json_object_get(run, "metrics"), node, of_node)
    {
        json_object_foreach(of_node, name, value)
        {
            bool known = !json_is_object(value) || count == METRICS_MAX;
            for (size_t i = 0; i < count && !known; i++)
                known = strcmp(metrics[i], name) == 0;
            if (!known)
                metrics[count++] = name;
        }
    }
    return count;
}

static void put_latencies(struct report *r, json_t *run)
{
    _cleanup_(freep) char *path = xasprintf("%s/samples.csv", r->folder);
    const char *metrics[METRICS_MAX];
    struct over_time o;
    struct error err;
    size_t count = list_metrics(run, metrics);
    if (count == 0)
        return;
    page_section(r->out, "latency", "Latency over time");
    if (over_time_read(path, metrics, count, &o, &err) < 0) {
        log_warn("%s: the report is without latencies over time", err.text);
        page_note(r->out, "note", "%s", err.text);
        page_section_end(r->out);
        return;
    }
    struct marks *marks = marks_read(r->folder);
    page_note(r->out, "note",
              "Half, nine in ten, and 99 in 100 of all samples of a bin of time took at most as "
              "long, over all nodes. Time counts from the intended start of an operation.");
    fputs("<div class=\"figures\">", r->out);
    for (size_t i = 0; i < o.count; i++)
        put_over_time(r, &o.series[i], marks);
    fputs("</div>\n", r->out);
    if (o.was_cut)
        page_note(r->out, "note", "samples.csv ends in the middle of a line, which is left out.");
    page_section_end(r->out);
    marks_free(marks);
    over_time_done(&o);
}

/* --- by node --- */

static void put_main_bars(struct report *r, json_t *run, const char *metric)
{
    json_t *metrics = json_object_get(run, "metrics"), *node;
    size_t n = json_object_size(metrics), count = 0;
    const char *name;
    double nominal = NAN;
    _cleanup_(freep) char *nominal_name = xasprintf("%s_nominal", metric);
    _cleanup_(freep) char *words = report_words(metric);
    _cleanup_(freep) char *title = xasprintf("%s of each node", words);
    _cleanup_(freep) struct plot_point *points = xcalloc(n + 1, sizeof(*points));
    json_object_foreach(metrics, name, node)
    {
        json_t *value = json_object_get(node, metric);
        double v = json_number_value(value);
        if (json_is_number(value))
            points[count++] = (struct plot_point){0, v, v, v, name};
        if (json_is_number(json_object_get(node, nominal_name)))
            nominal = json_number_value(json_object_get(node, nominal_name));
    }
    struct plot_series series = {words, PLOT_BARS, points, count};
    struct plot plot = {.title = title,
                        .y_label = unit_of(run, metric),
                        .has_reference = !isnan(nominal),
                        .reference = nominal,
                        .reference_name = "nominal",
                        .series = &series,
                        .series_count = 1,
                        .width = 640,
                        .height = 380};
    fputs("<div class=\"figures\">", r->out);
    if (count > 0 && count <= BARS_MAX)
        report_figure(r, &plot, metric);
    fputs("</div>\n", r->out);
}

/* summary.csv */
static void put_summary(struct report *r, json_t *run)
{
    _cleanup_(freep) char *path = xasprintf("%s/summary.csv", r->folder);
    struct csv c;
    struct error err;
    if (csv_open(&c, path, &err) < 0)
        return;
    struct page_column *columns = xcalloc(c.column_count, sizeof(*columns));
    for (size_t i = 0; i < c.column_count; i++)
        columns[i] = (struct page_column){c.columns[i], NULL, i > 1 ? PAGE_NUMBER : PAGE_TEXT};
    page_table_begin(r->out, "summary", columns, c.column_count);
    while (csv_next(&c)) {
        page_row(r->out);
        for (size_t i = 0; i < c.column_count; i++) {
            char text[REPORT_VALUE_MAX];
            double value = csv_number(&c, (int)i);
            if (i > 1)
                page_cell_number(r->out, value,
                                 report_value(text, value, unit_of(run, c.columns[i])));
            else
                page_cell(r->out, csv_text(&c, (int)i));
        }
    }
    page_table_end(r->out);
    free(columns);
    csv_close(&c);
}

static void put_nodes(struct report *r, json_t *run)
{
    page_section(r->out, "nodes", "By node");
    put_main_bars(r, run, main_metric(run));
    put_summary(r, run);
    report_csv_folded(r, "overall", "overall.csv: every metric, of all nodes together");
    page_section_end(r->out);
}

/* --- costs --- */

static void put_costs(struct report *r)
{
    static const struct {
        const char *column, *heading;
        double scale;
        const char *unit;
    } shown[] = {{"boot_s", "boot", 1, "s"},
                 {"memory_pss_bytes", "memory", 1.0 / (1 << 20), "MiB"},
                 {"memory_guest_bytes", "guest's memory", 1.0 / (1 << 20), "MiB"},
                 {"cpu_s", "processor time", 1, "s"},
                 {"disk_bytes", "files", 1.0 / (1 << 20), "MiB"}};
    _cleanup_(freep) char *path = xasprintf("%s/nodes.csv", r->folder);
    struct page_column columns[3 + ARRAY_LEN(shown)] = {
        {"name", "node", PAGE_TEXT}, {"kind", NULL, PAGE_TEXT}, {"accelerator", NULL, PAGE_TEXT}};
    struct csv c;
    struct error err;
    if (!file_exists(path) || csv_open(&c, path, &err) < 0)
        return;
    page_section(r->out, "costs", "What each node took of the machine");
    page_note(r->out, "note",
              "Until the workload ended. Memory is the share that is the node's own (PSS).");
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        columns[3 + i] = (struct page_column){shown[i].column, shown[i].heading, PAGE_NUMBER};
    page_table_begin(r->out, "nodes", columns, ARRAY_LEN(columns));
    while (csv_next(&c)) {
        page_row(r->out);
        for (size_t i = 0; i < 3; i++)
            page_cell(r->out, csv_text(&c, csv_column(&c, columns[i].name)));
        for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
            char text[REPORT_VALUE_MAX];
            double value = csv_number(&c, csv_column(&c, shown[i].column));
            if (strcmp(shown[i].unit, "MiB") == 0)
                snprintf(text, sizeof(text), "%.1f MiB", value * shown[i].scale);
            else
                report_value(text, value, shown[i].unit);
            page_cell_number(r->out, value, text);
        }
    }
    page_table_end(r->out);
    page_section_end(r->out);
    csv_close(&c);
}

void report_run(struct report *r, json_t *run)
{
    _cleanup_(freep) char *path = xasprintf("%s/fidelity.json", r->folder);
    json_t *fidelity = json_load_file(path, 0, NULL);
    json_t *scenario = json_object_get(run, "scenario");
    _cleanup_(freep) char *title = xasprintf("%s – wanlab", json_text_of(scenario, "name"));
    page_begin(r->out, title);
    put_title(r, run);
    put_verdict(r, run, fidelity);
    if (!fidelity && strcmp(json_text_of(run, "outcome"), "done") == 0)
        page_note(r->out, "note", "There is no fidelity.json, or it cannot be read.");
    put_numbers(r, run, fidelity);
    page_links(r->out);
    report_network(r, run, fidelity);
    put_latencies(r, run);
    report_events(r);
    put_nodes(r, run);
    put_costs(r);
    report_scenario(r, "run", scenario, json_object_get(run, "host"), json_text_of(run, "wanlab"));
    page_end(r->out);
    json_decref(fidelity);
}
