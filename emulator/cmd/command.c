/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

enum { OPTIONS_MAX = 32, OPTION_COLUMN = 23, HELP_WIDTH = 98 };

int command_option(const struct command *command, int argc, char **argv)
{
    struct option names[OPTIONS_MAX + 1] = {0};
    char letters[2 * OPTIONS_MAX + 1] = "", *letter = letters;
    size_t count = 0;
    for (const struct command_option *o = command->options; o && o->name; o++) {
        assert(count < OPTIONS_MAX);
        int takes = o->argument ? required_argument : no_argument;
        names[count++] = (struct option){o->name, takes, NULL, o->key};
        if (!o->is_letter)
            continue;
        *letter++ = o->key;
        if (o->argument)
            *letter++ = ':';
    }
    return getopt_long(argc, argv, letters, names, NULL);
}

int command_json(const struct command *command, int argc, char **argv)
{
    int json = 0;
    for (int c; (c = command_option(command, argc, argv)) != -1; json = 1)
        if (c != 'j')
            return -EINVAL;
    return json;
}

void command_print_synopsis(const struct command *command, FILE *out)
{
    fprintf(out, "wanlab %s", command->name);
    if (*command->arguments)
        fprintf(out, " %s", command->arguments);
    for (const struct command_option *o = command->options; o && o->name; o++) {
        if (o->is_letter)
            fprintf(out, " [-%c", o->key);
        else
            fprintf(out, " [--%s", o->name);
        if (o->argument)
            fprintf(out, " %s", o->argument);
        fputs(o->repeats ? "]…" : "]", out);
    }
}

enum exit_status command_usage(const struct command *command)
{
    fputs("wanlab: usage: ", stderr);
    command_print_synopsis(command, stderr);
    fputc('\n', stderr);
    return STATUS_INPUT;
}

static size_t columns(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += (text[i] & 0xc0) != 0x80; /* not within a UTF-8 character */
    return count;
}

/* Breaks lines between words; `column` is where the first begins, `indent` all others. */
static void print_wrapped(const char *text, size_t column, size_t indent, FILE *out)
{
    bool first = true;
    for (const char *word = text; *word;) {
        size_t len = *word == '[' ? strcspn(word, "]") : 0; /* an option and its argument */
        len += strcspn(word + len, " \n");
        size_t width = columns(word, len);
        if (!first && (column + 1 + width > HELP_WIDTH || word[-1] == '\n')) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        first = false;
        fwrite(word, 1, len, out);
        column += width;
        word += len + (word[len] != '\0');
    }
    fputc('\n', out);
}

static void print_option(const struct command_option *o, FILE *out)
{
    int len = o->is_letter ? fprintf(out, "  -%c, --%s", o->key, o->name)
                           : fprintf(out, "  --%s", o->name);
    if (o->argument)
        len += fprintf(out, " %s", o->argument);
    if (len + 2 > OPTION_COLUMN)
        fprintf(out, "\n%*s", OPTION_COLUMN, "");
    else
        fprintf(out, "%*s", OPTION_COLUMN - len, "");
    print_wrapped(o->help, OPTION_COLUMN, OPTION_COLUMN, out);
}

static void print_synopsis_wrapped(const struct command *command, FILE *out)
{
    size_t size, column = strlen("usage: ");
    char *synopsis = NULL;
    FILE *text = open_memstream(&synopsis, &size);
    if (!text)
        return;
    command_print_synopsis(command, text);
    fclose(text);
    fputs("usage: ", out);
    print_wrapped(synopsis, column, column + strlen("wanlab  ") + strlen(command->name), out);
    free(synopsis);
}

enum exit_status command_explain(const struct command *command, FILE *out)
{
    print_synopsis_wrapped(command, out);
    fprintf(out, "\n%s\n", command->summary);
    if (command->options)
        fputc('\n', out);
    for (const struct command_option *o = command->options; o && o->name; o++)
        print_option(o, out);
    if (command->notes) {
        fputc('\n', out);
        print_wrapped(command->notes, 0, 0, out);
    }
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
