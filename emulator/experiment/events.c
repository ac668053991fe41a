/* SPDX-License-Identifier: MIT */
#include "experiment/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/run.h"

/* Beyond that the schedule was not kept. A timer and two messages are far below. */
static const double late_limit_s = 0.02;

static const struct workload_value *find_value(const struct workload *w,
                                               const struct workload_value *values,
                                               const char *name, enum workload_type type)
{
    for (size_t i = 0; i < w->parameter_count; i++)
        if (w->parameters[i].type == type && strcmp(w->parameters[i].name, name) == 0)
            return &values[i];
    return NULL;
}

int events_check(const struct scenario *s, const struct workload *w,
                 const struct workload_value *values, struct error *err)
{
    const struct workload_value *duration = find_value(w, values, "duration", WORKLOAD_TIME);
    const struct workload_value *count = find_value(w, values, "count", WORKLOAD_INTEGER);
    uint64_t duration_ns;
    if (!s->events || !duration || (count && strcmp(count->number, "0") != 0))
        return 0;
    int r = units_parse_time(duration->text, &duration_ns, err);
    return r < 0 ? r : schedule_check_times(s->events, duration_ns, err);
}

/* In its place by its time, behind those of the same time. */
static void insert(struct events *e, const struct event *event)
{
    size_t place = e->count;
    e->events = array_grow(e->events, e->count, sizeof(*e->events));
    while (place > e->next && e->events[place - 1].at_ns > event->at_ns)
        place--;
    memmove(e->events + place + 1, e->events + place, (e->count - place) * sizeof(*e->events));
    e->events[place] = *event;
    json_incref(event->asked);
    e->count++;
}

void events_init(struct events *e, struct run *r)
{
    *e = (struct events){.run = r, .schedule = r->scenario->events};
    for (size_t i = 0; e->schedule && i < e->schedule->count; i++)
        insert(e, &e->schedule->events[i]);
    e->fulfilled = xcalloc(e->schedule ? e->schedule->condition_count + 1 : 1, sizeof(bool));
    e->restarts = xcalloc(r->scenario->node_count, sizeof(*e->restarts));
    e->busy = xcalloc(r->scenario->node_count, sizeof(*e->busy));
    e->waits = xcalloc(r->scenario->node_count, sizeof(*e->waits));
}

/* An action that is not answered yet. */
struct pending {
    struct pending *next;
    struct events *events;
    struct event event;
};

static void unlink_pending(struct pending *p)
{
    struct pending **link = &p->events->pending;
    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    json_decref(p->event.asked);
    free(p);
}

void events_done(struct events *e)
{
    while (e->pending)
        unlink_pending(e->pending);
    for (size_t i = 0; i < e->deferred_count; i++)
        json_decref(e->deferred[i].asked);
    free(e->deferred);
    free(e->busy);
    for (size_t i = 0; i < e->count; i++)
        json_decref(e->events[i].asked);
    free(e->events);
    free(e->fulfilled);
    free(e->restarts);
    free(e->waits);
}

static bool has_any(const struct events *e)
{
    return e->schedule && e->schedule->count + e->schedule->condition_count > 0;
}

/* --- one of them */

json_t *events_request(const char *kind, json_t *asked, const char *folder, bool scheduled)
{
    json_t *request;
    if (strcmp(kind, "link") == 0) {
        request = json_pack("{s:s s:s s:o}", "do", "link", "folder", folder, "changes",
                            event_link_words(asked));
    } else if (strcmp(kind, "partition") == 0 || strcmp(kind, "heal") == 0) {
        request = json_copy(asked);
        json_object_set_new(request, "do", json_string("link"));
    } else if (strcmp(kind, "clock") == 0) {
        json_t *clock = json_object_get(asked, kind);
        request = json_pack("{s:s s:O s:O}", "do", kind, "nodes", json_object_get(clock, "nodes"),
                            "clock", clock);
    } else {
        request = json_pack("{s:s s:O}", "do", kind, "nodes", json_object_get(asked, kind));
    }
    if (scheduled)
        json_object_set_new(request, "scheduled", json_true());
    return request;
}

