/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/scenario_options.h"
#include "experiment/sweep.h"
#include "lab/place.h"
#include "report/progress.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct sweep_options sweep = {0};
    struct error err;
    bool dry = false, quick = false;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c == 'o')
            sweep.folder = optarg;
        else if (c == 'd')
            dry = true;
        else if (c == 'S')
            sweep.saturation = true;
        else if (c == 'Q')
            quick = true;
        else if (c == 'q')
            progress_quiet = true;
        else if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    }
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    if (quick)
        scenario_quick(&o);
    place_sweep();
    sweep.file = o.file;
    sweep.sets = o.sets;
    sweep.set_count = o.set_count;
    sweep.on_step = scenario_on_step();
    char *folder = NULL;
    int r = dry ? sweep_dry_run(&sweep, &err) : sweep_run(&sweep, &folder, &err);
    if (folder)
        printf("results: %s\n", folder);
    free(folder);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_sweep = {
    .name = "sweep",
    .arguments = "FILE",
    .summary = "runs every point of a scenario's sweep; goes on where it was stopped",
    .options =
        (const struct command_option[]){
            {
                .key = 'o',
                .name = "output",
                .argument = "FOLDER",
                .help = "where the results go; default: results/NAME-sweep-TIME. A sweep that is "
                        "there already goes on: finished runs are not made again",
                .is_letter = true,
            },
            {.key = 'd',
             .name = "dry-run",
             .help = "shows what would be run, with its time and memory, and runs nothing"},
            {.key = 'S',
             .name = "saturation",
             .help = "searches the highest rate that each of the other points keeps up with"},
            {.key = 'Q',
             .name = "quick",
             .help = "the file's short form of the sweep, which it has under 'quick'"},
            SCENARIO_OPTION_QUIET,
            SCENARIO_OPTIONS,
            {0},
        },
    .run = run,
};
