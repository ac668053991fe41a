/* SPDX-License-Identifier: MIT */
#include "random_history.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"

struct draws {
    uint64_t key, n;
};

static double unit(struct draws *d)
{
    return prng_unit(d->key, d->n++);
}

static unsigned below(struct draws *d, unsigned n)
{
    return (unsigned)(unit(d) * n);
}

static int by_effect(const void *a, const void *b)
{
    const struct random_operation *x = *(struct random_operation *const *)a,
                                  *y = *(struct random_operation *const *)b;
    return x->effect < y->effect ? -1 : x->effect > y->effect;
}

static int by_call(const void *a, const void *b)
{
    const struct random_operation *x = a, *y = b;
    return x->op.call < y->op.call ? -1 : x->op.call > y->op.call;
}

/* One process asks one thing after the other; what takes effect is not known yet. */
static void draw(const struct random_history *what, struct draws *d, struct random_operation *all)
{
    double *free_at = xcalloc(what->processes, sizeof(*free_at));
    for (size_t i = 0; i < what->operations; i++) {
        struct random_operation *o = &all[i];
        o->process = (unsigned)(i % what->processes);
        o->key = below(d, what->keys);
        double kind = unit(d);
        o->op.kind = kind < what->cas                         ? LINEAR_CAS
                     : kind < what->cas + (1 - what->cas) / 2 ? LINEAR_READ
                                                              : LINEAR_WRITE;
        o->op.value = what->values ? below(d, what->values) + 1 : (uint32_t)i + 1;
        o->op.call = free_at[o->process] + unit(d) * 0.2;
        o->op.ret = o->op.call + 0.1 + unit(d);
        free_at[o->process] = o->op.ret;
        o->effect = o->op.call + unit(d) * (o->op.ret - o->op.call);
        if (unit(d) < what->unknown) {
            o->result = RANDOM_HISTORY_UNKNOWN;
            o->op.optional = true;
            o->op.ret = INFINITY;
            o->effect = unit(d) < 0.5 ? INFINITY : o->op.call + unit(d) * 5;
        }
    }
    free(free_at);
}

/* In the order of their effects: what each finds. */
static void take_effect(const struct random_history *what, struct draws *d,
                        struct random_operation *all)
{
    uint32_t *state = xcalloc(what->keys, sizeof(*state));
    struct random_operation **order = xcalloc(what->operations, sizeof(struct random_operation *));
    for (size_t i = 0; i < what->operations; i++)
        order[i] = &all[i];
    qsort(order, what->operations, sizeof(struct random_operation *), by_effect);
    for (size_t i = 0; i < what->operations; i++) {
        struct random_operation *o = order[i];
        uint32_t *value = &state[o->key];
        if (o->op.kind == LINEAR_CAS) /* mostly a good guess */
            o->op.old = unit(d) < 0.7  ? *value
                        : what->values ? below(d, what->values) + 1
                                       : *value + 1;
        if (isinf(o->effect))
            continue;
        if (o->op.kind == LINEAR_READ)
            o->op.value = *value;
        else if (o->op.kind == LINEAR_WRITE || o->op.old == *value)
            *value = o->op.value;
        else if (o->result == 0)
            o->result = RANDOM_HISTORY_FAILED;
    }
    free(order);
    free(state);
}

struct random_operation *random_history(const struct random_history *what)
{
    struct draws d = {.key = prng_key(what->seed, "history")};
    struct random_operation *all = xcalloc(what->operations, sizeof(*all));
    draw(what, &d, all);
    take_effect(what, &d, all);
    qsort(all, what->operations, sizeof(*all), by_call);
    return all;
}

size_t random_history_of_key(const struct random_operation *all, size_t count, unsigned key,
                             struct linear_op *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct random_operation *o = &all[i];
        if (o->key != key || o->result == RANDOM_HISTORY_FAILED ||
            (o->op.kind == LINEAR_READ && o->result != 0))
            continue;
        out[kept] = o->op;
        out[kept++].source = (uint32_t)i;
    }
    return kept;
}
