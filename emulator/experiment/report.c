/* SPDX-License-Identifier: MIT */
#include "experiment/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "experiment/measures.h"
#include "experiment/winner_table.h"
#include "report/csv.h"
#include "report/html.h"
#include "report/page.h"

enum { ROWS_MAX = 5000 };

#define NO_BREAK "\u00a0"

/* The unit that a time is shown in, and how many of them are a second. */
static const char *time_unit(double value, double *ret_scale)
{
    static const struct {
        double least, scale;
        const char *unit;
    } units[] = {{1, 1, "s"}, {1e-3, 1e3, "ms"}, {1e-6, 1e6, "µs"}, {0, 1e9, "ns"}};
    size_t i = value == 0 ? 0 : ARRAY_LEN(units) - 1;
    for (size_t k = ARRAY_LEN(units); k-- > 0 && value != 0;)
        if (fabs(value) >= units[k].least * 0.99995)
            i = k;
    *ret_scale = units[i].scale;
    return units[i].unit;
}

char *report_value(char text[REPORT_VALUE_MAX], double value, const char *unit)
{
    double scale = 1;
    if (!isfinite(value)) {
        snprintf(text, REPORT_VALUE_MAX, "–");
        return text;
    }
    bool is_time = unit && strcmp(unit, "s") == 0;
    if (is_time)
        unit = time_unit(value, &scale);
    /* four digits, also where they are zeros: they stand under one another */
    const char *format = !is_time                       ? "%.5g%s%s"
                         : fabs(value * scale) < 999.95 ? "%#.4g%s%s"
                                                        : "%.0f%s%s";
    snprintf(text, REPORT_VALUE_MAX, format, value * scale, unit && *unit ? NO_BREAK : "",
             unit ? unit : "");
    return text;
}

char *report_mean(char text[REPORT_VALUE_MAX], const struct stats *s, const char *unit)
{
    double scale = 1, half = (s->ci.high - s->ci.low) / 2;
    if (isnan(half))
        return report_value(text, s->mean, unit);
    if (strcmp(unit, "s") == 0)
        unit = time_unit(s->mean, &scale);
    snprintf(text, REPORT_VALUE_MAX, "%.4g ± %.2g%s%s", s->mean * scale, half * scale,
             *unit ? NO_BREAK : "", unit);
    return text;
}

