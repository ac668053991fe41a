/* SPDX-License-Identifier: MIT */
#include "experiment/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "experiment/comparison.h"
#include "experiment/needs.h"
#include "experiment/report.h"
#include "experiment/stop.h"
#include "experiment/sweep_fit.h"
#include "experiment/sweep_saturation.h"
#include "experiment/sweep_table.h"
#include "report/progress.h"

enum {
    SETS_MAX = 128,
    SWEEP_FORMAT = 1,
};

json_t *sweep_point(const struct scenario *s, size_t point)
{
    json_t *result = json_object();
    for (size_t i = 0; i < s->sweep_count; i++) {
        unsigned value = s->points[point * s->sweep_count + i];
        if (value != SWEEP_AS_FILE)
            json_object_set_new(result, s->sweep[i].key, json_string(s->sweep[i].values[value]));
    }
    return result;
}

int sweep_open_point(const struct sweep_options *o, json_t *point, const char *extra,
                     struct scenario **ret, struct error *err)
{
    const char *sets[SETS_MAX], *key;
    char *own[SETS_MAX];
    size_t count = 0, own_count = 0;
    json_t *value;
    for (; count < o->set_count; count++)
        sets[count] = o->sets[count];
    if (extra)
        sets[count++] = extra;
    json_object_foreach(point, key, value)
    {
        sets[count++] = own[own_count++] = xasprintf("%s=%s", key, json_string_value(value));
    }
    int r = scenario_open_one(o->file, sets, count, ret, err);
    while (own_count > 0)
        free(own[--own_count]);
    return r;
}

static int check_point(const struct sweep_options *o, const struct scenario *s, size_t point,
                       struct error *err)
{
    struct scenario *trial;
    struct workload *workload;
    struct workload_value *values;
    json_t *document = sweep_point(s, point);
    int r = sweep_open_point(o, document, NULL, &trial, err);
    json_decref(document);
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

/* The place of the key whose value it is, if only one varies; else the sweep's first. */
static const struct mark *mark_of(const struct scenario *s, const struct error *err)
{
    for (size_t i = 0; i < s->sweep_count; i++) {
        const char *dot = strrchr(s->sweep[i].key, '.');
        if (strstr(err->text, s->sweep[i].key) || (dot && strstr(err->text, dot + 1)))
            return &s->sweep[i].mark;
    }
    return &s->sweep[0].mark;
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
    if (o->set_count + s->sweep_count + 1 > SETS_MAX)
        return error_input(err, "too many --set and sweep keys: at most %d", SETS_MAX - 1);
    for (size_t point = 0; point < s->point_count; point++)
        if (check_point(o, s, point, err) < 0)
            return yaml_wrap(err, mark_of(s, err));
    return comparison_check(o, s, err);
}

/* --- the folder --- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

static uint64_t hash_file(uint64_t hash, const char *path)
{
    _cleanup_(freep) char *text = NULL;
    return file_read(path, 1 << 26, &text, NULL, NULL) == 0 ? hash_text(hash, text) : hash;
}

/* What the runs are of: the file with --set applied, and the files that it names. How many runs
 * are asked for is no part of it, nor what is compared: a finished sweep may go on with more. */
static uint64_t hash_scenario(const struct sweep *w, json_t *document)
{
    static const char *const others[] = {"repeat", "repeat_max", "precision", "warmup",
                                         "comparison"};
    json_t *copy = json_copy(document);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        json_object_del(copy, others[i]);
    char *text = json_dumps(copy, JSON_COMPACT);
    uint64_t hash = hash_text(0xcbf29ce484222325u, text);
    hash = w->options->saturation ? hash_text(hash, "saturation") : hash;
    free(text);
    const char *matrix = json_string_value(json_object_get(json_object_get(copy, "wan"), "matrix"));
    const char *slash = strrchr(w->options->file, '/');
    int len = slash && matrix && *matrix != '/' ? (int)(slash + 1 - w->options->file) : 0;
    _cleanup_(freep) char *path = xasprintf("%.*s%s", len, w->options->file, matrix ? matrix : "");
    _cleanup_(freep) char *yaml = xasprintf("%s/workload.yaml", w->workload->folder);
    hash = matrix ? hash_file(hash, path) : hash;
    json_decref(copy);
    return hash_file(hash, yaml);
}

static json_t *describe_sweep(const struct sweep *w)
{
    const struct scenario *s = w->scenario;
    json_t *document = summary_describe_yaml(s->document.root), *points = json_array();
    for (size_t i = 0; i < s->point_count; i++)
        json_array_append_new(points, sweep_point(s, i));
    char hash[17];
    snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)hash_scenario(w, document));
    return json_pack("{s:i s:s s:s s:s s:o s:b s:s s:s? s:o s:o s:o s:O*}", "format", SWEEP_FORMAT,
                     "wanlab", wanlab_version, "scenario_hash", hash, "file", w->options->file,
                     "sets", summary_describe_sets(s), "saturation", w->options->saturation, "name",
                     s->name, "main", w->workload->main_metric, "units",
                     summary_describe_units(w->workload), "points", points, "document", document,
                     "comparison", w->comparison);
}

/* Tables of what is on record, however much it is. */
static int report(const struct sweep *w, struct error *err)
{
    int r = sweep_write_csv(w, err);
    sweep_print_table(w);
    if (r == 0)
        r = sweep_fit_all(w, err);
    return r < 0 ? r : comparison_report(&w->book, err);
}

