/* SPDX-License-Identifier: MIT */
#include "experiment/measures.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

enum { RUN_FORMAT = 1 };

#define EMULATOR_CPU "emulator_cpu"

/* One metric over the nodes. */
struct over_nodes {
    double sum, max;
    size_t count;
};

static void include(struct over_nodes *o, double value)
{
    o->max = o->count == 0 ? value : fmax(o->max, value);
    o->sum += value;
    o->count++;
}

static bool has_many(json_t *metrics, const char *metric)
{
    const char *name;
    json_t *node;
    json_object_foreach(metrics, name, node)
    {
        if (json_is_object(json_object_get(node, metric)))
            return true;
    }
    return false;
}

/* `field` of a metric with many samples; its value where a node has only one. */
static struct over_nodes collect(json_t *metrics, const char *metric, const char *field)
{
    struct over_nodes result = {0};
    const char *name;
    json_t *node;
    json_object_foreach(metrics, name, node)
    {
        json_t *value = json_object_get(node, metric);
        if (json_is_object(value))
            value = json_object_get(value, field);
        if (json_is_number(value))
            include(&result, json_number_value(value));
    }
    return result;
}

static void set(json_t *measures, const char *metric, const char *suffix, double value)
{
    _cleanup_(freep) char *name = xasprintf("%s%s", metric, suffix);
    json_object_set_new(measures, name, json_real(value));
}

static void add(json_t *measures, json_t *metrics, const char *metric)
{
    bool many = has_many(metrics, metric);
    struct over_nodes first = collect(metrics, metric, "p50");
    struct over_nodes second = many ? collect(metrics, metric, "p99") : first;
    if (first.count == 0 || second.count == 0)
        return;
    set(measures, metric, many ? "_p50" : "", first.sum / (double)first.count);
    set(measures, metric, many ? "_p99" : "_max", second.max);
    struct over_nodes means = collect(metrics, metric, "mean");
    if (many && means.count == first.count)
        set(measures, metric, "_mean", means.sum / (double)means.count);
}

static const struct {
    const char *name, *unit, *field; /* of run.json's nodes */
    double scale;
} of_nodes[] = {
    {"node_boot", "s", "boot_s", 1},
    {"node_memory", "MiB", "memory_pss_bytes", 1.0 / (1 << 20)},
    {"node_cpu", "s", "cpu_s", 1},
    {"node_disk", "MiB", "disk_bytes", 1.0 / (1 << 20)},
};

const char *measures_cost(size_t index, const char **ret_unit)
{
    if (index == ARRAY_LEN(of_nodes)) {
        *ret_unit = "s";
        return EMULATOR_CPU;
    }
    if (index > ARRAY_LEN(of_nodes))
        return NULL;
    *ret_unit = of_nodes[index].unit;
    return of_nodes[index].name;
}

static void add_nodes(json_t *measures, json_t *nodes)
{
    for (size_t i = 0; i < ARRAY_LEN(of_nodes); i++) {
        struct over_nodes o = {0};
        size_t k;
        json_t *node;
        json_array_foreach(nodes, k, node)
        {
            json_t *value = json_object_get(node, of_nodes[i].field);
            if (json_is_number(value))
                include(&o, json_number_value(value) * of_nodes[i].scale);
        }
        if (o.count > 0)
            set(measures, of_nodes[i].name, "", o.sum / (double)o.count);
    }
}

bool measures_emulated(json_t *run)
{
    json_t *node;
    size_t i;
    json_array_foreach(json_object_get(run, "nodes"), i, node)
    {
        if (strcmp(json_text_of(node, "accelerator"), "tcg") == 0)
            return true;
    }
    return false;
}

json_t *measures_of(json_t *run)
{
    json_t *metrics = json_object_get(run, "metrics");
    json_t *measures = json_object(), *seen = json_object(), *node, *value;
    const char *name, *metric;
    json_object_foreach(metrics, name, node)
    {
        json_object_foreach(node, metric, value)
        {
            if (json_object_get(seen, metric))
                continue;
            json_object_set_new(seen, metric, json_true());
            add(measures, metrics, metric);
        }
    }
    json_decref(seen);
    add_nodes(measures, json_object_get(run, "nodes"));
    json_t *emulator = json_object_get(run, "emulator");
    if (emulator)
        set(measures, EMULATOR_CPU, "",
            json_number_value(json_object_get(emulator, "lab_cpu_s")) +
                json_number_value(json_object_get(emulator, "command_cpu_s")));
    return measures;
}

int measures_read_run(const char *folder, json_t **ret, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/run.json", folder);
    size_t len = strlen(folder);
    if (len > 8 && strcmp(folder + len - 8, ".partial") == 0)
        return error_input(err, "'%s' is half written: its run is under way, or was killed",
                           folder);
    if (!file_exists(folder))
        return error_input(err, "there is no folder '%s'", folder);
    if (!file_exists(path))
        return error_input(err, "'%s' has no run.json: it is half written, or no results folder",
                           folder);
    json_t *run;
    int r = json_file_read(path, &run, err);
    if (r < 0)
        return r;
    json_int_t format = json_integer_value(json_object_get(run, "format"));
    const char *version = json_string_value(json_object_get(run, "wanlab"));
    if (format != RUN_FORMAT) {
        r = error_input(err, "'%s' has format %lld, of wanlab %s; this version reads format %d",
                        folder, (long long)format, version ? version : "?", RUN_FORMAT);
        json_decref(run);
        return r;
    }
    *ret = run;
    return 0;
}
