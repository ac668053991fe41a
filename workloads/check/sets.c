/* SPDX-License-Identifier: MIT */
#include "sets.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* What one key's adds say of an element. */
struct element {
    uint32_t key_mark;  /* key + 1: the rest is of this key */
    uint32_t list_mark; /* place + 1 of the members that had it last */
    uint32_t add;       /* of the operation that was acknowledged first, else called first */
    bool acknowledged, counted;
    double first_call, first_ret; /* of all; of those acknowledged */
};

struct sets {
    const struct history *h;
    struct element *elements; /* by value */
    struct verdict *v;
    size_t from, to; /* the key's operations */
};

static struct element *element_of(struct sets *s, uint32_t value)
{
    struct element *e = &s->elements[value];
    uint32_t mark = s->h->operations[s->from].key + 1;
    if (e->key_mark != mark)
        *e = (struct element){.key_mark = mark, .first_call = INFINITY, .first_ret = INFINITY};
    return e;
}

static void note_add(struct sets *s, size_t place)
{
    const struct operation *o = &s->h->operations[place];
    struct element *e = element_of(s, o->value);
    if (isinf(e->first_call))
        e->add = (uint32_t)place;
    e->first_call = fmin(e->first_call, o->call);
    if (o->result == RESULT_OK && o->ret < e->first_ret) {
        e->acknowledged = true;
        e->first_ret = o->ret;
        e->add = (uint32_t)place;
    }
}

static void show(struct sets *s, size_t members, const char *fault, uint32_t value, bool has_add)
{
    const struct operation *m = &s->h->operations[members];
    const struct element *e = &s->elements[value];
    uint32_t *places = xmalloc(2 * sizeof(*places));
    size_t count = 0;
    double begin_s = has_add ? s->h->operations[e->add].call : m->call;
    if (has_add)
        places[count++] = e->add;
    places[count++] = (uint32_t)members;
    verdict_show(s->v, m->key, fmin(begin_s, m->call), m->ret,
                 xasprintf("element %s %s", s->h->values.texts[value], fault), places, count);
}

/* What is in one list of members. */
static void check_present(struct sets *s, size_t place, bool is_final)
{
    const struct operation *m = &s->h->operations[place];
    for (uint32_t i = 0; i < m->member_count; i++) {
        uint32_t value = s->h->lists[m->value + i];
        struct element *e = element_of(s, value);
        if (e->list_mark == place + 1) {
            s->v->twice++;
            show(s, place, "is listed twice", value, false);
        } else if (e->first_call > m->ret) {
            s->v->from_nowhere += !e->counted;
            e->counted = true;
            show(s, place, "was not added by then", value, isfinite(e->first_call));
        } else if (is_final && !e->acknowledged && !e->counted) {
            s->v->recovered++;
            e->counted = true;
        }
        e->list_mark = (uint32_t)place + 1;
    }
}

/* What should be in it and is not. */
static void check_absent(struct sets *s, size_t place)
{
    const struct operation *m = &s->h->operations[place];
    for (size_t i = s->from; i < s->to; i++) {
        const struct operation *o = &s->h->operations[i];
        if (o->op != OP_ADD || o->result != RESULT_OK || o->ret >= m->call)
            continue;
        struct element *e = element_of(s, o->value);
        if (e->list_mark == place + 1 || e->counted)
            continue;
        s->v->lost++;
        e->counted = true;
        show(s, place, "was acknowledged and is not among the members", o->value, true);
    }
}

static bool is_read(const struct operation *o)
{
    return o->op == OP_MEMBERS && o->result == RESULT_OK;
}

/* From when on a read of members is one of the end. */
static double end_of_adds(const struct sets *s)
{
    double last_add = -INFINITY, last_read = -INFINITY;
    for (size_t i = s->from; i < s->to; i++) {
        const struct operation *o = &s->h->operations[i];
        if (o->op == OP_ADD && o->result == RESULT_OK)
            last_add = fmax(last_add, o->ret);
        if (is_read(o))
            last_read = fmax(last_read, o->call);
    }
    return fmin(last_add, last_read);
}

static void check_key(struct sets *s)
{
    uint64_t before = s->v->lost + s->v->from_nowhere + s->v->twice;
    bool any_read = false, any = false;
    double end = end_of_adds(s);
    for (size_t i = s->from; i < s->to; i++) {
        const struct operation *o = &s->h->operations[i];
        s->v->operations += history_is_set(o);
        any = any || history_is_set(o);
        any_read = any_read || is_read(o);
        if (o->op == OP_ADD && o->result != RESULT_FAIL)
            note_add(s, i);
    }
    for (size_t i = s->from; i < s->to; i++) {
        const struct operation *o = &s->h->operations[i];
        if (!is_read(o))
            continue;
        check_present(s, i, o->call >= end);
        if (o->call >= end)
            check_absent(s, i);
    }
    s->v->objects += any;
    s->v->undecided += any && !any_read;
    s->v->violations += s->v->lost + s->v->from_nowhere + s->v->twice > before;
}

void sets_check(const struct history *h, struct verdict *ret)
{
    struct sets s = {.h = h, .v = ret};
    _cleanup_(freep) struct element *elements = xcalloc(h->values.count + 1, sizeof(*elements));
    *ret = (struct verdict){0};
    s.elements = elements;
    for (; s.from < h->count; s.from = s.to) {
        s.to = s.from;
        while (s.to < h->count && h->operations[s.to].key == h->operations[s.from].key)
            s.to++;
        check_key(&s);
    }
    if (ret->violations > 0) {
        ret->answer = VERDICT_VIOLATION;
    } else if (ret->undecided > 0) {
        ret->answer = VERDICT_UNDECIDED;
        ret->reason = xstrdup("of some sets no members were read");
    }
}
