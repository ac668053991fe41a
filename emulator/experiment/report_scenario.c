/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/report.h"
#include "report/html.h"
#include "report/page.h"
#include "topology/scenario.h"

/* --- the scenario as YAML --- */

static void add_node(struct text *out, json_t *node, int depth);

/* Plain where no character means anything in YAML, else in quotes. */
static void add_scalar(struct text *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";
    static const char inner[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-%+>";
    if (*text && strspn(text, plain) > 0 && text[strspn(text, inner)] == '\0') {
        text_add(out, "%s", text);
        return;
    }
    json_t *string = json_string(text);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    text_add(out, "%s", quoted ? quoted : "\"\"");
    free(quoted);
    json_decref(string);
}

static bool is_simple(json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return true;
}

static void add_list(struct text *out, json_t *list, int depth)
{
    size_t i;
    json_t *item;
    bool simple = is_simple(list);
    text_add(out, simple ? " [" : "\n");
    json_array_foreach(list, i, item)
    {
        if (simple) {
            text_add(out, i ? ", " : "");
            add_scalar(out, json_string_value(item));
        } else {
            text_add(out, "%*s-", depth * 2, "");
            add_node(out, item, depth + 1);
        }
    }
    text_add(out, simple ? "]\n" : "");
}

static void add_map(struct text *out, json_t *map, int depth)
{
    const char *key;
    json_t *value;
    text_add(out, json_object_size(map) ? "\n" : " {}\n");
    json_object_foreach(map, key, value)
    {
        text_add(out, "%*s", depth * 2, "");
        add_scalar(out, key);
        text_add(out, ":");
        add_node(out, value, depth + 1);
    }
}

static void add_node(struct text *out, json_t *node, int depth)
{
    if (json_is_object(node)) {
        add_map(out, node, depth);
    } else if (json_is_array(node)) {
        add_list(out, node, depth);
    } else {
        text_add(out, " ");
        add_scalar(out, json_string_value(node) ? json_string_value(node) : "");
        text_add(out, "\n");
    }
}

/* --- the command --- */

static void add_argument(struct text *out, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-%+=:,@";
    if (*text && text[strspn(text, plain)] == '\0') {
        text_add(out, " %s", text);
        return;
    }
    text_add(out, " '");
    for (; *text; text++)
        text_add(out, *text == '\'' ? "'\\''" : "%c", *text);
    text_add(out, "'");
}

static void put_command(struct report *r, const char *command, json_t *about)
{
    struct text line = {0};
    json_t *sets = json_object_get(about, "sets"), *set;
    size_t i;
    text_add(&line, "wanlab %s", command);
    add_argument(&line, json_text_of(about, "file"));
    json_array_foreach(sets, i, set)
    {
        const char *text = json_string_value(set) ? json_string_value(set) : "";
        bool is_quick = strcmp(text, SCENARIO_QUICK) == 0;
        text_add(&line, is_quick ? " --quick" : " --set");
        if (!is_quick)
            add_argument(&line, text);
    }
    if (json_is_true(json_object_get(about, "saturation")))
        text_add(&line, " --saturation");
    page_code(r->out, line.data, NULL);
    text_done(&line);
    if (!sets)
        page_note(r->out, "note",
                  "What was changed by --set is not on record, but it is in the scenario below.");
}

/* --- facts --- */

static void put_fact(FILE *out, const char *name, const char *value)
{
    if (!*value)
        return;
    fputs("<dt>", out);
    html_put(out, name);
    fputs("</dt><dd>", out);
    html_put(out, value);
    fputs("</dd>\n", out);
}

static void put_host(FILE *out, json_t *host, const char *version)
{
    _cleanup_(freep) char *kernel =
        xasprintf("Linux %s %s", json_text_of(host, "kernel"), json_text_of(host, "machine"));
    _cleanup_(freep) char *processors =
        xasprintf("%lld × %s", (long long)json_integer_value(json_object_get(host, "processors")),
                  *json_text_of(host, "model") ? json_text_of(host, "model") : "unknown model");
    double memory = json_number_value(json_object_get(host, "memory_bytes"));
    _cleanup_(freep) char *memory_text =
        memory > 0 ? xasprintf("%.1f GiB", memory / (1 << 30)) : xstrdup("");
    fputs("<dl class=\"facts\">\n", out);
    put_fact(out, "wanlab", version);
    if (host) {
        put_fact(out, "kernel", kernel);
        put_fact(out, "processors", processors);
        put_fact(out, "memory", memory_text);
    }
    fputs("</dl>\n", out);
}

void report_scenario(struct report *r, const char *command, json_t *about, json_t *host,
                     const char *version)
{
    struct text yaml = {0};
    page_section(r->out, "scenario", "Scenario and machine");
    page_note(r->out, NULL, "The line that repeats it:");
    put_command(r, command, about);
    put_host(r->out, host, version);
    json_t *document = json_object_get(about, "document");
    if (document) {
        const char *key;
        json_t *value;
        json_object_foreach(document, key, value)
        {
            add_scalar(&yaml, key);
            text_add(&yaml, ":");
            add_node(&yaml, value, 1);
        }
        _cleanup_(freep) char *name = xasprintf("%s.yaml", json_text_of(about, "name"));
        page_note(r->out, NULL, "The scenario as it was run, with all changes by --set in it:");
        page_code(r->out, yaml.data ? yaml.data : "", name);
    }
    text_done(&yaml);
    page_section_end(r->out);
}
