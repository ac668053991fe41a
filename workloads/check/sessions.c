/* SPDX-License-Identifier: MIT */
#include "sessions.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

enum { WRITER_NONE = UINT32_MAX };

/* Who wrote a value of one key. */
struct writer {
    uint32_t key_mark; /* key + 1: the rest is of this key */
    uint32_t count;
    uint32_t place; /* of the operation */
};

struct sessions {
    const struct history *h;
    struct writer *writers;        /* by value */
    uint32_t *by_call, *by_return; /* the key's reads: places, by process and then so */
    size_t read_count;
    struct verdict *v;
};

/* What a process has seen so far of one key. */
struct seen {
    int64_t version;
    double write_call;                 /* of the value that was called last */
    uint32_t version_read, write_read; /* the reads that showed them */
};

static const struct writer *writer_of(const struct sessions *s, const struct operation *read)
{
    const struct writer *w = &s->writers[read->value];
    return w->key_mark == read->key + 1 ? w : NULL;
}

/* When the value of a read was written, as far as that is certain; false: it is not. */
static bool write_times(const struct sessions *s, const struct operation *read, double *ret_call,
                        double *ret_return)
{
    const struct writer *w = writer_of(s, read);
    if (!w && read->value == HISTORY_NULL) {
        *ret_call = *ret_return = -INFINITY;
        return true;
    }
    if (!w || w->count != 1 || read->value == HISTORY_NULL)
        return false;
    *ret_call = s->h->operations[w->place].call;
    *ret_return = s->h->operations[w->place].ret;
    return true;
}

static void look(const struct sessions *s, uint32_t place, struct seen *seen)
{
    const struct operation *read = &s->h->operations[place];
    double call, ret;
    if (read->version > seen->version) {
        seen->version = read->version;
        seen->version_read = place;
    }
    if (write_times(s, read, &call, &ret) && call > seen->write_call) {
        seen->write_call = call;
        seen->write_read = place;
    }
}

static uint32_t writer_place(const struct sessions *s, uint32_t read)
{
    const struct writer *w = writer_of(s, &s->h->operations[read]);
    return w ? w->place : WRITER_NONE;
}

static void show(struct sessions *s, uint32_t earlier, uint32_t later)
{
    const struct operation *a = &s->h->operations[earlier], *b = &s->h->operations[later];
    const uint32_t all[] = {writer_place(s, later), writer_place(s, earlier), earlier, later};
    uint32_t *places = xmalloc(sizeof(all));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i] != WRITER_NONE)
            places[count++] = all[i];
    verdict_show(s->v, b->key, a->call, b->ret,
                 xasprintf("process %s read %s after it had read %s, which is newer",
                           s->h->processes.texts[b->process], s->h->values.texts[b->value],
                           s->h->values.texts[a->value]),
                 places, count);
}

static void judge(struct sessions *s, uint32_t place, const struct seen *seen)
{
    const struct operation *read = &s->h->operations[place];
    double call, ret;
    bool has_version = read->version != HISTORY_VERSION_NONE && seen->version >= 0;
    bool ordered = write_times(s, read, &call, &ret);
    s->v->reads++;
    s->v->unordered += !ordered && read->version == HISTORY_VERSION_NONE;
    if (has_version ? read->version < seen->version : ordered && ret < seen->write_call) {
        s->v->went_back++;
        show(s, has_version ? seen->version_read : seen->write_read, place);
    }
}

/* The reads of one process, places `from` to `to` of both orders. */
static void check_session(struct sessions *s, size_t from, size_t to)
{
    struct seen seen = {.version = HISTORY_VERSION_NONE, .write_call = -INFINITY};
    size_t returned = from;
    for (size_t i = from; i < to; i++) {
        const struct operation *read = &s->h->operations[s->by_call[i]];
        while (returned < to && s->h->operations[s->by_return[returned]].ret <= read->call)
            look(s, s->by_return[returned++], &seen);
        judge(s, s->by_call[i], &seen);
    }
}

static int compare_times(double x, double y)
{
    return x < y ? -1 : x > y;
}

static int by_process_and_call(const void *a, const void *b, void *arg)
{
    const struct operation *ops = arg, *x = &ops[*(const uint32_t *)a],
                           *y = &ops[*(const uint32_t *)b];
    return x->process != y->process ? (x->process < y->process ? -1 : 1)
                                    : compare_times(x->call, y->call);
}

static int by_process_and_return(const void *a, const void *b, void *arg)
{
    const struct operation *ops = arg, *x = &ops[*(const uint32_t *)a],
                           *y = &ops[*(const uint32_t *)b];
    return x->process != y->process ? (x->process < y->process ? -1 : 1)
                                    : compare_times(x->ret, y->ret);
}

static void collect(struct sessions *s, size_t from, size_t to)
{
    s->read_count = 0;
    for (size_t i = from; i < to; i++) {
        const struct operation *o = &s->h->operations[i];
        if (history_is_set(o) || o->result == RESULT_FAIL)
            continue;
        if (o->op == OP_READ && o->result == RESULT_OK) {
            s->by_call[s->read_count] = s->by_return[s->read_count] = (uint32_t)i;
            s->read_count++;
        } else if (o->op != OP_READ) {
            struct writer *w = &s->writers[o->value];
            if (w->key_mark != o->key + 1)
                *w = (struct writer){.key_mark = o->key + 1};
            w->count++;
            w->place = (uint32_t)i;
        }
    }
    qsort_r(s->by_call, s->read_count, sizeof(*s->by_call), by_process_and_call, s->h->operations);
    qsort_r(s->by_return, s->read_count, sizeof(*s->by_return), by_process_and_return,
            s->h->operations);
}

static void check_key(struct sessions *s, size_t from, size_t to)
{
    uint64_t before = s->v->went_back;
    collect(s, from, to);
    s->v->objects += s->read_count > 0;
    for (size_t begin = 0, end; begin < s->read_count; begin = end) {
        uint32_t process = s->h->operations[s->by_call[begin]].process;
        for (end = begin; end < s->read_count; end++)
            if (s->h->operations[s->by_call[end]].process != process)
                break;
        check_session(s, begin, end);
    }
    s->v->violations += s->v->went_back > before;
}

void sessions_check(const struct history *h, struct verdict *ret)
{
    struct sessions s = {.h = h, .v = ret};
    *ret = (struct verdict){0};
    s.writers = xcalloc(h->values.count + 1, sizeof(*s.writers));
    s.by_call = xcalloc(h->count + 1, sizeof(*s.by_call));
    s.by_return = xcalloc(h->count + 1, sizeof(*s.by_return));
    for (size_t from = 0, to; from < h->count; from = to) {
        for (to = from; to < h->count; to++)
            if (h->operations[to].key != h->operations[from].key)
                break;
        check_key(&s, from, to);
    }
    ret->operations = ret->reads;
    ret->answer = ret->violations > 0 ? VERDICT_VIOLATION : VERDICT_VALID;
    free(s.writers);
    free(s.by_call);
    free(s.by_return);
}