char *report_words(const char *metric)
{
    char *words = xstrdup(metric);
    for (char *p = words; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    return words;
}

void report_figure(struct report *r, const struct plot *plot, const char *name)
{
    struct error err;
    _cleanup_(freep) char *path = xasprintf("%s/%s.svg", r->plots, name);
    _cleanup_(freep) char *svg = NULL;
    if (plot_write_inline(plot, path, &svg, &err) < 0 && r->not_drawn_count++ == 0)
        r->not_drawn = err;
    page_figure(r->out, plot, name, svg);
}

/* --- CSV files as they are --- */

static bool is_verdict(const char *text)
{
    static const char *const words[] = {"trusted", "doubtful", "broken", "failed"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static void put_field(FILE *out, const struct csv *c, int column)
{
    char shown[REPORT_VALUE_MAX];
    double value = csv_number(c, column);
    const char *text = csv_text(c, column);
    if (isfinite(value) && strchr(text, '.'))
        page_cell_number(out, value, report_value(shown, value, ""));
    else if (isfinite(value))
        page_cell_number(out, value, text);
    else if (is_verdict(text))
        page_cell_verdict(out, text);
    else
        page_cell(out, text);
}

static void put_table(struct report *r, struct csv *c, const char *name)
{
    struct page_column *columns = xcalloc(c->column_count, sizeof(*columns));
    bool more = csv_next(c);
    for (size_t i = 0; i < c->column_count; i++)
        columns[i] = (struct page_column){
            c->columns[i], NULL, more && isfinite(csv_number(c, (int)i)) ? PAGE_NUMBER : PAGE_TEXT};
    page_table_begin(r->out, name, columns, c->column_count);
    size_t rows = 0;
    for (; more && rows < ROWS_MAX; more = csv_next(c), rows++) {
        page_row(r->out);
        for (size_t i = 0; i < c->column_count; i++)
            put_field(r->out, c, (int)i);
    }
    page_table_end(r->out);
    if (more)
        page_note(r->out, "note", "The first %d rows; all are in %s.csv.", ROWS_MAX, name);
    if (c->was_cut)
        page_note(r->out, "note", "%s.csv ends in the middle of a line; that line is left out.",
                  name);
    free(columns);
}

void report_csv(struct report *r, const char *name)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s.csv", r->folder, name);
    struct csv c;
    struct error err;
    if (!file_exists(path))
        return;
    if (csv_open(&c, path, &err) < 0) {
        log_warn("%s, ignoring it", err.text);
        page_note(r->out, "note", "%s", err.text);
        return;
    }
    put_table(r, &c, name);
    csv_close(&c);
}

void report_csv_folded(struct report *r, const char *name, const char *summary)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s.csv", r->folder, name);
    if (!file_exists(path))
        return;
    fputs("<details><summary>", r->out);
    html_put(r->out, summary);
    fputs("</summary>", r->out);
    report_csv(r, name);
    fputs("</details>\n", r->out);
}

void report_verdict(struct report *r, const char *verdict, const char *headline,
                    const char *sentence, json_t *reasons)
{
    json_t *reason;
    size_t i;
    fputs("<div class=\"verdict ", r->out);
    html_put(r->out, is_verdict(verdict) ? verdict : "broken");
    fputs("\" id=\"verdict\"><strong>", r->out);
    html_put(r->out, headline);
    fputs("</strong>", r->out);
    page_note(r->out, NULL, "%s", sentence);
    if (json_array_size(reasons) > 0)
        fputs("<ul>", r->out);
    json_array_foreach(reasons, i, reason)
    {
        fputs("<li>", r->out);
        html_put(r->out, json_string_value(reason) ? json_string_value(reason) : "");
        fputs("</li>", r->out);
    }
    fputs(json_array_size(reasons) > 0 ? "</ul></div>\n" : "</div>\n", r->out);
}

/* --- the page --- */

/* Where pictures go: beside the results, or, where these cannot be written, away. */
static int open_plots(struct report *r, struct error *err)
{
    struct error ignored;
    r->plots = xasprintf("%s/plots", r->folder);
    if (file_make_dirs(r->plots, &ignored) == 0 && access(r->plots, W_OK) == 0)
        return 0;
    free(r->plots);
    r->plots = xstrdup("/tmp/wanlab-plots-XXXXXX");
    if (!mkdtemp(r->plots))
        return error_errno(err, errno, "cannot make a folder in /tmp for the pictures");
    r->plots_are_temporary = true;
    log_warn("'%s/plots' cannot be written: the pictures will be in the page only", r->folder);
    return 0;
}

static void close_plots(struct report *r)
{
    if (r->not_drawn_count > 0)
        log_warn("%zu pictures of the report are not drawn: %s", r->not_drawn_count,
                 r->not_drawn.text);
    if (r->plots_are_temporary)
        file_remove_tree(r->plots, NULL);
    free(r->plots);
}

static int put_body(struct report *r, json_t *run, const struct sweep_book *book, struct error *err)
{
    int result = open_plots(r, err);
    if (result == 0 && run)
        report_run(r, run);
    else if (result == 0)
        report_sweep(r, book);
    close_plots(r);
    return result;
}

static int write_page(const char *folder, const char *file, json_t *run,
                      const struct sweep_book *book, struct error *err)
{
    _cleanup_(freep) char *fresh = xasprintf("%s.new", file);
    struct report r = {.folder = folder, .out = fopen(fresh, "we")};
    if (!r.out)
        return error_errno(err, errno, "cannot write '%s'", fresh);
    int result = put_body(&r, run, book, err);
    bool failed = ferror(r.out);
    if ((fclose(r.out) != 0 || failed) && result == 0)
        result = error_set(err, EIO, "cannot write all of '%s': is the disk full?", fresh);
    if (result == 0 && rename(fresh, file) < 0)
        result = error_errno(err, errno, "cannot rename '%s' to '%s'", fresh, file);
    if (result < 0)
        unlink(fresh);
    return result;
}

/* The page has all of it in any case. */
static void write_comparison(const struct sweep_book *b)
{
    struct winner_table t;
    struct error err;
    if (!winner_table_read(b, &t))
        return;
    if (winner_table_write(&t, b->folder, &err) < 0)
        log_warn("%s", err.text);
    winner_table_done(&t);
}

static int write_sweep(const char *folder, const char *file, struct error *err)
{
    struct sweep_book book;
    int r = sweep_book_read(folder, true, &book, err);
    if (r < 0)
        return r;
    write_comparison(&book);
    r = write_page(folder, file, NULL, &book, err);
    sweep_book_close(&book);
    return r;
}

static int write_run(const char *folder, const char *file, struct error *err)
{
    json_t *run = NULL;
    int r = measures_read_run(folder, &run, err);
    if (r == 0)
        r = write_page(folder, file, run, NULL, err);
    json_decref(run);
    return r;
}

int report_write(const char *folder, const char *file, struct error *err)
{
    _cleanup_(freep) char *plain = xstrdup(folder);
    for (size_t len = strlen(plain); len > 1 && plain[len - 1] == '/';)
        plain[--len] = '\0';
    _cleanup_(freep) char *sweep = xasprintf("%s/sweep.json", plain);
    _cleanup_(freep) char *page = file ? xstrdup(file) : xasprintf("%s/report.html", plain);
    return file_exists(sweep) ? write_sweep(plain, page, err) : write_run(plain, page, err);
}

void report_try(const char *folder)
{
    struct error err;
    if (report_write(folder, NULL, &err) < 0)
        log_warn("there is no report, but all results are: %s (then: wanlab report %s)", err.text,
                 folder);
}
