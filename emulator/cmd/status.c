/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "cmd/print.h"
#include "command.h"
#include "lab/client.h"
#include "lab/place.h"
#include "report/table.h"

enum { WIRES_SHOWN = 60 };

static int fetch(const char *lab, json_t **ret, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    int r = place_of(lab, &folder, err);
    return r < 0 ? r : client_ask(folder, "status", ret, err);
}

static void print_nodes(json_t *status)
{
    static const char *const columns[] = {"node", "kind",  "region", "state",    ">memory",
                                          ">cpu", ">disk", ">boot",  "addresses"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    json_t *node, *interface;
    size_t i, k;
    json_array_foreach(json_object_get(status, "nodes"), i, node)
    {
        struct text addresses = {0};
        json_array_foreach(json_object_get(node, "interfaces"), k, interface)
            text_add(&addresses, "%s%s %s", k ? ", " : "", json_text_of(interface, "name"),
                     json_text_of(interface, "ipv4"));
        table_add(t, "%s", json_text_of(node, "name"));
        table_add(t, "%s", json_text_of(node, "kind"));
        table_add(t, "%s", json_text_of(node, "region"));
        table_add(t, "%s", json_text_of(node, "state"));
        char text[UNITS_TEXT_MAX];
        table_add(t, "%.1f MiB", json_number_of(node, "memory_pss_bytes") / (1 << 20));
        table_add(t, "%.2f s", json_number_of(node, "cpu_s"));
        table_add(t, "%.1f MiB", json_number_of(node, "disk_bytes") / (1 << 20));
        table_add(t, "%s", units_format_time_short(text, json_number_of(node, "boot_s") * 1e9));
        table_add(t, "%s", addresses.data ? addresses.data : "");
        text_done(&addresses);
    }
    table_print(t, stdout, "");
    table_free(t);
}

/* "-" where the engine does not count. */
static void add_counter(struct table *t, json_t *wire, const char *key)
{
    json_t *value = json_object_get(wire, key);
    if (value)
        table_add(t, "%lld", (long long)json_integer_value(value));
    else
        table_add(t, "-");
}

static void add_wire(struct table *t, json_t *wire)
{
    char text[UNITS_TEXT_MAX];
    json_int_t rate = json_integer_value(json_object_get(wire, "rate_bps"));
    table_add(t, "%s", json_text_of(wire, "name"));
    table_add(t, "%s",
              units_format_time(text, (uint64_t)(json_number_of(wire, "delay_s") * 1e9 + 0.5)));
    table_add(t, "%s", units_format_share(text, json_number_of(wire, "loss")));
    table_add(t, "%s", rate ? units_format_rate(text, (uint64_t)rate) : "-");
    add_counter(t, wire, "packets");
    add_counter(t, wire, "bytes");
    /* netem does not tell them apart. */
    add_counter(t, wire, json_object_get(wire, "drops") ? "drops" : "lost");
    add_counter(t, wire, "queue_drops");
}

struct rank {
    json_t *wire;
    json_int_t bytes;
    size_t place; /* in the lab's order */
};

static int by_traffic(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->place < y->place ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    return x->place < y->place ? -1 : 1;
}

/* All of them, or of many those that carried most. */
static void print_wires(json_t *wires)
{
    static const char *const columns[] = {"wire",     ">delay", ">loss", ">rate",
                                          ">packets", ">bytes", ">lost", ">queue drops"};
    size_t count = json_array_size(wires), shown = count < WIRES_SHOWN ? count : WIRES_SHOWN;
    _cleanup_(freep) struct rank *ranks = xcalloc(count, sizeof(*ranks));
    for (size_t i = 0; i < count; i++) {
        json_t *wire = json_array_get(wires, i);
        ranks[i] =
            (struct rank){wire, json_integer_value(json_object_get(wire, "bytes")), .place = i};
    }
    if (shown < count)
        qsort(ranks, count, sizeof(*ranks), by_traffic);
    qsort(ranks, shown, sizeof(*ranks), by_place);
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < shown; i++)
        add_wire(t, ranks[i].wire);
    table_print(t, stdout, "");
    table_free(t);
    if (shown < count)
        printf("… and %zu more, which carried less (--json has all)\n", count - shown);
}

/* What the engine itself did to packets that nobody asked for. */
static void print_lateness(json_t *lateness)
{
    static const char *const keys[] = {"p50_s", "p99_s", "p999_s", "max_s"};
    static const char *const names[] = {"median", "99 %", "99.9 %", "worst"};
    static const char *const drops[] = {"tap_drops", "no_memory", "write_errors"};
    json_int_t dropped = 0;
    fputs("\npackets left late by", stdout);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char text[UNITS_TEXT_MAX];
        printf("%s %s (%s)", i ? "," : "",
               units_format_time_short(text, json_number_of(lateness, keys[i]) * 1e9), names[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(drops); i++)
        dropped += json_integer_value(json_object_get(lateness, drops[i]));
    if (dropped > 0)
        printf("; the delay line itself lost %lld", (long long)dropped);
    putchar('\n');
}

static void print_status(const char *lab, json_t *status)
{
    json_t *lateness = json_object_get(status, "lateness");
    char text[UNITS_TEXT_MAX];
    printf("lab %s: scenario %s, engine %s, up for %s\n\n", lab, json_text_of(status, "scenario"),
           json_text_of(status, "engine"),
           units_format_time_short(text, json_number_value(json_object_get(status, "up_s")) * 1e9));
    print_nodes(status);
    json_t *wires = json_object_get(status, "wires");
    if (json_array_size(wires) > 0) {
        putchar('\n');
        print_wires(wires);
    }
    if (lateness)
        print_lateness(lateness);
    json_t *partition;
    size_t i;
    json_array_foreach(json_object_get(status, "partitions"), i, partition)
        printf("partition '%s' ('wanlab event %s \"heal: %s\"' ends it)\n",
               json_string_value(partition), lab, json_string_value(partition));
    long long changes = json_integer_value(json_object_get(status, "change_count"));
    if (changes > 0)
        printf("wires were changed %lld time%s since the start ('wanlab link %s')\n", changes,
               changes == 1 ? "" : "s", lab);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    json_t *status;
    int json = command_json(command, argc, argv);
    if (json < 0 || optind + 1 != argc)
        return command_usage(command);
    const char *lab = argv[optind];
    place_sweep();
    if (fetch(lab, &status, &err) < 0)
        return command_failed(&err);
    if (json) {
        print_json_facts(json_incref(status));
    } else {
        print_status(lab, status);
    }
    json_decref(status);
    return STATUS_DONE;
}

const struct command command_status = {
    .name = "status",
    .arguments = "LAB",
    .summary = "shows a lab's nodes, what they take, and its wires, with what passed over them",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .run = run,
};
