/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cmd/scenario_options.h"
#include "topology/plan.h"
#include "wire/engine.h"

static int print_plan(const struct scenario_options *o, struct error *err)
{
    struct scenario *s;
    struct plan *plan;
    enum engine_choice engine;
    char why[256];
    int r = scenario_load(o, &s, err);
    if (r < 0)
        return r;
    engine = s->engine; /* named: no need that this machine could run it */
    if (engine == ENGINE_AUTO)
        r = wire_engine_choose(ENGINE_AUTO, &engine, why, sizeof(why), err);
    if (r == 0)
        r = plan_new(s, engine, &plan, err);
    if (r == 0) {
        plan_print(plan, stdout);
        plan_free(plan);
    }
    scenario_free(s);
    return r;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct scenario_options o = {0};
    struct error err;
    for (int c; (c = command_option(command, argc, argv)) != -1;)
        if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    return print_plan(&o, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "FILE",
    .summary = "prints the kernel operations that make a scenario's network, as ip and tc lines",
    .options = (const struct command_option[]){SCENARIO_OPTIONS, {0}},
    .run = run,
};