/* Into events.jsonl; consumes `change`, which is NULL if it was not carried out. */
static void note(struct events *e, const struct event *event, json_t *change, const char *result)
{
    struct run *r = e->run;
    const double planned_s = (double)event->at_ns / 1e9;
    json_t *line = json_pack("{s:s s:O s:f}", "event", event_kind_name(event->kind), "asked",
                             event->asked, "planned", planned_s);
    if (change) {
        const double took_effect = json_number_of(change, "at_s") - r->results.start_s;
        const double late_s = took_effect - e->zero_s - planned_s;
        json_object_set_new(line, "took_effect", json_real(took_effect));
        json_object_set_new(line, "late_s", json_real(late_s));
        json_object_set(line, "skew_s", json_object_get(change, "skew_s"));
        if (json_object_get(change, "count"))
            json_object_set(line, "wires", json_object_get(change, "count"));
        if (event->kind <= EVENT_RESUME && late_s > e->late_s) {
            e->late_s = late_s;
            e->late_kind = event_kind_name(event->kind);
        }
        json_decref(change);
    }
    json_object_set_new(line, "result", json_string(result));
    results_event(&r->results, line);
}

static void fail(struct events *e, const struct event *event, const struct error *failure)
{
    struct error err = *failure;
    note(e, event, NULL, err.text);
    error_wrap(&err, "the event '%s'", event_kind_name(event->kind));
    yaml_wrap(&err, &event->mark);
    crew_fail(e->run->crew, &err);
}

/* Calls `call` for each node of an event. */
static int each_node(struct events *e, const struct event *event,
                     int (*call)(struct events *e, const struct event *event, unsigned node,
                                 struct error *err),
                     struct error *err)
{
    json_t *name;
    size_t i;
    int r = 0;
    json_array_foreach(event_nodes(event), i, name) if (r == 0) r =
        call(e, event, (unsigned)scenario_node(e->run->scenario, json_string_value(name)), err);
    return r;
}

static int before(struct events *e, const struct event *event, unsigned node, struct error *err)
{
    (void)err;
    if (event->kind != EVENT_RESUME)
        crew_set_node(e->run->crew, node,
                      event->kind == EVENT_PAUSE ? CREW_NODE_PAUSED : CREW_NODE_ENDED);
    e->waits[node] = false;
    e->busy[node] = true;
    return 0;
}

static int after(struct events *e, const struct event *event, unsigned node, struct error *err)
{
    e->busy[node] = false;
    if (event->kind != EVENT_RESUME && event->kind != EVENT_RESTART)
        return 0;
    crew_set_node(e->run->crew, node, CREW_NODE_RUNS);
    if (event->kind == EVENT_RESUME)
        return 0;
    e->restarts[node]++;
    e->waits[node] = true;
    return run_start_services(e->run, node, err);
}

static bool is_about_nodes(const struct event *event)
{
    return event->kind >= EVENT_PAUSE && event->kind <= EVENT_RESTART;
}

static void carry_out_deferred(struct events *e);

static void on_answer(json_t *answer, const struct error *failure, void *arg)
{
    struct pending *p = arg;
    struct events *e = p->events;
    struct error err;
    if (failure) {
        fail(e, &p->event, failure);
    } else {
        note(e, &p->event, json_incref(json_object_get(answer, "change")), "ok");
        if (is_about_nodes(&p->event) && each_node(e, &p->event, after, &err) < 0)
            crew_fail(e->run->crew, &err);
    }
    unlink_pending(p);
    carry_out_deferred(e);
}

static int run_command(struct events *e, const struct event *event, unsigned node,
                       struct error *err)
{
    const char *command = json_text_of(event->asked, "command");
    return run_start_command(e->run, node, command, (unsigned)e->next, err);
}

static int run_on_host(struct events *e, const struct event *event, struct error *err)
{
    return run_start_on_host(e->run, json_text_of(event->asked, "host"), (unsigned)e->next, err);
}

static int post(struct events *e, const struct event *event, struct error *err)
{
    struct pending *p = xcalloc(1, sizeof(*p));
    struct run *r = e->run;
    *p = (struct pending){e->pending, e, *event};
    json_incref(event->asked);
    e->pending = p;
    int result = crew_post(
        r->crew, events_request(event_kind_name(event->kind), event->asked, r->file_folder, true),
        on_answer, p, err);
    if (result < 0)
        unlink_pending(p);
    return result;
}

