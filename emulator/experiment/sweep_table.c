/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/measures.h"
#include "report/table.h"

enum { COLUMNS_MAX = 256 };

static unsigned trusted_runs(const struct sweep_book *b, const char *point)
{
    unsigned count = 0;
    for (size_t i = 0; i < b->record_count; i++)
        count += !b->records[i].failed && b->records[i].verdict == VERDICT_TRUSTED &&
                 strcmp(b->records[i].point, point) == 0;
    return count;
}

size_t sweep_values(const struct sweep_book *b, const char *point, const char *measure,
                    double **ret)
{
    bool only_trusted = trusted_runs(b, point) > 0;
    double *values = xcalloc(b->record_count + 1, sizeof(*values));
    size_t count = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        const struct sweep_record *r = &b->records[i];
        json_t *value = json_object_get(r->measures, measure);
        if (json_is_number(value) && strcmp(r->point, point) == 0 &&
            (!only_trusted || r->verdict == VERDICT_TRUSTED))
            values[count++] = json_number_value(value);
    }
    *ret = values;
    return count;
}

/* Whether a repetition was given up; true for one of its records only. */
static bool is_given_up(const struct sweep_book *b, size_t record)
{
    const struct sweep_record *r = &b->records[record];
    if (!r->failed || sweep_book_find(b, r->point, r->repeat))
        return false;
    for (size_t i = 0; i < record; i++)
        if (b->records[i].repeat == r->repeat && strcmp(b->records[i].point, r->point) == 0)
            return false;
    return true;
}

struct sweep_cell sweep_summarise(const struct sweep_book *b, const char *point,
                                  const char *measure)
{
    struct sweep_cell cell = {.trusted = trusted_runs(b, point)};
    for (size_t i = 0; i < b->record_count; i++) {
        if (strcmp(b->records[i].point, point) != 0)
            continue;
        cell.done += !b->records[i].failed;
        cell.failed += is_given_up(b, i);
    }
    cell.marked = cell.trusted == 0;
    _cleanup_(freep) double *values = NULL;
    size_t count = measure ? sweep_values(b, point, measure, &values) : 0;
    cell.stats = stats_of(values, count);
    return cell;
}

static bool is_measured(const struct sweep_book *b, const char *measure)
{
    for (size_t i = 0; i < b->record_count; i++)
        if (json_object_get(b->records[i].measures, measure))
            return true;
    return false;
}

char *sweep_measure_of(const struct sweep_book *b, const char *metric)
{
    static const char *const suffixes[] = {"_max", "_p50"};
    for (size_t i = 0; metric && i < ARRAY_LEN(suffixes); i++) {
        char *name = xasprintf("%s%s", metric, suffixes[i]);
        if (is_measured(b, name))
            return name;
        free(name);
    }
    return NULL;
}

char *sweep_main_measure(const struct sweep *w)
{
    return sweep_measure_of(&w->book, w->workload->main_metric);
}

const char *sweep_unit(const struct sweep *sweep, const char *metric)
{
    const struct workload *w = sweep->workload;
    for (size_t i = 0; i < w->metric_count; i++)
        if (strcmp(w->metrics[i].name, metric) == 0 && w->metrics[i].unit)
            return w->metrics[i].unit;
    return "";
}

static void add_measures(const struct sweep *w, const char *metric, struct sweep_measure **list,
                         size_t *count)
{
    static const char *const suffixes[] = {"_max", "", "_p50", "_p99", "_mean"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        _cleanup_(freep) char *name = xasprintf("%s%s", metric, suffixes[i]);
        bool known = !is_measured(&w->book, name);
        for (size_t k = 0; k < *count && !known; k++)
            known = strcmp((*list)[k].name, name) == 0;
        if (known)
            continue;
        *list = array_grow(*list, *count, sizeof(**list));
        (*list)[(*count)++] = (struct sweep_measure){TAKE_PTR(name), sweep_unit(w, metric)};
    }
}

size_t sweep_measures(const struct sweep *w, struct sweep_measure **ret)
{
    size_t count = 0;
    *ret = NULL;
    if (w->workload->main_metric)
        add_measures(w, w->workload->main_metric, ret, &count);
    for (char **metric = w->workload->table; metric && *metric; metric++)
        add_measures(w, *metric, ret, &count);
    const char *name, *unit;
    for (size_t i = 0; (name = measures_cost(i, &unit)); i++) {
        if (!is_measured(&w->book, name))
            continue;
        *ret = array_grow(*ret, count, sizeof(**ret));
        (*ret)[count++] = (struct sweep_measure){xstrdup(name), unit};
    }
    return count;
}

