/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>

#include "command.h"
#include "experiment/compare.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool json = false;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'h')
            return command_help(command);
        if (c != 'j')
            return command_usage(command);
        json = true;
    }
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
    .usage = "FOLDER FOLDER [--json]",
    .summary = "what changed from one results folder to another, and whether it is more than noise",
    .options =
        "  --json            for programs; a share of 0.05 is 5 %\n"
        "\n"
        "The folders are of two runs, or of two finished sweeps of the same points. 'real' is a\n"
        "change that Welch's t-test finds at the level of 5 %; it needs two runs of each.\n",
    .run = run,
};