static void carry_out(struct events *e, const struct event *event)
{
    struct error err;
    int r;
    if (event->kind == EVENT_COMMAND || event->kind == EVENT_HOST) {
        json_t *change = json_pack("{s:f}", "at_s", (double)clock_realtime_ns() / 1e9);
        r = event->kind == EVENT_HOST ? run_on_host(e, event, &err)
                                      : each_node(e, event, run_command, &err);
        note(e, event, change, r < 0 ? err.text : "started");
    } else {
        if (is_about_nodes(event))
            each_node(e, event, before, NULL);
        r = post(e, event, &err);
    }
    if (r < 0)
        fail(e, event, &err);
    fidelity_event(&e->run->fidelity, is_about_nodes(event));
    if (event->kind == EVENT_PARTITION)
        e->partitions++;
    if (event->kind == EVENT_HEAL)
        e->partitions =
            strcmp(json_text_of(event->asked, "heal"), "all") == 0 ? 0 : e->partitions - 1;
}

static int find_busy(struct events *e, const struct event *event, unsigned node, struct error *err)
{
    (void)event, (void)err;
    return e->busy[node] ? -EBUSY : 0;
}

/* Whether one of its nodes is still being killed, booted or paused. */
static bool has_to_wait(struct events *e, const struct event *event)
{
    return each_node(e, event, find_busy, NULL) < 0;
}

static void carry_out_or_defer(struct events *e, const struct event *event)
{
    if (!has_to_wait(e, event)) {
        carry_out(e, event);
        return;
    }
    e->deferred = array_grow(e->deferred, e->deferred_count, sizeof(*e->deferred));
    e->deferred[e->deferred_count++] = *event;
    json_incref(event->asked);
}

static void carry_out_deferred(struct events *e)
{
    struct event *deferred = TAKE_PTR(e->deferred);
    const size_t count = e->deferred_count;
    e->deferred_count = 0;
    for (size_t i = 0; i < count; i++) {
        carry_out_or_defer(e, &deferred[i]);
        json_decref(deferred[i].asked);
    }
    free(deferred);
}

/* --- all of them */

int events_prepare(struct events *e, struct error *err)
{
    json_t *last = NULL; /* wires; those of a ramp are always the same */
    int r = 0;
    for (size_t i = 0; i < e->count && r == 0; i++) {
        const struct event *event = &e->events[i];
        const char *kind = event_kind_name(event->kind);
        json_t *wires = json_object_get(json_object_get(event->asked, kind), "wires"), *answer;
        if ((event->kind != EVENT_LINK || (last && json_equal(wires, last))) &&
            event->kind != EVENT_PARTITION)
            continue;
        last = wires ? wires : last;
        json_t *request = wires ? json_pack("{s:s s:[{s:O s:[s]}]}", "do", "link", "changes",
                                            "wires", wires, "set", "up")
                                : events_request(kind, event->asked, "", true);
        json_object_set_new(request, "prepare", json_true());
        r = crew_request(e->run->crew, request, &answer, err);
        if (r < 0)
            return yaml_wrap(err, &event->mark);
        json_decref(answer);
    }
    return r;
}

static void on_alarm(void *arg)
{
    struct events *e = arg;
    while (e->next < e->count && e->zero_ns + e->events[e->next].at_ns <= clock_monotonic_ns()) {
        const struct event event = e->events[e->next++];
        carry_out_or_defer(e, &event);
    }
    if (e->next < e->count)
        crew_set_alarm(e->run->crew, e->zero_ns + e->events[e->next].at_ns, on_alarm, e);
}

void events_begin(struct events *e, double zero_s)
{
    if (!has_any(e) || e->begun)
        return;
    const double past_s = results_now(&e->run->results) - zero_s;
    e->begun = true;
    e->zero_s = zero_s;
    e->zero_ns = clock_monotonic_ns() - (uint64_t)(past_s > 0 ? past_s * 1e9 : 0);
    results_event(&e->run->results, json_pack("{s:s s:f}", "event", "zero", "took_effect", zero_s));
    if (e->count > 0)
        crew_set_alarm(e->run->crew, e->zero_ns + e->events[0].at_ns, on_alarm, e);
}

/* --- conditions */

