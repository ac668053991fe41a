/* SPDX-License-Identifier: MIT
 *
 * The stages of a run, in order; each one that fails ends the run, and what was started before it
 * ends with the lab. SIGINT and its kin are blocked throughout and looked at where the run waits
 * (experiment/crew.c), so that no stage is ever cut in the middle.
 */
#include "experiment/run.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "experiment/host.h"
#include "experiment/needs.h"
#include "experiment/report.h"
#include "experiment/stop.h"
#include "lab/idle.h"
#include "lab/lab.h"
#include "report/progress.h"
#include "report/table.h"

enum {
    DISMISS_TIMEOUT_S = 10,
    CONSOLE_MAX = 1 << 24,
    COLUMNS_MAX = 5,
};

/* Absolute, with a slash at its end: the lab's own processes have another working folder. */
static char *folder_of_file(const char *file)
{
    char *path = realpath(file, NULL);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (slash)
        slash[1] = '\0';
    return path ? path : xstrdup("");
}

static void print_warning(const char *line)
{
    log_warn("%s", line);
}

/* Everything that can be found out before anything is started. */
static int prepare(struct run *r, struct error *err)
{
    const struct scenario *s = r->scenario;
    if (!s->workload.name)
        return error_input(err,
                           "%s:1:1: the scenario has no workload to run (add "
                           "'workload: {replicate: {}}', or use 'wanlab up')",
                           s->document.file);
    int result = workload_open(&s->workload, &r->workload, err);
    if (result == 0)
        result = workload_check_nodes(r->workload, s, err);
    if (result == 0)
        result = workload_resolve(r->workload, &s->workload, &r->values, err);
    if (result == 0)
        result = events_check(s, r->workload, r->values, err);
    if (result < 0)
        return result;
    struct plan *plan;
    result = plan_new(s, ENGINE_DELAYLINE, &plan, err); /* for the lint any engine will do */
    if (result < 0)
        return result;
    result = host_lint(r->workload, r->values, plan, print_warning, err);
    plan_free(plan);
    if (result == 0)
        result = needs_check(r->workload, s, err);
    return result < 0 ? result : host_check_memory(r->workload, s, err);
}

static int open_outputs(struct run *r, struct error *err)
{
    const struct scenario *s = r->scenario;
    r->samples = results_create(&r->results, "samples.csv", err);
    if (!r->samples)
        return -err->code;
    fputs("node,metric,peer,at,value,unit,count\n", r->samples);
    r->outputs = xcalloc(s->node_count, sizeof(*r->outputs));
    r->progress = xcalloc(s->node_count, sizeof(*r->progress));
    for (size_t i = 0; i < s->node_count; i++) {
        _cleanup_(freep) char *name = xasprintf("nodes/%s.jsonl", s->nodes[i].name);
        r->outputs[i].file = results_create(&r->results, name, err);
        if (!r->outputs[i].file)
            return -err->code;
    }
    return 0;
}

static void announce(const struct run *r)
{
    struct text text = {0};
    for (size_t i = 0; i < r->workload->parameter_count; i++)
        text_add(&text, "%s%s %s", i ? ", " : "", r->values[i].name, r->values[i].text);
    progress_stage("scenario", "%s: %zu nodes, seed %llu", r->scenario->name,
                   r->scenario->node_count, (unsigned long long)r->scenario->seed);
    progress_stage("workload", "%s: %s", r->workload->name, text.data ? text.data : "");
    text_done(&text);
}

static void show_boots(size_t booted, size_t count, void *arg)
{
    (void)arg;
    progress_count("boot", booted, count, "nodes");
}

/* By hand: the file has nothing to do with it. What is scheduled notes itself. */
static void on_link(json_t *event, void *arg)
{
    struct run *r = arg;
    if (json_is_true(json_object_get(event, "scheduled")))
        return;
    json_t *line = json_copy(event);
    double at_s = json_number_value(json_object_get(event, "at_s"));
    json_object_set_new(line, "took_effect", json_real(at_s - r->results.start_s));
    results_event(&r->results, line);
    fidelity_link_changed(&r->fidelity);
}