/* What did not work out, after all that could be run was. */
static int count_failures(const struct sweep *w, struct error *err)
{
    unsigned failed = 0;
    const char *why = NULL;
    for (size_t i = 0; i < w->scenario->point_count; i++)
        failed += sweep_summarise(&w->book, w->points[i], NULL).failed;
    for (size_t i = 0; i < w->book.record_count; i++) {
        const struct sweep_record *r = &w->book.records[i];
        if (r->failed && !sweep_book_find(&w->book, r->point, r->repeat))
            why = json_string_value(json_object_get(r->line, "error"));
    }
    if (failed == 0)
        return 0;
    return error_set(err, EIO,
                     "%u %s failed and %s in no average; the last reason (all are in runs.csv): %s",
                     failed, failed == 1 ? "run" : "runs", failed == 1 ? "is" : "are", why);
}

static int conduct(struct sweep *w, struct error *err)
{
    struct error second;
    bool saturation = w->options->saturation;
    _cleanup_(freep) char *name =
        xasprintf("%s-%s", w->scenario->name, saturation ? "saturation" : "sweep");
    _cleanup_(freep) char *folder =
        w->options->folder ? xstrdup(w->options->folder) : results_free_name(name);
    int r = sweep_book_open(folder, describe_sweep(w), &w->book, err);
    if (r < 0)
        return r;
    if (w->book.resumed && !progress_quiet)
        fprintf(stderr, "going on in '%s', which has %zu runs on record\n", folder,
                w->book.record_count);
    r = saturation ? sweep_saturate(w, err) : sweep_run_all(w, err);
    int reported = !saturation && w->book.record_count > 0 ? report(w, &second) : 0;
    if (r == -EINTR)
        log_warn(
            "what is finished is kept; to go on: wanlab sweep %s -o %s%s (with the same --set)",
            w->options->file, folder, saturation ? " --saturation" : "");
    if (r == 0 && reported < 0)
        *err = second;
    if (r == 0)
        r = reported;
    if (r == 0)
        r = sweep_book_set_state(&w->book, "done", err);
    if (w->book.record_count > 0)
        report_try(folder);
    /* a search takes a run that failed for one that did not keep up */
    return r < 0 || saturation ? r : count_failures(w, err);
}

/* Signals are looked at between runs; the runs look for themselves. */
static int conduct_shielded(struct sweep *w, struct error *err)
{
    sigset_t before;
    stop_hold(&before);
    int r = conduct(w, err);
    stop_release(&before);
    return r;
}

/* A command that is missing would fail every run. */
static int check_needs(const struct sweep *w, struct error *err)
{
    const struct scenario *s = w->scenario;
    int r = s->point_count == 0 ? needs_check(w->workload, s, err) : 0;
    for (size_t i = 0; r == 0 && i < s->point_count && w->workload->need_count > 0; i++) {
        struct scenario *at_point;
        json_t *point = sweep_point(s, i);
        r = sweep_open_point(w->options, point, NULL, &at_point, err);
        json_decref(point);
        if (r < 0)
            return r;
        r = needs_check(w->workload, at_point, err);
        scenario_free(at_point);
    }
    return r;
}

static void name_points(struct sweep *w)
{
    w->points = xcalloc(w->scenario->point_count + 1, sizeof(*w->points));
    for (size_t i = 0; i < w->scenario->point_count; i++) {
        json_t *point = sweep_point(w->scenario, i);
        w->points[i] = sweep_point_text(point);
        json_decref(point);
    }
}

int sweep_open(const struct sweep_options *options, struct sweep *ret, struct error *err)
{
    *ret = (struct sweep){.options = options, .book = {.folder_fd = -1, .lines_fd = -1}};
    int r = scenario_open(options->file, options->sets, options->set_count, &ret->scenario, err);
    if (r < 0)
        return r;
    if (!options->saturation || ret->scenario->sweep_count > 0)
        r = sweep_check(options, ret->scenario, err);
    if (r == 0)
        r = workload_open(&ret->scenario->workload, &ret->workload, err);
    if (r == 0 && options->saturation)
        r = sweep_check_saturation(ret, err);
    if (r == 0 && ret->scenario->precision > 0 && !ret->workload->main_metric)
        r = error_input(err,
                        "%s:1:1: 'precision' is for a workload with a main metric: '%s' has "
                        "none",
                        options->file, ret->workload->name);
    if (r == 0)
        r = check_needs(ret, err);
    if (r == 0)
        r = comparison_describe(ret->scenario, ret->workload, &ret->comparison, err);
    if (r == 0)
        name_points(ret);
    return r;
}

void sweep_close(struct sweep *w)
{
    for (size_t i = 0; w->points && i < w->scenario->point_count; i++)
        free(w->points[i]);
    free(w->points);
    sweep_book_close(&w->book);
    json_decref(w->comparison);
    workload_free(w->workload);
    scenario_free(w->scenario);
}

int sweep_run(const struct sweep_options *options, char **ret_folder, struct error *err)
{
    struct sweep w;
    int r = sweep_open(options, &w, err);
    if (r == 0) {
        r = conduct_shielded(&w, err);
        if (w.book.record_count > 0 && ret_folder)
            *ret_folder = xstrdup(w.book.folder);
    }
    sweep_close(&w);
    return r;
}