static void fulfil(struct events *e, const struct condition *c, unsigned node)
{
    const struct scenario *s = e->run->scenario;
    const uint64_t now_ns = clock_monotonic_ns() - e->zero_ns;
    struct schedule then;
    struct error err;
    results_event(&e->run->results,
                  json_pack("{s:s s:s s:s? s:s?}", "event", "condition", "node",
                            s->nodes[node].name, "log", c->log, "metric", c->metric));
    if (schedule_read_fulfilled(s, c, node, &then, &err) < 0) {
        yaml_wrap(&err, &c->mark);
        crew_fail(e->run->crew, &err);
        return;
    }
    for (size_t i = 0; i < then.count; i++) {
        then.events[i].at_ns += now_ns + c->after_ns;
        insert(e, &then.events[i]);
    }
    schedule_done(&then);
    if (e->next < e->count)
        crew_set_alarm(e->run->crew, e->zero_ns + e->events[e->next].at_ns, on_alarm, e);
}

/* Whether it may be fulfilled now, by that node. */
static bool is_open(const struct events *e, size_t i, unsigned node)
{
    const struct condition *c = &e->schedule->conditions[i];
    return !e->fulfilled[i] && c->nodes[node] && clock_monotonic_ns() - e->zero_ns >= c->from_ns;
}

void events_heard(struct events *e, unsigned node, const char *line)
{
    for (size_t i = 0; e->begun && i < e->schedule->condition_count; i++) {
        const struct condition *c = &e->schedule->conditions[i];
        if (!c->log || !is_open(e, i, node) || !strstr(line, c->log))
            continue;
        e->fulfilled[i] = true;
        fulfil(e, c, node);
    }
}

void events_measured(struct events *e, unsigned node, const char *metric, double value)
{
    for (size_t i = 0; e->begun && i < e->schedule->condition_count; i++) {
        const struct condition *c = &e->schedule->conditions[i];
        if (!c->metric || strcmp(c->metric, metric) != 0 || !is_open(e, i, node) ||
            !(c->below ? value < c->limit : value > c->limit))
            continue;
        e->fulfilled[i] = true;
        fulfil(e, c, node);
    }
}

void events_watch(struct events *e)
{
    struct run *r = e->run;
    struct error err;
    for (unsigned i = 0; i < r->scenario->node_count; i++) {
        if (!e->waits[i] || !crew_node_is_ready(r->crew, i))
            continue;
        e->waits[i] = false;
        if (run_start_workload(r, i, &err) < 0)
            crew_fail(r->crew, &err);
    }
}

static int heal(struct events *e, struct error *err)
{
    json_t *answer;
    int r = crew_request(e->run->crew,
                         json_pack("{s:s s:s s:b}", "do", "link", "heal", "all", "scheduled", 1),
                         &answer, err);
    if (r < 0)
        return error_wrap(err, "healing what is left of the partitions");
    json_decref(answer);
    results_event(&e->run->results, json_pack("{s:s s:s}", "event", "healed-at-end", "why",
                                              "the workload has ended"));
    return 0;
}

static void judge(struct events *e)
{
    struct fidelity *f = &e->run->fidelity;
    size_t open = 0;
    for (size_t i = 0; i < e->schedule->condition_count; i++)
        open += !e->fulfilled[i];
    if (e->next < e->count)
        fidelity_fault(f, VERDICT_DOUBTFUL,
                       "%zu of %zu events were not carried out, as the workload %s",
                       e->count - e->next, e->count,
                       e->begun ? "ended before their time" : "never said that it begins");
    if (open > 0)
        fidelity_fault(f, VERDICT_DOUBTFUL, "what %zu of the events waited for never happened",
                       open);
    if (e->late_s > late_limit_s)
        fidelity_fault(f, VERDICT_DOUBTFUL, "an event (%s) took effect %.3f ms late (limit %g ms)",
                       e->late_kind, e->late_s * 1e3, late_limit_s * 1e3);
    for (size_t i = 0; i < e->run->scenario->node_count; i++)
        if (e->waits[i])
            fidelity_fault(f, VERDICT_DOUBTFUL,
                           "the services of node '%s' were not ready again after its restart",
                           e->run->scenario->nodes[i].name);
}

void events_judge(struct events *e)
{
    if (has_any(e))
        judge(e);
}

int events_end(struct events *e, struct error *err)
{
    if (!e->schedule)
        return 0;
    crew_set_alarm(e->run->crew, 0, NULL, NULL);
    for (size_t i = 0; i < e->deferred_count; i++)
        note(e, &e->deferred[i], NULL, "the workload ended before");
    for (size_t i = e->next; i < e->count; i++)
        note(e, &e->events[i], NULL, "the workload ended before");
    return e->partitions > 0 ? heal(e, err) : 0;
}
