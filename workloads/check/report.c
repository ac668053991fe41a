/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SHOWN_MAX = 100, ORIGINS_MAX = 8, VALUE_WIDTH = 60 };

static const char *const check_names[] = {"registers", "sets", "sessions"};

const char *report_check_name(enum report_check check)
{
    return check_names[check];
}

enum verdict_answer report_answer(const struct report *r)
{
    enum verdict_answer answer = VERDICT_VALID;
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (r->verdicts[i].answer == VERDICT_VIOLATION)
            return VERDICT_VIOLATION;
        if (r->verdicts[i].answer == VERDICT_UNDECIDED)
            answer = VERDICT_UNDECIDED;
    }
    return answer;
}

enum report_check report_shown(const struct report *r)
{
    enum report_check shown = CHECK_COUNT;
    for (int i = 0; i < CHECK_COUNT; i++)
        if (r->verdicts[i].shown &&
            (shown == CHECK_COUNT || r->verdicts[i].end_s < r->verdicts[shown].end_s))
            shown = (enum report_check)i;
    return shown;
}

struct totals {
    uint64_t by_result[3];
};

static struct totals count(const struct history *h)
{
    struct totals t = {{0}};
    for (size_t i = 0; i < h->count; i++)
        t.by_result[h->operations[i].result]++;
    return t;
}

/* Writers of values that the shown operations found, if they are not shown themselves. */
static size_t find_origins(const struct history *h, const struct verdict *v, uint32_t *origins)
{
    size_t found = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct operation *o = &h->operations[i];
        if (o->key != v->key || (o->op != OP_WRITE && o->op != OP_CAS))
            continue;
        bool shown = false, wanted = false;
        for (size_t j = 0; j < v->shown_count; j++) {
            const struct operation *s = &h->operations[v->operations_shown[j]];
            shown = shown || v->operations_shown[j] == i;
            wanted = wanted || (s->op == OP_READ && s->value == o->value) ||
                     (s->op == OP_CAS && s->old == o->value);
        }
        if (wanted && !shown && found < ORIGINS_MAX)
            origins[found++] = (uint32_t)i;
    }
    return found;
}

static void print_operation(const struct history *h, const struct operation *o, FILE *out)
{
    char what[3 * VALUE_WIDTH], returned[32] = "-";
    bool finds = o->op == OP_READ || o->op == OP_MEMBERS;
    const char *value = o->op == OP_MEMBERS ? "" : h->values.texts[o->value];
    if (o->op == OP_MEMBERS)
        snprintf(what, sizeof(what), "members: %u", o->member_count);
    else if (o->op == OP_CAS)
        snprintf(what, sizeof(what), "cas %.*s to %.*s", VALUE_WIDTH, h->values.texts[o->old],
                 VALUE_WIDTH, value);
    else
        snprintf(what, sizeof(what), "%s%s %.*s", history_op_name(o->op), finds ? ":" : "",
                 VALUE_WIDTH, value);
    if (isfinite(o->ret))
        snprintf(returned, sizeof(returned), "%.6f", o->ret);
    fprintf(out, "    %13.6f %13s  %-7s  %-12s  %-24s  %s:%u\n", o->call, returned,
            history_result_name(o->result), h->processes.texts[o->process], what,
            h->files.texts[o->file], o->line);
}

static void print_violation(const struct report *r, enum report_check check, FILE *out)
{
    const struct history *h = r->h;
    const struct verdict *v = &r->verdicts[check];
    uint32_t origins[ORIGINS_MAX];
    size_t origin_count = find_origins(h, v, origins);
    fprintf(out, "violation  %s, key '%s', from %.6f s to %.6f s: %s\n", check_names[check],
            h->keys.texts[v->key], v->begin_s, v->end_s, v->what);
    fprintf(out, "    %13s %13s  %-7s  %-12s  %-24s  %s\n", "call", "return", "result", "process",
            "operation", "where");
    for (size_t i = 0; i < v->shown_count && i < SHOWN_MAX; i++)
        print_operation(h, &h->operations[v->operations_shown[i]], out);
    if (v->shown_count > SHOWN_MAX)
        fprintf(out, "    … and %zu more (--json lists all)\n", v->shown_count - SHOWN_MAX);
    if (origin_count > 0)
        fprintf(out, "  where these values were written:\n");
    for (size_t i = 0; i < origin_count; i++)
        print_operation(h, &h->operations[origins[i]], out);
}

static void print_verdict(const struct report *r, enum report_check check, FILE *out)
{
    const struct verdict *v = &r->verdicts[check];
    if (!r->made[check] || v->objects == 0)
        return;
    fprintf(out, "%-9s  %s: %llu keys, %llu operations", check_names[check],
            verdict_name(v->answer), (unsigned long long)v->objects,
            (unsigned long long)v->operations);
    if (check == CHECK_SETS)
        fprintf(out,
                "; %llu elements lost, %llu from nowhere, %llu twice, %llu of unknown adds there",
                (unsigned long long)v->lost, (unsigned long long)v->from_nowhere,
                (unsigned long long)v->twice, (unsigned long long)v->recovered);
    if (check == CHECK_SESSIONS)
        fprintf(out, "; %llu reads went back, of %llu the order is not known",
                (unsigned long long)v->went_back, (unsigned long long)v->unordered);
    if (v->violations > 0 && check == CHECK_REGISTERS)
        fprintf(out, "; %llu keys are not linearizable", (unsigned long long)v->violations);
    if (v->undecided > 0)
        fprintf(out, "; %llu undecided%s%s", (unsigned long long)v->undecided,
                v->reason ? ": " : "", v->reason ? v->reason : "");
    fputc('\n', out);
}

