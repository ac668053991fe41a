/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/print.h"
#include "command.h"
#include "lab/client.h"
#include "lab/place.h"
#include "report/table.h"

enum { WIRES_SHOWN = 60 };

static bool is_setting(const char *word)
{
    return strchr(word, '=') || strcmp(word, "down") == 0 || strcmp(word, "up") == 0;
}

/* Wires, then what becomes of them, then perhaps others. */
static json_t *group_words(char *const *words)
{
    json_t *groups = json_array(), *group = NULL;
    bool had_setting = true;
    for (; *words; words++) {
        bool setting = is_setting(*words);
        if (!group || (had_setting && !setting)) {
            group = json_pack("{s:[] s:[]}", "wires", "set");
            json_array_append_new(groups, group);
        }
        json_array_append_new(json_object_get(group, setting ? "set" : "wires"),
                              json_string(*words));
        had_setting = setting;
    }
    return groups;
}

/* Without a setting, the wires named are to be shown. */
static json_t *make_request(char *const *words)
{
    bool changes = false;
    for (char *const *word = words; *word; word++)
        changes |= is_setting(*word);
    if (!changes) {
        json_t *request = json_pack("{s:s s:[]}", "do", "link", "wires");
        for (; *words; words++)
            json_array_append_new(json_object_get(request, "wires"), json_string(*words));
        return request;
    }
    _cleanup_(freep) char *here = getcwd(NULL, 0);
    _cleanup_(freep) char *folder = here ? xasprintf("%s/", here) : NULL;
    return json_pack("{s:s s:s? s:o}", "do", "link", "folder", folder, "changes",
                     group_words(words));
}

static int ask(const char *lab, char *const *words, json_t **ret, struct error *err)
{
    struct client *client;
    int r = client_open_lab(lab, &client, err);
    if (r < 0)
        return r;
    r = client_request(client, make_request(words), NULL, 0, ret, NULL, err);
    client_close(client);
    return r;
}

/* "db1 eth0", or a network's name. */
static void add_end(struct table *t, json_t *wire, const char *end, const char *interface)
{
    const char *dev = json_text_of(wire, interface);
    table_add(t, "%s%s%s", json_text_of(wire, end), *dev ? " " : "", dev);
}

static void print_wires(json_t *wires)
{
    static const char *const columns[] = {"from", "to", "asked", "at the start"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    json_t *wire;
    size_t i, count = json_array_size(wires);
    json_array_foreach(wires, i, wire)
    {
        if (i == WIRES_SHOWN)
            break;
        add_end(t, wire, "from", "from_interface");
        add_end(t, wire, "to", "to_interface");
        table_add(t, "%s", json_text_of(wire, "asked"));
        table_add(t, "%s", json_text_of(wire, "asked_at_start"));
    }
    table_print(t, stdout, "");
    table_free(t);
    if (count > WIRES_SHOWN)
        printf("… and %zu more (--json has all)\n", count - WIRES_SHOWN);
}

static void print_json(json_t *answer)
{
    json_t *facts = json_pack("{s:O}", "wires", json_object_get(answer, "wires"));
    json_t *change = json_object_get(answer, "change");
    if (change)
        json_object_set(facts, "change", change);
    print_json_facts(facts);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    json_t *answer;
    int json = command_json(command, argc, argv);
    if (json < 0 || optind >= argc)
        return command_usage(command);
    place_sweep();
    if (ask(argv[optind], argv + optind + 1, &answer, &err) < 0)
        return command_failed(&err);
    json_t *wires = json_object_get(answer, "wires"), *change = json_object_get(answer, "change");
    if (json) {
        print_json(answer);
    } else {
        if (change)
            print_change(change), putchar('\n');
        if (json_array_size(wires) > 0)
            print_wires(wires);
    }
    json_decref(answer);
    return STATUS_DONE;
}

const struct command command_link = {
    .name = "link",
    .arguments = "LAB [all|NODE|WIRE…] [KEY=VALUE|down|up…]",
    .summary = "shows what is asked of a lab's wires, and changes it while the lab runs",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .notes =
        "WIRE is 'all', a node, a group or a network for all wires of theirs, 'a-b' for those "
        "between two of these, or \"a->b\", in quotes, for one direction. Keys and values are "
        "those "
        "of a wire in a scenario file; KEY=none is as if the key were not there; 'down' lets "
        "nothing through and keeps the rest, 'up' ends that. Other wires with other settings may "
        "follow. Everything changes at one instant, or nothing does; what is not set, and packets "
        "on their way, are left alone.\n"
        "\n"
        "For example: wanlab link LAB db1-db2 delay=50ms loss=1% web down",
    .run = run,
};
