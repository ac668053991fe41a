/* SPDX-License-Identifier: MIT */
#include "topology/events.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/units.h"
#include "topology/change.h"
#include "topology/events_internal.h"
#include "topology/partition.h"

const char *event_kind_name(enum event_kind kind)
{
    static const char *const names[EVENT_KINDS] = {"partition", "heal", "link",    "pause",
                                                   "resume",    "kill", "restart", "command",
                                                   "clock",     "host"};
    return names[kind];
}

void schedule_done(struct schedule *c)
{
    for (size_t i = 0; i < c->count; i++)
        json_decref(c->events[i].asked);
    for (size_t i = 0; i < c->condition_count; i++)
        condition_done(&c->conditions[i]);
    free(c->events);
    free(c->conditions);
    *c = (struct schedule){0};
}

int schedule_add(struct events_entry *e, enum event_kind kind, uint64_t at_ns, json_t *asked,
                 struct error *err)
{
    struct schedule *c = e->schedule;
    if (c->count == SCHEDULE_EVENTS_MAX) {
        json_decref(asked);
        return yaml_error(err, &e->mark, "too many events: expected at most %d in all",
                          SCHEDULE_EVENTS_MAX);
    }
    c->events = array_grow(c->events, c->count, sizeof(*c->events));
    c->events[c->count++] = (struct event){at_ns, kind, e->number, asked, e->mark};
    return 0;
}

/* --- whether the actions go together */

struct past {
    const struct scenario *scenario;
    const struct event **stopped; /* by node: what paused or killed it; NULL: it runs */
    json_t *partitions;           /* name: true, of those that are there */
};

static int check_nodes(struct past *p, const struct event *e, struct error *err)
{
    json_t *item;
    size_t i;
    json_array_foreach(event_nodes(e), i, item)
    {
        const char *name = json_string_value(item);
        const struct event **last = &p->stopped[scenario_node(p->scenario, name)];
        const bool paused = *last && (*last)->kind == EVENT_PAUSE;
        if (e->kind == EVENT_RESUME && !paused)
            return yaml_error(err, &e->mark, "'%s' is to be resumed, but is not paused then", name);
        if ((e->kind == EVENT_PAUSE && *last) || (e->kind == EVENT_KILL && *last && !paused))
            return yaml_error(err, &e->mark, "'%s' is to be %s, but is %s already", name,
                              e->kind == EVENT_PAUSE ? "paused" : "killed",
                              paused ? "paused" : "dead");
        *last = e->kind == EVENT_PAUSE || e->kind == EVENT_KILL ? e : NULL;
    }
    return 0;
}

static int check_command(const struct past *p, const struct event *e, struct error *err)
{
    json_t *item;
    size_t i;
    json_array_foreach(event_nodes(e), i, item)
    {
        const char *name = json_string_value(item);
        const struct event *last = p->stopped[scenario_node(p->scenario, name)];
        if (last)
            return yaml_error(err, &e->mark, "'%s' is to run a command, but is %s then", name,
                              last->kind == EVENT_PAUSE ? "paused" : "dead");
    }
    return 0;
}

static int check_partition(struct past *p, const struct event *e, struct error *err)
{
    const char *name = json_text_of(e->asked, "name");
    if (json_object_get(p->partitions, name))
        return yaml_error(err, &e->mark, "there is a partition '%s' already, which is not healed",
                          name);
    json_object_set_new(p->partitions, name, json_true());
    return 0;
}

static int check_heal(struct past *p, const struct event *e, struct error *err)
{
    const char *name = json_text_of(e->asked, "heal");
    const bool all = strcmp(name, "all") == 0;
    if (json_object_size(p->partitions) == 0)
        return yaml_error(err, &e->mark, "there is no partition to heal then");
    if (!all && !json_object_get(p->partitions, name))
        return yaml_error(err, &e->mark, "there is no partition '%.60s' to heal then, but '%s'",
                          name, json_object_iter_key(json_object_iter(p->partitions)));
    if (all)
        json_object_clear(p->partitions);
    else
        json_object_del(p->partitions, name);
    return 0;
}

static int check_event(struct past *p, const struct event *e, struct error *err)
{
    switch (e->kind) {
    case EVENT_PARTITION:
        return check_partition(p, e, err);
    case EVENT_HEAL:
        return check_heal(p, e, err);
    case EVENT_LINK:
    case EVENT_CLOCK: /* of a node that is dead: it boots with the host's */
    case EVENT_HOST:
        return 0;
    case EVENT_COMMAND:
        return check_command(p, e, err);
    default:
        return check_nodes(p, e, err);
    }
}

