/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/print.h"
#include "cmd/scenario_options.h"
#include "topology/plan.h"
#include "wire/engine.h"

static json_t *describe_step(const struct plan *p, const struct op *op)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    if (!out)
        return json_null();
    plan_print_op(p, op, out);
    fclose(out);
    line[strcspn(line, "\n")] = '\0';
    const char *node = op->ns == PLAN_FABRIC ? NULL : p->scenario->nodes[op->ns].name;
    json_t *step = json_pack("{s:s? s:s}", "node", node, "command", line);
    free(line);
    return step;
}

static void print_steps(const struct plan *p)
{
    json_t *steps = json_array(), *wires = json_array();
    for (size_t i = 0; i < p->op_count; i++)
        json_array_append_new(steps, describe_step(p, &p->ops[i]));
    for (size_t i = 0; i < p->wire_count; i++) {
        const struct impairment *impairment = &p->wires[i].impairment;
        json_array_append_new(wires, json_pack("{s:s s:f s:f s:I}", "name", p->wires[i].name,
                                               "delay_s", (double)impairment->delay_ns / 1e9,
                                               "loss", impairment->loss, "rate_bps",
                                               (json_int_t)impairment->rate_bps));
    }
    print_json_facts(json_pack("{s:s s:s s:o s:o}", "scenario", p->scenario->name, "engine",
                               engine_name(p->engine), "steps", steps, "wires", wires));
}

static int print_plan(const struct scenario_options *o, bool json, struct error *err)
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
        r = wire_engine_choose(s, &engine, why, sizeof(why), err);
    if (r == 0)
        r = plan_new(s, engine, &plan, err);
    if (r == 0) {
        if (json)
            print_steps(plan);
        else
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
    bool json = false;
    for (int c; (c = command_option(command, argc, argv)) != -1;)
        if (c == 'j')
            json = true;
        else if (!scenario_option(&o, c, optarg))
            return command_usage(command);
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    return print_plan(&o, json, &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "FILE",
    .summary = "prints the kernel operations that make a scenario's network, as ip and tc lines",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, SCENARIO_OPTIONS, {0}},
    .notes =
        "Run by 'sh -e' in a fresh network namespace, as the first lines say, the plan makes the "
        "same network. A wire of the delay line is a comment with the netem line that means "
        "the same. In JSON a step of the fabric has no node.",
    .run = run,
};
