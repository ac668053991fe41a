/* SPDX-License-Identifier: MIT */
#include "experiment/cost.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/units.h"
#include "report/table.h"

static const char *const columns[] = {
    "name",  "kind",      "accelerator", "boot_s", "memory_pss_bytes", "memory_guest_bytes",
    "cpu_s", "disk_bytes"};

json_t *cost_describe(json_t *status)
{
    json_t *list = json_array(), *node;
    size_t i;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        json_t *cost = json_object();
        for (size_t k = 0; k < ARRAY_LEN(columns); k++)
            if (json_object_get(node, columns[k]))
                json_object_set(cost, columns[k], json_object_get(node, columns[k]));
        json_array_append_new(list, cost);
    }
    return list;
}

static const char *kind_of(json_t *node)
{
    return json_string_value(json_object_get(node, "kind"));
}

struct cost cost_mean(json_t *status, const char *kind)
{
    struct cost c = {0};
    json_t *node;
    size_t i;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        if (kind && strcmp(kind_of(node), kind) != 0)
            continue;
        c.nodes++;
        c.boot_s += json_number_of(node, "boot_s");
        c.memory_bytes += json_number_of(node, "memory_pss_bytes");
        c.guest_bytes += json_number_of(node, "memory_guest_bytes");
        c.cpu_s += json_number_of(node, "cpu_s");
        c.disk_bytes += json_number_of(node, "disk_bytes");
    }
    double *sums[] = {&c.boot_s, &c.memory_bytes, &c.guest_bytes, &c.cpu_s, &c.disk_bytes};
    for (size_t k = 0; k < ARRAY_LEN(sums) && c.nodes > 0; k++)
        *sums[k] /= (double)c.nodes;
    return c;
}

static double time_s(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

struct emulator_cpu cost_emulator_cpu(json_t *status)
{
    struct rusage own;
    getrusage(RUSAGE_SELF, &own);
    return (struct emulator_cpu){json_number_of(status, "lab_cpu_s"),
                                 time_s(&own.ru_utime) + time_s(&own.ru_stime)};
}

static void add_row(struct table *t, const char *kind, const struct cost *c)
{
    static const double mib = 1 << 20;
    char text[UNITS_TEXT_MAX];
    table_add(t, "%s", kind);
    table_add(t, "%zu", c->nodes);
    table_add(t, "%s", units_format_time_short(text, c->boot_s * 1e9));
    table_add(t, "%.1f MiB", c->memory_bytes / mib);
    if (c->guest_bytes > 0)
        table_add(t, "%.1f MiB", c->guest_bytes / mib);
    else
        table_add(t, "-");
    table_add(t, "%.2f s", c->cpu_s);
    table_add(t, "%.1f MiB", c->disk_bytes / mib);
}

struct table *cost_table(json_t *status)
{
    static const char *const headings[] = {"kind",   ">nodes", ">boot", ">memory",
                                           ">guest", ">cpu",   ">disk"};
    struct table *t = table_new(headings, ARRAY_LEN(headings));
    json_t *nodes = json_object_get(status, "nodes"), *node;
    size_t i;
    json_array_foreach(nodes, i, node)
    {
        size_t first = 0;
        while (strcmp(kind_of(json_array_get(nodes, first)), kind_of(node)) != 0)
            first++;
        if (first < i)
            continue;
        struct cost c = cost_mean(status, kind_of(node));
        add_row(t, kind_of(node), &c);
    }
    return t;
}

int cost_write_csv(const struct results *results, json_t *status, struct error *err)
{
    FILE *out = results_create(results, "nodes.csv", err);
    if (!out)
        return -err->code;
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    json_t *node;
    size_t i;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        for (size_t k = 0; k < ARRAY_LEN(columns); k++) {
            json_t *value = json_object_get(node, columns[k]);
            if (json_is_string(value))
                table_add(t, "%s", json_string_value(value));
            else if (json_is_integer(value))
                table_add(t, "%lld", (long long)json_integer_value(value));
            else if (!value) /* of a kind that has no such thing */
                table_add(t, "%s", "");
            else
                table_add(t, "%.9g", json_number_value(value));
        }
    }
    table_csv(t, out);
    table_free(t);
    return fclose(out) < 0 ? error_set(err, EIO, "cannot write 'nodes.csv'") : 0;
}