static int start_lab(struct run *r, struct error *err)
{
    char text[UNITS_TEXT_MAX];
    _cleanup_(freep) char *cache = NULL;
    int result = host_cache_folder(r->workload, &cache, err);
    if (result == 0)
        result = host_prepare(r->workload, cache, err);
    if (stop_was_asked())
        return error_set(err, EINTR, "interrupted");
    if (result < 0)
        return result;
    struct lab_options options = {
        .name = r->options->name,
        .attached = true,
        .pin = r->options->pin,
        .workload_folder = r->workload->folder,
        .cache_folder = cache,
        .scratch_bytes = r->workload->scratch,
        .fates_fd = r->options->fates_fd,
        .capture = r->options->capture,
        .on_step = r->options->on_step,
        .on_boot = show_boots,
    };
    _cleanup_(freep) char *pcap = xasprintf("%s/pcap", r->results.folder);
    if (options.capture.wires)
        result = capture_open_folder(pcap, &options.capture.folder, err);
    if (result < 0)
        return result;
    uint64_t begin = clock_monotonic_ns();
    result = lab_up(r->scenario, &options, &r->lab, err);
    if (options.capture.wires)
        close(options.capture.folder);
    if (result < 0)
        return result;
    results_event(&r->results, json_pack("{s:s}", "event", "lab-up"));
    progress_stage("engine", "%s: %s", engine_name(r->lab.plan->engine), r->lab.why_engine);
    progress_stage("idle", "%s: %s", idle_name(r->lab.polls), r->lab.why_idle);
    progress_stage("lab", "%s: %zu nodes, %zu wires, up in %s", r->lab.name,
                   r->scenario->node_count, r->lab.plan->wire_count,
                   units_format_time_short(text, (double)(clock_monotonic_ns() - begin)));
    result = crew_open(&r->lab, &r->crew, err);
    if (result == 0)
        crew_on_link(r->crew, on_link, r);
    return result;
}

static int measure_wires(struct run *r, struct error *err)
{
    double worst = 0;
    int result = fidelity_measure(&r->fidelity, r->crew, r->lab.plan, err);
    if (result < 0)
        return error_wrap(err, "measuring the wires");
    for (size_t i = 0; i < r->fidelity.pair_count; i++)
        worst = fmax(worst, fabs(r->fidelity.pairs[i].min_s - r->fidelity.pairs[i].asked_s));
    results_event(&r->results, json_pack("{s:s}", "event", "wires-measured"));
    if (r->fidelity.pair_count == 0)
        progress_stage("wires", "no two nodes have a direct path: nothing to measure");
    else
        progress_stage("wires", "%zu round trips measured, at most %.3f ms from what was asked",
                       r->fidelity.pair_count, worst * 1e3);
    return 0;
}

static int read_facts(struct run *r, int time, struct error *err)
{
    int result = facts_read(&r->facts, time, r->crew, r->lab.plan, err);
    return result < 0 ? error_wrap(err, "reading the nodes' settings") : 0;
}

struct bar {
    struct run *run;
    struct progress_bar bar;
};

static void show_progress(void *arg)
{
    struct bar *b = arg;
    double slowest = 1;
    fidelity_watch(&b->run->fidelity);
    host_cpu_watch(&b->run->host_cpu);
    events_watch(&b->run->events);
    for (size_t i = 0; i < b->run->scenario->node_count; i++)
        slowest = fmin(slowest, b->run->progress[i]);
    if (slowest > 0)
        progress_bar_show(&b->bar, slowest);
}

static int run_workload(struct run *r, struct error *err)
{
    struct bar bar = {.run = r, .bar = {.stage = "main loop"}};
    _cleanup_(freep) bool *chosen = xcalloc(r->scenario->node_count, sizeof(*chosen));
    int result = workload_select(&r->workload->where, r->scenario, chosen, err);
    barrier_init(&r->barrier, r->scenario->nodes, chosen, r->scenario->node_count);
    if (result == 0)
        result = host_cpu_begin(&r->host_cpu, &r->results, err);
    for (unsigned i = 0; i < r->scenario->node_count && result == 0; i++) {
        r->progress[i] = chosen[i] ? 0 : 1;
        result = run_start_workload(r, i, err);
    }
    if (result == 0 && !r->workload->begins)
        events_begin(&r->events, results_now(&r->results));
    if (result == 0)
        result = crew_await_end(r->crew, r->workload->timeout_ns, show_progress, &bar, err);
    progress_bar_end(&bar.bar);
    if (result == 0)
        result = host_cpu_end(&r->host_cpu, err);
    if (result < 0)
        return result;
    results_event(&r->results, json_pack("{s:s}", "event", "workload-ended"));
    return events_end(&r->events, err);
}

/* Right before the workload, and right after it: what nodes, emulator and wires have done in
 * between. */
