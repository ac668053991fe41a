/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "command.h"
#include "experiment/timeline.h"

static int read_time(const char *text, double *ret_s, struct error *err)
{
    uint64_t ns;
    int r = units_parse_time(text, &ns, err);
    if (r == 0)
        *ret_s = (double)ns / 1e9;
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct timeline_options o = {.from_s = -INFINITY, .to_s = INFINITY};
    struct error err;
    int r = 0;
    for (int c; r == 0 && (c = command_option(command, argc, argv)) != -1;) {
        if (c == '?')
            return command_usage(command);
        if (c == 'j')
            o.json = true;
        else if (c == 'n')
            o.node = optarg;
        else
            r = read_time(optarg, c == 'f' ? &o.from_s : &o.to_s, &err);
    }
    if (r == 0 && optind + 1 != argc)
        return command_usage(command);
    if (r == 0)
        r = timeline_print(argv[optind], &o, stdout, &err);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_timeline = {
    .name = "timeline",
    .arguments = "FOLDER",
    .summary = "prints what happened in a run: events, metrics and logs of all nodes, by time",
    .options =
        (const struct command_option[]){
            {.key = 'n',
             .name = "node",
             .argument = "NODE",
             .help = "only what is about it, and what is about none"},
            {.key = 'f',
             .name = "from",
             .argument = "TIME",
             .help = "from so long after the start"},
            {.key = 't', .name = "to", .argument = "TIME", .help = "up to so long after it"},
            {.key = 'j', .name = "json", .help = "an object a line, for programs"},
            {0},
        },
    .notes =
        "FOLDER is the results folder of a run. Times are seconds from the run's start, on one "
        "clock for all nodes; in captures (--pcap) they are Unix time, and run.json says when "
        "the run started.",
    .run = run,
};
