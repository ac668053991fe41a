/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cmd/print.h"
#include "cmd/scenario_options.h"
#include "lab/idle.h"
#include "lab/lab.h"
#include "lab/place.h"
#include "report/progress.h"

static void show_boots(size_t booted, size_t count, void *arg)
{
    (void)arg;
    progress_count("boot", booted, count, "nodes");
}

static void print_facts(const struct lab *lab, uint64_t took_ns, bool json)
{
    char text[UNITS_TEXT_MAX];
    size_t nodes = lab->plan->scenario->node_count;
    const char *engine = engine_name(lab->plan->engine);
    if (json)
        print_json_facts(json_pack("{s:s s:I s:f s:s s:s s:s s:s}", "lab", lab->name, "nodes",
                                   (json_int_t)nodes, "took_s", (double)took_ns / 1e9, "engine",
                                   engine, "why_engine", lab->why_engine, "idle",
                                   idle_name(lab->polls), "why_idle", lab->why_idle));
    else
        printf("lab %s: %zu nodes up in %s, engine %s (%s)\n", lab->name, nodes,
               units_format_time_short(text, (double)took_ns), engine, lab->why_engine);
}

static int start(const struct scenario_options *o, struct lab_options *options, const char *fates,
                 bool json, struct error *err)
{
    struct scenario *s;
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    struct lab lab;
    options->on_step = scenario_on_step();
    options->on_boot = show_boots;
    uint64_t begin = clock_monotonic_ns();
    if (fates)
        r = scenario_open_fates(fates, s, &options->fates_fd, err);
    if (r == 0)
        r = lab_up(s, options, &lab, err);
    if (r == 0) {
        print_facts(&lab, clock_monotonic_ns() - begin, json);
        lab_done(&lab);
    }
    if (options->fates_fd > 0)
        close(options->fates_fd);
    scenario_free(s);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct lab_options lab_options = {0};
    const char *fates = NULL, *folder = "pcap";
    _cleanup_(text_done) struct text wires = {0};
    bool json = false;
    struct error err;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c == 'n')
            lab_options.name = optarg;
        else if (c == 'C')
            folder = optarg;
        else if (c == 'c' || c == 'l') {
            if (scenario_capture_option(&lab_options.capture, &wires, c, optarg, &err) < 0)
                return command_failed(&err);
        } else if (c == 'f')
            fates = optarg;
        else if (c == 'j')
            json = true;
        else if (c == 'p')
            lab_options.pin = true;
        else if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    }
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    place_sweep();
    int r = lab_options.capture.wires
                ? capture_open_folder(folder, &lab_options.capture.folder, &err)
                : 0;
    if (r == 0)
        r = start(&o, &lab_options, fates, json, &err);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_up = {
    .name = "up",
    .arguments = "FILE",
    .summary = "starts a lab in the background: the nodes and their network, without the workload",
    .options = (const struct command_option[]){SCENARIO_OPTION_NAME,
                                               SCENARIO_OPTION_PIN,
                                               SCENARIO_OPTION_FATES,
                                               SCENARIO_OPTIONS_CAPTURE,
                                               {.key = 'C',
                                                .name = "pcap-folder",
                                                .argument = "FOLDER",
                                                .help = "where captures go; default: pcap"},
                                               COMMAND_OPTION_JSON,
                                               SCENARIO_OPTIONS,
                                               {0}},
    .run = run,
};
