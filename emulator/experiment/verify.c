/* SPDX-License-Identifier: MIT
 *
 * A batch after the other, each with a crew of its own: two programs for each of its pairs, which
 * find each other, send, and say what came.
 */
#include "experiment/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/train.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/crew.h"
#include "experiment/stop.h"
#include "lab/place.h"

enum {
    STARTING_S = 30, /* of programs, on a busy machine */
    TRIES = 3,
    AGAIN_MAX = 20, /* pairs */
};
static const double drain_max_s = 2, linger_s = 0.5;

/* One end of a job, as its program's answer comes in. */
struct end {
    struct verification *v;
    const struct verify_job *job;
    unsigned number; /* it sends in this direction, and receives in the other */
};

static void keep(json_t **place, json_t *answer)
{
    json_decref(*place);
    *place = json_incref(answer);
}

/* The list is complete: what it says is all that is kept of it. */
static void sum_up(const struct end *e, struct train_answers *train, unsigned direction)
{
    const struct verification *v = e->v;
    const struct path *p = &v->plan.paths[2 * e->job->pair + direction];
    train->payload = e->job->trains[direction].payload;
    if (e->job->mode & TRAIN_LIST)
        train->facts = verify_facts_of(
            &(struct verify_train){
                .path = p,
                .plan = &e->job->trains[direction],
                .origin_ns = v->traces_began_ns,
                .limit_s = (double)v->lab.plan->scenario->verdict.delay_error_ns / 1e9,
                .apart = verify_is_apart(p, v->lab.plan),
            },
            &train->list);
    train_list_done(&train->list);
}

static void on_line(unsigned node, const char *line, void *arg)
{
    const struct end *e = arg;
    struct train_answers *trains = e->v->answers[e->job->pair].stages[e->job->stage];
    const unsigned out = e->number, in = 1 - out;
    json_t *answer = json_loads(line, 0, NULL);
    const bool is_last = json_object_get(answer, "received") != NULL;
    (void)node;
    if (json_object_get(answer, "arrivals"))
        train_list_add(&trains[in].list, answer);
    if (is_last && e->job->trains[out].count > 0)
        keep(&trains[out].sender, answer);
    if (is_last && e->job->trains[in].count > 0) {
        keep(&trains[in].receiver, answer);
        sum_up(e, &trains[in], in);
    }
    json_decref(answer);
}

/* How long the last packets may take: the flight, and what a full queue still has to send. */
static uint64_t linger_ns(const struct path *p)
{
    double drain_s = 0;
    for (size_t i = 0; i < p->wire_count; i++)
        drain_s += impairment_queue_s(p->wires[i], p->to_port->mtu);
    return path_latest_ns(p) + (uint64_t)((linger_s + fmin(drain_s, drain_max_s)) * 1e9);
}

static int start_end(struct crew *crew, struct end *e, struct error *err)
{
    const struct verify_plan *v = &e->v->plan;
    const struct train_plan *out = &e->job->trains[e->number], *in = &e->job->trains[1 - e->number];
    const struct path *p = &v->paths[2 * e->job->pair + e->number];
    const struct path *back = &v->paths[2 * e->job->pair + 1 - e->number];
    const uint64_t numbers[] = {out->count,      out->gap_ns, out->payload, out->burst,
                                out->ahead_ns,   in->count,   in->payload,  train_plan_ns(in),
                                linger_ns(back), e->job->mode};
    char address[IP_TEXT_MAX], texts[ARRAY_LEN(numbers)][24];
    char *argv[ARRAY_LEN(numbers) + 3] = {"train", ip_format(address, &p->to_port->v4)};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        snprintf(texts[i], sizeof(texts[i]), "%llu", (unsigned long long)numbers[i]);
        argv[i + 2] = texts[i];
    }
    struct crew_task task = {
        .node = p->from, .role = "the packet train", .argv = argv, .on_line = on_line, .arg = e};
    return crew_start_builtin(crew, &task, err);
}

static void show_time(void *arg)
{
    struct verification *v = arg;
    double passed_s = (double)(clock_monotonic_ns() - v->started_ns) / 1e9;
    progress_bar_show(&v->bar, fmin(passed_s / fmax(v->plan.seconds, 1), 0.99));
}

/* Jobs that go on at the same time; NULL ends the list. */
static int run_jobs(struct verification *v, const struct verify_job *const *jobs, struct error *err)
{
    struct crew *crew = NULL;
    uint64_t longest_ns = 0;
    size_t count = 0;
    while (jobs[count])
        count++;
    struct end *ends = xcalloc(2 * count, sizeof(*ends));
    int r = crew_open(&v->lab, &crew, err);
    for (size_t i = 0; r == 0 && i < 2 * count; i++) {
        const struct verify_job *j = jobs[i / 2];
        const unsigned e = i % 2;
        uint64_t ns = train_plan_ns(&j->trains[e]) + linger_ns(&v->plan.paths[2 * j->pair + e]);
        longest_ns = ns > longest_ns ? ns : longest_ns;
        ends[i] = (struct end){v, j, e};
        r = start_end(crew, &ends[i], err);
    }
    if (r == 0)
        r = crew_await_end(crew, longest_ns + STARTING_S * NS_PER_SEC, show_time, v, err);
    crew_close(crew);
    free(ends);
    return r;
}

