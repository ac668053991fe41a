/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "experiment/figures.h"
#include "experiment/measures.h"
#include "experiment/report.h"
#include "experiment/sweep_table.h"
#include "report/page.h"
#include "report/svg.h"

/* --- the top --- */

struct counts {
    size_t runs, by_verdict[VERDICT_BROKEN + 1], failed;
    size_t points, points_trusted, points_failed; /* failed: no run of it was done */
};

static struct counts count_all(const struct sweep_book *b)
{
    struct counts c = {.runs = b->record_count};
    json_t *points = sweep_book_points(b), *point;
    size_t i;
    for (i = 0; i < b->record_count; i++) {
        c.failed += b->records[i].failed;
        if (!b->records[i].failed)
            c.by_verdict[b->records[i].verdict]++;
    }
    json_array_foreach(points, i, point)
    {
        _cleanup_(freep) char *text = sweep_point_text(point);
        struct sweep_cell cell = sweep_summarise(b, text, NULL);
        c.points++;
        c.points_trusted += cell.trusted > 0;
        c.points_failed += cell.done == 0 && cell.failed > 0;
    }
    json_decref(points);
    return c;
}

/* Two reasons are the same if they differ in their numbers only. */
static char *shape_of(const char *reason)
{
    struct text shape = {0};
    for (; *reason; reason++)
        if (!isdigit((unsigned char)*reason) && *reason != '.')
            text_add(&shape, "%c", *reason);
    return shape.data ? shape.data : xstrdup("");
}

/* Why runs are not trusted, out of their folders: each reason with how many runs have it. */
static void add_reasons(const struct report *r, const struct sweep_book *b, json_t *reasons)
{
    json_t *counts = json_object(), *examples = json_object(), *reason, *count;
    const char *shape;
    for (size_t i = 0; i < b->record_count; i++) {
        _cleanup_(freep) char *path =
            xasprintf("%s/%s/fidelity.json", r->folder, json_text_of(b->records[i].line, "run"));
        json_t *fidelity = json_load_file(path, 0, NULL);
        size_t k;
        json_array_foreach(json_object_get(fidelity, "reasons"), k, reason)
        {
            const char *text = json_string_value(reason);
            _cleanup_(freep) char *key = shape_of(text ? text : "");
            json_int_t before = json_integer_value(json_object_get(counts, key));
            json_object_set_new(counts, key, json_integer(before + 1));
            if (before == 0)
                json_object_set(examples, key, reason);
        }
        json_decref(fidelity);
    }
    json_object_foreach(counts, shape, count)
    {
        json_array_append_new(
            reasons, json_sprintf("%lld %s, e.g.: %s", (long long)json_integer_value(count),
                                  json_integer_value(count) == 1 ? "run" : "runs",
                                  json_string_value(json_object_get(examples, shape))));
    }
    json_decref(counts);
    json_decref(examples);
}

static void put_verdict(struct report *r, const struct sweep_book *b, const struct counts *c)
{
    size_t trusted = c->by_verdict[VERDICT_TRUSTED];
    const char *verdict = trusted == 0 ? "broken" : trusted == c->runs ? "trusted" : "doubtful";
    _cleanup_(freep) char *headline = xasprintf("%zu of %zu runs are trusted", trusted, c->runs);
    _cleanup_(freep) char *sentence =
        xasprintf("%zu of %zu points have at least one trusted run; their means and intervals are "
                  "of trusted runs alone.",
                  c->points_trusted, c->points);
    json_t *reasons = json_array();
    if (!sweep_book_is_finished(b))
        json_array_append_new(reasons, json_string("the sweep is not finished: this is what there "
                                                   "is so far"));
    if (c->points_failed > 0)
        json_array_append_new(reasons,
                              json_sprintf("%zu points have failed runs only", c->points_failed));
    add_reasons(r, b, reasons);
    report_verdict(r, verdict, headline, sentence, reasons);
    json_decref(reasons);
    page_numbers_begin(r->out);
    page_number(r->out, "points", "%zu", c->points);
    page_number(r->out, "runs", "%zu", c->runs);
    page_number(r->out, "trusted", "%zu", trusted);
    page_number(r->out, "doubtful", "%zu", c->by_verdict[VERDICT_DOUBTFUL]);
    page_number(r->out, "broken", "%zu", c->by_verdict[VERDICT_BROKEN]);
    page_number(r->out, "failed", "%zu", c->failed);
    page_numbers_end(r->out);
}

