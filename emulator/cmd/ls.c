/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cmd/print.h"
#include "command.h"
#include "lab/client.h"
#include "lab/place.h"

static int list_labs(json_t *list, struct error *err)
{
    char **names;
    size_t count;
    int r = place_list(&names, &count, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        json_array_append_new(list, json_string(names[i]));
        free(names[i]);
    }
    if (r == 0)
        free(names);
    return r;
}

static int list_nodes(const char *lab, json_t *list, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    json_t *nodes;
    int r = place_of(lab, &folder, err);
    if (r == 0)
        r = client_ask(folder, "nodes", &nodes, err);
    if (r < 0)
        return r;
    json_array_extend(list, nodes);
    json_decref(nodes);
    return 0;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    json_t *list = json_array(), *name;
    size_t i;
    int json = command_json(command, argc, argv);
    if (json < 0 || argc - optind > 1)
        return command_usage(command);
    place_sweep();
    int r = optind < argc ? list_nodes(argv[optind], list, &err) : list_labs(list, &err);
    if (r == 0 && json) {
        print_json_facts(json_incref(list));
    } else if (r == 0) {
        json_array_foreach(list, i, name) puts(json_string_value(name));
    }
    json_decref(list);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_ls = {
    .name = "ls",
    .arguments = "[LAB]",
    .summary = "lists the labs that run, or a lab's nodes",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .run = run,
};
