/* SPDX-License-Identifier: MIT */
#include "gaps.h"

#include <stdlib.h>

#include "base/mem.h"

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void add(struct gaps *g, double begin, double end, double threshold)
{
    double length = end - begin;
    if (length > g->longest.end - g->longest.begin)
        g->longest = (struct gap){begin, end};
    if (length < threshold || length <= 0)
        return;
    g->list = array_grow(g->list, g->count, sizeof(*g->list));
    g->list[g->count++] = (struct gap){begin, end};
}

void gaps_find(double *commits, size_t count, double begin, double end, double threshold,
               struct gaps *ret)
{
    struct gaps g = {0};
    double last = begin;
    if (count > 0)
        qsort(commits, count, sizeof(*commits), compare);
    for (size_t i = 0; i < count && commits[i] < end; i++) {
        if (commits[i] <= begin)
            continue;
        add(&g, last, commits[i], threshold);
        last = commits[i];
    }
    if (end > last)
        add(&g, last, end, threshold);
    *ret = g;
}

void gaps_done(struct gaps *g)
{
    free(g->list);
    *g = (struct gaps){0};
}
