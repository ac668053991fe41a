/* SPDX-License-Identifier: MIT */
#include "experiment/report_events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/page.h"

enum { ROWS_MAX = 2000, TEXT_MAX_LEN = 160 };

/* Calls `take` with each line; one that was cut off is none. */
static void each_event(const char *folder, void (*take)(json_t *event, void *arg), void *arg)
{
    _cleanup_(freep) char *path = xasprintf("%s/events.jsonl", folder);
    _cleanup_(file_closep) FILE *in = fopen(path, "re");
    _cleanup_(freep) char *line = NULL;
    size_t size = 0;
    while (in && getline(&line, &size, in) > 0) {
        json_t *event = json_loads(line, 0, NULL);
        if (event)
            take(event, arg);
        json_decref(event);
    }
}

/* --- marks */

static void add_mark(struct marks *m, double from, double to, char *name, char *key)
{
    if (m->count == MARKS_MAX) {
        free(name);
        free(key);
        return;
    }
    m->names[m->count] = name;
    m->keys[m->count] = key;
    m->bands[m->count] = (struct plot_band){from, to, name};
    m->count++;
}

/* Ends what has that key; all that is open where it is NULL. */
static void end_marks(struct marks *m, const char *key, double at)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!m->keys[i] || (key && strcmp(m->keys[i], key) != 0))
            continue;
        m->bands[i].to = at;
        free(m->keys[i]);
        m->keys[i] = NULL;
    }
}

static void end_partitions(struct marks *m, const char *name, double at)
{
    if (strcmp(name, "all") != 0) {
        _cleanup_(freep) char *key = xasprintf("partition %s", name);
        end_marks(m, key, at);
        return;
    }
    for (size_t i = 0; i < m->count; i++)
        if (m->keys[i] && strncmp(m->keys[i], "partition ", 10) == 0) {
            _cleanup_(freep) char *key = xstrdup(m->keys[i]);
            end_marks(m, key, at);
        }
}

/* "db1, db2, …" */
static char *list_names(json_t *names)
{
    const size_t count = json_array_size(names);
    const char *first = json_string_value(json_array_get(names, 0));
    return count > 1 ? xasprintf("%s and %zu more", first ? first : "", count - 1)
                     : xstrdup(first ? first : "");
}

/* Single changes that follow one another, as of a ramp, are one mark. */
static void mark_link(struct marks *m, json_t *link, double at)
{
    json_t *wires = json_object_get(link, "wires");
    _cleanup_(freep) char *text = json_dumps(wires, JSON_COMPACT);
    _cleanup_(freep) char *names = list_names(wires);
    if (json_object_get(link, "up")) {
        end_marks(m, text, at);
    } else if (json_object_get(link, "down")) {
        add_mark(m, at, at, xasprintf("%s down", names), xstrdup(text));
    } else {
        _cleanup_(freep) char *name = xasprintf("link %s", names);
        struct plot_band *last = m->count ? &m->bands[m->count - 1] : NULL;
        if (last && strcmp(last->name, name) == 0)
            last->to = at;
        else
            add_mark(m, at, at, xstrdup(name), NULL);
    }
}

/* Of several nodes the first speaks for all; each may come back by itself. */
static void mark_nodes(struct marks *m, const char *kind, json_t *names, double at)
{
    const char *first = json_string_value(json_array_get(names, 0));
    _cleanup_(freep) char *key = xasprintf("node %s", first ? first : "");
    _cleanup_(freep) char *list = list_names(names);
    end_marks(m, key, at);
    if (strcmp(kind, "pause") == 0 || strcmp(kind, "kill") == 0)
        add_mark(m, at, at, xasprintf("%s %s", kind, list), xstrdup(key));
    else if (strcmp(kind, "restart") == 0)
        add_mark(m, at, at, xasprintf("restart %s", list), NULL);
}

static void mark_clock(struct marks *m, json_t *clock, double at)
{
    _cleanup_(freep) char *names = list_names(json_object_get(clock, "nodes"));
    add_mark(m, at, at, xasprintf("clock %s", names), NULL);
}

static void mark_asked(struct marks *m, json_t *event, double at)
{
    const char *kind = json_text_of(event, "event");
    json_t *asked = json_object_get(event, "asked"), *what = json_object_get(asked, kind);
    const char *name = json_text_of(asked, "name");
    if (strcmp(kind, "partition") == 0)
        add_mark(m, at, at, xstrdup(name), xasprintf("partition %s", name));
    else if (strcmp(kind, "heal") == 0)
        end_partitions(m, json_text_of(asked, "heal"), at);
    else if (strcmp(kind, "link") == 0)
        mark_link(m, what, at);
    else if (strcmp(kind, "command") == 0 || strcmp(kind, "host") == 0)
        add_mark(m, at, at, xstrdup("command"), NULL);
    else if (strcmp(kind, "clock") == 0)
        mark_clock(m, what, at);
    else
        mark_nodes(m, kind, what, at);
}

