/* SPDX-License-Identifier: MIT
 *
 * Completion of command lines for a shell, from the table of commands. The shell's part is a few
 * lines that ask `wanlab help --complete` at each TAB; so it always knows the labs that run.
 */
#ifndef WANLAB_CMD_COMPLETE_H
#define WANLAB_CMD_COMPLETE_H

#include <stdio.h>

/* Prints what the last of the words behind `wanlab` (which may be empty) can become, a line each;
 * "//files" and "//folders" stand for those of the shell's folder. */
void complete_print(char *const *words, size_t count, FILE *out);

/* The lines for bash. */
extern const char complete_bash[];

#endif
