/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/scenario_options.h"
#include "experiment/run.h"
#include "lab/place.h"
#include "report/progress.h"

static void print_step(const char *line, void *arg)
{
    (void)arg;
    log_info("%s", line);
}

static int run_once(const struct scenario_options *o, struct run_options *run_options,
                    struct error *err)
{
    struct scenario *s;
    struct run_outcome outcome;
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    if (log_threshold >= LOG_LEVEL_INFO)
        run_options->on_step = print_step;
    r = run_scenario(s, run_options, &outcome, err);
    if (r < 0 && outcome.folder)
        log_warn("the run failed; its logs are in %s", outcome.folder);
    run_done(&outcome);
    scenario_free(s);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {SCENARIO_LONG_OPTIONS,
                                            {"output", required_argument, NULL, 'o'},
                                            {"name", required_argument, NULL, 'n'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {0}};
    struct scenario_options o = {0};
    struct run_options run_options = {.print_tables = true, .report = true};
    struct error err;
    for (int c;
         (c = getopt_long(argc, argv, SCENARIO_SHORT_OPTIONS "o:n:q", options, NULL)) != -1;) {
        if (c == 'h')
            return command_help(command);
        if (c == 'o')
            run_options.folder = optarg;
        else if (c == 'n')
            run_options.name = optarg;
        else if (c == 'q')
            progress_quiet = true;
        else if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    }
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    place_sweep();
    return run_once(&o, &run_options, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_run = {
    .name = "run",
    .usage = "FILE [-o FOLDER] [--name LAB] [--set KEY=VALUE]… [--engine NAME] [-q] [-v]",
    .summary = "runs a scenario's workload in a lab of its own and collects the results",
    .options = "  -o FOLDER         where the results go; default: results/NAME-TIME\n"
               "  --name LAB        the lab's name; default: the scenario's\n"
               "  -q                shows no progress\n" SCENARIO_OPTIONS_HELP,
    .run = run,
};