/* --- costs by kind --- */

struct kind_cost {
    const char *kind;
    size_t runs;
    double *values[4]; /* by measure; as many as runs */
};

/* Which kind of node a record is of: the point's, or else the scenario's. */
static const char *kind_of(const struct sweep_book *b, const struct sweep_record *record)
{
    const char *key, *group;
    json_t *value, *node;
    json_object_foreach(json_object_get(record->line, "point"), key, value)
    {
        size_t len = strlen(key);
        if (strncmp(key, "nodes.", 6) == 0 && len > 5 && strcmp(key + len - 5, ".kind") == 0)
            return json_string_value(value);
    }
    json_object_foreach(json_object_get(json_object_get(b->about, "document"), "nodes"), group,
                        node)
    {
        if (*json_text_of(node, "kind"))
            return json_text_of(node, "kind");
    }
    return "process";
}

/* One measure of all runs of a kind that were done. */
static struct stats stats_of_kind(const struct sweep_book *b, const char *kind, const char *measure)
{
    _cleanup_(freep) double *values = xcalloc(b->record_count + 1, sizeof(*values));
    size_t count = 0;
    for (size_t i = 0; i < b->record_count; i++) {
        json_t *value = json_object_get(b->records[i].measures, measure);
        if (json_is_number(value) && strcmp(kind_of(b, &b->records[i]), kind) == 0)
            values[count++] = json_number_value(value);
    }
    return stats_of(values, count);
}

static void put_kind(struct report *r, const struct sweep_book *b, const char *kind)
{
    char text[REPORT_VALUE_MAX];
    const char *name, *unit;
    page_row(r->out);
    page_cell(r->out, kind);
    for (size_t m = 0; (name = measures_cost(m, &unit)); m++) {
        struct stats s = stats_of_kind(b, kind, name);
        if (m == 0) {
            snprintf(text, sizeof(text), "%zu", s.count);
            page_cell_number(r->out, (double)s.count, text);
        }
        if (strcmp(unit, "MiB") == 0)
            snprintf(text, sizeof(text), "%.1f MiB", s.mean);
        else
            report_value(text, s.mean, unit);
        page_cell_number(r->out, s.mean, text);
    }
}

static void put_costs(struct report *r, const struct sweep_book *b)
{
    static const struct page_column columns[] = {
        {"kind", NULL, PAGE_TEXT},
        {"runs", NULL, PAGE_NUMBER},
        {"node_boot_s", "boot", PAGE_NUMBER},
        {"node_memory_mib", "memory", PAGE_NUMBER},
        {"node_cpu_s", "processor time", PAGE_NUMBER},
        {"node_disk_mib", "files", PAGE_NUMBER},
        {"emulator_cpu_s", "the emulator itself, whole run", PAGE_NUMBER}};
    page_section(r->out, "costs", "What a node took of the machine, by kind");
    page_note(
        r->out, "note",
        "Means of a node over all runs that ended, whatever their verdict. Memory is the "
        "share that is the node's own (PSS), its database included, when the workload ended.");
    page_table_begin(r->out, "kinds", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < b->record_count; i++) {
        bool seen = b->records[i].failed;
        for (size_t k = 0; k < i && !seen; k++)
            seen = !b->records[k].failed &&
                   strcmp(kind_of(b, &b->records[k]), kind_of(b, &b->records[i])) == 0;
        if (!seen)
            put_kind(r, b, kind_of(b, &b->records[i]));
    }
    page_table_end(r->out);
    page_section_end(r->out);
}

/* --- points --- */

