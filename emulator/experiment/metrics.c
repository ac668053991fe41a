/* SPDX-License-Identifier: MIT */
#include "experiment/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

void metrics_done(struct metrics *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->series[i].metric);
        free(m->series[i].unit);
        free(m->series[i].samples);
    }
    free(m->series);
    *m = (struct metrics){0};
}

static struct series *find(const struct metrics *m, unsigned node, const char *metric)
{
    for (size_t i = m->count; i-- > 0;) /* the newest are asked for most */
        if (m->series[i].node == node && strcmp(m->series[i].metric, metric) == 0)
            return &m->series[i];
    return NULL;
}

void metrics_add(struct metrics *m, unsigned node, const char *metric, const char *unit, double at,
                 double value)
{
    struct series *s = find(m, node, metric);
    if (!s) {
        m->series = array_grow(m->series, m->count, sizeof(*m->series));
        s = &m->series[m->count++];
        *s = (struct series){.node = node, .metric = xstrdup(metric), .unit = xstrdup(unit)};
    }
    s->samples = array_grow(s->samples, s->count, sizeof(*s->samples));
    s->samples[s->count++] = (struct sample){at, value};
}

const struct series *metrics_find(const struct metrics *m, unsigned node, const char *metric)
{
    return find(m, node, metric);
}

double metrics_last(const struct metrics *m, unsigned node, const char *metric, double otherwise)
{
    const struct series *s = find(m, node, metric);
    return s ? s->samples[s->count - 1].value : otherwise;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double series_quantile(const struct series *s, double share)
{
    if (!s || s->count == 0)
        return NAN;
    _cleanup_(freep) double *sorted = xcalloc(s->count, sizeof(*sorted));
    for (size_t i = 0; i < s->count; i++)
        sorted[i] = s->samples[i].value;
    qsort(sorted, s->count, sizeof(*sorted), by_value);
    size_t rank = (size_t)ceil(share * (double)s->count);
    return sorted[rank > 0 ? rank - 1 : 0];
}

double series_mean(const struct series *s)
{
    double sum = 0;
    if (!s || s->count == 0)
        return NAN;
    for (size_t i = 0; i < s->count; i++)
        sum += s->samples[i].value;
    return sum / (double)s->count;
}
