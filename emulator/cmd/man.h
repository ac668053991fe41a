/* SPDX-License-Identifier: MIT
 *
 * Man pages, written from the table of commands.
 */
#ifndef WANLAB_CMD_MAN_H
#define WANLAB_CMD_MAN_H

#include <stdio.h>

#include "command.h"

/* wanlab-NAME(1), or with NULL wanlab(1). */
void man_print(const struct command *command, FILE *out);

#endif