static int run_batch(struct verification *v, unsigned batch, struct error *err)
{
    size_t count = 0;
    _cleanup_(freep) const struct verify_job **jobs = xcalloc(v->plan.job_count + 1, sizeof(*jobs));
    for (size_t i = 0; i < v->plan.job_count; i++)
        if (v->plan.jobs[i].batch == batch)
            jobs[count++] = &v->plan.jobs[i];
    return run_jobs(v, jobs, err);
}

static int read_status(const struct lab *lab, json_t **ret, struct error *err)
{
    struct crew *crew = NULL;
    int r = crew_open(lab, &crew, err);
    if (r == 0)
        r = crew_status(crew, ret, err);
    crew_close(crew);
    return r;
}

/* Both directions of a pair; `ret` has room for twice FINDINGS_OF_PATH. Nothing of a pair that was
 * left out. */
static size_t judge_pair(const struct verification *v, size_t pair, struct finding *ret)
{
    const struct verify_answers *a = &v->answers[pair];
    size_t n = 0;
    for (unsigned d = 0; a->tries > 0 && d < 2; d++)
        n += verify_judge(&v->plan, v->lab.plan, pair, d, a, ret + n);
    return n;
}

static size_t count_failures(const struct verification *v, size_t pair)
{
    struct finding found[2 * FINDINGS_OF_PATH];
    size_t n = judge_pair(v, pair, found), failures = 0;
    for (size_t i = 0; i < n; i++)
        failures += found[i].result != FINDING_WITHIN;
    return failures;
}

static void answers_done(struct verify_answers *a)
{
    for (size_t t = 0; t < 2 * VERIFY_STAGES; t++) {
        json_decref(a->stages[t / 2][t % 2].sender);
        json_decref(a->stages[t / 2][t % 2].receiver);
        train_list_done(&a->stages[t / 2][t % 2].list);
    }
    *a = (struct verify_answers){0};
}

/* A pair once more, with nothing beside it; what fails less stays. */
static int try_again(struct verification *v, size_t pair, struct error *err)
{
    struct verify_answers *now = &v->answers[pair], old = *now;
    size_t failures = count_failures(v, pair);
    int r = 0;
    *now = (struct verify_answers){.disturbed = old.disturbed, .tries = old.tries + 1};
    for (size_t i = 0; r == 0 && i < v->plan.job_count; i++) {
        const struct verify_job *jobs[] = {&v->plan.jobs[i], NULL};
        if (jobs[0]->pair == pair)
            r = run_jobs(v, jobs, err);
    }
    if (r < 0 || count_failures(v, pair) >= failures) {
        struct verify_answers worse = *now;
        *now = old;
        now->tries = worse.tries;
        old = worse;
    }
    answers_done(&old);
    return r;
}

static int try_all_again(struct verification *v, struct error *err)
{
    size_t again = 0;
    int r = 0;
    for (size_t i = 0; i < v->plan.pair_count; i++)
        again += count_failures(v, i) > 0;
    if (again > AGAIN_MAX) /* that is no accident */
        return 0;
    for (size_t i = 0; r == 0 && i < v->plan.pair_count; i++)
        for (int try = 1; r == 0 && try < TRIES && count_failures(v, i) > 0; try++)
            r = try_again(v, i, err);
    return r;
}

static void judge(struct verification *v)
{
    for (size_t i = 0; i < v->plan.pair_count; i++) {
        struct finding found[2 * FINDINGS_OF_PATH];
        size_t n = judge_pair(v, i, found);
        for (size_t k = 0; k < n; k++) {
            v->findings = array_grow(v->findings, v->finding_count, sizeof(*v->findings));
            v->findings[v->finding_count++] = found[k];
            v->beyond += found[k].result == FINDING_BEYOND;
            v->unknown += found[k].result == FINDING_UNKNOWN;
        }
    }
}

/* The engine's account since `before`. */
static int take_account(struct verification *v, json_t *before, struct error *err)
{
    json_t *after = NULL;
    int r = read_status(&v->lab, &after, err);
    if (r < 0)
        return r;
    account_free(v->account);
    v->account = account_between(before, after, v->lab.plan);
    json_decref(after);
    uint64_t p99 = histogram_quantile(&v->account->lateness, 0.99);
    for (size_t i = 0; i < v->plan.pair_count; i++)
        v->answers[i].disturbed = p99 > v->lab.plan->scenario->verdict.lateness_ns;
    return 0;
}

