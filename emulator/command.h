/* SPDX-License-Identifier: MIT
 *
 * A subcommand of the program. cmd/ has one file for each; main.c has the table, which drives
 * dispatch and help alike.
 */
#ifndef WANLAB_COMMAND_H
#define WANLAB_COMMAND_H

#include "base/error.h"

struct command {
    const char *name;
    const char *usage;   /* "FILE [--name LAB]" */
    const char *summary; /* one line, lower case */
    const char *options; /* further lines of help; NULL: none */
    /* argv[0] is the command's name. Errors are printed by the command itself. */
    enum exit_status (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command *const commands[]; /* ends with NULL */

extern const struct command command_check, command_plan, command_up, command_down, command_ls,
    command_status, command_exec, command_cp, command_run, command_sweep, command_compare,
    command_image, command_report, command_pause, command_resume, command_kill, command_stop,
    command_restart, command_shell, command_verify;

/* "wanlab: usage: wanlab NAME USAGE" on standard error; STATUS_INPUT. */
enum exit_status command_usage(const struct command *command);

/* The whole help of a command on standard output; STATUS_DONE. */
enum exit_status command_help(const struct command *command);

/* Prints an error that nobody handles and returns the exit status it carries. Errors in files begin
 * with their place and are printed as they are, for editors to jump to. */
enum exit_status command_failed(const struct error *err);

#endif
