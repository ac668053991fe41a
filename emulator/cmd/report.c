/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>

#include "command.h"
#include "experiment/report.h"

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *file = NULL;
    for (int c; (c = getopt_long(argc, argv, "o:", options, NULL)) != -1;) {
        if (c == 'h')
            return command_help(command);
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
    .usage = "FOLDER [-o FILE]",
    .summary = "makes the page and the pictures of a results folder anew",
    .options = "  -o FILE           where the page goes; default: FOLDER/report.html\n"
               "\n"
               "The folder is of a run or of a sweep, which need not be finished. The page is one "
               "file that\n"
               "needs no network: verdict, network, latencies and round trips of a run; figures, "
               "points and\n"
               "costs of a sweep; every table as CSV too. The pictures are FOLDER/plots/*.svg and "
               "*.png, each\n"
               "beside the gnuplot script that draws it. 'run' and 'sweep' make all of it by "
               "themselves.\n",
    .run = run,
};
