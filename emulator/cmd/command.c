/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

enum exit_status command_usage(const struct command *command)
{
    fprintf(stderr, "wanlab: usage: wanlab %s %s\n", command->name, command->usage);
    return STATUS_INPUT;
}

enum exit_status command_help(const struct command *command)
{
    printf("usage: wanlab %s %s\n\n%s\n", command->name, command->usage, command->summary);
    if (command->options)
        printf("\n%s", command->options);
    return STATUS_DONE;
}

/* "FILE:LINE:COL: …" or "--set KEY: …" */
static bool begins_with_place(const char *text)
{
    const char *colon = strchr(text, ':');
    return colon && (strncmp(text, "--set ", 6) == 0 || (colon[1] >= '0' && colon[1] <= '9'));
}

enum exit_status command_failed(const struct error *err)
{
    _cleanup_(freep) char *text = xstrdup(err->text);
    for (char *p = text; *p; p++) /* a guest's words may be in it, which are not for a terminal */
        *p = iscntrl((unsigned char)*p) && *p != '\n' && *p != '\t' ? '?' : *p;
    if (err->status == STATUS_INPUT && begins_with_place(text))
        fprintf(stderr, "%s\n", text);
    else
        log_error("%s", text);
    return err->status;
}
