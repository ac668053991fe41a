/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/complete.h"
#include "cmd/man.h"
#include "command.h"

const char command_program_summary[] =
    "networks of real nodes with emulated wires, for distributed protocols";
const char command_exit_statuses[] =
    "0 done; 1 the run failed or a check did not hold; 2 bad input; 3 the machine cannot do it.";

void command_print_all(FILE *out)
{
    fprintf(out, "wanlab: %s\n\nusage: wanlab COMMAND …\n\n", command_program_summary);
    for (const struct command *const *c = commands; *c; c++)
        fprintf(out, "  %-7s %s\n", (*c)->name, (*c)->summary);
    fprintf(out, "\n'wanlab COMMAND --help' tells more. Exit status: %s\n", command_exit_statuses);
}

static const struct command *find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    int what = 0;
    for (int c; (c = command_option(command, argc, argv)) != -1; what = c)
        if (c == '?')
            return command_usage(command);
    char **words = argv + optind;
    size_t count = (size_t)(argc - optind);
    if (what == 'c') {
        complete_print(words, count, stdout);
        return STATUS_DONE;
    }
    if (count > 1 || (what == 'b' && count > 0))
        return command_usage(command);
    const struct command *about = count ? find(words[0]) : NULL;
    if (count && !about) {
        log_error("unknown command '%s' ('wanlab help' lists them)", words[0]);
        return STATUS_INPUT;
    }
    if (what == 'b')
        fputs(complete_bash, stdout);
    else if (what == 'm')
        man_print(about, stdout);
    else if (about)
        command_explain(about, stdout);
    else
        command_print_all(stdout);
    return STATUS_DONE;
}

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "lists the commands, or explains one",
    .options =
        (const struct command_option[]){
            {.key = 'm', .name = "man", .help = "as a man page"},
            {.key = 'b', .name = "bash", .help = "the lines that complete commands in bash"},
            {
                .key = 'c',
                .name = "complete",
                .help = "what the last word behind -- can become; asked by those lines",
            },
            {0},
        },
    .run = run,
};
