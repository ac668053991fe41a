/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/verify.h"
#include "report/table.h"

enum { PATHS_PRINTED_MAX = 45, CELL_MAX = 80 };

static const char *const results[] = {"ok", "PAST", "unknown"};
static const char *const units[] = {"s", "share", "bit/s", "packets"};

static const char *format_value(char *buf, enum finding_unit unit, double value)
{
    if (unit == FINDING_TIME)
        snprintf(buf, CELL_MAX, "%.3f ms", value * 1e3);
    else if (unit == FINDING_SHARE)
        snprintf(buf, CELL_MAX, "%.4g %%", value * 100);
    else if (unit == FINDING_PACKETS)
        snprintf(buf, CELL_MAX, "%.4g packets", value);
    else
        snprintf(buf, CELL_MAX, "%.4g Mbit/s", value / 1e6);
    return buf;
}

static const char *format_error(char *buf, const struct finding *f)
{
    double error = f->achieved - f->asked;
    if (f->unit == FINDING_TIME)
        snprintf(buf, CELL_MAX, "%+.3f ms", error * 1e3);
    else if (f->unit == FINDING_SHARE)
        snprintf(buf, CELL_MAX, "%+.3g %%", error * 100);
    else if (f->unit == FINDING_PACKETS)
        snprintf(buf, CELL_MAX, "%+.3g packets", error);
    else
        snprintf(buf, CELL_MAX, "%+.2f %%", error / f->asked * 100);
    return buf;
}

static const char *format_limit(char *buf, const struct finding *f)
{
    char low[CELL_MAX], high[CELL_MAX];
    if (!isnan(f->limit)) {
        if (f->unit == FINDING_RATE)
            snprintf(buf, CELL_MAX, "%.3g %%", f->limit / f->asked * 100);
        else
            format_value(buf, f->unit, f->limit);
        return buf;
    }
    format_value(low, f->unit, f->interval.low);
    format_value(high, f->unit, f->interval.high);
    snprintf(buf, CELL_MAX, "%.30s to %.30s", low, high);
    return buf;
}

/* How long a train of as many packets as would tell takes; 0: these do. */
static double needed_s(const struct verification *v, const struct finding *f)
{
    struct train_plan t = verify_plan_train(&v->plan, f->path, f->stage);
    return (double)f->needed * (double)t.gap_ns / (double)(t.burst ? t.burst : 1) / 1e9;
}

static void add_result(struct table *t, const struct verification *v, const struct finding *f)
{
    if (f->result == FINDING_UNKNOWN && f->needed > 0 && f->stage != VERIFY_RATE)
        table_add(t, "unknown: needs %llu packets, --time %.0fs", (unsigned long long)f->needed,
                  ceil(needed_s(v, f)) + 1);
    else if (f->result == FINDING_UNKNOWN && f->needed > 0)
        table_add(t, "unknown: needs %llu packets", (unsigned long long)f->needed);
    else
        table_add(t, "%s%s%s", results[f->result], f->why ? ": " : "", f->why ? f->why : "");
}

static void add_row(struct table *t, const struct verification *v, const struct finding *f)
{
    char text[CELL_MAX];
    _cleanup_(freep) char *name = path_name(&v->plan.paths[f->path], v->lab.plan);
    table_add(t, "%s", name);
    table_add(t, "%s", f->what);
    table_add(t, "%s", format_value(text, f->unit, f->asked));
    table_add(t, "%s", format_value(text, f->unit, f->achieved));
    table_add(t, "%s", format_error(text, f));
    table_add(t, "%s", format_limit(text, f));
    table_add(t, "%llu", (unsigned long long)f->packets);
    add_result(t, v, f);
}

/* What was asked to be none and is none needs no line of its own. */
static bool is_worth_a_line(const struct finding *f)
{
    return f->result != FINDING_WITHIN || f->asked != 0 || f->achieved != 0;
}

static void print_findings(const struct verification *v, FILE *out)
{
    static const char *const columns[] = {"wire",   "what",   ">asked",   ">achieved",
                                          ">error", ">limit", ">packets", "result"};
    _cleanup_(table_freep) struct table *t = table_new(columns, ARRAY_LEN(columns));
    bool all = 2 * v->plan.measured_count <= PATHS_PRINTED_MAX;
    for (size_t i = 0; i < v->finding_count; i++) {
        const struct finding *f = &v->findings[i];
        if (all ? is_worth_a_line(f) : f->result != FINDING_WITHIN)
            add_row(t, v, f);
    }
    if (all || v->beyond + v->unknown > 0) {
        table_print(t, out, "  ");
        putc('\n', out);
    }
}

