/* SPDX-License-Identifier: MIT */
#include "report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "report/html.h"
#include "report/page_files.h"
#include "report/svg.h"
#include "report/table.h"

/* page.html has these places: what comes at them is written, and where the body begins is told. */
static const char *put_frame(FILE *out, const char *at, const char *title)
{
    static const char body[] = "@BODY@";
    const char *end = strstr(at, body);
    while (*at && at != end) {
        if (strncmp(at, "@TITLE@", 7) == 0) {
            html_put(out, title);
            at += 7;
        } else if (strncmp(at, "@STYLE@", 7) == 0) {
            fputs(page_css, out);
            at += 7;
        } else if (strncmp(at, "@SCRIPT@", 8) == 0) {
            fputs(page_js, out);
            at += 8;
        } else {
            putc(*at++, out);
        }
    }
    return end ? end + sizeof(body) - 1 : at;
}

void page_begin(FILE *out, const char *title)
{
    put_frame(out, page_html, title);
}

void page_end(FILE *out)
{
    const char *body = strstr(page_html, "@BODY@");
    put_frame(out, body ? body + strlen("@BODY@") : "", "");
}

static void put_formatted(FILE *out, const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        return;
    html_put(out, text);
    free(text);
}

void page_title(FILE *out, const char *title, const char *fmt, ...)
{
    va_list ap;
    fputs("<h1>", out);
    html_put(out, title);
    fputs("</h1>\n<p class=\"soft\">", out);
    va_start(ap, fmt);
    put_formatted(out, fmt, ap);
    va_end(ap);
    fputs("</p>\n", out);
}

void page_links(FILE *out)
{
    fputs("<nav aria-label=\"sections\"></nav>\n", out);
}

void page_section(FILE *out, const char *id, const char *heading)
{
    fprintf(out, "<section id=\"%s\"><h2>", id);
    html_put(out, heading);
    fputs("</h2>\n", out);
}

void page_section_end(FILE *out)
{
    fputs("</section>\n", out);
}

void page_note(FILE *out, const char *class, const char *fmt, ...)
{
    va_list ap;
    fprintf(out, class ? "<p class=\"%s\">" : "<p>", class);
    va_start(ap, fmt);
    put_formatted(out, fmt, ap);
    va_end(ap);
    fputs("</p>\n", out);
}

void page_numbers_begin(FILE *out)
{
    fputs("<dl class=\"numbers\">\n", out);
}

void page_number(FILE *out, const char *name, const char *fmt, ...)
{
    va_list ap;
    fputs("<div><dt>", out);
    html_put(out, name);
    fputs("</dt><dd>", out);
    va_start(ap, fmt);
    put_formatted(out, fmt, ap);
    va_end(ap);
    fputs("</dd></div>\n", out);
}

void page_numbers_end(FILE *out)
{
    fputs("</dl>\n", out);
}

/* --- tables --- */

static void put_download(FILE *out, const char *name)
{
    fputs("<a class=\"csv\" download=\"", out);
    html_put(out, name);
    fputs(".csv\" href=\"#\" hidden>CSV</a>", out);
}

void page_table_begin(FILE *out, const char *name, const struct page_column *columns, size_t count)
{
    fputs("<div class=\"table\" data-name=\"", out);
    html_put(out, name);
    fputs("\"><div class=\"tools\">", out);
    put_download(out, name);
    fputs("</div><div class=\"scroll\" tabindex=\"0\"><table><thead><tr>", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "<th scope=\"col\"%s data-v=\"",
                columns[i].kind == PAGE_HIDDEN   ? " class=\"x\""
                : columns[i].kind == PAGE_NUMBER ? " class=\"n\""
                                                 : "");
        html_put(out, columns[i].name);
        fputs("\">", out);
        html_put(out, columns[i].heading ? columns[i].heading : columns[i].name);
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>", out);
}

void page_row(FILE *out)
{
    fputs("\n<tr>", out); /* the end tag is implied */
}

void page_cell(FILE *out, const char *text)
{
    fputs("<td>", out);
    html_put(out, text);
}

