/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/prng.h"
#include "check/writer.h"

#include "gaps.h"
#include "journal.h"

#define SET_NAME "set"
enum { TICK_MS = 100, DRAWS_PER_OPERATION = 4, RETRY_MS = 100 };

static const struct answer open_answer = {RESULT_UNKNOWN, NULL, HISTORY_VERSION_NONE, NULL};

struct client {
    char *process; /* its name in the history */
    bool busy;
    uint64_t intended_ns, call_ns; /* of the request under way, CLOCK_MONOTONIC */
    struct request request;
};

struct load {
    const struct engine *engine;
    const struct parameters *p;
    struct output output;
    struct journal journal;
    struct members members;
    void *system;
    struct client *clients;
    bool is_main;                    /* what is answered now counts as load */
    char (*known)[REQUEST_NAME_MAX]; /* by key: the value that this node saw last */
    uint64_t draws;                  /* the stream of random numbers */
    uint64_t begin_ns;
    uint64_t operations, next; /* in all; which is due next */
    unsigned *remaining;       /* of the end: keys to be read, and, as the last number, the set */
    size_t remaining_count;
    char last_fault[128];
};

static uint64_t due_ns(const struct load *l, uint64_t k)
{
    return l->begin_ns + (uint64_t)((double)k / l->p->rate * (double)NS_PER_SEC);
}

static double at(const struct load *l, uint64_t ns)
{
    return output_seconds(&l->output, ns);
}

static int open_load(struct load *l, struct error *err)
{
    const struct parameters *p = l->p;
    int r = output_open(&l->output, p->output_path, p->start_ns, err);
    if (r == 0)
        r = journal_open(&l->journal, p->folder, err);
    if (r == 0)
        r = members_load(p->peers_path, &l->members, err);
    if (r == 0 && l->members.count != p->count)
        r = error_input(err, "%s: %zu peers where WANLAB_COUNT says %u", p->peers_path,
                        l->members.count, p->count);
    if (r < 0)
        return r;
    l->operations = (uint64_t)fmax(1, round(p->rate * p->duration_s));
    l->known = xcalloc(p->keys, sizeof(*l->known));
    l->remaining = xcalloc(p->keys + 1, sizeof(*l->remaining));
    l->clients = xcalloc(p->clients, sizeof(*l->clients));
    for (unsigned i = 0; i < p->clients; i++)
        l->clients[i].process = xasprintf("%s.%u", p->node, i);
    _cleanup_(freep) char *stream = xasprintf("%s %s", l->engine->name, p->node);
    l->draws = prng_key(p->seed, stream);
    return l->engine->open(p, &l->members, &l->system, err);
}

static int close_load(struct load *l, struct error *err)
{
    l->engine->close(l->system);
    for (unsigned i = 0; l->clients && i < l->p->clients; i++)
        free(l->clients[i].process);
    members_done(&l->members);
    free(l->clients);
    free(l->known);
    free(l->remaining);
    struct error second;
    int r = output_close(&l->output, err);
    int closed = journal_close(&l->journal, r < 0 ? &second : err);
    return r < 0 ? r : closed;
}

static void draw_request(const struct load *l, uint64_t k, struct request *ret)
{
    const struct parameters *p = l->p;
    double kind = prng_unit(l->draws, k * DRAWS_PER_OPERATION);
    unsigned key = (unsigned)(prng_unit(l->draws, k * DRAWS_PER_OPERATION + 1) * p->keys);
    struct request r = {.weak = p->weak};
    if (kind < p->reads)
        r.op = OP_READ;
    else if (kind < p->reads + p->cas)
        r.op = OP_CAS;
    else if (kind < p->reads + p->cas + p->adds)
        r.op = OP_ADD;
    else
        r.op = OP_WRITE;
    if (r.op == OP_ADD)
        strcpy(r.key, SET_NAME);
    else
        snprintf(r.key, sizeof(r.key), "k%u", key);
    snprintf(r.value, sizeof(r.value), "%.30s-%llu", p->node, (unsigned long long)k);
    memcpy(r.old, l->known[key], sizeof(r.old));
    *ret = r;
}

/* JSON texts of names that have nothing to escape. */
static const char *text_or_null(char *buf, const char *name)
{
    snprintf(buf, REQUEST_NAME_MAX + 4, *name ? "\"%s\"" : "null", name);
    return buf;
}

/* `now_ns` 0: there is no answer yet. */
static void record(struct load *l, const struct client *c, const struct answer *a, uint64_t now_ns)
{
    const struct request *r = &c->request;
    char value[REQUEST_NAME_MAX + 4], old[REQUEST_NAME_MAX + 4];
    bool reads = r->op == OP_READ || r->op == OP_MEMBERS;
    struct writer_operation o = {
        .process = c->process,
        .key = r->key,
        .op = r->op,
        .result = a->result,
        .value = reads ? a->value : text_or_null(value, r->value),
        .old = text_or_null(old, r->old),
        .version = a->version,
        .call = at(l, c->call_ns),
        .ret = a->result == RESULT_UNKNOWN ? INFINITY : at(l, now_ns),
    };
    if (now_ns > 0)
        journal_answer(&l->journal, &o);
    else if (!reads)
        journal_call(&l->journal, &o);
}

