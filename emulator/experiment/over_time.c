/* SPDX-License-Identifier: MIT */
#include "experiment/over_time.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"
#include "base/mem.h"
#include "report/csv.h"

enum { SAMPLES_A_BIN = 20 };

/* Calls `take` with every sample of one of the series. */
static int pass(const char *path, struct over_time *o, void *arg,
                void (*take)(struct over_time_series *s, size_t i, double at, double value,
                             void *arg),
                struct error *err)
{
    struct csv c;
    int r = csv_open(&c, path, err);
    if (r < 0)
        return r;
    int metric = csv_column(&c, "metric"), unit = csv_column(&c, "unit");
    int at_column = csv_column(&c, "at"), value_column = csv_column(&c, "value");
    if (metric < 0 || unit < 0 || at_column < 0 || value_column < 0)
        r = error_input(err, "'%s' lacks a column: it needs metric, at, value and unit", path);
    while (r == 0 && csv_next(&c)) {
        double at = csv_number(&c, at_column), value = csv_number(&c, value_column);
        if (strcmp(csv_text(&c, unit), "s") != 0 || !isfinite(at) || !(value >= 0 && value < 1e9))
            continue;
        for (size_t i = 0; i < o->count; i++)
            if (strcmp(o->series[i].metric, csv_text(&c, metric)) == 0)
                take(&o->series[i], i, at, value, arg);
    }
    o->was_cut = c.was_cut;
    csv_close(&c);
    return r;
}

static void take_range(struct over_time_series *s, size_t i, double at, double value, void *arg)
{
    (void)i, (void)value, (void)arg;
    s->begin = s->count ? fmin(s->begin, at) : at;
    s->end = s->count ? fmax(s->end, at) : at;
    s->count++;
}

static void take_value(struct over_time_series *s, size_t i, double at, double value, void *arg)
{
    struct histogram *const *histograms = arg;
    double place = (at - s->begin) / (s->end - s->begin) * (double)s->bin_count;
    size_t bin = place > 0 ? (size_t)place : 0; /* also where all are at one time */
    if (bin >= s->bin_count)
        bin = s->bin_count - 1;
    histogram_record(&histograms[i][bin], (uint64_t)(value * 1e9));
}

static void fill_bins(struct over_time_series *s, const struct histogram *histograms)
{
    s->bins = xcalloc(s->bin_count + 1, sizeof(*s->bins));
    for (size_t i = 0; i < s->bin_count; i++) {
        const struct histogram *h = &histograms[i];
        s->bins[i] = (struct over_time_bin){h->count, (double)histogram_quantile(h, 0.5) / 1e9,
                                            (double)histogram_quantile(h, 0.9) / 1e9,
                                            (double)histogram_quantile(h, 0.99) / 1e9};
    }
}

int over_time_read(const char *path, const char *const *metrics, size_t count,
                   struct over_time *ret, struct error *err)
{
    struct over_time o = {.series = xcalloc(count + 1, sizeof(*o.series)), .count = count};
    struct histogram **histograms = xcalloc(count + 1, sizeof(struct histogram *));
    for (size_t i = 0; i < count; i++)
        o.series[i].metric = xstrdup(metrics[i]);
    int r = pass(path, &o, NULL, take_range, err);
    for (size_t i = 0; i < count; i++) {
        size_t bins = o.series[i].count / SAMPLES_A_BIN;
        bins = bins < 1 ? 1 : bins > OVER_TIME_BINS_MAX ? OVER_TIME_BINS_MAX : bins;
        o.series[i].bin_count = bins;
        histograms[i] = xcalloc(bins, sizeof(**histograms));
    }
    if (r == 0)
        r = pass(path, &o, histograms, take_value, err);
    for (size_t i = 0; i < count; i++) {
        fill_bins(&o.series[i], histograms[i]);
        free(histograms[i]);
    }
    free(histograms);
    if (r < 0)
        over_time_done(&o);
    else
        *ret = o;
    return r;
}

void over_time_done(struct over_time *o)
{
    for (size_t i = 0; i < o->count; i++) {
        free(o->series[i].metric);
        free(o->series[i].bins);
    }
    free(o->series);
    *o = (struct over_time){0};
}