void page_cell_number(FILE *out, double value, const char *shown)
{
    fputs("<td class=\"n\" data-v=\"", out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    fputs("\">", out);
    html_put(out, isfinite(value) ? shown : "–");
}

void page_cell_hidden(FILE *out, double value)
{
    fputs("<td class=\"x\" data-v=\"", out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    fputs("\">", out);
}

void page_cell_verdict(FILE *out, const char *verdict)
{
    fputs("<td class=\"word-", out);
    html_put(out, verdict);
    fputs("\">", out);
    html_put(out, verdict);
}

void page_table_end(FILE *out)
{
    fputs("</tbody></table></div></div>\n", out);
}

/* --- figures --- */

/* The marker on its line, or a bar. */
static void put_sample(FILE *out, enum plot_style style, size_t number)
{
    fprintf(out, "<svg viewBox=\"-7 -3 14 6\" style=\"color:var(--s%zu)\">", number % SVG_COLORS);
    if (style == PLOT_BARS)
        fputs("<rect x=\"-4\" y=\"-3\" width=\"8\" height=\"6\" fill=\"currentColor\"/></svg>",
              out);
    else
        fprintf(out, "<path d=\"M-7 0H7\"/><use href=\"#gpPt%d\" transform=\"scale(2.4)\"/></svg>",
                plot_marker(number) - 1);
}

static void put_entry(FILE *out, const struct plot_series *s, size_t number)
{
    fprintf(out, "<button type=\"button\" aria-pressed=\"true\" data-entry=\"%zu\">", number);
    put_sample(out, s->style, number);
    html_put(out, s->name);
    fputs("</button>", out);
}

/* Whether an entry, or a series that belongs to it, has a point. */
static bool has_points(const struct plot *plot, size_t entry)
{
    bool any = plot->series[entry].count > 0;
    for (size_t i = entry + 1; i < plot->series_count && !plot_is_entry(plot, i, NULL); i++)
        any = any || plot->series[i].count > 0;
    return any;
}

static void put_key(FILE *out, const struct plot *plot)
{
    bool has_hollow = false, has_failed = false;
    fputs("<div class=\"key\">", out);
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct plot_series *s = &plot->series[i];
        size_t number;
        has_hollow = has_hollow || (s->style == PLOT_HOLLOW && s->count > 0);
        has_failed = has_failed || (s->style == PLOT_FAILED && s->count > 0);
        if (plot_is_entry(plot, i, &number) && s->name && *s->name && has_points(plot, i))
            put_entry(out, s, number);
    }
    if (plot->has_reference && plot->reference_name) {
        fputs(
            "<span><svg viewBox=\"-7 -3 14 6\"><path d=\"M-7 0H7\" stroke-dasharray=\"2\"/></svg>",
            out);
        html_put(out, plot->reference_name);
        fputs("</span>", out);
    }
    if (has_hollow)
        fputs("<span>○ not trusted</span>", out);
    if (has_failed)
        fputs("<span>× failed</span>", out);
    fputs("</div>", out);
}

static void put_number(FILE *out, double value)
{
    putc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

/* What the figure shows, as CSV; between tags, so escaped. */
static void put_data(FILE *out, const struct plot *plot)
{
    static const char *const marks[] = {[PLOT_HOLLOW] = "not trusted", [PLOT_FAILED] = "failed"};
    char *data = NULL;
    size_t size = 0;
    FILE *csv = open_memstream(&data, &size);
    if (!csv)
        return;
    const char *name = "";
    fputs("series,x,y,low,high,mark\n", csv);
    for (size_t i = 0; i < plot->series_count; i++) {
        const struct plot_series *s = &plot->series[i];
        if (plot_is_entry(plot, i, NULL))
            name = s->name ? s->name : "";
        for (size_t k = 0; k < s->count; k++) {
            const struct plot_point *p = &s->points[k];
            csv_field(csv, name);
            if (s->style == PLOT_BARS) {
                putc(',', csv);
                csv_field(csv, p->label ? p->label : "");
            } else {
                put_number(csv, p->x);
            }
            put_number(csv, p->y);
            put_number(csv, p->low);
            put_number(csv, p->high);
            fprintf(csv, ",%s\n",
                    s->style < ARRAY_LEN(marks) && marks[s->style] ? marks[s->style] : "");
        }
    }
    fclose(csv);
    fputs("<pre class=\"data\" hidden>", out);
    html_put(out, data);
    fputs("</pre>", out);
    free(data);
}

void page_figure(FILE *out, const struct plot *plot, const char *name, const char *svg)
{
    fputs("<figure class=\"plot\" data-name=\"", out);
    html_put(out, name);
    fputs("\"><figcaption><span>", out);
    html_put(out, plot->title ? plot->title : name);
    fputs("</span>", out);
    put_download(out, name);
    fputs("</figcaption>", out);
    if (svg)
        fprintf(out, "<div class=\"scroll\">%s</div>", svg);
    else
        fputs("<p class=\"missing\">not drawn: gnuplot is missing or failed</p>", out);
    put_key(out, plot);
    put_data(out, plot);
    fputs("</figure>\n", out);
}

void page_picture(FILE *out, const char *title, const char *svg)
{
    fputs("<figure class=\"plot\"><figcaption><span>", out);
    html_put(out, title);
    fprintf(out, "</span></figcaption><div class=\"scroll\">%s</div></figure>\n", svg);
}

void page_code(FILE *out, const char *text, const char *name)
{
    fputs("<div class=\"code\"", out);
    if (name) {
        fputs(" data-name=\"", out);
        html_put(out, name);
        fputs("\"", out);
    }
    fputs("><pre tabindex=\"0\">", out);
    html_put(out, text);
    fputs("</pre></div>\n", out);
}