/* A paused program never ends, nor does then the run. */
static int refuse_paused_for_ever(const struct past *p, struct error *err)
{
    for (size_t i = 0; i < p->scenario->node_count; i++)
        if (p->stopped[i] && p->stopped[i]->kind == EVENT_PAUSE)
            return yaml_error(err, &p->stopped[i]->mark,
                              "'%s' stays paused, and so would never end: expected 'for', or that "
                              "it is resumed, killed or restarted later",
                              p->scenario->nodes[i].name);
    return 0;
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

/* Stable, whatever qsort() does: equal times keep the order of their entries. */
void schedule_sort(struct schedule *c)
{
    struct event *sorted = xcalloc(c->count + 1, sizeof(*sorted));
    const size_t n = c->count;
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t low = 0; low < n; low += 2 * width) {
            const size_t middle = low + width < n ? low + width : n;
            const size_t high = low + 2 * width < n ? low + 2 * width : n;
            size_t a = low, b = middle;
            for (size_t k = low; k < high; k++)
                sorted[k] =
                    a < middle && (b == high || compare_events(&c->events[a], &c->events[b]) <= 0)
                        ? c->events[a++]
                        : c->events[b++];
        }
        memcpy(c->events, sorted, n * sizeof(*sorted));
    }
    free(sorted);
}

int schedule_settle(const struct scenario *s, struct schedule *c, struct error *err)
{
    _cleanup_(freep) const struct event **stopped = xcalloc(s->node_count + 1, sizeof(*stopped));
    struct past past = {s, stopped, json_object()};
    int r = 0;
    schedule_sort(c);
    for (size_t i = 0; r == 0 && i < c->count; i++)
        r = check_event(&past, &c->events[i], err);
    if (r == 0)
        r = refuse_paused_for_ever(&past, err);
    json_decref(past.partitions);
    return r;
}

int schedule_check_times(const struct schedule *c, uint64_t duration_ns, struct error *err)
{
    const struct event *last = c->count ? &c->events[c->count - 1] : NULL;
    char at[UNITS_TEXT_MAX], end[UNITS_TEXT_MAX];
    if (!last || last->at_ns <= duration_ns)
        return 0;
    return yaml_error(err, &last->mark,
                      "a %s at %s, but the workload lasts %s: expected a time within that",
                      event_kind_name(last->kind), units_format_time(at, last->at_ns),
                      units_format_time(end, duration_ns));
}

json_t *event_nodes(const struct event *e)
{
    switch (e->kind) {
    case EVENT_PAUSE:
    case EVENT_RESUME:
    case EVENT_KILL:
    case EVENT_RESTART:
        return json_object_get(e->asked, event_kind_name(e->kind));
    case EVENT_COMMAND:
        return json_object_get(e->asked, "nodes");
    case EVENT_CLOCK:
        return json_object_get(json_object_get(e->asked, "clock"), "nodes");
    default:
        return NULL;
    }
}

/* --- wires */

json_t *event_link_words(json_t *asked)
{
    json_t *link = json_object_get(asked, "link"), *set = json_array(), *value;
    const char *key;
    json_object_foreach(link, key, value)
    {
        if (strcmp(key, "wires") == 0)
            continue;
        _cleanup_(freep) char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        if (strcmp(key, "down") == 0 || strcmp(key, "up") == 0)
            json_array_append_new(set, json_string(key));
        else
            json_array_append_new(
                set, json_sprintf("%s=%s", key, text ? text : json_string_value(value)));
    }
    return json_pack("[{s:O s:o}]", "wires", json_object_get(link, "wires"), "set", set);
}

struct wire_check {
    const struct plan *plan;
    struct impairment *now;
    struct change_tables tables;
    char *folder;
    const struct event *sieve;
};

static const char **texts_of(json_t *list)
{
    const char **texts = xcalloc(json_array_size(list) + 1, sizeof(*texts));
    json_t *item;
    size_t i;
    json_array_foreach(list, i, item) texts[i] = json_string_value(item);
    return texts;
}

