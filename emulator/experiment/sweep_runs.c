/* SPDX-License-Identifier: MIT
 *
 * The runs of a sweep: each with its attempts, and all in their order.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/measures.h"
#include "experiment/stop.h"
#include "experiment/sweep.h"
#include "experiment/sweep_estimate.h"
#include "experiment/sweep_order.h"
#include "experiment/sweep_table.h"
#include "report/progress.h"

enum {
    ATTEMPTS_MAX = 2,
    DISK_LEFT_MIN = 1 << 16, /* bytes: with less the disk is full */
};

/* --- one run --- */

double sweep_guess(const struct scenario *s)
{
    struct error ignored;
    struct workload *w;
    struct workload_value *values;
    double seconds = 0;
    if (workload_open(&s->workload, &w, &ignored) < 0)
        return 0;
    if (workload_resolve(w, &s->workload, &values, &ignored) == 0) {
        seconds = estimate_time(s, w, values);
        workload_values_free(values, w->parameter_count);
    }
    workload_free(w);
    return seconds;
}

static json_t *describe(json_t *point, unsigned repeat, unsigned attempt, const struct scenario *s,
                        const char *run)
{
    return json_pack("{s:O s:i s:i s:I s:s}", "point", point, "repeat", (int)repeat, "attempt",
                     (int)attempt, "seed", (json_int_t)s->seed, "run", run);
}

/* What the run's own folder says goes on record. */
static int describe_done(json_t *line, const struct run_outcome *o, struct error *err)
{
    json_t *run;
    int r = measures_read_run(o->folder, &run, err);
    if (r < 0)
        return r;
    json_object_set_new(line, "outcome", json_string("done"));
    json_object_set_new(line, "verdict", json_string(verdict_name(o->verdict)));
    json_object_set_new(line, "measures", measures_of(run));
    json_object_set_new(line, "emulated", json_boolean(measures_emulated(run)));
    json_decref(run);
    return 0;
}

static void describe_failure(json_t *line, const struct error *why)
{
    json_object_set_new(line, "outcome", json_string("failed"));
    json_object_set_new(line, "error", json_string(why->text));
    json_object_set_new(line, "status", json_integer(why->status));
}

/* Whether the disk of the results is full, which no other run would survive either. */
static bool disk_is_full(const struct sweep *w, int code)
{
    struct statvfs v;
    bool known = statvfs(w->book.folder, &v) == 0;
    return code == -ENOSPC || code == -EDQUOT ||
           (known &&
            (v.f_bavail * v.f_frsize < DISK_LEFT_MIN || (v.f_files > 0 && v.f_favail == 0)));
}

/* A run that failed goes on record, unless the next one must fail as well. Consumes `line`. */
static int record_failure(struct sweep *w, json_t *line, int code, const struct error *why,
                          struct error *err)
{
    if (disk_is_full(w, code)) {
        json_decref(line);
        return error_set(err, ENOSPC, "the disk of '%s' is full, which ended a run: %s",
                         w->book.folder, why->text);
    }
    log_warn("the run failed: %s", why->text);
    describe_failure(line, why);
    return sweep_book_add(&w->book, line, err);
}

