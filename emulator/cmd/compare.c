/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "command.h"
#include "experiment/compare.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    int json = command_json(command, argc, argv);
    if (json < 0)
        return command_usage(command);
    if (optind + 2 != argc)
        return command_usage(command);
    struct comparison comparison;
    struct error err;
    if (compare_folders(argv[optind], argv[optind + 1], &comparison, &err) < 0)
        return command_failed(&err);
    if (json)
        compare_print_json(&comparison, stdout);
    else
        compare_print(&comparison, stdout);
    compare_done(&comparison);
    return STATUS_DONE;
}

const struct command command_compare = {
    .name = "compare",
    .arguments = "FOLDER FOLDER",
    .summary = "what changed from one results folder to another, and whether it is more than noise",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .notes =
        "The folders are of two runs, or of two finished sweeps of the same points. 'real' is a "
        "change that Welch's t-test finds at the level of 5 %; it needs two runs of each. Of two "
        "comparisons it is also told in which cells the winners agree. In "
        "JSON a share of 0.05 is 5 %.",
    .run = run,
};
