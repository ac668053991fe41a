/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

#define CALLS "calls.jsonl"
#define BEGIN "begin"

enum { NUMBER_MAX = 64 };
static const uint64_t history_max = 1ULL << 30;

/* Without what was not written to its end. */
static int cut_last_line(const char *path, struct error *err)
{
    long end = 0, at = 0;
    _cleanup_(file_closep) FILE *in = fopen(path, "re");
    for (int c; in && (c = getc(in)) != EOF;) {
        at++;
        if (c == '\n')
            end = at;
    }
    if (in && truncate(path, end) < 0)
        return error_errno(err, errno, "cannot cut '%s'", path);
    return 0;
}

static int read_file(struct history *h, const char *path, struct error *err)
{
    int r = cut_last_line(path, err);
    _cleanup_(file_closep) FILE *in = fopen(path, "re");
    return r < 0 || !in ? r : history_read(h, in, path, 0, history_max, err);
}

/* By process: when it called last; the caller frees it. */
static double *last_calls(const struct history *h)
{
    double *last = xcalloc(h->processes.count + 1, sizeof(*last));
    for (size_t i = 0; i < h->processes.count; i++)
        last[i] = -INFINITY;
    for (size_t i = 0; i < h->count; i++)
        last[h->operations[i].process] =
            fmax(last[h->operations[i].process], h->operations[i].call);
    return last;
}

/* `h` has what was answered, then, from `answered` on, all calls. A process calls once at a time,
 * so that only its last one can be open. */
static void complete(struct journal *j, const struct history *h, size_t answered)
{
    struct history known = *h;
    known.count = answered;
    _cleanup_(freep) double *last_answered = last_calls(&known);
    for (size_t i = answered; i < h->count; i++) {
        const struct operation *o = &h->operations[i];
        if (o->call > last_answered[o->process])
            journal_answer(j, &(struct writer_operation){.process = h->processes.texts[o->process],
                                                         .key = h->keys.texts[o->key],
                                                         .op = o->op,
                                                         .result = RESULT_UNKNOWN,
                                                         .value = h->values.texts[o->value],
                                                         .old = h->values.texts[o->old],
                                                         .version = HISTORY_VERSION_NONE,
                                                         .call = o->call,
                                                         .ret = INFINITY});
    }
}

void journal_commit(struct journal *j, double at_s)
{
    j->commits = array_grow(j->commits, j->commit_count, sizeof(*j->commits));
    j->commits[j->commit_count++] = at_s;
}

static void count_past(struct journal *j, const struct history *h, size_t answered)
{
    for (size_t i = 0; i < answered; i++) {
        const struct operation *o = &h->operations[i];
        j->by_result[o->result]++;
        if (o->result != RESULT_OK || o->op == OP_MEMBERS)
            continue;
        if (o->op == OP_READ) {
            j->reads++;
            continue;
        }
        journal_commit(j, o->ret);
    }
}

static FILE *open_lines(const char *path, struct error *err)
{
    FILE *out = fopen(path, "ae");
    if (out)
        setvbuf(out, NULL, _IOLBF, 0);
    else
        error_errno(err, errno, "cannot open '%s'", path);
    return out;
}

int journal_open(struct journal *j, const char *folder, struct error *err)
{
    _cleanup_(freep) char *history = xasprintf("%s/" JOURNAL_HISTORY, folder);
    _cleanup_(freep) char *calls = xasprintf("%s/" CALLS, folder);
    _cleanup_(freep) char *begin = xasprintf("%s/" BEGIN, folder), *text = NULL;
    struct history past = {0};
    size_t size;
    *j = (struct journal){.begin_s = NAN};
    if (file_exists(begin)) {
        int r = file_read(begin, NUMBER_MAX, &text, &size, err);
        if (r < 0)
            return r;
        j->begin_s = strtod(text, NULL);
    }
    int r = read_file(&past, history, err);
    size_t answered = past.count;
    if (r == 0)
        r = read_file(&past, calls, err);
    if (r == 0 &&
        (!(j->history = open_lines(history, err)) || !(j->calls = open_lines(calls, err))))
        r = -err->code;
    if (r == 0) {
        count_past(j, &past, answered);
        complete(j, &past, answered);
    }
    history_done(&past);
    return r;
}

int journal_begin(struct journal *j, const char *folder, double begin_s, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/" BEGIN, folder);
    _cleanup_(freep) char *text = xasprintf("%.6f\n", begin_s);
    j->begin_s = begin_s;
    return file_write(path, text, err);
}

void journal_call(struct journal *j, const struct writer_operation *o)
{
    writer_write(j->calls, o);
}

void journal_answer(struct journal *j, const struct writer_operation *o)
{
    writer_write(j->history, o);
}

static int close_file(FILE **f, const char *name, struct error *err)
{
    FILE *file = TAKE_PTR(*f);
    if (!file)
        return 0;
    int failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return error_errno(err, errno ? errno : EIO, "cannot write all of the %s", name);
    return 0;
}

int journal_close(struct journal *j, struct error *err)
{
    struct error second;
    int result = close_file(&j->history, "history", err);
    int closed = close_file(&j->calls, "calls", result < 0 ? &second : err);
    free(j->commits);
    *j = (struct journal){.begin_s = NAN};
    return result < 0 ? result : closed;
}