/* Phases begin on each node at a time of its own: the first node speaks for all. What else happened
 * during the workload is marked, and shaded until its "until". */
static void mark_happened(struct marks *m, json_t *event, double from)
{
    static const char *const frame[] = {"lab-up",  "service-ready", "workload-ended",
                                        "checked", "zero",          "wires-measured"};
    const char *name = json_text_of(event, "event"), *phase = json_text_of(event, "phase");
    json_t *until = json_object_get(event, "until");
    for (size_t i = 0; i < ARRAY_LEN(frame); i++)
        if (strcmp(name, frame[i]) == 0)
            return;
    const char *label = *phase ? phase : name;
    for (size_t i = 0; i < m->count && *phase; i++)
        if (strcmp(m->names[i], label) == 0)
            return;
    add_mark(m, from, json_is_number(until) ? json_number_value(until) : from, xstrdup(label),
             NULL);
}

static void take_mark(json_t *event, void *arg)
{
    struct marks *m = arg;
    json_t *at = json_object_get(event, "at"), *effect = json_object_get(event, "took_effect");
    if (strcmp(json_text_of(event, "event"), "workload-ended") == 0)
        end_marks(m, NULL, json_number_value(at));
    if (json_object_get(event, "asked") && json_is_number(effect))
        mark_asked(m, event, json_number_value(effect));
    else if (!json_object_get(event, "asked") && json_is_number(at))
        mark_happened(m, event, json_number_value(at));
}

struct marks *marks_read(const char *folder)
{
    struct marks *m = xcalloc(1, sizeof(*m));
    each_event(folder, take_mark, m);
    return m;
}

void marks_free(struct marks *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->names[i]);
        free(m->keys[i]);
    }
    free(m);
}

/* --- the table */

struct rows {
    struct report *report;
    size_t count;
};

static void put_number(struct report *r, json_t *value)
{
    char text[REPORT_VALUE_MAX] = "";
    const double s = json_is_number(value) ? json_number_value(value) : NAN;
    page_cell_number(r->out, s, isnan(s) ? "" : report_value(text, s, "s"));
}

static void begin_table(struct report *r)
{
    static const struct page_column columns[] = {{"event", NULL, PAGE_TEXT},
                                                 {"asked", NULL, PAGE_TEXT},
                                                 {"planned_s", "planned", PAGE_NUMBER},
                                                 {"took_effect_s", "took effect", PAGE_NUMBER},
                                                 {"late_s", "late", PAGE_NUMBER},
                                                 {"skew_s", "first to last", PAGE_NUMBER},
                                                 {"result", NULL, PAGE_TEXT}};
    page_section(r->out, "events", "Events");
    page_note(r->out, "note",
              "Planned times count from the workload's barrier, the others from the start of the "
              "run. From the first wire or node to the last an event took the time of the last "
              "column but one.");
    page_table_begin(r->out, "events", columns, ARRAY_LEN(columns));
}

static void take_row(json_t *event, void *arg)
{
    struct rows *rows = arg;
    struct report *r = rows->report;
    json_t *asked = json_object_get(event, "asked");
    if (!asked || rows->count == ROWS_MAX)
        return;
    if (rows->count++ == 0)
        begin_table(r);
    const char *kind = json_text_of(event, "event");
    _cleanup_(freep) char *what = json_dumps(json_object_get(asked, kind),
                                             JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    const char *name = json_text_of(asked, "name");
    _cleanup_(freep) char *text =
        xasprintf("%s%s%.*s%s", name, *name ? " " : "", TEXT_MAX_LEN, what ? what : "",
                  what && strlen(what) > TEXT_MAX_LEN ? "…" : "");
    page_row(r->out);
    page_cell(r->out, kind);
    page_cell(r->out, text);
    put_number(r, json_object_get(event, "planned"));
    put_number(r, json_object_get(event, "took_effect"));
    put_number(r, json_object_get(event, "late_s"));
    put_number(r, json_object_get(event, "skew_s"));
    page_cell(r->out, json_text_of(event, "result"));
}

void report_events(struct report *r)
{
    struct rows rows = {.report = r};
    each_event(r->folder, take_row, &rows);
    if (rows.count == 0)
        return;
    page_table_end(r->out);
    page_section_end(r->out);
}
