/* SPDX-License-Identifier: MIT */
#include "experiment/sweep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "experiment/sweep_plot.h"
#include "report/progress.h"
#include "report/table.h"

enum { SETS_MAX = 128, COLUMNS_MAX = 6 };

struct sweep {
    const struct sweep_options *options;
    struct scenario *scenario; /* of the file as it stands: axes and repeat */
    struct results results;
    FILE *csv;
    struct sweep_data data;
};

/* The value of axis `axis` at point number `point`: the last axis moves fastest. */
static unsigned value_at(const struct scenario *s, size_t point, size_t axis)
{
    for (size_t i = s->sweep_count; i-- > axis + 1;)
        point /= s->sweep[i].value_count;
    return (unsigned)(point % s->sweep[axis].value_count);
}

static void write_header(struct sweep *w)
{
    const struct scenario *s = w->scenario;
    for (size_t i = 0; i < s->sweep_count; i++) {
        csv_field(w->csv, s->sweep[i].key);
        putc(',', w->csv);
    }
    fputs(
        "repeat,slowest_node,mean_of_nodes,boot_s,memory_pss_bytes,cpu_s,disk_bytes,verdict,run\n",
        w->csv);
    fflush(w->csv);
}

static void record(struct sweep *w, size_t point, unsigned repeat, const struct run_outcome *o,
                   const char *run_name)
{
    const struct scenario *s = w->scenario;
    struct sweep_sample sample = {.point = point,
                                  .value = o->main_max,
                                  .mean = o->main_mean,
                                  .cost = o->cost,
                                  .verdict = o->verdict};
    w->data.samples = array_grow(w->data.samples, w->data.sample_count, sizeof(*w->data.samples));
    w->data.samples[w->data.sample_count++] = sample;
    for (size_t i = 0; i < s->sweep_count; i++) {
        csv_field(w->csv, s->sweep[i].values[value_at(s, point, i)]);
        putc(',', w->csv);
    }
    fprintf(w->csv, "%u,%.9g,%.9g,%.9g,%.0f,%.9g,%.0f,%s,%s\n", repeat, o->main_max, o->main_mean,
            o->cost.boot_s, o->cost.memory_bytes, o->cost.cpu_s, o->cost.disk_bytes,
            verdict_name(o->verdict), run_name);
    fflush(w->csv); /* each finished run is kept, whatever happens to the next */
}

static int run_point(struct sweep *w, size_t point, unsigned repeat, struct error *err)
{
    const struct scenario *s = w->scenario;
    const char *sets[SETS_MAX];
    char *own[SETS_MAX];
    size_t count = 0, own_count = 0;
    struct text what = {0};
    for (; count < w->options->set_count; count++)
        sets[count] = w->options->sets[count];
    for (size_t i = 0; i < s->sweep_count; i++) {
        const char *value = s->sweep[i].values[value_at(s, point, i)];
        sets[count++] = own[own_count++] = xasprintf("%s=%s", s->sweep[i].key, value);
        text_add(&what, "%s%s", i ? ", " : "", own[own_count - 1]);
    }
    size_t points = sweep_point_count(s);
    if (!progress_quiet)
        fprintf(stderr, "point %zu of %zu, run %u of %u: %s\n", point + 1, points, repeat,
                s->repeat, what.data ? what.data : s->name);
    text_done(&what);

    _cleanup_(freep) char *name = xasprintf("point-%03zu-run-%u", point + 1, repeat);
    _cleanup_(freep) char *folder = xasprintf("%s/%s", w->results.folder, name);
    struct scenario *at_point;
    struct run_options options = {.folder = folder, .on_step = w->options->on_step};
    struct run_outcome outcome = {0};
    int r = scenario_open(w->options->file, sets, count, &at_point, err);
    if (r == 0) {
        r = run_scenario(at_point, &options, &outcome, err);
        scenario_free(at_point);
    }
    if (r == 0) {
        record(w, point, repeat, &outcome, name);
        if (!w->data.metric)
            w->data.metric = xstrdup(outcome.main_metric ? outcome.main_metric : "value");
        if (!w->data.unit)
            w->data.unit = xstrdup(outcome.main_unit ? outcome.main_unit : "");
        if (outcome.interrupted)
            r = error_set(err, EINTR, "interrupted");
    }
    run_done(&outcome);
    for (size_t i = 0; i < own_count; i++)
        free(own[i]);
    return r;
}

static int run_points(struct sweep *w, struct error *err)
{
    size_t points = sweep_point_count(w->scenario);
    for (size_t point = 0; point < points; point++) {
        for (unsigned repeat = 1; repeat <= w->scenario->repeat; repeat++) {
            int r = run_point(w, point, repeat, err);
            if (r < 0)
                return error_wrap(err, "point %zu, run %u", point + 1, repeat);
        }
    }
    return 0;
}

