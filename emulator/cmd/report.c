/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "command.h"
#include "experiment/report.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    const char *file = NULL;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c != 'o')
            return command_usage(command);
        file = optarg;
    }
    if (optind + 1 != argc)
        return command_usage(command);
    struct error err;
    if (report_write(argv[optind], file, &err) < 0)
        return command_failed(&err);
    if (file)
        printf("report: %s\n", file);
    else
        printf("report: %s/report.html\n", argv[optind]);
    return STATUS_DONE;
}

const struct command command_report = {
    .name = "report",
    .arguments = "FOLDER",
    .summary = "makes the page and the pictures of a results folder anew",
    .options =
        (const struct command_option[]){
            {
                .key = 'o',
                .name = "output",
                .argument = "FILE",
                .help = "where the page goes; default: FOLDER/report.html",
                .is_letter = true,
            },
            {0},
        },
    .notes =
        "The folder is of a run or of a sweep, which need not be finished. The page is one file "
        "that needs no network: verdict, network, latencies and round trips of a run; figures, "
        "points and costs of a sweep; every table as CSV too. The pictures are "
        "FOLDER/plots/*.svg and *.png, each beside the gnuplot script that draws it. 'run' and "
        "'sweep' make all of it by themselves.",
    .run = run,
};
