/* SPDX-License-Identifier: MIT
 *
 * What a comparison came to, in the report of its sweep: the winners, beside those that were
 * published, a figure of the ratios for each metric, and all statistics.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/units.h"
#include "experiment/reasons.h"
#include "experiment/report.h"
#include "experiment/sweep_axis.h"
#include "experiment/winner_table.h"
#include "report/page.h"

/* Beside what was published and does not agree. */
static void put_row_reasons(struct report *r, const struct reasons *reasons,
                            const struct winner_row *row)
{
    bool agrees = row->finding != WINNER_TIES && row->finding != WINNER_DIFFERS;
    _cleanup_(freep) char *text = agrees ? xstrdup("") : reasons_of_row(reasons, row);
    page_cell(r->out, *text || agrees ? text : "nothing differs beyond its interval");
}

static void put_winner(struct report *r, const struct winner_table *t,
                       const struct reasons *reasons, const struct winner_row *row)
{
    _cleanup_(freep) char *winner = winner_names(t, row, false);
    _cleanup_(freep) char *rest = winner_names(t, row, true);
    _cleanup_(freep) char *note = winner_note(t, row);
    page_row(r->out);
    page_cell(r->out, row->cell);
    page_cell(r->out, row->metric->name);
    page_cell(r->out, winner);
    if (t->value_count > 2)
        page_cell(r->out, rest);
    if (t->has_published) {
        page_cell(r->out, row->published ? row->published : "");
        page_cell(r->out, winner_finding_name(row->finding));
        page_cell(r->out, row->note ? row->note : "");
        if (reasons->are_known)
            put_row_reasons(r, reasons, row);
    }
    page_cell(r->out, note);
}

static void put_findings(struct report *r, const struct winner_table *t)
{
    size_t counts[WINNER_DIFFERS + 1];
    _cleanup_(freep) char *studied = winner_studied(t);
    winner_count_findings(t, counts);
    if (t->has_published)
        page_note(r->out, "note",
                  "Of %zu published winners%s %zu agree with what came out here, %zu are one of a "
                  "tie here, and %zu differ.",
                  t->row_count - counts[WINNER_NOT_PUBLISHED], studied, counts[WINNER_AGREES],
                  counts[WINNER_TIES], counts[WINNER_DIFFERS]);
}

static void put_winners(struct report *r, const struct winner_table *t,
                        const struct reasons *reasons)
{
    struct page_column columns[9];
    size_t n = 0;
    _cleanup_(freep) char *rest = xasprintf("without %s", t->to);
    columns[n++] = (struct page_column){"cell", NULL, PAGE_TEXT};
    columns[n++] = (struct page_column){"metric", NULL, PAGE_TEXT};
    columns[n++] = (struct page_column){"winner", NULL, PAGE_TEXT};
    if (t->value_count > 2)
        columns[n++] = (struct page_column){"winner_of_rest", rest, PAGE_TEXT};
    if (t->has_published) {
        columns[n++] = (struct page_column){"published", NULL, PAGE_TEXT};
        columns[n++] = (struct page_column){"finding", "here", PAGE_TEXT};
        columns[n++] = (struct page_column){"published_note", "said there", PAGE_TEXT};
        if (reasons->are_known)
            columns[n++] = (struct page_column){"reasons", "measured reasons here", PAGE_TEXT};
    }
    columns[n++] = (struct page_column){"note", "to be known", PAGE_TEXT};
    page_note(r->out, "note",
              "The best mean wins; where 95 %% intervals overlap with its own, it is a tie.");
    put_findings(r, t);
    page_table_begin(r->out, "winners", columns, n);
    for (size_t i = 0; i < t->row_count; i++)
        put_winner(r, t, reasons, &t->rows[i]);
    page_table_end(r->out);
}

static void put_reasons(struct report *r, const struct reasons *reasons)
{
    const char *to = reasons->table->to;
    _cleanup_(freep) char *ratio = xasprintf("ratio to %s", to);
    const struct page_column columns[] = {
        {"metric", NULL, PAGE_TEXT},  {sweep_axis_short(reasons->table->of), NULL, PAGE_TEXT},
        {"side", "is", PAGE_TEXT},    {"cells", "in cells", PAGE_TEXT},
        {"ratios", ratio, PAGE_TEXT}, {"reasons", "measured reasons", PAGE_TEXT}};
    size_t count;
    if (!reasons->are_known)
        return;
    struct reasons_group *groups = reasons_list_groups(reasons, &count);
    page_note(r->out, "note",
              "What differs from %s beyond its interval, and what of the same runs differs with "
              "it, as ratio to %s, the strongest first. How much of it each explains is not known. "
              "reasons.csv has each cell.",
              to, to);
    page_table_begin(r->out, "reasons-by-metric", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++) {
        const struct reasons_group *g = &groups[i];
        _cleanup_(freep) char *cells = xasprintf("%zu of %zu", g->cells, g->of);
        _cleanup_(freep) char *ratios = reasons_ratios(g);
        page_row(r->out);
        page_cell(r->out, g->metric->name);
        page_cell(r->out, g->value);
        page_cell(r->out, g->is_worse ? "worse" : "better");
        page_cell(r->out, cells);
        page_cell(r->out, ratios);
        page_cell(r->out, g->reasons);
    }
    page_table_end(r->out);
    reasons_groups_done(groups, count);
}