/* So that a cas has a chance. */
static void learn(struct load *l, const struct request *r, const struct answer *a)
{
    if (r->key[0] != 'k' || a->result != RESULT_OK)
        return;
    char *known = l->known[strtoul(r->key + 1, NULL, 10)];
    if (r->op != OP_READ)
        memcpy(known, r->value, REQUEST_NAME_MAX);
    else if (a->value[0] == '"')
        snprintf(known, REQUEST_NAME_MAX, "%.*s", (int)strlen(a->value) - 2, a->value + 1);
    else
        *known = '\0';
}

static void count(struct load *l, const struct client *c, const struct answer *a, uint64_t now_ns)
{
    double latency_s = (double)(now_ns - c->intended_ns) / (double)NS_PER_SEC;
    l->journal.by_result[a->result]++;
    if (a->fault)
        snprintf(l->last_fault, sizeof(l->last_fault), "%s", a->fault);
    if (a->result != RESULT_OK)
        return;
    bool reads = c->request.op == OP_READ;
    output_metric(&l->output, reads ? "read" : "commit", latency_s, "s", at(l, now_ns));
    if (reads)
        l->journal.reads++;
    else
        journal_commit(&l->journal, at(l, now_ns));
}

static void ask_again(struct load *l, const struct request *r)
{
    l->remaining[l->remaining_count++] =
        r->op == OP_MEMBERS ? l->p->keys : (unsigned)strtoul(r->key + 1, NULL, 10);
}

static void on_answered(void *owner, unsigned client, struct answer *a)
{
    struct load *l = owner;
    struct client *c = &l->clients[client];
    uint64_t now_ns = clock_monotonic_ns();
    c->busy = false;
    record(l, c, a, now_ns);
    if (l->is_main) {
        learn(l, &c->request, a);
        count(l, c, a, now_ns);
    } else if (a->result != RESULT_OK) {
        ask_again(l, &c->request);
    }
    answer_done(a);
}

static struct client *idle_client(struct load *l)
{
    for (unsigned i = 0; i < l->p->clients; i++)
        if (!l->clients[i].busy)
            return &l->clients[i];
    return NULL;
}

static bool any_busy(const struct load *l)
{
    for (unsigned i = 0; i < l->p->clients; i++)
        if (l->clients[i].busy)
            return true;
    return false;
}

static int turn(struct load *l, int timeout_ms, struct error *err)
{
    return l->engine->turn(l->system, timeout_ms, on_answered, l, err);
}

static int ask(struct load *l, struct client *c, const struct request *r, uint64_t intended_ns,
               struct error *err)
{
    c->request = *r;
    c->busy = true;
    c->intended_ns = intended_ns;
    c->call_ns = clock_monotonic_ns();
    return l->engine->ask(l->system, (unsigned)(c - l->clients), r, err);
}

static int start_due(struct load *l, uint64_t now_ns, struct error *err)
{
    struct client *c;
    int r = 0;
    while (r == 0 && l->next < l->operations && due_ns(l, l->next) <= now_ns &&
           (c = idle_client(l))) {
        struct request request;
        draw_request(l, l->next, &request);
        r = ask(l, c, &request, due_ns(l, l->next), err);
        record(l, c, &open_answer, 0); /* nothing is sent before the next turn */
        l->next++;
    }
    return r;
}

