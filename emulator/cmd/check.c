/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "cmd/scenario_options.h"
#include "experiment/host.h"
#include "experiment/sweep.h"
#include "experiment/workload.h"
#include "topology/plan.h"

static void print_warning(const char *line)
{
    log_warn("%s", line);
}

static int check_workload(const struct scenario *s, const struct plan *plan, struct error *err)
{
    struct workload *w;
    struct workload_value *values;
    int r = workload_open(&s->workload, &w, err);
    if (r < 0)
        return r;
    r = workload_resolve(w, &s->workload, &values, err);
    if (r == 0) {
        r = host_lint(w, values, plan, print_warning, err);
        workload_values_free(values, w->parameter_count);
    }
    workload_free(w);
    return r;
}

static int check(const struct scenario_options *o, struct error *err)
{
    struct scenario *s;
    struct plan *plan;
    int r = scenario_open(o->file, o->sets, o->set_count, &s, err);
    if (r < 0)
        return r;
    struct sweep_options sweep = {.file = o->file, .sets = o->sets, .set_count = o->set_count};
    if (s->sweep_count > 0 && s->workload.name)
        r = sweep_check(&sweep, s, err);
    if (r < 0) {
        scenario_free(s);
        return r;
    }
    r = plan_new(s, s->engine == ENGINE_AUTO ? ENGINE_DELAYLINE : s->engine, &plan, err);
    if (r == 0) {
        if (s->workload.name)
            r = check_workload(s, plan, err);
        if (r == 0)
            printf("%s: %zu nodes, %zu links, %zu networks, a wan of %zu, %zu impaired wires\n",
                   o->file, s->node_count, s->link_count, s->network_count, s->wan.member_count,
                   plan->wire_count);
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
    return check(&o, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_check = {
    .name = "check",
    .arguments = "FILE",
    .summary = "reads and validates a scenario; starts nothing",
    .options = (const struct command_option[]){SCENARIO_OPTIONS, {0}},
    .run = run,
};
