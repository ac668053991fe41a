/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/cleanup.h"
#include "command.h"
#include "lab/lab.h"
#include "lab/place.h"

static int end_lab(const char *name, struct error *err)
{
    _cleanup_(freep) char *folder = NULL;
    int r = place_of(name, &folder, err);
    if (r < 0)
        return r;
    if (!place_is_alive(folder))
        return error_input(err, "no lab '%s' is running ('wanlab ls' lists those that are)", name);
    return lab_down(folder, err);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    if (argc != 2 || argv[1][0] == '-')
        return command_usage(command);
    place_sweep();
    return end_lab(argv[1], &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_down = {
    .name = "down",
    .arguments = "LAB",
    .summary = "ends a lab and returns when it is gone",
    .run = run,
};