void sweep_measures_free(struct sweep_measure *measures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(measures[i].name);
    free(measures);
}

static void csv_text(FILE *out, const char *text)
{
    csv_field(out, text ? text : "");
    putc(',', out);
}

static void csv_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    putc(',', out);
}

static void csv_axes(const struct scenario *s, json_t *point, FILE *out)
{
    for (size_t i = 0; i < s->sweep_count; i++)
        csv_text(out, point ? json_string_value(json_object_get(point, s->sweep[i].key))
                            : s->sweep[i].key);
}

static void write_stats(const struct sweep *w, const char *point, const char *measure, FILE *out)
{
    double *all;
    size_t count = sweep_values(&w->book, point, measure, &all);
    _cleanup_(freep) double *values = all;
    struct stats s = stats_of(values, count);
    struct interval median = stats_median_bootstrap(values, count, w->scenario->seed);
    csv_number(out, s.median);
    csv_number(out, s.mean);
    csv_number(out, s.sd);
    csv_number(out, s.ci.low);
    csv_number(out, s.ci.high);
    csv_number(out, median.low);
    csv_number(out, median.high);
}

/* Every line of the two tables has something in its last column, so that none ends in a comma. */
static void write_points(const struct sweep *w, const struct sweep_measure *measures, size_t count,
                         FILE *out)
{
    static const char *const columns[] = {
        "median", "mean", "sd", "ci_low", "ci_high", "median_ci_low", "median_ci_high"};
    csv_axes(w->scenario, NULL, out);
    fputs("n,trusted,failed,", out);
    for (size_t m = 0; m < count; m++)
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
            fprintf(out, "%s_%s,", measures[m].name, columns[i]);
    fputs("marked\n", out);
    for (size_t p = 0; p < w->scenario->point_count; p++) {
        json_t *point = sweep_point(w->scenario, p);
        struct sweep_cell cell = sweep_summarise(&w->book, w->points[p], NULL);
        csv_axes(w->scenario, point, out);
        json_decref(point);
        fprintf(out, "%u,%u,%u,", cell.done, cell.trusted, cell.failed);
        for (size_t m = 0; m < count; m++) {
            write_stats(w, w->points[p], measures[m].name, out);
        }
        fprintf(out, "%s\n", cell.marked ? "yes" : "no");
    }
}

static void write_runs(const struct sweep *w, const struct sweep_measure *measures, size_t count,
                       FILE *out)
{
    csv_axes(w->scenario, NULL, out);
    fputs("repeat,attempt,seed,outcome,verdict,took_s,error,", out);
    for (size_t m = 0; m < count; m++)
        fprintf(out, "%s,", measures[m].name);
    fputs("run\n", out);
    for (size_t i = 0; i < w->book.record_count; i++) {
        const struct sweep_record *r = &w->book.records[i];
        csv_axes(w->scenario, json_object_get(r->line, "point"), out);
        fprintf(out, "%u,", r->repeat);
        csv_number(out, (double)json_integer_value(json_object_get(r->line, "attempt")));
        fprintf(out, "%lld,", (long long)json_integer_value(json_object_get(r->line, "seed")));
        csv_text(out, json_string_value(json_object_get(r->line, "outcome")));
        csv_text(out, json_string_value(json_object_get(r->line, "verdict")));
        csv_number(out, r->took_s);
        csv_text(out, json_string_value(json_object_get(r->line, "error")));
        for (size_t m = 0; m < count; m++) {
            json_t *value = json_object_get(r->measures, measures[m].name);
            csv_number(out, value ? json_number_value(value) : NAN);
        }
        const char *run = json_string_value(json_object_get(r->line, "run"));
        csv_field(out, run ? run : "");
        putc('\n', out);
    }
}

static int write_file(const struct sweep *w, const char *name,
                      void (*write)(const struct sweep *, const struct sweep_measure *, size_t,
                                    FILE *),
                      struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", w->book.folder, name);
    struct sweep_measure *measures;
    FILE *out = fopen(path, "we");
    if (!out)
        return error_errno(err, errno, "cannot write '%s'", path);
    size_t count = sweep_measures(w, &measures);
    write(w, measures, count, out);
    sweep_measures_free(measures, count);
    bool failed = ferror(out);
    if (fclose(out) < 0 || failed)
        return error_set(err, EIO, "cannot write all of '%s': is the disk full?", path);
    return 0;
}

