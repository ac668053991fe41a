/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "cmd/print.h"
#include "cmd/scenario_options.h"
#include "experiment/events.h"
#include "experiment/host.h"
#include "experiment/needs.h"
#include "experiment/sweep.h"
#include "experiment/workload.h"
#include "topology/events.h"
#include "topology/plan.h"

static json_t *warnings; /* of this run */

static void take_warning(const char *line)
{
    log_warn("%s", line);
    json_array_append_new(warnings, json_string(line));
}

static json_t *list_events(const struct schedule *c)
{
    json_t *list = json_array();
    for (size_t i = 0; c && i < c->count; i++)
        json_array_append_new(list, event_entry(&c->events[i]));
    return list;
}

static void print_facts(const char *file, const struct scenario *s, const struct plan *plan,
                        bool json)
{
    if (json)
        print_json_facts(json_pack(
            "{s:s s:s s:I s:I s:I s:I s:I s:o s:O}", "file", file, "scenario", s->name, "nodes",
            (json_int_t)s->node_count, "links", (json_int_t)s->link_count, "networks",
            (json_int_t)s->network_count, "wan_members", (json_int_t)s->wan.member_count,
            "impaired_wires", (json_int_t)plan->wire_count, "events", list_events(s->events),
            "warnings", warnings));
    else
        printf("%s: %zu nodes, %zu links, %zu networks, a wan of %zu, %zu impaired wires\n", file,
               s->node_count, s->link_count, s->network_count, s->wan.member_count,
               plan->wire_count);
    if (s->events && !json)
        schedule_print(s->events, "", stdout);
}

/* Where the file is run may be another machine than where it is checked. */
static void warn_of_needs(const struct workload *w, const struct scenario *s)
{
    struct error err;
    if (needs_check(w, s, &err) < 0)
        take_warning(err.text);
}

static int check_workload(const struct scenario *s, const struct plan *plan, struct error *err)
{
    struct workload *w;
    struct workload_value *values;
    int r = workload_open(&s->workload, &w, err);
    if (r < 0)
        return r;
    r = workload_check_nodes(w, s, err);
    if (r == 0)
        r = workload_resolve(w, &s->workload, &values, err);
    if (r == 0) {
        r = events_check(s, w, values, err);
        if (r == 0)
            r = host_lint(w, values, plan, take_warning, err);
        warn_of_needs(w, s);
        workload_values_free(values, w->parameter_count);
    }
    workload_free(w);
    return r;
}

static int check(const struct scenario_options *o, bool json, struct error *err)
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
            print_facts(o->file, s, plan, json);
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
        else if (c == 'E' ? !scenario_events(&o, optarg) : !scenario_option(&o, c, optarg))
            return command_usage(command);
    if (!scenario_file(&o, argc, argv))
        return command_usage(command);
    warnings = json_array();
    int r = check(&o, json, &err);
    json_decref(warnings);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_check = {
    .name = "check",
    .arguments = "FILE",
    .summary = "reads and validates a scenario; starts nothing",
    .options =
        (const struct command_option[]){
            COMMAND_OPTION_JSON, SCENARIO_OPTION_EVENTS, SCENARIO_OPTIONS, {0}},
    .notes =
        "Also what the file includes, the environment's variables in it, and, where it has "
        "routers, whether every node reaches every other. What is wrong is said with its file, "
        "line and column.",
    .run = run,
};
