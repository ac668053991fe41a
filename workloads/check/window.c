/* SPDX-License-Identifier: MIT */
#include "window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static bool violates(const struct linear_op *ops, size_t count, uint32_t initial,
                     const struct linear_bounds *bounds)
{
    return linear_check(ops, count, initial, bounds, NULL) == LINEAR_NO;
}

/* What is known at time `end`; `out` has room for all. */
static size_t beginning(const struct linear_op *ops, size_t count, double end,
                        struct linear_op *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct linear_op op = ops[i];
        if (op.call > end || (op.ret > end && op.kind == LINEAR_READ))
            continue;
        if (op.ret > end) {
            op.ret = INFINITY;
            op.optional = true;
        }
        out[kept++] = op;
    }
    return kept;
}

/* What is known of the time from `begin` on. */
static size_t ending(const struct linear_op *ops, size_t count, double begin, struct linear_op *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct linear_op op = ops[i];
        if (op.ret < begin || (op.call < begin && op.kind == LINEAR_READ))
            continue;
        if (op.call < begin) {
            op.ret = INFINITY;
            op.optional = true;
        }
        out[kept++] = op;
    }
    return kept;
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The finite times at which operations are called or return, in order. */
static size_t list_times(const struct linear_op *ops, size_t count, bool returns, double *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        double at = returns ? ops[i].ret : ops[i].call;
        if (isfinite(at))
            out[kept++] = at;
    }
    qsort(out, kept, sizeof(*out), compare_times);
    return kept;
}

/* A violation begins with somebody's return, which lets bisection find the first such one. */
static size_t cut_end(const struct linear_op *ops, size_t count, uint32_t initial,
                      const struct linear_bounds *bounds, struct linear_op *out, double *ret_end)
{
    _cleanup_(freep) double *times = xmalloc((count + 1) * sizeof(*times));
    size_t time_count = list_times(ops, count, true, times), low = 0, high = time_count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        size_t kept = beginning(ops, count, times[middle], out);
        if (violates(out, kept, initial, bounds))
            high = middle;
        else
            low = middle + 1;
    }
    *ret_end = times[high];
    return beginning(ops, count, times[high], out);
}

static size_t cut_begin(const struct linear_op *ops, size_t count,
                        const struct linear_bounds *bounds, struct linear_op *out)
{
    _cleanup_(freep) double *times = xmalloc((count + 1) * sizeof(*times));
    size_t time_count = list_times(ops, count, false, times), low = 0, high = time_count;
    while (low < high) { /* [low] is the last that is known to do; from `high` on none does */
        size_t middle = low + (high - low) / 2;
        size_t kept = ending(ops, count, times[middle], out);
        if (violates(out, kept, LINEAR_ANY, bounds))
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : ending(ops, count, times[low - 1], out);
}

static bool is_found(const struct linear_op *ops, size_t count, uint32_t value)
{
    for (size_t i = 0; i < count; i++)
        if ((ops[i].kind == LINEAR_READ && ops[i].value == value) ||
            (ops[i].kind == LINEAR_CAS && ops[i].old == value && ops[i].value != value))
            return true;
    return false;
}

/* Without what the operations from place `from` on to `to` had promised; returns how many are left.
 */
static size_t weaken(const struct linear_op *ops, size_t count, size_t from, size_t to,
                     struct linear_op *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        out[kept] = ops[i];
        if (i >= from && i < to) {
            if (ops[i].kind == LINEAR_READ)
                continue;
            out[kept].optional = true;
            out[kept].ret = INFINITY;
        }
        kept++;
    }
    return kept;
}

/* Writes that need not have taken effect and that nobody found. */
static size_t drop_unfound(struct linear_op *ops, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!ops[i].optional || is_found(ops, count, ops[i].value))
            ops[kept++] = ops[i];
    return kept;
}

/* Takes away what is not needed, first in large pieces; what is left when the time is over stays.
 */
static void reduce(struct window *w, uint32_t initial, const struct linear_bounds *bounds)
{
    _cleanup_(freep) struct linear_op *out = xmalloc((w->count + 1) * sizeof(*out));
    for (size_t size = (w->count + 1) / 2; size > 0; size /= 2) {
        for (size_t to = w->count; to > 0; to = to > size ? to - size : 0) {
            if (bounds->deadline_ns && clock_monotonic_ns() > bounds->deadline_ns)
                return;
            size_t kept = weaken(w->ops, w->count, to > size ? to - size : 0, to, out);
            if (!violates(out, kept, initial, bounds))
                continue;
            memcpy(w->ops, out, kept * sizeof(*out));
            w->count = kept;
        }
        w->count = drop_unfound(w->ops, w->count);
    }
}

double window_end(const struct linear_op *ops, size_t count, uint32_t initial,
                  const struct linear_bounds *bounds)
{
    _cleanup_(freep) struct linear_op *out = xmalloc((count + 1) * sizeof(*out));
    double end;
    cut_end(ops, count, initial, bounds, out, &end);
    return end;
}

void window_find(const struct linear_op *ops, size_t count, uint32_t initial,
                 const struct linear_bounds *bounds, struct window *ret)
{
    struct window w = {.ops = xmalloc((count + 1) * sizeof(*ops))};
    _cleanup_(freep) struct linear_op *begun = xmalloc((count + 1) * sizeof(*begun));
    size_t begun_count = cut_end(ops, count, initial, bounds, begun, &w.end);
    w.count = cut_begin(begun, begun_count, bounds, w.ops);
    if (w.count > 0)
        initial = LINEAR_ANY;
    else /* it takes the first value to show it */
        memcpy(w.ops, begun, (w.count = begun_count) * sizeof(*begun));
    reduce(&w, initial, bounds);
    w.begin = w.end;
    for (size_t i = 0; i < w.count; i++)
        w.begin = fmin(w.begin, w.ops[i].call);
    *ret = w;
}

void window_done(struct window *w)
{
    free(w->ops);
    *w = (struct window){0};
}