static int note_status(struct run *r, bool is_end, struct error *err)
{
    json_t *status;
    int result = crew_status(r->crew, &status, err);
    if (result < 0)
        return result;
    struct emulator_cpu now = cost_emulator_cpu(status);
    r->emulator_cpu = (struct emulator_cpu){now.lab_s - r->emulator_cpu.lab_s,
                                            now.command_s - r->emulator_cpu.command_s};
    if (is_end) {
        fidelity_end(&r->fidelity, status);
        r->costs = status;
        return 0;
    }
    return fidelity_begin(&r->fidelity, r->crew, r->lab.plan, status, err);
}

/* The services are asked to end; one that will not is killed with the lab. */
static void dismiss(struct run *r)
{
    struct error err;
    if (crew_dismiss(r->crew, DISMISS_TIMEOUT_S * NS_PER_SEC, &err) < 0)
        log_warn("%s", err.text);
}

/* A table without columns of its own has all that was reported, as far as a line has room. */
static void choose_columns(struct run *r)
{
    struct workload *w = r->workload;
    if (w->table)
        return;
    size_t count = 0;
    w->table = xcalloc(COLUMNS_MAX + 1, sizeof(*w->table));
    for (size_t m = 0; m < w->metric_count && count < COLUMNS_MAX; m++)
        for (unsigned i = 0; i < r->scenario->node_count; i++)
            if (metrics_find(&r->metrics, i, w->metrics[m].name)) {
                w->table[count++] = xstrdup(w->metrics[m].name);
                break;
            }
}

/* What the workload says should not have happened, such as connections that were lost. */
static void judge_metrics(struct run *r)
{
    for (size_t m = 0; m < r->workload->metric_count; m++) {
        const struct workload_metric *metric = &r->workload->metrics[m];
        for (unsigned i = 0; metric->has_expected && i < r->scenario->node_count; i++) {
            double expected = (double)metric->expected;
            double value = metrics_last(&r->metrics, i, metric->name, expected);
            if (value != expected)
                fidelity_fault(&r->fidelity, VERDICT_DOUBTFUL, "%s of %s is %.9g instead of %.9g",
                               metric->name, r->scenario->nodes[i].name, value, expected);
        }
    }
}

static int conduct(struct run *r, struct error *err)
{
    int result = open_outputs(r, err);
    if (result == 0)
        result = start_lab(r, err);
    if (result == 0)
        result = events_prepare(&r->events, err);
    if (result == 0)
        result = measure_wires(r, err);
    if (result == 0)
        result = read_facts(r, FACTS_START, err);
    for (size_t i = 0; i < r->workload->service_count && result == 0; i++)
        result = run_start_service(r, &r->workload->services[i], err);
    if (result == 0)
        result = note_status(r, false, err);
    if (result == 0)
        result = run_workload(r, err);
    if (result == 0)
        result = note_status(r, true, err);
    if (result == 0)
        result = read_facts(r, FACTS_END, err);
    if (result == 0)
        result = run_collect(r, err);
    if (result == 0)
        result = run_check(r, err);
    if (result == 0) {
        dismiss(r);
        choose_columns(r);
        fidelity_judge(&r->fidelity, r->lab.plan);
        facts_judge(&r->facts, &r->fidelity, r->lab.plan);
        judge_metrics(r);
        events_judge(&r->events);
        r->done = true;
    }
    return result;
}

/* What the nodes' boots and the consoles of virtual machines have said, as logs of the run. */
static void keep_consoles(struct run *r)
{
    for (size_t i = 0; r->lab.folder && i < r->scenario->node_count; i++) {
        const char *node = r->scenario->nodes[i].name;
        _cleanup_(freep) char *path = xasprintf("%s/nodes/%s.log", r->lab.folder, node);
        _cleanup_(freep) char *name = xasprintf("logs/%s.console.log", node);
        _cleanup_(freep) char *text = NULL;
        size_t size;
        if (file_read(path, CONSOLE_MAX, &text, &size, NULL) < 0 || size == 0)
            continue;
        _cleanup_(file_closep) FILE *out = results_create(&r->results, name, NULL);
        if (out)
            fwrite(text, 1, size, out);
    }
}

/* What the program that failed the run has said, beyond the one line in the error. */
static void print_last_words(const struct run *r)
{
    const char *log_file;
    _cleanup_(freep) char *text = NULL;
    size_t size;
    _cleanup_(file_closep) FILE *out = open_memstream(&text, &size);
    bool any = r->crew && out && crew_print_last_words(r->crew, &log_file, out);
    if (!any || fflush(out) != 0)
        return;
    progress_stage("log", "the end of %s/%s:", r->results.final, log_file);
    progress_text(text);
}

