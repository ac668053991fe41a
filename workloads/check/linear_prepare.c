/* SPDX-License-Identifier: MIT */
#include "linear_prepare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* Of one value. */
struct tally {
    size_t writers; /* but a cas that finds what it writes */
    size_t finders;
    double first_call; /* of the writers */
    double first_ret;  /* of the finders that certainly took effect */
};

static int compare_values(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t place_of(const uint32_t *values, size_t count, uint32_t value)
{
    const uint32_t *found = bsearch(&value, values, count, sizeof(value), compare_values);
    return (uint32_t)(found - values);
}

static void number_values(struct linear_problem *p)
{
    _cleanup_(freep) uint32_t *values = xmalloc((2 * p->count + 1) * sizeof(*values));
    size_t count = 0, distinct = 0;
    for (size_t i = 0; i < p->count; i++) {
        values[count++] = p->ops[i].value;
        if (p->ops[i].kind == LINEAR_CAS)
            values[count++] = p->ops[i].old;
    }
    if (p->initial != LINEAR_ANY)
        values[count++] = p->initial;
    qsort(values, count, sizeof(*values), compare_values);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || values[i] != values[i - 1])
            values[distinct++] = values[i];
    for (size_t i = 0; i < p->count; i++) {
        p->ops[i].value = place_of(values, distinct, p->ops[i].value);
        if (p->ops[i].kind == LINEAR_CAS)
            p->ops[i].old = place_of(values, distinct, p->ops[i].old);
    }
    if (p->initial != LINEAR_ANY)
        p->initial = place_of(values, distinct, p->initial);
    p->value_count = (uint32_t)distinct;
}

static bool is_noop(const struct linear_op *op)
{
    return op->kind == LINEAR_CAS && op->old == op->value;
}

static void tally_up(const struct linear_problem *p, struct tally *tallies)
{
    for (uint32_t v = 0; v < p->value_count; v++)
        tallies[v] = (struct tally){.first_call = INFINITY, .first_ret = INFINITY};
    for (size_t i = 0; i < p->count; i++) {
        const struct linear_op *op = &p->ops[i];
        uint32_t found;
        if (linear_finds(op, &found)) {
            tallies[found].finders++;
            if (!op->optional)
                tallies[found].first_ret = fmin(tallies[found].first_ret, op->ret);
        }
        if (op->kind != LINEAR_READ && !is_noop(op)) {
            tallies[op->value].writers++;
            tallies[op->value].first_call = fmin(tallies[op->value].first_call, op->call);
        }
    }
}

/* Leaves out and tightens; returns whether anything changed, which may allow more. */
static bool simplify(struct linear_problem *p, const struct tally *tallies)
{
    size_t kept = 0;
    bool changed = false;
    for (size_t i = 0; i < p->count; i++) {
        struct linear_op *op = &p->ops[i];
        const struct tally *t = &tallies[op->value];
        if (op->optional && (t->finders == 0 || is_noop(op))) {
            changed = true;
            continue;
        }
        bool alone = t->writers == 1 && op->value != p->initial && p->initial != LINEAR_ANY;
        if (op->kind != LINEAR_READ && !is_noop(op) && alone && t->first_ret < op->ret) {
            changed = changed || op->optional;
            op->ret = fmax(t->first_ret, op->call); /* below it: impossible() */
            op->optional = false;
        }
        p->ops[kept++] = *op;
    }
    p->count = kept;
    return changed;
}

/* Somebody found a value before anybody can have written it. */
static bool is_impossible(const struct linear_problem *p, const struct tally *tallies)
{
    for (uint32_t v = 0; v < p->value_count && p->initial != LINEAR_ANY; v++)
        if (v != p->initial && tallies[v].first_ret < tallies[v].first_call)
            return true;
    return false;
}

static int by_call(const void *a, const void *b)
{
    const struct linear_op *x = a, *y = b;
    if (x->call != y->call)
        return x->call < y->call ? -1 : 1;
    return x->ret < y->ret ? -1 : x->ret > y->ret;
}

void linear_prepare(const struct linear_op *ops, size_t count, uint32_t initial,
                    struct linear_problem *ret)
{
    struct linear_problem p = {.count = count, .initial = initial};
    p.ops = xmalloc((count + 1) * sizeof(*ops));
    if (count > 0)
        memcpy(p.ops, ops, count * sizeof(*ops));
    number_values(&p);
    _cleanup_(freep) struct tally *tallies = xcalloc(p.value_count + 1, sizeof(*tallies));
    do {
        tally_up(&p, tallies);
        p.impossible = is_impossible(&p, tallies);
    } while (!p.impossible && simplify(&p, tallies));
    qsort(p.ops, p.count, sizeof(*p.ops), by_call);
    *ret = p;
}

void linear_problem_done(struct linear_problem *p)
{
    free(p->ops);
    *p = (struct linear_problem){0};
}
