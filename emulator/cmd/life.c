/* SPDX-License-Identifier: MIT
 *
 * What is done to nodes while their lab runs: five commands that differ in one word.
 */
#include <string.h>

#include "command.h"
#include "lab/client.h"
#include "lab/place.h"

static int ask(const char *what, const char *lab, char **nodes, struct error *err)
{
    struct client *client;
    int r = client_open_lab(lab, &client, err);
    if (r < 0)
        return r;
    json_t *names = json_array();
    for (; *nodes; nodes++)
        json_array_append_new(names, json_string(*nodes));
    client_set_timeout(client, 0); /* a boot has its own deadline */
    r = client_request(client, json_pack("{s:s s:o}", "do", what, "nodes", names), NULL, 0, NULL,
                       NULL, err);
    client_close(client);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    if (argc < 3 || argv[1][0] == '-')
        return command_usage(command);
    place_sweep();
    return ask(command->name, argv[1], argv + 2, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

#define NODES_NOTE "NODE is a node's name, or a group's for all of its nodes."

const struct command command_pause = {
    .name = "pause",
    .arguments = "LAB NODE…",
    .summary = "stops all programs of nodes where they are",
    .notes = NODES_NOTE " A process or container shares the host's kernel, which goes on to answer "
                        "pings and to acknowledge what arrives.",
    .run = run,
};

const struct command command_resume = {
    .name = "resume",
    .arguments = "LAB NODE…",
    .summary = "lets the programs of paused nodes go on",
    .notes = NODES_NOTE,
    .run = run,
};

const struct command command_stop = {
    .name = "stop",
    .arguments = "LAB NODE…",
    .summary = "asks all programs of nodes to end, then ends the nodes",
    .notes = NODES_NOTE " Programs get SIGTERM and up to 10 s; a virtual machine writes its disks "
                        "and switches itself off.",
    .run = run,
};

const struct command command_kill = {
    .name = "kill",
    .arguments = "LAB NODE…",
    .summary = "ends nodes as a power failure would: the others see nothing but silence",
    .notes = NODES_NOTE,
    .run = run,
};

const struct command command_restart = {
    .name = "restart",
    .arguments = "LAB NODE…",
    .summary = "boots nodes again; those that live are killed first",
    .notes = NODES_NOTE " A node finds its wires and its scratch folder as they were, everything "
                        "else new. Programs are not started again.",
    .run = run,
};