/* The lab first, so that nothing of it is left whatever happens to the files. */
static void end_lab(struct run *r)
{
    struct error ignored;
    keep_consoles(r);
    r->interrupted = r->crew && crew_was_interrupted(r->crew);
    crew_close(r->crew);
    r->crew = NULL;
    if (r->lab.folder && lab_down(r->lab.folder, 0, &ignored) < 0)
        log_warn("%s", ignored.text);
}

/* A line that could not be written, for want of room, shows at the latest here. */
static int close_file(FILE *f, const char *name, struct error *err)
{
    bool failed = ferror(f);
    if (fclose(f) < 0 || failed)
        return error_set(err, EIO, "cannot write all of '%s': is the disk full?", name);
    return 0;
}

static int close_files(struct run *r, struct error *err)
{
    int result = r->samples ? close_file(r->samples, "samples.csv", err) : 0;
    for (size_t i = 0; r->outputs && i < r->scenario->node_count; i++) {
        int closed = r->outputs[i].file ? close_file(r->outputs[i].file, "nodes/*.jsonl", err) : 0;
        result = closed < 0 ? closed : result;
    }
    r->samples = NULL;
    free(r->outputs);
    r->outputs = NULL;
    return result;
}

static void release(struct run *r)
{
    struct error ignored;
    close_files(r, &ignored);
    host_cpu_end(&r->host_cpu, &ignored);
    if (r->values)
        workload_values_free(r->values, r->workload->parameter_count);
    workload_free(r->workload);
    metrics_done(&r->metrics);
    fidelity_done(&r->fidelity);
    facts_done(&r->facts);
    barrier_done(&r->barrier);
    free(r->metered_barrier);
    events_done(&r->events);
    free(r->file_folder);
    results_done(&r->results);
    if (r->lab.folder)
        lab_done(&r->lab);
    json_decref(r->costs);
    free(r->progress);
}

/* Writes the results of a run that ended with `result`; the first error counts. */
static int conclude(struct run *r, int result, struct run_outcome *ret, struct error *err)
{
    struct error second;
    int written = close_files(r, &second);
    if (result == -EINTR || !r->lab.plan) { /* stopped, or never begun: nothing worth keeping */
        results_discard(&r->results);
        if (result == -EINTR)
            error_set(err, EINTR, "interrupted; its results are discarded");
        return result;
    }
    if (result == 0 && written < 0) {
        *err = second;
        result = written;
    }
    written = summary_write(r, result < 0 ? err : NULL, &second);
    if (written == 0)
        written = results_finish(&r->results, &second);
    if (written == 0 && r->options->report)
        report_try(r->results.folder);
    if (result == 0 && written < 0) {
        *err = second;
        result = written;
    }
    ret->folder = xstrdup(r->results.folder);
    ret->verdict = r->fidelity.verdict;
    ret->main_metric = xstrdup(r->workload->main_metric);
    ret->main_unit = xstrdup(summary_unit(r, r->workload->main_metric));
    ret->cost = cost_mean(r->costs, NULL);
    summary_main_metric(r, &ret->main_max, &ret->main_mean);
    if (result == 0 && r->options->print_tables)
        summary_print(r);
    return result;
}

int run_scenario(const struct scenario *s, const struct run_options *options,
                 struct run_outcome *ret, struct error *err)
{
    sigset_t before;
    stop_hold(&before);
    signal(SIGPIPE, SIG_IGN);

    struct run r = {.scenario = s, .options = options, .lab = {.lifeline = -1}};
    events_init(&r.events, &r);
    r.file_folder = folder_of_file(s->document.file);
    *ret = (struct run_outcome){.main_max = NAN, .main_mean = NAN};
    int result = prepare(&r, err);
    if (result == 0)
        result = results_open(options->folder, s->name, &r.results, err);
    if (result == 0) {
        announce(&r);
        result = conduct(&r, err);
        if (result < 0)
            print_last_words(&r);
        end_lab(&r);
        result = conclude(&r, result, ret, err);
    }
    ret->interrupted = r.interrupted || stop_was_asked();
    release(&r);
    stop_release(&before);
    return result;
}

void run_done(struct run_outcome *o)
{
    free(o->folder);
    free(o->main_metric);
    free(o->main_unit);
    *o = (struct run_outcome){0};
}
