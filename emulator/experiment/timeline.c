/* SPDX-License-Identifier: MIT
 *
 * Every file is read whole and stays in memory; an entry is a line in it. Entries are sorted by
 * time, and those of one time stay in the order in which they were read: events first.
 */
#include "experiment/timeline.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#define FILE_SIZE_MAX ((size_t)4 << 30)

/* A file: "events.jsonl", "nodes/db1.jsonl", "logs/db1.mariadb.log". */
struct source {
    char *node; /* NULL: none */
    char *what; /* "event", "output", or whose log it is */
    bool is_log;
    char *text;
};

struct entry {
    double at_s;
    size_t order;
    unsigned source;
    const char *line;
};

struct timeline {
    const char *folder;
    struct source *sources;
    size_t source_count;
    struct entry *entries;
    size_t entry_count;
    size_t untimed; /* files */
};

static void timeline_done(struct timeline *t)
{
    for (size_t i = 0; i < t->source_count; i++) {
        free(t->sources[i].node);
        free(t->sources[i].what);
        free(t->sources[i].text);
    }
    free(t->sources);
    free(t->entries);
}

static void add_entry(struct timeline *t, double at_s, const char *line)
{
    t->entries = array_grow(t->entries, t->entry_count, sizeof(*t->entries));
    t->entries[t->entry_count] =
        (struct entry){at_s, t->entry_count, (unsigned)t->source_count - 1, line};
    t->entry_count++;
}

/* When it took effect, where that is said; else when it was noted. */
static double time_of(const char *line)
{
    json_t *object = json_loads(line, 0, NULL);
    const json_t *effect = json_object_get(object, "took_effect");
    const json_t *at = json_is_number(effect) ? effect : json_object_get(object, "at");
    double at_s = json_is_number(at) ? json_number_value(at) : NAN;
    json_decref(object);
    return at_s;
}

/* "12.345678 text": the time, and `*io` gets behind it; NAN: the line has none. */
static double cut_time(const char **io)
{
    char *end;
    if (!**io || (*io)[strspn(*io, "-0123456789.")] != ' ')
        return NAN;
    double at_s = strtod(*io, &end);
    const char *point = strchr(*io, '.');
    if (*end != ' ' || !point || end - point != 7) /* six digits: a number of the program's own? */
        return NAN;
    *io = end + 1;
    return at_s;
}

/* Without any time in a file nobody knows where its lines belong. */
static void read_lines(struct timeline *t, const struct source *s)
{
    const size_t before = t->entry_count;
    double last_s = 0;
    bool is_timed = false;
    char *rest = s->text;
    for (char *word; (word = strsep(&rest, "\n"));) {
        const char *line = word;
        double at_s = s->is_log ? cut_time(&line) : time_of(line);
        if (!*word)
            continue;
        is_timed |= !isnan(at_s);
        if (!isnan(at_s))
            last_s = at_s;
        add_entry(t, last_s, line);
    }
    if (!is_timed && t->entry_count > before) {
        t->untimed++;
        t->entry_count = before;
    }
}

static int add_source(struct timeline *t, const char *path, const char *node, const char *what,
                      bool is_log, struct error *err)
{
    _cleanup_(freep) char *whole = xasprintf("%s/%s", t->folder, path);
    char *text;
    size_t size;
    int r = file_read(whole, FILE_SIZE_MAX, &text, &size, err);
    if (r < 0)
        return r;
    t->sources = array_grow(t->sources, t->source_count, sizeof(*t->sources));
    struct source *s = &t->sources[t->source_count++];
    *s = (struct source){xstrdup(node), xstrdup(what), is_log, text};
    read_lines(t, s);
    return 0;
}

/* "db1.jsonl" and "db1.mariadb.log" begin with the node; what stands between is whose log it is. */
static int add_named(struct timeline *t, const char *folder, const char *name, bool is_log,
                     struct error *err)
{
    const size_t node_len = strcspn(name, "."), len = strlen(name);
    const char *suffix = is_log ? ".log" : ".jsonl";
    const size_t suffix_len = strlen(suffix);
    if (len < node_len + suffix_len || strcmp(name + len - suffix_len, suffix) != 0)
        return 0;
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);
    _cleanup_(freep) char *node = xasprintf("%.*s", (int)node_len, name);
    const size_t what_len = len - node_len - suffix_len;
    _cleanup_(freep) char *what = what_len > 1
                                      ? xasprintf("%.*s", (int)what_len - 1, name + node_len + 1)
                                      : xstrdup("output");
    return add_source(t, path, node, what, is_log, err);
}

static int add_folder(struct timeline *t, const char *folder, bool is_log, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", t->folder, folder);
    struct dirent **files;
    int r = 0, count = scandir(path, &files, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (r == 0)
            r = add_named(t, folder, files[i]->d_name, is_log, err);
        free(files[i]);
    }
    if (count >= 0)
        free(files);
    return r;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->at_s != y->at_s)
        return x->at_s < y->at_s ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void print_json(const struct source *s, const struct entry *e, FILE *out)
{
    json_t *object = s->is_log ? NULL : json_loads(e->line, 0, NULL);
    json_t *line = json_pack("{s:f s:s s:s*}", "at", e->at_s, "kind", s->is_log ? "log" : s->what,
                             "node", s->node);
    if (s->is_log)
        json_object_set_new(line, "program", json_string(s->what));
    if (json_is_object(object))
        json_object_update_missing(line, object);
    else /* bytes that are no UTF-8 cannot be JSON */
        json_object_set_new(line, "line", json_string(e->line) ?: json_null());
    json_dumpf(line, out, JSON_COMPACT | JSON_REAL_PRECISION(10));
    putc('\n', out);
    json_decref(line);
    json_decref(object);
}

static bool is_wanted(const struct source *s, const struct entry *e,
                      const struct timeline_options *o)
{
    return e->at_s >= o->from_s && e->at_s <= o->to_s &&
           (!o->node || !s->node || strcmp(o->node, s->node) == 0);
}

static void print_entries(const struct timeline *t, const struct timeline_options *o, FILE *out)
{
    for (size_t i = 0; i < t->entry_count; i++) {
        const struct entry *e = &t->entries[i];
        const struct source *s = &t->sources[e->source];
        if (!is_wanted(s, e, o))
            continue;
        if (o->json)
            print_json(s, e, out);
        else
            fprintf(out, "%12.6f  %-10s %-10s %s\n", e->at_s, s->node ? s->node : "-", s->what,
                    e->line);
    }
}

int timeline_print(const char *folder, const struct timeline_options *options, FILE *out,
                   struct error *err)
{
    struct timeline t = {.folder = folder};
    int r = add_source(&t, "events.jsonl", NULL, "event", false, err);
    if (r == 0)
        r = add_folder(&t, "nodes", false, err);
    if (r == 0)
        r = add_folder(&t, "logs", true, err);
    if (r == 0 && t.untimed > 0)
        log_warn("%zu logs of this run have no times, leaving them out", t.untimed);
    if (r == 0) {
        qsort(t.entries, t.entry_count, sizeof(*t.entries), compare);
        print_entries(&t, options, out);
    }
    timeline_done(&t);
    return r;
}
