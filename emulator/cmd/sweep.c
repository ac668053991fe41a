/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "cmd/scenario_options.h"
#include "experiment/sweep.h"
#include "lab/place.h"
#include "report/progress.h"

static void print_step(const char *line, void *arg)
{
    (void)arg;
    log_info("%s", line);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {SCENARIO_LONG_OPTIONS,
                                            {"output", required_argument, NULL, 'o'},
                                            {"dry-run", no_argument, NULL, 'd'},
                                            {"saturation", no_argument, NULL, 'S'},
                                            {"quick", no_argument, NULL, 'Q'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {0}};
    struct scenario_options o = {0};
    struct sweep_options sweep = {0};
    struct error err;
    bool dry = false, quick = false;
    for (int c; (c = getopt_long(argc, argv, SCENARIO_SHORT_OPTIONS "o:q", options, NULL)) != -1;) {
        if (c == 'h')
            return command_help(command);
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
    sweep.on_step = log_threshold >= LOG_LEVEL_INFO ? print_step : NULL;
    char *folder = NULL;
    int r = dry ? sweep_dry_run(&sweep, &err) : sweep_run(&sweep, &folder, &err);
    if (folder)
        printf("results: %s\n", folder);
    free(folder);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_sweep = {
    .name = "sweep",
    .usage =
        "FILE [-o FOLDER] [--saturation] [--dry-run] [--quick] [--set KEY=VALUE]… [--engine NAME]\n"
        "             [-q] [-v]",
    .summary = "runs every point of a scenario's sweep; goes on where it was stopped",
    .options =
        "  -o FOLDER         where the results go; default: results/NAME-sweep-TIME. A sweep that\n"
        "                    is there already goes on: finished runs are not made again\n"
        "  --quick           the file's short form of the sweep, which it has under 'quick'\n"
        "  --saturation      searches the highest rate that each of the other points keeps up "
        "with\n"
        "  --dry-run         shows what would be run, with its time and memory, and runs nothing\n"
        "  -q                shows no progress\n" SCENARIO_OPTIONS_HELP,
    .run = run,
};
