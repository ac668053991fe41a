/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/sweep_axis.h"
#include "experiment/winner_table.h"
#include "report/table.h"

/* --- texts for people --- */

char *winner_mean(char text[WINNER_TEXT_MAX], const struct winner_value *v, const char *unit)
{
    char mean[UNITS_TEXT_MAX];
    double share = stats_relative_width(&v->stats) * 100;
    units_format_quantity(mean, v->stats.mean, unit);
    if (isfinite(share))
        snprintf(text, WINNER_TEXT_MAX, share < 10 ? "%.40s ± %.2g %%" : "%.40s ± %.0f %%", mean,
                 share);
    else
        snprintf(text, WINNER_TEXT_MAX, "%s", mean);
    return text;
}

char *winner_ratio(char text[WINNER_TEXT_MAX], const struct winner_value *v)
{
    const struct stats_ratio *r = &v->ratio;
    if (isnan(r->ratio))
        snprintf(text, WINNER_TEXT_MAX, "-");
    else if (isnan(r->ci.low))
        snprintf(text, WINNER_TEXT_MAX, "%.3g", r->ratio);
    else
        snprintf(text, WINNER_TEXT_MAX, "%.3g [%.3g, %.3g]", r->ratio, r->ci.low, r->ci.high);
    return text;
}

/* --- CSV --- */

void winner_add_number(struct table *t, double value)
{
    if (isfinite(value))
        table_add(t, "%.9g", value);
    else
        table_add(t, "%s", "");
}

static void add_value(struct table *csv, const struct winner_row *r, const struct winner_value *v)
{
    table_add(csv, "%s", r->cell);
    table_add(csv, "%s", r->metric->name);
    table_add(csv, "%s", v->name);
    table_add(csv, "%zu", v->stats.count);
    table_add(csv, "%u", v->failed);
    winner_add_number(csv, v->stats.mean);
    winner_add_number(csv, v->stats.sd);
    winner_add_number(csv, v->cv);
    winner_add_number(csv, v->stats.ci.low);
    winner_add_number(csv, v->stats.ci.high);
    winner_add_number(csv, v->ratio.ratio);
    winner_add_number(csv, v->ratio.ci.low);
    winner_add_number(csv, v->ratio.ci.high);
    table_add(csv, "%u", v->asked);
    table_add(csv, "%s", v->asked == 0 || v->stats.count == 0 ? "" : v->marked ? "no" : "yes");
    table_add(csv, "%s", r->metric->unit);
}

static struct table *describe_values(const struct winner_table *t)
{
    const char *const columns[] = {"cell",
                                   "metric",
                                   sweep_axis_short(t->of),
                                   "runs",
                                   "failed",
                                   "mean",
                                   "sd",
                                   "cv",
                                   "ci_low",
                                   "ci_high",
                                   "ratio",
                                   "ratio_ci_low",
                                   "ratio_ci_high",
                                   "asked",
                                   "trusted",
                                   "unit"};
    struct table *csv = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < t->row_count; i++)
        for (size_t k = 0; k < t->value_count; k++)
            add_value(csv, &t->rows[i], &t->rows[i].values[k]);
    return csv;
}

static struct table *describe_winners(const struct winner_table *t)
{
    static const char *const columns[] = {"cell",      "metric",  "winner", "winner_of_rest",
                                          "published", "finding", "note",   "published_note"};
    struct table *csv = table_new(columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < t->row_count; i++) {
        const struct winner_row *r = &t->rows[i];
        _cleanup_(freep) char *winner = winner_names(t, r, false);
        _cleanup_(freep) char *rest = winner_names(t, r, true);
        _cleanup_(freep) char *note = winner_note(t, r);
        table_add(csv, "%s", r->cell);
        table_add(csv, "%s", r->metric->name);
        table_add(csv, "%s", winner);
        table_add(csv, "%s", rest);
        table_add(csv, "%s", r->published ? r->published : "");
        table_add(csv, "%s", winner_finding_name(r->finding));
        table_add(csv, "%s", note);
        table_add(csv, "%s", r->note ? r->note : "");
    }
    return csv;
}

