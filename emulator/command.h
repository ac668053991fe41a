/* SPDX-License-Identifier: MIT
 *
 * A subcommand of the program. cmd/ has one file for each; main.c has the table. A command is
 * described once: dispatch, usage, help, option parsing, man page and shell completion all come
 * from its description.
 */
#ifndef WANLAB_COMMAND_H
#define WANLAB_COMMAND_H

#include <getopt.h> /* for optarg and optind, after command_option() */
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* An option; a list of them ends with an empty one. */
struct command_option {
    char key;             /* what command_option() returns, unique in the command */
    const char *name;     /* "engine" for --engine */
    const char *argument; /* what it takes, as in `arguments` below; NULL: nothing */
    const char *help;     /* lower case, wrapped when printed */
    bool is_letter;       /* the key is an option too: -v */
    bool repeats;         /* may be given several times */
};

struct command {
    const char *name;
    /* What stands behind the name beside options: "LAB NODE…". Words in capitals say what is meant,
     * which completion goes by: FILE, FOLDER, LAB, NODE, COMMAND; "FILE|LAB" is either; words in
     * small letters stand for themselves; […] need not be there, … repeats. " | " separates whole
     * forms. */
    const char *arguments;
    const char *summary;                  /* one line, lower case */
    const struct command_option *options; /* NULL: none but --help */
    const char *notes;                    /* paragraphs, wrapped when printed; NULL: none */
    /* argv[0] is the command's name. Errors are printed by the command itself. */
    enum exit_status (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command *const commands[]; /* ends with NULL */

extern const struct command command_check, command_plan, command_graph, command_up, command_down,
    command_ls, command_status, command_exec, command_shell, command_cp, command_pause,
    command_resume, command_stop, command_kill, command_restart, command_verify, command_run,
    command_sweep, command_compare, command_report, command_image, command_doctor, command_help,
    command_fates, command_link, command_event, command_import, command_new, command_timeline;

/* To put into a command's options where it prints facts. */
#define COMMAND_OPTION_JSON                                                                        \
    {                                                                                              \
        .key = 'j', .name = "json", .help = "prints JSON, for programs"                            \
    }

/* The next option of the line, like getopt_long(): its key, -1 at the end, '?' (said on standard
 * error) for what is none. --help is main's. */
int command_option(const struct command *command, int argc, char **argv);

/* For commands that have no option but --json: whether it is there, wherever; -EINVAL for another
 * option. Arguments begin at argv[optind]. */
int command_json(const struct command *command, int argc, char **argv);

/* "wanlab: usage: wanlab NAME USAGE" on standard error; STATUS_INPUT. */
enum exit_status command_usage(const struct command *command);

/* The whole help of a command; STATUS_DONE. */
enum exit_status command_explain(const struct command *command, FILE *out);

/* "wanlab status LAB [--json]", in one line. */
void command_print_synopsis(const struct command *command, FILE *out);

/* The overview of all commands, and what it and the man pages say of the program. */
void command_print_all(FILE *out);
extern const char command_program_summary[], command_exit_statuses[];

/* Prints an error that nobody handles and returns the exit status it carries. Errors in files begin
 * with their place and are printed as they are, for editors to jump to. */
enum exit_status command_failed(const struct error *err);

#endif