void report_print(const struct report *r, FILE *out)
{
    struct totals t = count(r->h);
    enum report_check shown = report_shown(r);
    fprintf(out,
            "history    %zu operations by %zu processes on %zu keys: %llu ok, %llu failed, %llu "
            "unknown\n",
            r->h->count, r->h->processes.count, r->h->keys.count,
            (unsigned long long)t.by_result[RESULT_OK],
            (unsigned long long)t.by_result[RESULT_FAIL],
            (unsigned long long)t.by_result[RESULT_UNKNOWN]);
    for (int i = 0; i < CHECK_COUNT; i++)
        print_verdict(r, (enum report_check)i, out);
    if (shown != CHECK_COUNT)
        print_violation(r, shown, out);
    fprintf(out, "verdict    %s, in %.2f s\n", verdict_name(report_answer(r)), r->time_s);
}

static json_t *value_json(const struct history *h, uint32_t value)
{
    return json_loads(h->values.texts[value], JSON_DECODE_ANY, NULL);
}

static json_t *operation_json(const struct history *h, const struct operation *o)
{
    json_t *line = json_pack("{s:s s:s s:s s:f}", "process", h->processes.texts[o->process], "op",
                             history_op_name(o->op), "key", h->keys.texts[o->key], "call", o->call);
    json_t *value = o->op == OP_MEMBERS ? json_array() : value_json(h, o->value);
    for (uint32_t i = 0; o->op == OP_MEMBERS && i < o->member_count; i++)
        json_array_append_new(value, value_json(h, h->lists[o->value + i]));
    json_object_set_new(line, "value", value);
    if (o->op == OP_CAS)
        json_object_set_new(line, "old", value_json(h, o->old));
    json_object_set_new(line, "return", isfinite(o->ret) ? json_real(o->ret) : json_null());
    json_object_set_new(line, "result", json_string(history_result_name(o->result)));
    json_object_set_new(line, "file", json_string(h->files.texts[o->file]));
    json_object_set_new(line, "line", json_integer(o->line));
    return line;
}

static json_t *operations_json(const struct history *h, const uint32_t *places, size_t shown)
{
    json_t *list = json_array();
    for (size_t i = 0; i < shown; i++)
        json_array_append_new(list, operation_json(h, &h->operations[places[i]]));
    return list;
}

static json_t *verdict_json(enum report_check check, const struct verdict *v)
{
    json_t *object =
        json_pack("{s:s s:I s:I s:I s:I}", "verdict", verdict_name(v->answer), "keys",
                  (json_int_t)v->objects, "operations", (json_int_t)v->operations, "violating_keys",
                  (json_int_t)v->violations, "undecided_keys", (json_int_t)v->undecided);
    json_t *more = NULL;
    if (check == CHECK_SETS)
        more = json_pack("{s:I s:I s:I s:I}", "lost", (json_int_t)v->lost, "from_nowhere",
                         (json_int_t)v->from_nowhere, "twice", (json_int_t)v->twice, "recovered",
                         (json_int_t)v->recovered);
    if (check == CHECK_SESSIONS)
        more = json_pack("{s:I s:I}", "went_back", (json_int_t)v->went_back, "order_unknown",
                         (json_int_t)v->unordered);
    if (more)
        json_object_update(object, more);
    json_decref(more);
    if (v->reason)
        json_object_set_new(object, "reason", json_string(v->reason));
    return object;
}

static json_t *violation_json(const struct report *r, enum report_check check)
{
    const struct verdict *v = &r->verdicts[check];
    uint32_t origins[ORIGINS_MAX];
    size_t origin_count = find_origins(r->h, v, origins);
    return json_pack("{s:s s:s s:s s:f s:f s:o s:o}", "check", check_names[check], "key",
                     r->h->keys.texts[v->key], "what", v->what, "begin", v->begin_s, "end",
                     v->end_s, "operations",
                     operations_json(r->h, v->operations_shown, v->shown_count), "origins",
                     operations_json(r->h, origins, origin_count));
}

void report_print_json(const struct report *r, FILE *out)
{
    struct totals t = count(r->h);
    enum report_check shown = report_shown(r);
    json_t *checks = json_object();
    for (int i = 0; i < CHECK_COUNT; i++)
        if (r->made[i])
            json_object_set_new(checks, check_names[i],
                                verdict_json((enum report_check)i, &r->verdicts[i]));
    json_t *document = json_pack(
        "{s:s s:I s:I s:I s:I s:I s:I s:f s:o s:o}", "verdict", verdict_name(report_answer(r)),
        "operations", (json_int_t)r->h->count, "processes", (json_int_t)r->h->processes.count,
        "keys", (json_int_t)r->h->keys.count, "ok", (json_int_t)t.by_result[RESULT_OK], "failed",
        (json_int_t)t.by_result[RESULT_FAIL], "unknown", (json_int_t)t.by_result[RESULT_UNKNOWN],
        "time_s", r->time_s, "checks", checks, "violation",
        shown == CHECK_COUNT ? json_null() : violation_json(r, shown));
    json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(document);
}
