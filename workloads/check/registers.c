/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include "linear.h"
#include "window.h"

enum {
    STEPS_AT_FIRST = 1 << 16,
    STEPS_FACTOR = 16,
    WINDOW_STEPS = 1 << 18,
    WINDOW_TIME_S = 5,
    WINDOWS_MAX = 64, /* violations whose ends are looked for */
};

/* One key's operations that may have had an effect or have found something. */
struct object {
    struct linear_op *ops;
    size_t count;
    uint32_t key;
    bool decided, violates;
};

struct objects {
    struct object *items;
    size_t count;
};

static bool says_something(const struct operation *o)
{
    if (history_is_set(o) || o->result == RESULT_FAIL)
        return false;
    return o->op != OP_READ || o->result == RESULT_OK;
}

static void add_operation(struct objects *all, const struct operation *o, uint32_t place)
{
    static const enum linear_kind kinds[] = {LINEAR_READ, LINEAR_WRITE, LINEAR_CAS};
    struct object *last = all->count > 0 ? &all->items[all->count - 1] : NULL;
    if (!last || last->key != o->key) {
        all->items = array_grow(all->items, all->count, sizeof(*all->items));
        last = &all->items[all->count++];
        *last = (struct object){.key = o->key};
    }
    last->ops = array_grow(last->ops, last->count, sizeof(*last->ops));
    last->ops[last->count++] = (struct linear_op){
        .kind = kinds[o->op],
        .optional = o->result == RESULT_UNKNOWN,
        .value = o->value,
        .old = o->old,
        .call = o->call,
        .ret = o->ret,
        .source = place,
    };
}

static void collect(const struct history *h, struct objects *all, struct verdict *v)
{
    for (size_t i = 0; i < h->count; i++)
        if (says_something(&h->operations[i])) {
            add_operation(all, &h->operations[i], (uint32_t)i);
            v->operations++;
        }
    v->objects = all->count;
}

/* One pass over what is not decided; returns how many objects remain so. */
static size_t decide(struct objects *all, const struct linear_bounds *bounds)
{
    size_t remaining = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct object *o = &all->items[i];
        if (o->decided)
            continue;
        enum linear_answer answer = linear_check(o->ops, o->count, HISTORY_NULL, bounds, NULL);
        o->decided = answer != LINEAR_UNDECIDED;
        o->violates = answer == LINEAR_NO;
        remaining += !o->decided;
    }
    return remaining;
}

static size_t decide_all(struct objects *all, const struct registers_bounds *b)
{
    struct linear_bounds bounds = {STEPS_AT_FIRST, b->memory, b->deadline_ns};
    size_t remaining = decide(all, &bounds);
    while (remaining > 0 && clock_monotonic_ns() < b->deadline_ns &&
           bounds.steps * sizeof(uint64_t) < b->memory) { /* more of them would not be remembered */
        bounds.steps *= STEPS_FACTOR;
        remaining = decide(all, &bounds);
    }
    return remaining;
}

/* The violating object whose shortest violating beginning ends first. */
static const struct object *first_violation(const struct objects *all,
                                            const struct linear_bounds *bounds)
{
    const struct object *first = NULL;
    double first_end = INFINITY;
    unsigned looked = 0;
    for (size_t i = 0; i < all->count && looked < WINDOWS_MAX; i++) {
        const struct object *o = &all->items[i];
        if (!o->violates || (looked++ > 0 && clock_monotonic_ns() > bounds->deadline_ns))
            continue;
        double end = window_end(o->ops, o->count, HISTORY_NULL, bounds);
        if (end < first_end) {
            first = o;
            first_end = end;
        }
    }
    return first;
}

static void show(const struct objects *all, struct verdict *v)
{
    struct linear_bounds bounds = {WINDOW_STEPS, 256 << 20,
                                   clock_monotonic_ns() + WINDOW_TIME_S * NS_PER_SEC};
    const struct object *first = first_violation(all, &bounds);
    struct window w;
    bounds.deadline_ns = clock_monotonic_ns() + WINDOW_TIME_S * NS_PER_SEC;
    window_find(first->ops, first->count, HISTORY_NULL, &bounds, &w);
    uint32_t *places = xmalloc((w.count + 1) * sizeof(*places));
    for (size_t i = 0; i < w.count; i++)
        places[i] = w.ops[i].source;
    verdict_show(v, first->key, w.begin, w.end,
                 xstrdup("no order of these operations explains what they returned"), places,
                 w.count);
    window_done(&w);
}

void registers_check(const struct history *h, const struct registers_bounds *bounds,
                     struct verdict *ret)
{
    struct objects all = {0};
    *ret = (struct verdict){0};
    collect(h, &all, ret);
    ret->undecided = decide_all(&all, bounds);
    for (size_t i = 0; i < all.count; i++)
        ret->violations += all.items[i].violates;
    if (ret->violations > 0) {
        ret->answer = VERDICT_VIOLATION;
        show(&all, ret);
    } else if (ret->undecided > 0) {
        ret->answer = VERDICT_UNDECIDED;
        ret->reason = xstrdup("the search was ended by its bounds (--time, --memory)");
    }
    for (size_t i = 0; i < all.count; i++)
        free(all.items[i].ops);
    free(all.items);
}