int winner_write_csv(struct table *csv /* consumed */, const char *folder, const char *name,
                     struct error *err)
{
    _cleanup_(table_freep) struct table *t = csv;
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);
    FILE *out = fopen(path, "we");
    if (!out)
        return error_errno(err, errno, "cannot write '%s'", path);
    table_csv(t, out);
    bool failed = ferror(out);
    if (fclose(out) < 0 || failed)
        return error_set(err, EIO, "cannot write all of '%s': is the disk full?", path);
    return 0;
}

int winner_table_write(const struct winner_table *t, const char *folder, struct error *err)
{
    int r = winner_write_csv(describe_values(t), folder, "comparison.csv", err);
    return r < 0 ? r : winner_write_csv(describe_winners(t), folder, "winners.csv", err);
}

/* --- the table on the terminal --- */

enum { COLUMNS_MAX = 64, FIXED_COLUMNS = 7 };

static size_t shown_values(const struct winner_table *t)
{
    return t->value_count < COLUMNS_MAX - FIXED_COLUMNS ? t->value_count
                                                        : COLUMNS_MAX - FIXED_COLUMNS;
}

/* What `to` took, and of the others the ratio to it. */
static void print_value(const struct winner_table *t, const struct winner_row *r,
                        const struct winner_value *v, struct table *table)
{
    char text[WINNER_TEXT_MAX];
    bool is_to = strcmp(v->name, t->to) == 0;
    if (is_to || isnan(v->ratio.ratio))
        winner_mean(text, v, r->metric->unit);
    else
        winner_ratio(text, v);
    table_add(table, "%s%s", text, v->marked ? " *" : "");
}

static void print_row(const struct winner_table *t, const struct winner_row *r, struct table *table)
{
    _cleanup_(freep) char *winner = winner_names(t, r, false);
    _cleanup_(freep) char *rest = winner_names(t, r, true);
    _cleanup_(freep) char *note = winner_note(t, r);
    table_add(table, "%s", r->cell);
    table_add(table, "%s", r->metric->name);
    for (size_t i = 0; i < shown_values(t); i++)
        print_value(t, r, &r->values[i], table);
    table_add(table, "%s", *winner ? winner : "-");
    if (t->value_count > 2)
        table_add(table, "%s", *rest ? rest : "-");
    if (t->has_published) {
        table_add(table, "%s", r->published ? r->published : "");
        table_add(table, "%s", winner_finding_name(r->finding));
    }
    table_add(table, "%s", note);
}

static void print_findings(const struct winner_table *t, FILE *out)
{
    size_t counts[WINNER_DIFFERS + 1];
    _cleanup_(freep) char *studied = winner_studied(t);
    winner_count_findings(t, counts);
    if (!t->has_published)
        return;
    fprintf(out,
            "  published winners%s: %zu agree, %zu are one of a tie here, %zu differ, of %zu "
            "(%zu without a winner here)\n",
            studied, counts[WINNER_AGREES], counts[WINNER_TIES], counts[WINNER_DIFFERS],
            t->row_count - counts[WINNER_NOT_PUBLISHED], counts[WINNER_UNKNOWN]);
}

void winner_table_print(const struct winner_table *t, FILE *out)
{
    char *columns[COLUMNS_MAX];
    size_t count = 0;
    columns[count++] = xstrdup("cell");
    columns[count++] = xstrdup("metric");
    for (size_t i = 0; i < shown_values(t) && t->row_count > 0; i++) {
        const char *name = t->rows[0].values[i].name;
        columns[count++] = xasprintf(strcmp(name, t->to) == 0 ? ">%s" : ">%s/%s", name, t->to);
    }
    columns[count++] = xstrdup("winner");
    if (t->value_count > 2)
        columns[count++] = xasprintf("without %s", t->to);
    if (t->has_published) {
        columns[count++] = xstrdup("published");
        columns[count++] = xstrdup("");
    }
    columns[count++] = xstrdup("note");
    struct table *table = table_new((const char *const *)columns, count);
    for (size_t i = 0; i < t->row_count; i++)
        print_row(t, &t->rows[i], table);
    table_print(table, out, "  ");
    fprintf(out,
            "\n  %s by mean over runs ± half of its 95 %% interval (Student's t); the others as "
            "ratio to it with its\n  95 %% interval; a tie (a = b) where intervals overlap; * none "
            "of the runs is trusted\n",
            t->to);
    print_findings(t, out);
    fputc('\n', out);
    table_free(table);
    while (count > 0)
        free(columns[--count]);
}
