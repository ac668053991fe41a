/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/scenario_options.h"
#include "experiment/run.h"
#include "lab/place.h"
#include "report/progress.h"

static int run_once(const struct scenario_options *o, const char *fates,
                    struct run_options *run_options, struct error *err)
{
    struct scenario *s;
    struct run_outcome outcome = {0};
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    run_options->on_step = scenario_on_step();
    if (fates)
        r = scenario_open_fates(fates, s, &run_options->fates_fd, err);
    if (r == 0)
        r = run_scenario(s, run_options, &outcome, err);
    if (r < 0 && outcome.folder)
        log_warn("the run failed; its logs are in %s", outcome.folder);
    run_done(&outcome);
    if (run_options->fates_fd > 0)
        close(run_options->fates_fd);
    scenario_free(s);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct run_options run_options = {.print_tables = true, .report = true};
    const char *fates = NULL;
    _cleanup_(text_done) struct text wires = {0};
    struct error err;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c == 'o')
            run_options.folder = optarg;
        else if (c == 'n')
            run_options.name = optarg;
        else if (c == 'p')
            run_options.pin = true;
        else if (c == 'f')
            fates = optarg;
        else if (c == 'q')
            progress_quiet = true;
        else if (c == 'c' || c == 'l') {
            if (scenario_capture_option(&run_options.capture, &wires, c, optarg, &err) < 0)
                return command_failed(&err);
        } else if (c == 'E' ? !scenario_events(&o, optarg) : !scenario_option(&o, c, optarg))
            return command_usage(command);
    }
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    place_sweep();
    int r = run_once(&o, fates, &run_options, &err);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_run = {
    .name = "run",
    .arguments = "FILE",
    .summary = "runs a scenario's workload in a lab of its own and collects the results",
    .options =
        (const struct command_option[]){
            {
                .key = 'o',
                .name = "output",
                .argument = "FOLDER",
                .help = "where the results go; default: results/NAME-TIME",
                .is_letter = true,
            },
            SCENARIO_OPTION_NAME,
            SCENARIO_OPTION_PIN,
            SCENARIO_OPTION_FATES,
            SCENARIO_OPTION_EVENTS,
            SCENARIO_OPTIONS_CAPTURE,
            SCENARIO_OPTION_QUIET,
            SCENARIO_OPTIONS,
            {0},
        },
    .run = run,
};
