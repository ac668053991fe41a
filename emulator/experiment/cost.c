/* SPDX-License-Identifier: MIT */
#include "experiment/cost.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
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
