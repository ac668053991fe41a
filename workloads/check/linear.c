/* SPDX-License-Identifier: MIT
 *
 * The story: calls and returns stand in one list by time. What stands before the first return of an
 * operation that has not taken effect may take effect next; each such candidate is tried, and taken
 * out of the list with its return. Arriving at an empty list (of what must take effect) is success;
 * with no candidate left, the last choice is taken back.
 *
 * Three rules save most of the choices:
 * - A candidate that changes nothing (a read of the present value) is taken at once, and never
 * taken back by itself: an order with it later would also be one with it now.
 * - The present value may not be overwritten while somebody must still find it and nobody is left
 *   who could write it again.
 * - An optional operation is tried only where a candidate would find its value: it could else be
 *   left out.
 */
#include "linear.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#include "linear_prepare.h"
#include "memo.h"

enum { PRINT_OPERATION, PRINT_VALUE, STEPS_A_CLOCK = 4096 };

struct event {
    struct event *prev, *next;
    struct event *match;        /* of a call: its return, NULL if optional; of a return: NULL */
    const struct linear_op *op; /* of a return: NULL */
};

struct frame {
    struct event *call; /* what was taken */
    uint32_t before;    /* the value before it */
    bool forced;        /* there is no other choice to try in its place */
};

struct search {
    struct linear_problem problem;
    struct event head; /* before the first */
    struct event *events;
    struct frame *stack;
    size_t depth;
    size_t left; /* operations that must take effect and have not */
    uint32_t value;
    uint32_t *finders_left; /* by value: that must take effect and have not */
    uint32_t *writers_left; /* by value: that have not taken effect */
    struct memo_print print;
    struct memo memo;
    uint64_t steps;
    const struct linear_bounds *bounds;
};

struct moment {
    double at;
    bool is_return;
    uint32_t op;
};

/* A call at the time of a return is before it: the two are concurrent. */
static int by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->is_return != y->is_return)
        return x->is_return ? 1 : -1;
    return x->op < y->op ? -1 : x->op > y->op;
}

static void link_events(struct search *s)
{
    const struct linear_problem *p = &s->problem;
    struct moment *moments = xmalloc((2 * p->count + 1) * sizeof(*moments));
    struct event **calls = xmalloc((p->count + 1) * sizeof(struct event *)), *last = &s->head;
    size_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        moments[count++] = (struct moment){p->ops[i].call, false, i};
        if (!p->ops[i].optional)
            moments[count++] = (struct moment){p->ops[i].ret, true, i};
    }
    qsort(moments, count, sizeof(*moments), by_time);
    s->events = xcalloc(count + 1, sizeof(*s->events));
    for (size_t i = 0; i < count; i++) {
        struct event *e = &s->events[i];
        if (moments[i].is_return) {
            calls[moments[i].op]->match = e;
        } else {
            calls[moments[i].op] = e;
            e->op = &p->ops[moments[i].op];
        }
        last->next = e;
        e->prev = last;
        last = e;
    }
    free(calls);
    free(moments);
}

static void count_left(struct search *s)
{
    const struct linear_problem *p = &s->problem;
    s->finders_left = xcalloc(p->value_count + 1, sizeof(*s->finders_left));
    s->writers_left = xcalloc(p->value_count + 1, sizeof(*s->writers_left));
    for (size_t i = 0; i < p->count; i++) {
        uint32_t found;
        s->left += !p->ops[i].optional;
        if (linear_finds(&p->ops[i], &found) && !p->ops[i].optional)
            s->finders_left[found]++;
        if (p->ops[i].kind != LINEAR_READ)
            s->writers_left[p->ops[i].value]++;
    }
}

static void unlink_event(struct event *e)
{
    e->prev->next = e->next;
    if (e->next)
        e->next->prev = e->prev;
}

static void relink_event(struct event *e)
{
    e->prev->next = e;
    if (e->next)
        e->next->prev = e;
}

static void count_op(struct search *s, const struct linear_op *op, uint32_t change)
{
    uint32_t found;
    if (!op->optional)
        s->left += change == 1 ? 1 : -1;
    if (linear_finds(op, &found) && !op->optional)
        s->finders_left[found] += change;
    if (op->kind != LINEAR_READ)
        s->writers_left[op->value] += change;
    s->print = memo_combine(s->print, memo_print(PRINT_OPERATION, (uint64_t)(op - s->problem.ops)));
}

static void take(struct search *s, struct event *call, bool forced)
{
    s->stack[s->depth++] = (struct frame){call, s->value, forced};
    unlink_event(call);
    if (call->match)
        unlink_event(call->match);
    count_op(s, call->op, UINT32_MAX);
    s->value = call->op->value;
}