static int ms_until(uint64_t then_ns, uint64_t now_ns)
{
    uint64_t ms = then_ns > now_ns ? (then_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
    return ms < TICK_MS ? (int)ms : TICK_MS;
}

/* The load's begin, also if that was in an earlier life; what was due meanwhile is not done. */
static int begin(struct load *l, struct error *err)
{
    output_barrier(&l->output, "load");
    uint64_t now_ns = clock_monotonic_ns();
    l->begin_ns = now_ns;
    if (isnan(l->journal.begin_s))
        return journal_begin(&l->journal, l->p->folder, at(l, now_ns), err);
    l->begin_ns = now_ns - (uint64_t)(fmax(0, at(l, now_ns) - l->journal.begin_s) * 1e9);
    while (l->next < l->operations && due_ns(l, l->next) < now_ns)
        l->next++;
    return 0;
}

static int prepare(const struct load *l, struct error *err)
{
    bool goes_on = !isnan(l->journal.begin_s);
    return goes_on || !l->engine->prepare ? 0 : l->engine->prepare(l->system, err);
}

/* Until all operations are done. What was due and found no client until one timeout after the end
 * is not done at all. */
static int main_loop(struct load *l, struct error *err)
{
    int r = begin(l, err);
    l->is_main = true;
    uint64_t end_ns = l->begin_ns + (uint64_t)((l->p->duration_s + l->p->timeout_s) * 1e9);
    while (r == 0) {
        uint64_t now_ns = clock_monotonic_ns();
        bool over = l->next == l->operations || now_ns > end_ns;
        if (over && !any_busy(l))
            return 0;
        if (!over)
            r = start_due(l, now_ns, err);
        bool waits = !over && l->next < l->operations && idle_client(l);
        if (r == 0)
            r = turn(l, waits ? ms_until(due_ns(l, l->next), now_ns) : TICK_MS, err);
        output_progress(&l->output, (double)l->next / (double)l->operations * 0.99);
    }
    return r;
}

/* What is still to be read goes to whoever is idle. */
static int ask_remaining(struct load *l, struct error *err)
{
    struct client *c;
    int r = 0;
    while (r == 0 && l->remaining_count > 0 && (c = idle_client(l))) {
        unsigned key = l->remaining[--l->remaining_count];
        struct request request = {.op = key == l->p->keys ? OP_MEMBERS : OP_READ};
        if (request.op == OP_MEMBERS)
            strcpy(request.key, SET_NAME);
        else
            snprintf(request.key, sizeof(request.key), "k%u", key);
        r = ask(l, c, &request, clock_monotonic_ns(), err);
    }
    return r;
}

/* Reads everything, not weakly, once nobody writes any more, again and again until it is answered
 * or the time is over. */
static int read_all(struct load *l, bool *ret_all, struct error *err)
{
    int r = 0;
    l->is_main = false;
    output_barrier(&l->output, "end");
    uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)(l->p->settle_s * 1e9);
    for (unsigned key = 0; key <= l->p->keys; key++)
        l->remaining[l->remaining_count++] = key;
    while (r == 0 && (l->remaining_count > 0 || any_busy(l))) {
        bool late = clock_monotonic_ns() > deadline_ns;
        if (late && !any_busy(l))
            break;
        size_t before = l->remaining_count;
        if (!late)
            r = ask_remaining(l, err);
        if (r == 0)
            r = turn(l, TICK_MS, err);
        if (r == 0 && l->remaining_count > 0 && l->remaining_count >= before) /* refused at once */
            usleep(RETRY_MS * 1000);
    }
    *ret_all = l->remaining_count == 0;
    return r;
}

static void report_end(struct load *l, double begin_s, double end_s)
{
    struct output *o = &l->output;
    const struct journal *j = &l->journal;
    struct gaps gaps;
    gaps_find(j->commits, j->commit_count, begin_s, end_s, l->p->outage_s, &gaps);
    for (size_t i = 0; i < gaps.count; i++)
        output_gap(o, "gap", gaps.list[i].begin, gaps.list[i].end);
    output_gap(o, "gap_max", gaps.longest.begin, gaps.longest.end);
    gaps_done(&gaps);
    uint64_t done =
        j->by_result[RESULT_OK] + j->by_result[RESULT_FAIL] + j->by_result[RESULT_UNKNOWN];
    output_metric(o, "commits", (double)j->commit_count, "", end_s);
    output_metric(o, "reads", (double)j->reads, "", end_s);
    output_metric(o, "throughput", (double)(j->commit_count + j->reads) / (end_s - begin_s), "/s",
                  end_s);
    output_metric(o, "failed", (double)j->by_result[RESULT_FAIL], "", end_s);
    output_metric(o, "unknown", (double)j->by_result[RESULT_UNKNOWN], "", end_s);
    output_metric(o, "not_started", fmax(0, (double)l->operations - (double)done), "", end_s);
    if (l->engine->report)
        l->engine->report(l->system, o, end_s);
}

static int load(struct load *l, struct error *err)
{
    bool all = false;
    int r = open_load(l, err);
    if (r == 0)
        r = prepare(l, err);
    if (r == 0)
        r = main_loop(l, err);
    if (r == 0) {
        report_end(l, at(l, l->begin_ns), at(l, due_ns(l, l->operations)));
        r = read_all(l, &all, err);
    }
    if (r < 0)
        return r;
    output_metric(&l->output, "read_at_end", all, "", at(l, clock_monotonic_ns()));
    if (*l->last_fault)
        fprintf(stderr, "%s-load: the last operation without success: %s\n", l->engine->name,
                l->last_fault);
    output_progress(&l->output, 1);
    return 0;
}

int load_run(const struct engine *engine, const struct parameters *p, struct error *err)
{
    struct load l = {.engine = engine, .p = p};
    struct error second;
    int r = load(&l, err);
    int closed = close_load(&l, r < 0 ? &second : err);
    return r < 0 ? r : closed;
}