int sweep_write_csv(const struct sweep *w, struct error *err)
{
    int r = write_file(w, "runs.csv", write_runs, err);
    return r < 0 ? r : write_file(w, "sweep.csv", write_points, err);
}

/* "20.31 ± 0.04 s", "412 MB/s ± 3 MB/s": the mean, and half the width of its interval where there
 * is one. */
static void add_mean(struct table *t, const struct sweep_cell *cell, const char *unit)
{
    double half = (cell->stats.ci.high - cell->stats.ci.low) / 2;
    char mean[UNITS_TEXT_MAX], width[UNITS_TEXT_MAX];
    bool has_prefix = *unit && strcmp(unit, "s") != 0 && strcmp(unit, "/s") != 0;
    if (cell->stats.count == 0)
        table_add(t, "-");
    else if (has_prefix && isnan(half))
        table_add(t, "%s", units_format_quantity(mean, cell->stats.mean, unit));
    else if (has_prefix)
        table_add(t, "%s ± %s", units_format_quantity(mean, cell->stats.mean, unit),
                  units_format_quantity(width, half, unit));
    else if (isnan(half))
        table_add(t, "%.4g%s%s", cell->stats.mean, *unit ? " " : "", unit);
    else
        table_add(t, "%.4g ± %.2g%s%s", cell->stats.mean, half, *unit ? " " : "", unit);
}

static void add_row(const struct sweep *w, struct table *t, size_t p,
                    const struct sweep_measure *measures, size_t count)
{
    json_t *point = sweep_point(w->scenario, p);
    for (size_t i = 0; i < w->scenario->sweep_count; i++) {
        const char *value = json_string_value(json_object_get(point, w->scenario->sweep[i].key));
        table_add(t, "%s", value ? value : "");
    }
    json_decref(point);
    struct sweep_cell cell = sweep_summarise(&w->book, w->points[p], NULL);
    table_add(t, "%u", cell.done);
    for (size_t m = 0; m < count; m++) {
        cell = sweep_summarise(&w->book, w->points[p], measures[m].name);
        add_mean(t, &cell, measures[m].unit);
    }
    if (cell.done == 0)
        table_add(t, "%s", cell.failed ? "failed" : "");
    else if (cell.failed)
        table_add(t, "%u of %u trusted, %u failed", cell.trusted, cell.done, cell.failed);
    else
        table_add(t, "%s",
                  cell.marked                ? "* not trusted"
                  : cell.trusted < cell.done ? "some not trusted"
                                             : "trusted");
}

static void print_retries(const struct sweep_book *b)
{
    unsigned count = 0;
    for (size_t i = 0; i < b->record_count; i++)
        count += b->records[i].failed &&
                 sweep_book_find(b, b->records[i].point, b->records[i].repeat) != NULL;
    if (count > 0)
        printf("  %u %s failed and %s made again (runs.csv has the reasons)\n\n", count,
               count == 1 ? "run" : "runs", count == 1 ? "was" : "were");
}

void sweep_print_table(const struct sweep *w)
{
    const struct scenario *s = w->scenario;
    char *columns[COLUMNS_MAX];
    size_t count = 0;
    struct sweep_measure *measures;
    size_t measure_count = sweep_measures(w, &measures);
    for (size_t i = 0; i < s->sweep_count; i++) {
        const char *dot = strrchr(s->sweep[i].key, '.');
        columns[count++] = xasprintf(">%s", dot ? dot + 1 : s->sweep[i].key);
    }
    columns[count++] = xstrdup(">n");
    /* the whole of them is in sweep.csv */
    size_t shown = measure_count < 6 ? measure_count : 6;
    for (size_t m = 0; m < shown; m++)
        columns[count++] = xasprintf(">%s", measures[m].name);
    columns[count++] = xstrdup("verdict");
    struct table *t = table_new((const char *const *)columns, count);
    for (size_t p = 0; p < s->point_count; p++)
        add_row(w, t, p, measures, shown);
    putchar('\n');
    table_print(t, stdout, "  ");
    puts("\n  mean ± half of its 95 % confidence interval (Student's t), of the runs whose verdict "
         "is trusted;\n  * a point without any: of all its runs\n");
    print_retries(&w->book);
    table_free(t);
    while (count > 0)
        free(columns[--count]);
    sweep_measures_free(measures, measure_count);
}