/* The frame that was taken back; NULL: there is none left. */
static const struct frame *take_back(struct search *s)
{
    if (s->depth == 0)
        return NULL;
    const struct frame *f = &s->stack[--s->depth];
    if (f->call->match)
        relink_event(f->call->match);
    relink_event(f->call);
    count_op(s, f->call->op, 1);
    s->value = f->before;
    return f;
}

static bool is_candidate(const struct event *e)
{
    return e && e->op;
}

/* Reads of the present value, as many as there are. */
static void take_forced(struct search *s)
{
    struct event *e = s->head.next;
    while (is_candidate(e) && s->value != LINEAR_ANY) {
        const struct linear_op *op = e->op;
        uint32_t found;
        bool idle = linear_finds(op, &found) && found == s->value && op->value == s->value;
        struct event *before = e->prev; /* stays; what follows it may change */
        if (idle && !op->optional)
            take(s, e, true);
        else
            before = e;
        e = before->next;
    }
}

static bool somebody_would_find(const struct search *s, const struct linear_op *op)
{
    for (const struct event *e = s->head.next; is_candidate(e); e = e->next) {
        uint32_t found;
        if (e->op != op && linear_finds(e->op, &found) && found == op->value)
            return true;
    }
    return false;
}

/* Whether the present value would be gone for somebody who must find it. */
static bool would_strand(const struct search *s, const struct linear_op *op)
{
    uint32_t found;
    if (s->value == LINEAR_ANY || op->value == s->value || s->writers_left[s->value] > 0)
        return false;
    uint32_t finders = s->finders_left[s->value];
    bool finds_it = linear_finds(op, &found) && found == s->value && !op->optional;
    return finders > (finds_it ? 1U : 0U);
}

static bool may_take(const struct search *s, const struct linear_op *op)
{
    uint32_t found;
    if (linear_finds(op, &found) && s->value != LINEAR_ANY && found != s->value)
        return false;
    if (would_strand(s, op))
        return false;
    return !op->optional || somebody_would_find(s, op);
}

/* What the configuration after `op` would be remembered by. */
static struct memo_print print_after(const struct search *s, const struct linear_op *op)
{
    struct memo_print print =
        memo_combine(s->print, memo_print(PRINT_OPERATION, (uint64_t)(op - s->problem.ops)));
    return memo_combine(print, memo_print(PRINT_VALUE, op->value));
}

static bool is_exhausted(const struct search *s)
{
    if (s->steps > s->bounds->steps)
        return true;
    return s->bounds->deadline_ns && s->steps % STEPS_A_CLOCK == 0 &&
           clock_monotonic_ns() > s->bounds->deadline_ns;
}

/* The next choice from `e` on; NULL: there is none. MEMO_FULL shows in *full. */
static struct event *choose(struct search *s, struct event *e, bool *full)
{
    for (; is_candidate(e); e = e->next) {
        if (!may_take(s, e->op))
            continue;
        enum memo_outcome outcome = memo_add(&s->memo, print_after(s, e->op));
        *full = outcome == MEMO_FULL;
        if (outcome != MEMO_KNOWN)
            return e;
    }
    return NULL;
}

static enum linear_answer search(struct search *s)
{
    take_forced(s);
    struct event *from = s->head.next;
    while (s->left > 0) {
        bool full = false;
        struct event *e = choose(s, from, &full);
        s->steps++;
        if (full || is_exhausted(s))
            return LINEAR_UNDECIDED;
        if (e) {
            take(s, e, false);
            take_forced(s);
            from = s->head.next;
            continue;
        }
        const struct frame *back;
        do {
            back = take_back(s);
        } while (back && back->forced);
        if (!back)
            return LINEAR_NO;
        from = back->call->next;
    }
    return LINEAR_YES;
}

enum linear_answer linear_check(const struct linear_op *ops, size_t count, uint32_t initial,
                                const struct linear_bounds *bounds, uint64_t *ret_steps)
{
    struct search s = {.bounds = bounds, .memo = {.memory = bounds->memory}};
    linear_prepare(ops, count, initial, &s.problem);
    enum linear_answer answer = LINEAR_NO;
    if (!s.problem.impossible) {
        s.value = s.problem.initial;
        s.stack = xmalloc((s.problem.count + 1) * sizeof(*s.stack));
        link_events(&s);
        count_left(&s);
        answer = search(&s);
    }
    if (ret_steps)
        *ret_steps = s.steps;
    linear_problem_done(&s.problem);
    memo_done(&s.memo);
    free(s.events);
    free(s.stack);
    free(s.finders_left);
    free(s.writers_left);
    return answer;
}