/* The largest error of each quantity: for many wires, all that is printed. */
static void print_worst(const struct verification *v, FILE *out)
{
    static const char *const quantities[] = {"delay", "jitter", "loss", "burst", "rate"};
    for (size_t q = 0; q < ARRAY_LEN(quantities); q++) {
        const struct finding *worst = NULL;
        char error[CELL_MAX];
        for (size_t i = 0; i < v->finding_count; i++) {
            const struct finding *f = &v->findings[i];
            if (strcmp(f->what, quantities[q]) == 0 &&
                (!worst || fabs(f->achieved - f->asked) > fabs(worst->achieved - worst->asked)))
                worst = f;
        }
        if (!worst)
            continue;
        _cleanup_(freep) char *name = path_name(&v->plan.paths[worst->path], v->lab.plan);
        fprintf(out, "  largest error of %-7s %s at %s\n", quantities[q],
                format_error(error, worst), name);
    }
}

static void print_machine(const struct verification *v, FILE *out)
{
    const struct histogram *h = &v->account->lateness;
    char p50[UNITS_TEXT_MAX], p99[UNITS_TEXT_MAX];
    double pressure = host_load_pressure(&v->load);
    if (v->account->has_lateness)
        fprintf(out, "  packets left late by %s (median), %s (99 %%)\n",
                units_format_time_short(p50, (double)histogram_quantile(h, 0.5)),
                units_format_time_short(p99, (double)histogram_quantile(h, 0.99)));
    if (account_unasked_drops(v->account) > 0) {
        _cleanup_(freep) char *drops = account_describe_drops(v->account);
        fprintf(out, "  packets dropped unasked: %s\n", drops);
    }
    if (!isnan(pressure))
        fprintf(out, "  something waited for a processor %.0f %% of the time\n", pressure * 100);
}

void verify_print(const struct verification *v, FILE *out)
{
    print_findings(v, out);
    print_worst(v, out);
    print_machine(v, out);
    fprintf(out, "  %zu of %zu pairs both ways, %zu quantities: %zu past their limits",
            v->plan.measured_count, v->plan.pair_count, v->finding_count, v->beyond);
    if (v->unknown > 0)
        fprintf(out, ", %zu not to be found out here", v->unknown);
    fprintf(out, " (%.0f s)\n", v->seconds);
}

static json_t *describe_finding(const struct verification *v, const struct finding *f)
{
    const struct path *p = &v->plan.paths[f->path];
    const struct node *nodes = v->lab.plan->scenario->nodes;
    _cleanup_(freep) char *name = path_name(p, v->lab.plan);
    json_t *object = json_pack("{s:s s:s s:s s:s s:s s:f s:f s:I s:s}", "wire", name, "from",
                               nodes[p->from].name, "to", nodes[p->to].name, "what", f->what,
                               "unit", units[f->unit], "asked", f->asked, "achieved", f->achieved,
                               "packets", (json_int_t)f->packets, "result", results[f->result]);
    if (!isnan(f->interval.low))
        json_object_set_new(object, "interval",
                            json_pack("[f,f]", f->interval.low, f->interval.high));
    if (!isnan(f->limit))
        json_object_set_new(object, "limit", json_real(f->limit));
    if (f->why)
        json_object_set_new(object, "why", json_string(f->why));
    if (f->needed > 0) {
        json_object_set_new(object, "packets_needed", json_integer((json_int_t)f->needed));
        json_object_set_new(object, "time_needed_s", json_real(needed_s(v, f)));
    }
    return object;
}

void verify_print_json(const struct verification *v, FILE *out)
{
    json_t *findings = json_array(), *trains = json_array();
    for (size_t i = 0; i < v->finding_count; i++)
        json_array_append_new(findings, describe_finding(v, &v->findings[i]));
    for (size_t i = 0; i < 2 * v->plan.pair_count; i++) {
        const struct train_answers *a = &v->answers[i / 2].stages[VERIFY_PACE][i % 2];
        const struct train_answers *b = &v->answers[i / 2].stages[VERIFY_RATE][i % 2];
        const struct train_answers *c = &v->answers[i / 2].stages[VERIFY_COUNT][i % 2];
        _cleanup_(freep) char *name = path_name(&v->plan.paths[i], v->lab.plan);
        if (a->receiver)
            json_array_append_new(trains, json_pack("{s:s s:O s:O? s:O?}", "wire", name, "spaced",
                                                    a->receiver, "counted", c->receiver, "flood",
                                                    b->receiver));
    }
    json_t *all =
        json_pack("{s:s s:s s:b s:f s:I s:I s:o s:o s:o s:o}", "scenario",
                  v->lab.plan->scenario->name, "engine", engine_name(v->lab.plan->engine), "ok",
                  v->beyond + v->unknown == 0, "seconds", v->seconds, "past", (json_int_t)v->beyond,
                  "unknown", (json_int_t)v->unknown, "findings", findings, "trains", trains,
                  "account", account_describe(v->account), "host", host_load_describe(&v->load));
    json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    putc('\n', out);
    json_decref(all);
}