static void put_value(struct report *r, const struct winner_row *row, const struct winner_value *v)
{
    char text[WINNER_TEXT_MAX], number[16];
    page_row(r->out);
    page_cell(r->out, row->cell);
    page_cell(r->out, row->metric->name);
    page_cell(r->out, v->name);
    snprintf(number, sizeof(number), "%zu of %u", v->stats.count, v->asked);
    page_cell_number(r->out, (double)v->stats.count, number);
    page_cell_number(r->out, v->stats.mean,
                     units_format_quantity(text, v->stats.mean, row->metric->unit));
    page_cell_number(r->out, v->stats.ci.low,
                     units_format_quantity(text, v->stats.ci.low, row->metric->unit));
    page_cell_number(r->out, v->stats.ci.high,
                     units_format_quantity(text, v->stats.ci.high, row->metric->unit));
    snprintf(text, sizeof(text), "%.2g %%", v->cv * 100);
    page_cell_number(r->out, v->cv, isnan(v->cv) ? "-" : text);
    page_cell_number(r->out, v->ratio.ratio, winner_ratio(text, v));
    page_cell_hidden(r->out, v->ratio.ci.low);
    page_cell_hidden(r->out, v->ratio.ci.high);
    page_cell(r->out, v->marked ? "none trusted" : "");
}

static void put_values(struct report *r, const struct winner_table *t)
{
    _cleanup_(freep) char *ratio = xasprintf("ratio to %s", t->to);
    const struct page_column columns[] = {{"cell", NULL, PAGE_TEXT},
                                          {"metric", NULL, PAGE_TEXT},
                                          {sweep_axis_short(t->of), NULL, PAGE_TEXT},
                                          {"runs", NULL, PAGE_NUMBER},
                                          {"mean", NULL, PAGE_NUMBER},
                                          {"ci_low", "95 % from", PAGE_NUMBER},
                                          {"ci_high", "to", PAGE_NUMBER},
                                          {"cv", "coefficient of variation", PAGE_NUMBER},
                                          {"ratio", ratio, PAGE_NUMBER},
                                          {"ratio_ci_low", NULL, PAGE_HIDDEN},
                                          {"ratio_ci_high", NULL, PAGE_HIDDEN},
                                          {"marked", "", PAGE_TEXT}};
    fputs("<details><summary>comparison.csv: means, spread and ratios over runs</summary>", r->out);
    page_table_begin(r->out, "comparison", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < t->row_count; i++)
        for (size_t k = 0; k < t->value_count; k++)
            put_value(r, &t->rows[i], &t->rows[i].values[k]);
    page_table_end(r->out);
    fputs("</details>\n", r->out);
}

/* The ratios of one value in all cells of a metric. */
static size_t take_ratios(const struct winner_table *t, size_t metric, size_t value,
                          struct plot_point *points)
{
    size_t count = 0;
    for (size_t i = metric; i < t->row_count; i += t->metric_count) {
        const struct stats_ratio *ratio = &t->rows[i].values[value].ratio;
        bool has_interval = !isnan(ratio->ci.low);
        if (isfinite(ratio->ratio))
            points[count++] =
                (struct plot_point){.y = ratio->ratio,
                                    .low = has_interval ? ratio->ci.low : ratio->ratio,
                                    .high = has_interval ? ratio->ci.high : ratio->ratio,
                                    .label = t->rows[i].cell};
    }
    return count;
}

static void put_figure(struct report *r, const struct winner_table *t, size_t metric)
{
    size_t cells = t->row_count / t->metric_count, count = 0;
    _cleanup_(freep) struct plot_point *points =
        xcalloc(t->row_count * t->value_count + 1, sizeof(*points));
    _cleanup_(freep) struct plot_series *series = xcalloc(t->value_count + 1, sizeof(*series));
    _cleanup_(freep) char *words = report_words(t->metrics[metric].name);
    _cleanup_(freep) char *axis = xasprintf("%s, ratio to %s", words, t->to);
    _cleanup_(freep) char *title =
        xasprintf("%s (%s is better)", words, t->metrics[metric].less_is_better ? "less" : "more");
    _cleanup_(freep) char *name = xasprintf("comparison-%s", t->metrics[metric].name);
    for (size_t k = 0; k < t->value_count; k++) {
        const char *value = t->rows[0].values[k].name;
        struct plot_point *own = points + k * cells;
        if (strcmp(value, t->to) == 0)
            continue;
        series[count++] = (struct plot_series){.name = value,
                                               .style = PLOT_BARS,
                                               .points = own,
                                               .count = take_ratios(t, metric, k, own)};
    }
    const struct plot plot = {.title = title,
                              .y_label = axis,
                              .has_reference = true,
                              .reference = 1,
                              .reference_name = t->to,
                              .series = series,
                              .series_count = count,
                              .never_negative = true};
    report_figure(r, &plot, name);
}

void report_comparison(struct report *r, const struct sweep_book *b)
{
    struct winner_table t;
    if (!winner_table_read(b, &t))
        return;
    _cleanup_(freep) char *heading = xasprintf("Comparison of %s", sweep_axis_short(t.of));
    page_section(r->out, "comparison", heading);
    struct reasons reasons = reasons_find(b, &t);
    put_winners(r, &t, &reasons);
    put_reasons(r, &reasons);
    fputs("<div class=\"figures\">", r->out);
    for (size_t m = 0; m < t.metric_count && t.row_count > 0; m++)
        put_figure(r, &t, m);
    fputs("</div>\n", r->out);
    put_values(r, &t);
    page_section_end(r->out);
    reasons_done(&reasons);
    winner_table_done(&t);
}