static int run_all(struct verification *v, json_t *before, struct error *err)
{
    int r = 0;
    for (unsigned b = 1; r == 0 && b <= v->plan.batch_count; b++) {
        r = run_batch(v, b, err);
        host_load_watch(&v->load);
    }
    for (size_t i = 0; i < v->plan.job_count; i++)
        v->answers[v->plan.jobs[i].pair].tries = 1;
    if (r == 0)
        r = take_account(v, before, err);
    return r < 0 ? r : try_all_again(v, err);
}

static int measure(struct verification *v, struct error *err)
{
    json_t *before = NULL;
    int r = read_status(&v->lab, &before, err);
    v->traces_began_ns = (uint64_t)json_integer_value(json_object_get(before, "traces_began_ns"));
    host_load_begin(&v->load);
    v->started_ns = clock_monotonic_ns();
    v->bar.stage = "verify";
    if (r == 0)
        r = run_all(v, before, err);
    progress_bar_end(&v->bar);
    v->seconds = (double)(clock_monotonic_ns() - v->started_ns) / 1e9;
    host_load_end(&v->load);
    if (r == 0)
        r = take_account(v, before, err);
    if (r == 0)
        judge(v);
    json_decref(before);
    return r;
}

/* --- the lab --- */

static bool is_made_from(json_t *status, const struct scenario *s)
{
    json_t *nodes = json_object_get(status, "nodes");
    const char *name = json_string_value(json_object_get(status, "scenario"));
    bool same = name && strcmp(name, s->name) == 0 && json_array_size(nodes) == s->node_count;
    for (size_t i = 0; same && i < s->node_count; i++) {
        json_t *node = json_object_get(json_array_get(nodes, i), "name");
        same = strcmp(json_string_value(node), s->nodes[i].name) == 0;
    }
    return same;
}

/* A lab that runs: its plan follows from the file and its engine. */
static int join_lab(const struct scenario *s, const char *name, struct lab *ret, struct error *err)
{
    json_t *status = NULL;
    *ret = (struct lab){.lifeline = -1, .name = xstrdup(name)};
    int r = place_of(name, &ret->folder, err);
    if (r == 0)
        r = plan_new(s, ENGINE_DELAYLINE, &ret->plan, err); /* a crew needs one */
    if (r == 0)
        r = read_status(ret, &status, err);
    if (r == 0 && !is_made_from(status, s))
        r = error_input(err, "the lab '%s' was not made from '%s': other nodes", name,
                        s->document.file);
    const char *engine = json_string_value(json_object_get(status, "engine"));
    if (r == 0 && strcmp(engine, engine_name(ENGINE_NETEM)) == 0) {
        plan_free(ret->plan);
        ret->plan = NULL;
        r = plan_new(s, ENGINE_NETEM, &ret->plan, err);
    }
    json_decref(status);
    return r;
}

static int get_lab(const struct scenario *s, const struct verify_options *options, struct lab *ret,
                   struct error *err)
{
    char text[UNITS_TEXT_MAX];
    if (options->lab)
        return join_lab(s, options->lab, ret, err);
    const struct lab_options lab = {.attached = true, .on_step = options->on_step};
    uint64_t begin = clock_monotonic_ns();
    int r = lab_up(s, &lab, ret, err);
    if (r == 0)
        progress_stage("lab", "%s: %zu nodes, %zu wires, engine %s, up in %s", ret->name,
                       s->node_count, ret->plan->wire_count, engine_name(ret->plan->engine),
                       units_format_time_short(text, (double)(clock_monotonic_ns() - begin)));
    return r;
}

static void announce(const struct verification *v)
{
    if (v->plan.measured_count < v->plan.pair_count)
        progress_stage("verify", "a sample of %zu of %zu pairs, both ways, about %.0f s",
                       v->plan.measured_count, v->plan.pair_count, v->plan.seconds);
    else
        progress_stage("verify", "%zu pairs, both ways, about %.0f s", v->plan.pair_count,
                       v->plan.seconds);
}

int verify_scenario(const struct scenario *s, const struct verify_options *options,
                    struct verification *ret, struct error *err)
{
    sigset_t before;
    stop_hold(&before);
    *ret = (struct verification){.lab = {.lifeline = -1}};
    int r = get_lab(s, options, &ret->lab, err);
    if (r == 0) {
        verify_plan_init(&ret->plan, ret->lab.plan, &options->effort,
                         (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
        ret->answers = xcalloc(ret->plan.pair_count + 1, sizeof(*ret->answers));
        announce(ret);
        r = measure(ret, err);
    }
    struct error ignored;
    if (!options->lab && ret->lab.folder)
        lab_down(ret->lab.folder, 0, &ignored);
    stop_release(&before);
    return r;
}

void verification_done(struct verification *v)
{
    for (size_t i = 0; v->answers && i < v->plan.pair_count; i++)
        answers_done(&v->answers[i]);
    free(v->answers);
    free(v->findings);
    account_free(v->account);
    verify_plan_done(&v->plan);
    lab_done(&v->lab);
}