/* One attempt. 0: it is on record, done or failed. */
static int attempt(struct sweep *w, const struct scenario *s, json_t *point, unsigned repeat,
                   const char *label, struct error *err)
{
    _cleanup_(freep) char *text = sweep_point_text(point);
    unsigned number = sweep_book_failures(&w->book, text, repeat, false) + 1;
    _cleanup_(freep) char *name =
        number == 1 ? xasprintf("point-%s-run-%u", label, repeat)
                    : xasprintf("point-%s-run-%u-again-%u", label, repeat, number);
    _cleanup_(freep) char *folder = xasprintf("%s/%s", w->book.folder, name);
    struct run_options options = {.folder = folder, .on_step = w->options->on_step};
    struct run_outcome outcome = {0};
    struct error why;
    uint64_t begin = clock_monotonic_ns();
    json_t *line = describe(point, repeat, number, s, name);
    int r = run_scenario(s, &options, &outcome, &why);
    double took = (double)(clock_monotonic_ns() - begin) / 1e9;
    bool interrupted = outcome.interrupted || r == -EINTR;
    json_object_set_new(line, "took_s", json_real(took));
    json_object_set_new(line, "guess_s", json_real(number == 1 ? sweep_guess(s) : 0));
    if (r == 0)
        r = describe_done(line, &outcome, &why);
    run_done(&outcome);
    if (r == -EINTR) {
        json_decref(line);
        return error_set(err, EINTR, "interrupted");
    }
    r = r < 0 ? record_failure(w, line, r, &why, err) : sweep_book_add(&w->book, line, err);
    return r == 0 && interrupted ? error_set(err, EINTR, "interrupted") : r;
}

int sweep_run_once(struct sweep *w, json_t *point, unsigned repeat, const char *label,
                   struct error *err)
{
    _cleanup_(freep) char *text = sweep_point_text(point);
    _cleanup_(freep) char *seed =
        xasprintf("seed=%llu", (unsigned long long)sweep_seed(w->scenario->seed, repeat));
    struct scenario *s;
    int r = sweep_open_point(w->options, point, seed, &s, err);
    if (r < 0)
        return r;
    size_t records;
    do {
        records = w->book.record_count;
        r = attempt(w, s, point, repeat, label, err);
        /* what the machine lacks it will lack the second time */
    } while (r == 0 && records < w->book.record_count && w->book.records[records].for_good &&
             sweep_book_failures(&w->book, text, repeat, true) < ATTEMPTS_MAX);
    scenario_free(s);
    return r;
}

/* --- all runs --- */

static bool is_due(const struct sweep *w, const struct sweep_turn *turn)
{
    const char *point = w->points[turn->point];
    return !sweep_book_find(&w->book, point, turn->repeat) &&
           sweep_book_failures(&w->book, point, turn->repeat, true) < ATTEMPTS_MAX;
}

static double estimate_turn(const struct sweep *w, const struct sweep_turn *turn)
{
    struct error ignored;
    struct scenario *s;
    json_t *point = sweep_point(w->scenario, turn->point);
    double seconds = 0;
    if (sweep_open_point(w->options, point, NULL, &s, &ignored) == 0) {
        seconds = sweep_guess(s);
        scenario_free(s);
    }
    json_decref(point);
    return seconds;
}

void sweep_show(const struct sweep *w, double share, double left_s, const char *step,
                const char *what)
{
    enum { WIDTH = 20 };
    char bar[WIDTH + 1], left[UNITS_TEXT_MAX];
    if (progress_quiet)
        return;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < share * WIDTH ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "[%s] %s, %s %s left: %s\n", bar, step,
            w->scenario->precision > 0 && !w->options->saturation ? "at least" : "about",
            units_format_wait(left, left_s), what);
}

static double time_left(const struct sweep *w, const struct sweep_turn *turns,
                        const double *guesses, size_t count)
{
    double seconds = 0;
    for (size_t i = 0; i < count; i++)
        seconds += estimate_from_records(&w->book, w->points[turns[i].point], guesses[i]);
    return seconds;
}

static void show_turn(const struct sweep *w, const struct sweep_turn *turn, size_t number,
                      size_t count, double left_s)
{
    _cleanup_(freep) char *step = xasprintf("run %zu of %zu", number + 1, count);
    _cleanup_(freep) char *what =
        xasprintf("%s, repetition %u", w->points[turn->point], turn->repeat);
    sweep_show(w, (double)number / (double)count, left_s, step, what);
}