/* One value of one axis; the others are as in the file. */
static int check_value(const struct sweep_options *o, const struct sweep_axis *axis, size_t v,
                       struct error *err)
{
    const char *sets[SETS_MAX];
    struct scenario *trial;
    struct workload *workload;
    struct workload_value *values;
    memcpy(sets, o->sets, o->set_count * sizeof(*sets));
    _cleanup_(freep) char *set = xasprintf("%s=%s", axis->key, axis->values[v]);
    sets[o->set_count] = set;
    int r = scenario_open(o->file, sets, o->set_count + 1, &trial, err);
    if (r < 0)
        return r;
    r = workload_open(&trial->workload, &workload, err);
    if (r == 0) {
        r = workload_resolve(workload, &trial->workload, &values, err);
        if (r == 0)
            workload_values_free(values, workload->parameter_count);
        workload_free(workload);
    }
    scenario_free(trial);
    return r;
}

int sweep_check(const struct sweep_options *o, const struct scenario *s, struct error *err)
{
    if (s->sweep_count == 0)
        return error_input(err,
                           "%s:1:1: the scenario has no 'sweep' (e.g. "
                           "'sweep: {rate: [60/min, 600/min]}')",
                           o->file);
    if (!s->workload.name)
        return error_input(err, "%s:1:1: the scenario has a sweep but no workload to run", o->file);
    if (o->set_count + s->sweep_count > SETS_MAX)
        return error_input(err, "too many --set and sweep keys: at most %d", SETS_MAX);
    for (size_t i = 0; i < s->sweep_count; i++)
        for (size_t v = 0; v < s->sweep[i].value_count; v++)
            if (check_value(o, &s->sweep[i], v, err) < 0)
                return yaml_wrap(err, &s->sweep[i].mark);
    return 0;
}

/* What sweep.csv says, for people: the axes by their last word. */
static void print_table(const struct sweep *w)
{
    const struct scenario *s = w->scenario;
    const char *columns[SETS_MAX + COLUMNS_MAX];
    char *texts[SETS_MAX + COLUMNS_MAX];
    size_t count = 0;
    for (; count < s->sweep_count; count++) {
        const char *dot = strrchr(s->sweep[count].key, '.');
        columns[count] = texts[count] = xasprintf(">%s", dot ? dot + 1 : s->sweep[count].key);
    }
    columns[count] = texts[count] = xasprintf(">%s, slowest node", w->data.metric), count++;
    columns[count] = texts[count] = xstrdup(">mean of nodes"), count++;
    static const char *const others[] = {">a node's boot", ">memory", ">cpu", "verdict"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++, count++)
        columns[count] = texts[count] = xstrdup(others[i]);
    struct table *t = table_new(columns, count);
    for (size_t i = 0; i < w->data.sample_count; i++) {
        char text[UNITS_TEXT_MAX];
        const struct sweep_sample *sample = &w->data.samples[i];
        for (size_t axis = 0; axis < s->sweep_count; axis++)
            table_add(t, "%s", s->sweep[axis].values[value_at(s, sample->point, axis)]);
        table_add(t, "%.4g %s", sample->value, w->data.unit);
        table_add(t, "%.4g %s", sample->mean, w->data.unit);
        table_add(t, "%s", units_format_time_short(text, sample->cost.boot_s * 1e9));
        table_add(t, "%.1f MiB", sample->cost.memory_bytes / (1 << 20));
        table_add(t, "%.2f s", sample->cost.cpu_s);
        table_add(t, "%s", verdict_name(sample->verdict));
    }
    putchar('\n');
    table_print(t, stdout, "  ");
    putchar('\n');
    table_free(t);
    while (count > 0)
        free(texts[--count]);
}

static int conduct(struct sweep *w, struct error *err)
{
    _cleanup_(freep) char *name = xasprintf("%s-sweep", w->scenario->name);
    int r = results_open(w->options->folder, name, &w->results, err);
    if (r < 0)
        return r;
    w->csv = results_create(&w->results, "sweep.csv", err);
    if (!w->csv)
        return -err->code;
    write_header(w);
    r = run_points(w, err);
    fclose(w->csv);
    if (w->data.sample_count == 0) {
        results_discard(&w->results);
        return r;
    }
    print_table(w);
    struct error second;
    int written = sweep_plot_all(w->scenario, &w->data, w->results.folder, &second);
    if (r == 0 && written == 0)
        written = results_finish(&w->results, &second);
    if (r == 0 && written < 0) {
        *err = second;
        r = written;
    }
    return r;
}

int sweep_run(const struct sweep_options *options, char **ret_folder, struct error *err)
{
    struct sweep w = {.options = options};
    int r = scenario_open(options->file, options->sets, options->set_count, &w.scenario, err);
    if (r < 0)
        return r;
    r = sweep_check(options, w.scenario, err);
    if (r == 0)
        r = conduct(&w, err);
    if (w.data.sample_count > 0 && ret_folder)
        *ret_folder = xstrdup(w.results.folder);
    results_done(&w.results);
    free(w.data.metric);
    free(w.data.unit);
    free(w.data.samples);
    scenario_free(w.scenario);
    return r;
}