enum { SHOWN_MAX = 6, COLUMNS_MAX = 64 };

/* Measures that say the most, as far as they are on record. */
static size_t list_measures(const struct sweep_book *b, char *measures[SHOWN_MAX],
                            const char *units[SHOWN_MAX])
{
    const char *metrics[] = {json_text_of(b->about, "main"), "ratio", "local_insert",
                             "remote_batch", "lag"};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(metrics) && count < SHOWN_MAX; i++) {
        char *measure = sweep_measure_of(b, metrics[i]);
        if (!measure)
            continue;
        units[count] = json_text_of(json_object_get(b->about, "units"), metrics[i]);
        measures[count++] = measure;
    }
    return count;
}

static void put_mean(struct report *r, const struct stats *s, const char *unit)
{
    char text[REPORT_VALUE_MAX];
    page_cell_number(r->out, s->mean, report_mean(text, s, unit));
    page_cell_hidden(r->out, s->ci.low);
    page_cell_hidden(r->out, s->ci.high);
}

static void put_point(struct report *r, const struct sweep_book *b, const char *text,
                      char *const *measures, const char *const *units, size_t count)
{
    struct sweep_cell cell = sweep_summarise(b, text, NULL);
    const unsigned counts[] = {cell.done, cell.trusted, cell.failed};
    for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
        char number[16];
        snprintf(number, sizeof(number), "%u", counts[k]);
        page_cell_number(r->out, counts[k], number);
    }
    if (cell.done == 0)
        page_cell_verdict(r->out, cell.failed ? "failed" : "");
    else if (cell.marked)
        page_cell(r->out, "not trusted");
    else
        page_cell_verdict(r->out, "trusted");
    for (size_t m = 0; m < count; m++) {
        struct stats s = sweep_summarise(b, text, measures[m]).stats;
        put_mean(r, &s, units[m]);
    }
}

/* The headings; `*names` of each measure are the caller's to free. */
static size_t list_columns(const struct figure_points *table, char *const *measures, size_t count,
                           struct page_column columns[COLUMNS_MAX], char *names[])
{
    size_t n = 0;
    for (size_t k = 0; k < table->key_count && n < COLUMNS_MAX / 2; k++) {
        const char *dot = strrchr(table->keys[k].key, '.');
        columns[n++] =
            (struct page_column){table->keys[k].key, dot ? dot + 1 : table->keys[k].key, PAGE_TEXT};
    }
    columns[n++] = (struct page_column){"n", "runs", PAGE_NUMBER};
    columns[n++] = (struct page_column){"trusted", NULL, PAGE_NUMBER};
    columns[n++] = (struct page_column){"failed", NULL, PAGE_NUMBER};
    columns[n++] = (struct page_column){"verdict", NULL, PAGE_TEXT};
    for (size_t m = 0; m < count; m++) {
        names[2 * m] = xasprintf("%s_ci_low", measures[m]);
        names[2 * m + 1] = xasprintf("%s_ci_high", measures[m]);
        columns[n++] = (struct page_column){measures[m], NULL, PAGE_NUMBER};
        columns[n++] = (struct page_column){names[2 * m], NULL, PAGE_HIDDEN};
        columns[n++] = (struct page_column){names[2 * m + 1], NULL, PAGE_HIDDEN};
    }
    return n;
}

static void put_points(struct report *r, const struct sweep_book *b)
{
    json_t *points = sweep_book_points(b);
    struct figure_points table;
    struct page_column columns[COLUMNS_MAX];
    char *measures[SHOWN_MAX], *names[2 * SHOWN_MAX];
    const char *units[SHOWN_MAX];
    figure_points_read(points, &table);
    size_t count = list_measures(b, measures, units);
    size_t column_count = list_columns(&table, measures, count, columns, names);
    page_table_begin(r->out, "points", columns, column_count);
    for (size_t i = 0; i < table.count; i++) {
        _cleanup_(freep) char *text = sweep_point_text(json_array_get(points, i));
        page_row(r->out);
        for (size_t k = 0; k < table.key_count && k < COLUMNS_MAX / 2; k++) {
            int value = table.values[i * table.key_count + k];
            page_cell(r->out, value < 0 ? "" : table.keys[k].values[value]);
        }
        put_point(r, b, text, measures, units, count);
    }
    page_table_end(r->out);
    for (size_t m = 0; m < count; m++) {
        free(measures[m]);
        free(names[2 * m]);
        free(names[2 * m + 1]);
    }
    figure_points_done(&table);
    json_decref(points);
}