int sweep_warm_up(struct sweep *w, json_t *point, double run_s, double left_s, struct error *err)
{
    _cleanup_(freep) char *folder = xasprintf("%s/warmup", w->book.folder);
    _cleanup_(freep) char *text = sweep_point_text(point);
    struct run_options options = {.folder = folder, .on_step = w->options->on_step};
    w->is_warm = true;
    for (unsigned i = 0; i < w->scenario->warmup; i++) {
        struct run_outcome outcome = {0};
        struct scenario *s;
        int r = sweep_open_point(w->options, point, NULL, &s, err);
        if (r < 0)
            return r;
        sweep_show(w, 0, (w->scenario->warmup - i) * run_s + left_s, "warm-up, to be discarded",
                   text);
        r = run_scenario(s, &options, &outcome, err);
        bool interrupted = r == -EINTR || outcome.interrupted;
        run_done(&outcome);
        scenario_free(s);
        file_remove_tree(folder, NULL);
        if (interrupted)
            return error_set(err, EINTR, "interrupted");
        if (r < 0)
            log_warn("the warm-up failed, going on without: %s", err->text);
    }
    return 0;
}

static int warm_up(struct sweep *w, const struct sweep_turn *turn, double run_s, double left_s,
                   struct error *err)
{
    json_t *point = sweep_point(w->scenario, turn->point);
    int r = sweep_warm_up(w, point, run_s, left_s, err);
    json_decref(point);
    return r;
}

/* Runs those of the turns that are due. */
static int run_turns(struct sweep *w, struct sweep_turn *turns, size_t count, struct error *err)
{
    size_t due = 0;
    for (size_t i = 0; i < count; i++)
        if (is_due(w, &turns[i]))
            turns[due++] = turns[i];
    _cleanup_(freep) double *guesses = xcalloc(due + 1, sizeof(*guesses));
    for (size_t i = 0; i < due; i++)
        guesses[i] = estimate_turn(w, &turns[i]);
    int r = 0;
    if (due > 0 && !w->is_warm)
        r = warm_up(w, &turns[0], time_left(w, turns, guesses, 1),
                    time_left(w, turns, guesses, due), err);
    for (size_t i = 0; i < due && r == 0; i++) {
        if (stop_was_asked())
            return error_set(err, EINTR, "interrupted");
        show_turn(w, &turns[i], i, due, time_left(w, turns + i, guesses + i, due - i));
        _cleanup_(freep) char *label = xasprintf("%03zu", turns[i].point + 1);
        json_t *point = sweep_point(w->scenario, turns[i].point);
        r = sweep_run_once(w, point, turns[i].repeat, label, err);
        json_decref(point);
    }
    return r;
}

/* One more repetition of each point that is not known well enough. */
static int add_repetitions(struct sweep *w, unsigned repeat, struct error *err)
{
    const struct scenario *s = w->scenario;
    struct sweep_turn *all;
    size_t kept = 0, count = sweep_order(s->point_count, repeat, repeat, s->seed, &all);
    _cleanup_(freep) struct sweep_turn *turns = all;
    _cleanup_(freep) char *measure = sweep_main_measure(w);
    for (size_t i = 0; i < count && measure; i++) {
        struct sweep_cell cell = sweep_summarise(&w->book, w->points[turns[i].point], measure);
        if (cell.done && sweep_wants_more(&cell.stats, s->precision, repeat - 1, s->repeat_max))
            turns[kept++] = turns[i];
    }
    return run_turns(w, turns, kept, err);
}

int sweep_run_all(struct sweep *w, struct error *err)
{
    const struct scenario *s = w->scenario;
    struct sweep_turn *all;
    size_t count = sweep_order(s->point_count, 1, s->repeat, s->seed, &all);
    _cleanup_(freep) struct sweep_turn *turns = all;
    int r = run_turns(w, turns, count, err);
    for (unsigned n = s->repeat + 1; r == 0 && s->precision > 0 && n <= s->repeat_max; n++)
        r = add_repetitions(w, n, err);
    return r;
}
