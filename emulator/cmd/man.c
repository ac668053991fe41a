/* SPDX-License-Identifier: MIT */
#include "cmd/man.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/version.h"

/* A character of UTF-8 beyond ASCII, as groff and mandoc both know it. Returns its length. */
static size_t print_wide(const char *text, FILE *out)
{
    size_t len = 1;
    unsigned code = (unsigned char)*text & (*text & 0x20 ? 0x0f : 0x1f);
    while ((text[len] & 0xc0) == 0x80)
        code = code << 6 | ((unsigned char)text[len++] & 0x3f);
    fprintf(out, "\\[u%04X]", code);
    return len;
}

/* Text for a page: nothing in it means anything to roff. An empty line becomes a paragraph. */
static void print_text(const char *text, FILE *out)
{
    bool line_begins = true;
    while (*text) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        line_begins = *text == '\n';
        if (line_begins && text[1] == '\n') {
            fputs("\n.PP", out);
            text++;
        } else if (*text & 0x80) {
            text += print_wide(text, out);
        } else if (*text == '-') {
            fputs("\\-", out);
            text++;
        } else if (*text == '\\') {
            fputs("\\e", out);
            text++;
        } else {
            fputc(*text++, out);
        }
    }
}

static void print_paragraph(const char *text, FILE *out)
{
    print_text(text, out);
    fputc('\n', out);
}

static void print_head(const char *name, const char *summary, FILE *out)
{
    _cleanup_(freep) char *title = xstrdup(name);
    for (char *p = title; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    fputs(".TH ", out);
    print_text(title, out);
    fprintf(out, " 1 \"\" \"wanlab %s\" \"wanlab\"\n.SH NAME\n", wanlab_version);
    print_text(name, out);
    fputs(" \\- ", out);
    print_paragraph(summary, out);
}

static void print_item(const char *label, const char *text, FILE *out)
{
    fputs(".TP\n.B ", out);
    print_paragraph(label, out);
    print_paragraph(text, out);
}

static void print_synopsis(const struct command *command, FILE *out)
{
    char *synopsis = NULL;
    size_t size;
    FILE *text = open_memstream(&synopsis, &size);
    if (!text)
        return;
    command_print_synopsis(command, text);
    fclose(text);
    fputs(".SH SYNOPSIS\n.nh\n.ad l\n", out);
    print_paragraph(synopsis, out);
    freep(&synopsis);
}

static void print_options(const struct command_option *o, FILE *out)
{
    if (o)
        fputs(".SH OPTIONS\n", out);
    for (; o && o->name; o++) {
        char label[128];
        int len = o->is_letter ? snprintf(label, sizeof(label), "-%c, --%s", o->key, o->name)
                               : snprintf(label, sizeof(label), "--%s", o->name);
        if (o->argument)
            snprintf(label + len, sizeof(label) - (size_t)len, " %s", o->argument);
        print_item(label, o->help, out);
    }
}

static void print_common(FILE *out)
{
    fputs(".SH EXIT STATUS\n", out);
    print_paragraph(command_exit_statuses, out);
}

static void print_overview(FILE *out)
{
    static const char *const variables[][2] = {
        {"WANLAB_RUNTIME", "the folder of the labs that run; default: /run/wanlab for root, else "
                           "wanlab in XDG_RUNTIME_DIR, or /tmp/wanlab-UID"},
        {"WANLAB_CACHE_ROOT", "the folder of what is made once: databases, images, unpacked roots; "
                              "default: /var/cache/wanlab for root, else ~/.cache/wanlab"},
        {"WANLAB_WORKLOADS", "folders, with ':' between, that have workloads of your own"},
        {"WANLAB_ENGINE", "the container engine's command for nodes of kind docker"},
    };
    print_head("wanlab", command_program_summary, out);
    fputs(".SH SYNOPSIS\n.B wanlab\n.I COMMAND\n\\[u2026]\n.SH COMMANDS\n", out);
    for (const struct command *const *c = commands; *c; c++) {
        _cleanup_(freep) char *page = xasprintf("wanlab-%s(1)", (*c)->name);
        print_item(page, (*c)->summary, out);
    }
    print_common(out);
    fputs(".SH ENVIRONMENT\n", out);
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        print_item(variables[i][0], variables[i][1], out);
}

void man_print(const struct command *command, FILE *out)
{
    if (!command) {
        print_overview(out);
        return;
    }
    _cleanup_(freep) char *name = xasprintf("wanlab-%s", command->name);
    print_head(name, command->summary, out);
    print_synopsis(command, out);
    if (command->notes) {
        fputs(".SH DESCRIPTION\n", out);
        print_paragraph(command->notes, out);
    }
    print_options(command->options, out);
    print_common(out);
    fputs(".SH SEE ALSO\n.BR wanlab (1)\n", out);
}