/* The pictures that the search itself has drawn. */
static void put_pictures(struct report *r)
{
    enum { PICTURE_MAX = 1 << 24 };
    static const char begin[] = "saturation-by-";
    _cleanup_(freep) char *folder = xasprintf("%s/plots", r->folder);
    _cleanup_(dir_closep) DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *end = strrchr(entry->d_name, '.');
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, entry->d_name);
        _cleanup_(freep) char *picture = NULL;
        if (strncmp(entry->d_name, begin, strlen(begin)) != 0 || strcmp(end, ".svg") != 0 ||
            file_read(path, PICTURE_MAX, &picture, NULL, NULL) < 0)
            continue;
        _cleanup_(freep) char *title =
            xasprintf("Saturation by %.*s", (int)(end - entry->d_name - (long)strlen(begin)),
                      entry->d_name + strlen(begin));
        _cleanup_(freep) char *svg = svg_inline(picture, title, NULL, 0);
        page_picture(r->out, title, svg);
    }
}

static void put_saturation(struct report *r)
{
    _cleanup_(freep) char *path = xasprintf("%s/saturation.csv", r->folder);
    if (!file_exists(path))
        return;
    page_section(r->out, "saturation", "Saturation");
    page_note(r->out, "note",
              "The highest value with which the main loop keeps up, and the next that was found to "
              "be too much.");
    fputs("<div class=\"figures\">", r->out);
    put_pictures(r);
    fputs("</div>\n", r->out);
    report_csv(r, "saturation");
    page_section_end(r->out);
}

static void put_tables(struct report *r, const struct sweep_book *b)
{
    page_section(r->out, "points", "Points");
    page_note(r->out, "note",
              "Mean ± half of its 95 %% confidence interval (Student's t), of trusted runs; of a "
              "point without any, of all its runs.");
    put_points(r, b);
    report_csv_folded(r, "fits", "fits.csv: lines and power laws through the trusted runs");
    report_csv_folded(r, "sweep", "sweep.csv: every measure of every point");
    report_csv_folded(r, "runs", "runs.csv: every run");
    page_section_end(r->out);
}

/* --- the end --- */

/* The machine is that of the first run whose folder is still there. */
static json_t *find_host(const struct report *r, const struct sweep_book *b)
{
    for (size_t i = 0; i < b->record_count; i++) {
        const char *name = json_text_of(b->records[i].line, "run");
        _cleanup_(freep) char *folder = xasprintf("%s/%s", r->folder, name);
        json_t *run;
        if (!*name || measures_read_run(folder, &run, NULL) < 0)
            continue;
        json_t *host = json_incref(json_object_get(run, "host"));
        json_decref(run);
        return host;
    }
    return NULL;
}

void report_sweep(struct report *r, const struct sweep_book *b)
{
    struct counts counts = count_all(b);
    const char *name = json_text_of(b->about, "name");
    _cleanup_(freep) char *title = xasprintf("%s, a sweep – wanlab", name);
    page_begin(r->out, title);
    page_title(r->out, name, "A sweep of %s · %zu points, %zu runs", json_text_of(b->about, "file"),
               counts.points, counts.runs);
    put_verdict(r, b, &counts);
    page_links(r->out);
    report_comparison(r, b);
    report_figures(r, b);
    put_saturation(r);
    put_costs(r, b);
    put_tables(r, b);
    json_t *host = find_host(r, b);
    report_scenario(r, "sweep", b->about, host, json_text_of(b->about, "wanlab"));
    json_decref(host);
    page_end(r->out);
}
