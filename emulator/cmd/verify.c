/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"
#include "cmd/scenario_options.h"
#include "experiment/verify.h"
#include "lab/place.h"

enum { DAY_S = 86400 };

static int verify(const struct scenario_options *o, struct verify_options *options, bool json,
                  struct error *err)
{
    struct scenario *s;
    struct verification v;
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    options->on_step = scenario_on_step();
    r = verify_scenario(s, options, &v, err);
    if (r == 0 && json)
        verify_print_json(&v, stdout);
    else if (r == 0)
        verify_print(&v, stdout);
    if (r == 0 && v.beyond > 0)
        r = error_set(err, EIO, "the network is not the one that '%s' asks for", o->file);
    else if (r == 0 && v.unknown > 0)
        r = error_machine(err, EIO,
                          "not all of it could be found out (the reasons are above; where packets "
                          "were too few, give it more time: --time)");
    verification_done(&v);
    scenario_free(s);
    return r;
}

/* An option that is short for a key of the file. */
static bool set_limit(struct scenario_options *o, const char *key, const char *value)
{
    static char texts[4][128];
    static size_t count;
    if (count == sizeof(texts) / sizeof(texts[0]))
        return false;
    snprintf(texts[count], sizeof(texts[count]), "verdict.%s=%s", key, value);
    return scenario_option(o, 's', texts[count++]);
}

static bool set_time(struct verify_effort *effort, const char *value, struct error *err)
{
    uint64_t ns;
    if (units_parse_time(value, &ns, err) < 0 || ns < NS_PER_SEC / 10 || ns > DAY_S * NS_PER_SEC)
        return false;
    effort->longest_s = (double)ns / 1e9;
    return true;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct verify_options verify_options = {0};
    struct error err;
    bool json = false, ok = true;
    for (int c; (c = command_option(command, argc, argv)) != -1;) {
        if (c == 'j')
            json = true;
        else if (c == 'k')
            verify_options.effort.quick = true;
        else if (c == 'q')
            progress_quiet = true;
        else if (c == 'l')
            verify_options.lab = optarg;
        else if (c == 't')
            ok = set_time(&verify_options.effort, optarg, &err);
        else if (c == 'c' || c == 'd' || c == 'r')
            ok = set_limit(&o,
                           c == 'c'   ? "confidence"
                           : c == 'd' ? "delay_error"
                                      : "rate_error",
                           optarg);
        else
            ok = scenario_option(&o, c, optarg);
        if (!ok)
            return command_usage(command);
    }
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    place_sweep();
    return verify(&o, &verify_options, json, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_verify = {
    .name = "verify",
    .arguments = "FILE",
    .summary = "sends packets over every wire, both ways, and compares with what the file asks",
    .options =
        (const struct command_option[]){
            {
                .key = 'l',
                .name = "lab",
                .argument = "LAB",
                .help = "measures a lab that runs, made from FILE, instead of a new one",
            },
            {
                .key = 't',
                .name = "time",
                .argument = "TIME",
                .help = "at most for a train of packets over a wire; default: 10s",
            },
            {.key = 'k', .name = "quick", .help = "fewer packets, and of many wires a sample"},
            COMMAND_OPTION_JSON,
            SCENARIO_OPTION_QUIET,
            {
                .key = 'c',
                .name = "confidence",
                .argument = "SHARE",
                .help = "that wires as asked pass, all together; default: 99.9%",
            },
            {
                .key = 'd',
                .name = "delay-tolerance",
                .argument = "TIME",
                .help = "of the median one-way delay, and of its spread; default: 1ms",
            },
            {
                .key = 'r',
                .name = "rate-tolerance",
                .argument = "SHARE",
                .help = "of the asked rate; default: 1%",
            },
            SCENARIO_OPTIONS,
            {0},
        },
    .notes =
        "The limits are the file's (verdict: {delay_error: 1ms, rate_error: 1%, drops: 0%, "
        "confidence: 99.9%}). What is left to chance has to lie in an interval of that confidence: "
        "shares (loss, duplicated, corrupted, reordered) in Wilson's, as wide as the dependence of "
        "neighbours makes it; the same for the mean length of bursts. Of jitter, delay is the mean "
        "and jitter the standard deviation; distribution is the largest difference between the "
        "asked and the measured distribution function, where each delay may be off by a quarter of "
        "delay_error; correlation is that of neighbours' normal scores. Such packets are sent so "
        "far apart that hardly any catches up with the one before; order and losses get packets of "
        "their own. Up to 1 % of the packets that took longer than any jitter asked for are set "
        "aside. trace: 9 of 10 packets are so close to the time at which the trace would have let "
        "them arrive. unknown: the packets were too few (see --time), or the reason is given. "
        "A pair past a limit is measured up to twice more, alone; the best try counts. Between "
        "nodes with kernels of their own only round trips are known: each direction gets half "
        "of the error, and nothing can be said of traces. Exit status: 1 past a limit; 3 not all "
        "could be told. In JSON times are in s, rates in bit/s, and a share of 0.05 is 5 %.",
    .run = run,
};
