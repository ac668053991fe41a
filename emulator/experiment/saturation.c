/* SPDX-License-Identifier: MIT */
#include "experiment/saturation.h"

#include <math.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/stats.h"

/* The median excess at a value. A certain answer takes all repetitions, another one perhaps one. */
static int judge(const struct saturation_search *s, double value, bool certain, double *ret,
                 struct saturation *counts, struct error *err)
{
    _cleanup_(freep) double *excesses = xcalloc(s->repeat, sizeof(*excesses));
    for (unsigned i = 0; i < s->repeat; i++) {
        int r = s->measure(value, i + 1, &excesses[i], s->arg, err);
        if (r < 0)
            return r;
        counts->runs++;
        if (i == 0 && !certain && fabs(excesses[0] - s->within) > s->within / 2) {
            *ret = excesses[0];
            return 0;
        }
    }
    *ret = stats_of(excesses, s->repeat).median;
    return 0;
}

static int check_ends(const struct saturation_search *s, struct saturation *found,
                      struct error *err)
{
    double excess;
    int r = judge(s, s->low, false, &excess, found, err);
    if (r < 0)
        return r;
    if (!(excess <= s->within)) {
        found->side = SATURATION_BELOW;
        found->lowest = s->low;
        return 0;
    }
    found->highest = s->low;
    found->excess = excess;
    r = judge(s, s->high, false, &excess, found, err);
    if (r < 0)
        return r;
    if (excess <= s->within) {
        found->side = SATURATION_ABOVE;
        found->highest = s->high;
        found->excess = excess;
        return 0;
    }
    found->lowest = s->high;
    return 0;
}

/* Moves one of the two sides to a value; whether it stays within is in `*ret`. */
static int move(const struct saturation_search *s, double value, bool certain,
                struct saturation *found, bool *ret, struct error *err)
{
    double excess;
    int r = judge(s, value, certain, &excess, found, err);
    if (r < 0)
        return r;
    *ret = excess <= s->within;
    if (*ret) {
        found->highest = value;
        found->excess = excess;
    } else {
        found->lowest = value;
    }
    return 0;
}

static int bisect(const struct saturation_search *s, struct saturation *found, struct error *err)
{
    bool within;
    while (found->lowest / found->highest > 1 + s->resolution) {
        int r = move(s, sqrt(found->highest * found->lowest), false, found, &within, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Both sides of the result are measured with all repetitions. One that turns out to be on the wrong
 * side opens the search again. `*ret_settled` is false then. */
static int confirm(const struct saturation_search *s, struct saturation *found, bool *ret_settled,
                   struct error *err)
{
    double low = found->highest, high = found->lowest;
    bool within;
    *ret_settled = false;
    int r = move(s, low, true, found, &within, err);
    if (r < 0)
        return r;
    if (!within && low <= s->low) {
        *found = (struct saturation){SATURATION_BELOW, NAN, low, NAN, found->runs};
        return 0;
    }
    if (!within) { /* one run had deceived: the edge is further down */
        found->highest = fmax(s->low, low / (1 + 2 * s->resolution));
        r = move(s, found->highest, true, found, &within, err);
        if (r == 0 && !within)
            found->highest = s->low;
        return r;
    }
    r = move(s, high, true, found, &within, err);
    if (r < 0)
        return r;
    if (within && high >= s->high)
        *found = (struct saturation){SATURATION_ABOVE, high, NAN, found->excess, found->runs};
    else if (within) /* or further up */
        found->lowest = s->high;
    else
        *ret_settled = true;
    return 0;
}

int saturation_find(const struct saturation_search *s, struct saturation *ret, struct error *err)
{
    enum { ROUNDS_MAX = 8 }; /* where noise is so large that nothing settles */
    struct saturation found = {.highest = NAN, .lowest = NAN, .excess = NAN};
    bool settled = false;
    int r = check_ends(s, &found, err);
    for (int i = 0; i < ROUNDS_MAX && !settled && r == 0 && found.side == SATURATION_FOUND; i++) {
        r = bisect(s, &found, err);
        if (r == 0)
            r = confirm(s, &found, &settled, err);
    }
    if (r < 0)
        return r;
    *ret = found;
    return 0;
}

unsigned saturation_expected_runs(const struct saturation_search *s)
{
    double steps = ceil(log2(log(s->high / s->low) / log1p(s->resolution)));
    return 2 + (unsigned)fmax(steps, 0) + 4 * (s->repeat - 1);
}
