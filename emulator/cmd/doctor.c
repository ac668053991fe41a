/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cmd/print.h"
#include "command.h"
#include "lab/doctor.h"
#include "lab/place.h"
#include "report/table.h"

static void print_table(const struct doctor *d)
{
    static const char *const columns[] = {"", "check", "state", ">nodes", "found"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    const char *group = "";
    for (size_t i = 0; i < d->count; i++) {
        const struct doctor_check *c = &d->checks[i];
        table_add(t, "%s", c->group == group ? "" : c->group);
        group = c->group;
        table_add(t, "%s", c->name);
        table_add(t, "%s", doctor_state_name(c->state));
        if (c->nodes >= 0)
            table_add(t, "%lld", (long long)c->nodes);
        else
            table_add(t, "-");
        table_add(t, "%s", c->found);
    }
    table_print(t, stdout, "");
    table_free(t);
}

static void print_cures(const struct doctor *d)
{
    const char *title = "\nwhat would cure it:\n";
    for (size_t i = 0; i < d->count; i++) {
        if (!d->checks[i].cure)
            continue;
        printf("%s  %s: %s\n", title, d->checks[i].name, d->checks[i].cure);
        title = "";
    }
}

static void print_json(const struct doctor *d)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < d->count; i++) {
        const struct doctor_check *c = &d->checks[i];
        json_array_append_new(
            checks,
            json_pack("{s:s s:s s:s s:s s:s? s:o}", "group", c->group, "name", c->name, "state",
                      doctor_state_name(c->state), "found", c->found, "cure", c->cure, "nodes",
                      c->nodes >= 0 ? json_integer((json_int_t)c->nodes) : json_null()));
    }
    print_json_facts(json_pack("{s:b s:o}", "can_run", doctor_can_run(d), "checks", checks));
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct doctor d;
    int json = command_json(command, argc, argv);
    if (json < 0 || optind != argc)
        return command_usage(command);
    place_sweep();
    doctor_examine(&d);
    bool can_run = doctor_can_run(&d);
    if (json) {
        print_json(&d);
    } else {
        print_table(&d);
        print_cures(&d);
        puts(can_run ? "\nreplicated databases on nodes of kind process can run here"
                     : "\nreplicated databases cannot run here: cure what is 'needed'");
    }
    doctor_done(&d);
    return can_run ? STATUS_DONE : STATUS_MACHINE;
}

const struct command command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "what this machine can do, what is missing, and what would cure it",
    .options = (const struct command_option[]){COMMAND_OPTION_JSON, {0}},
    .notes = "'weak' works and costs speed, size or exactness; 'missing' is what cannot be used; "
             "'needed' is missing, and the main job cannot run: exit status 3. 'nodes' is how many "
             "a limit allows.",
    .run = run,
};