static int check_link(struct wire_check *w, const struct event *e, struct error *err)
{
    json_t *words = event_link_words(e->asked), *first = json_array_get(words, 0);
    json_t *wires = json_object_get(first, "wires"), *set = json_object_get(first, "set");
    _cleanup_(freep) const char **wire_texts = texts_of(wires);
    _cleanup_(freep) const char **set_texts = texts_of(set);
    struct change change;
    change_init(&change, w->plan, w->now, &w->tables, w->folder);
    int r = change_add(&change, wire_texts, json_array_size(wires), set_texts, json_array_size(set),
                       err);
    for (size_t i = 0; r == 0 && i < change.count; i++)
        w->now[change.wires[i].wire] = change.wires[i].impairment;
    change_done(&change);
    json_decref(words);
    return r;
}

static int check_cuts(struct wire_check *w, const struct event *e, struct error *err)
{
    const size_t count = plan_wires(w->plan);
    struct partition p;
    _cleanup_(freep) bool *named = xcalloc(count + 1, sizeof(*named));
    _cleanup_(freep) bool *sieves = xcalloc(count + 1, sizeof(*sieves));
    int r = partition_read(w->plan->scenario, e->asked, &p, err);
    if (r < 0)
        return r;
    r = partition_select(&p, w->plan, named, sieves, err);
    for (size_t i = 0; r == 0 && i < count && !w->sieve; i++)
        w->sieve = sieves[i] ? e : NULL;
    partition_done(&p);
    return r;
}

/* The folder of the scenario's file, with a slash at its end. */
static char *folder_of(const struct scenario *s)
{
    const char *file = s->document.file, *slash = strrchr(file, '/');
    return slash ? xasprintf("%.*s", (int)(slash - file + 1), file) : xstrdup("");
}

int schedule_check_wires(const struct schedule *c, const struct plan *plan,
                         const struct event **ret_sieve, struct error *err)
{
    const size_t count = plan_wires(plan);
    struct wire_check w = {.plan = plan, .now = xcalloc(count + 1, sizeof(*w.now))};
    int r = 0;
    w.folder = folder_of(plan->scenario);
    for (size_t i = 0; i < count; i++)
        w.now[i] = plan->wires[i].impairment;
    for (size_t i = 0; r == 0 && i < c->count; i++) {
        const struct event *e = &c->events[i];
        if (e->kind == EVENT_LINK)
            r = check_link(&w, e, err);
        else if (e->kind == EVENT_PARTITION)
            r = check_cuts(&w, e, err);
        if (r < 0)
            yaml_wrap(err, &e->mark);
    }
    *ret_sieve = w.sieve;
    change_tables_done(&w.tables);
    free(w.folder);
    free(w.now);
    return r;
}

/* --- for people, and for files */

char *event_describe(const struct event *e)
{
    json_t *what = json_object_get(e->asked, event_kind_name(e->kind));
    _cleanup_(freep) char *text = json_dumps(what, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *name = json_text_of(e->asked, "name");
    if (e->kind == EVENT_PARTITION)
        return xasprintf("%s %s%s", name, text,
                         json_object_get(e->asked, "direction") ? " one-way" : "");
    if (e->kind == EVENT_HEAL)
        return xstrdup(json_string_value(what));
    return xstrdup(text);
}

json_t *event_entry(const struct event *e)
{
    char at[UNITS_TEXT_MAX];
    json_t *entry = json_pack("{s:s}", "at", units_format_time(at, e->at_ns));
    json_object_update(entry, e->asked);
    return entry;
}

static void print_condition(const struct condition *w, const char *prefix, FILE *out)
{
    char after[UNITS_TEXT_MAX];
    _cleanup_(freep) char *what = json_dumps(w->entry, JSON_COMPACT);
    if (w->log)
        fprintf(out, "%s      when  log \"%s\"", prefix, w->log);
    else
        fprintf(out, "%s      when  %s %s %g", prefix, w->metric, w->below ? "below" : "above",
                w->limit);
    fprintf(out, ", after %s: %s\n", units_format_time(after, w->after_ns), what);
}

void schedule_print(const struct schedule *c, const char *prefix, FILE *out)
{
    for (size_t i = 0; i < c->count; i++) {
        char at[UNITS_TEXT_MAX];
        const struct event *e = &c->events[i];
        _cleanup_(freep) char *what = event_describe(e);
        fprintf(out, "%s%10s  %-9s  %s\n", prefix, units_format_time(at, e->at_ns),
                event_kind_name(e->kind), what);
    }
    for (size_t i = 0; i < c->condition_count; i++)
        print_condition(&c->conditions[i], prefix, out);
}
