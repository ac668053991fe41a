/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "lab/place.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    char **names;
    size_t count;
    (void)argv;
    if (argc != 1)
        return command_usage(command);
    place_sweep();
    if (place_list(&names, &count, &err) < 0)
        return command_failed(&err);
    for (size_t i = 0; i < count; i++) {
        puts(names[i]);
        free(names[i]);
    }
    free(names);
    return STATUS_DONE;
}

const struct command command_ls = {
    .name = "ls",
    .arguments = "",
    .summary = "lists the labs that run",
    .run = run,
};
