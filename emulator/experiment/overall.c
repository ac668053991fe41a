/* SPDX-License-Identifier: MIT */
#include "experiment/overall.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/histogram.h"
#include "base/mem.h"

struct overall {
    const struct workload_metric *metric;
    bool many;    /* some node has more than one sample */
    size_t count; /* samples of all nodes */
    double sum;   /* NAN unless the metric adds up */
    double mean, max;
    double p50, p99; /* NAN unless many */
};

/* All nodes' samples of a metric; the caller frees `ret->samples`. */
static void pool(const struct metrics *m, const char *metric, struct series *ret, bool *ret_many)
{
    *ret = (struct series){0};
    *ret_many = false;
    for (size_t i = 0; i < m->count; i++) {
        const struct series *s = &m->series[i];
        if (strcmp(s->metric, metric) != 0)
            continue;
        *ret_many |= s->count > 1;
        ret->samples = xrealloc(ret->samples, ret->count + s->count, sizeof(*ret->samples));
        memcpy(ret->samples + ret->count, s->samples, s->count * sizeof(*s->samples));
        ret->count += s->count;
    }
}

/* False if nobody reported the metric. */
static bool summarize(const struct run *r, const struct workload_metric *metric,
                      struct overall *ret)
{
    struct series all;
    double sum = 0, max = -INFINITY;
    *ret = (struct overall){.metric = metric, .sum = NAN, .p50 = NAN, .p99 = NAN};
    pool(&r->metrics, metric->name, &all, &ret->many);
    for (size_t i = 0; i < all.count; i++) {
        sum += all.samples[i].value;
        max = fmax(max, all.samples[i].value);
    }
    ret->count = all.count;
    ret->mean = sum / (double)all.count;
    ret->max = max;
    if (metric->adds_up)
        ret->sum = sum;
    if (ret->many) {
        ret->p50 = series_quantile(&all, 0.5);
        ret->p99 = series_quantile(&all, 0.99);
    }
    free(all.samples);
    return ret->count > 0;
}

static void set(json_t *object, const char *key, double value)
{
    if (!isnan(value))
        json_object_set_new(object, key, json_real(value));
}

json_t *overall_describe(const struct run *r)
{
    json_t *result = json_object();
    struct overall o;
    for (size_t i = 0; i < r->workload->metric_count; i++) {
        if (!summarize(r, &r->workload->metrics[i], &o))
            continue;
        json_t *object = json_pack("{s:I}", "count", (json_int_t)o.count);
        set(object, "sum", o.sum);
        set(object, "mean", o.mean);
        set(object, "p50", o.p50);
        set(object, "p99", o.p99);
        set(object, "max", o.max);
        json_object_set_new(result, o.metric->name, object);
    }
    return result;
}

static bool is_highlight(const struct run *r, const struct workload_metric *metric)
{
    for (char **name = r->workload->table; name && *name; name++)
        if (strcmp(*name, metric->name) == 0)
            return true;
    return metric->adds_up;
}

static struct table *table_of(const struct run *r, bool for_people)
{
    static const char *const columns[] = {"metric", ">samples", ">sum", ">mean",
                                          ">p50",   ">p99",     ">max"};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    struct overall o;
    for (size_t i = 0; i < r->workload->metric_count; i++) {
        const struct workload_metric *metric = &r->workload->metrics[i];
        if ((for_people && !is_highlight(r, metric)) || !summarize(r, metric, &o))
            continue;
        const double cells[] = {o.sum, o.mean, o.p50, o.p99, o.max};
        table_add(t, "%s", metric->name);
        table_add(t, "%zu", o.count);
        for (size_t k = 0; k < ARRAY_LEN(cells); k++)
            summary_add_cell(t, cells[k], metric->unit, for_people);
    }
    return t;
}

struct table *overall_table(const struct run *r)
{
    return table_of(r, true);
}

static void print_histogram(const char *metric, const char *node, const struct series *s, FILE *out)
{
    _cleanup_(freep) struct histogram *h = xcalloc(1, sizeof(*h));
    for (size_t i = 0; i < s->count; i++)
        histogram_record(h, (uint64_t)fmax(0, round(s->samples[i].value * NS_PER_SEC)));
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->bucket[i])
            fprintf(out, "%s,%s,%.9g,%llu\n", metric, node,
                    (double)histogram_bucket_top(i) / NS_PER_SEC, (unsigned long long)h->bucket[i]);
}

/* Of all nodes together the field `node` is empty. */
static void print_histograms(const struct run *r, FILE *out)
{
    fputs("metric,node,up_to,samples\n", out);
    for (size_t i = 0; i < r->workload->metric_count; i++) {
        const struct workload_metric *metric = &r->workload->metrics[i];
        struct series all;
        bool many;
        pool(&r->metrics, metric->name, &all, &many);
        if (many && strcmp(metric->unit, "s") == 0) {
            print_histogram(metric->name, "", &all, out);
            for (size_t k = 0; k < r->metrics.count; k++) {
                const struct series *s = &r->metrics.series[k];
                if (strcmp(s->metric, metric->name) == 0)
                    print_histogram(metric->name, r->scenario->nodes[s->node].name, s, out);
            }
        }
        free(all.samples);
    }
}

static int close_written(FILE *out, const char *name, struct error *err)
{
    bool failed = ferror(out);
    if (fclose(out) < 0 || failed)
        return error_set(err, EIO, "cannot write '%s'", name);
    return 0;
}

int overall_write(const struct run *r, struct error *err)
{
    FILE *out = results_create(&r->results, "overall.csv", err);
    if (!out)
        return -err->code;
    struct table *t = table_of(r, false);
    table_csv(t, out);
    table_free(t);
    int result = close_written(out, "overall.csv", err);
    if (result < 0)
        return result;
    out = results_create(&r->results, "histograms.csv", err);
    if (!out)
        return -err->code;
    print_histograms(r, out);
    return close_written(out, "histograms.csv", err);
}
