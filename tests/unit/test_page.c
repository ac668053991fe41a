/* SPDX-License-Identifier: MIT
 *
 * What a page is made of: text as HTML, CSV files, gnuplot's pictures made fit for a page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "report/csv.h"
#include "report/html.h"
#include "report/page.h"
#include "report/rtt_matrix.h"
#include "report/svg.h"

static char path[] = "/tmp/wanlab-test-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static char *written;
static size_t written_size;

/* What a call writes to `out`; the caller frees it. */
#define WRITTEN(call)                                                                              \
    ({                                                                                             \
        FILE *out = open_memstream(&written, &written_size);                                       \
        call;                                                                                      \
        fclose(out);                                                                               \
        written;                                                                                   \
    })

static void nothing_in_a_text_means_anything_to_a_browser(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"</script><b onclick='x'>\"&amp;",
         "&lt;/script&gt;&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;amp;"},
        {"tab\tbell\a\x7f line\nend", "tab bell   line\nend"},
        {"µs, 東京", "µs, 東京"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct text t = {0};
        text_add(&t, "%s", "");
        html_add(&t, texts[i][0]);
        assert_string_equal(t.data, texts[i][1]);
        text_done(&t);
        _cleanup_(freep) char *put = WRITTEN(html_put(out, texts[i][0]));
        assert_string_equal(put, texts[i][1]);
        _cleanup_(freep) char *printed = WRITTEN(html_print(out, "%s", texts[i][0]));
        assert_string_equal(printed, texts[i][1]);
    }
}

static void a_table_has_the_exact_values_beside_the_shown_ones(void **state)
{
    (void)state;
    static const struct page_column columns[] = {
        {"no<de", NULL, PAGE_TEXT}, {"t_s", "time", PAGE_NUMBER}, {"low", NULL, PAGE_HIDDEN}};
    _cleanup_(freep) char *text = WRITTEN({
        page_table_begin(out, "a\"b", columns, ARRAY_LEN(columns));
        page_row(out);
        page_cell(out, "<db1>");
        page_cell_number(out, 0.000123456789, "123.5 µs");
        page_cell_hidden(out, NAN);
        page_table_end(out);
    });
    assert_non_null(strstr(text, "data-name=\"a&quot;b\""));
    assert_non_null(strstr(text, "<th scope=\"col\" data-v=\"no&lt;de\">no&lt;de</th>"));
    assert_non_null(strstr(text, "<th scope=\"col\" class=\"n\" data-v=\"t_s\">time</th>"));
    assert_non_null(strstr(text, "<td>&lt;db1&gt;<td class=\"n\" data-v=\"0.000123456789\">123.5 µs"
                                 "<td class=\"x\" data-v=\"\"></tbody>"));
}

static void the_page_has_its_style_and_script_inside(void **state)
{
    (void)state;
    _cleanup_(freep) char *text = WRITTEN({
        page_begin(out, "</title>");
        fputs("BODY", out);
        page_end(out);
    });
    const char *title = strstr(text, "<title>&lt;/title&gt;</title>");
    const char *style = strstr(text, "--paper:"), *body = strstr(text, "<main>\nBODY\n</main>");
    const char *script = strstr(text, "'use strict';");
    assert_true(title && style && body && script);
    assert_true(title < style && style < body && body < script);
    assert_null(strstr(text, "@BODY@"));
    assert_null(strstr(text, "@SCRIPT@"));
    assert_string_equal(text + strlen(text) - 8, "</html>\n");
}

static void csv_is_read_as_it_is_written(void **state)
{
    (void)state;
    struct csv c;
    struct error err;
    assert_int_equal(file_write(path, "a,b,c\r\n1,\"x,\"\"y\"\"\n2\",\n,,3.5\nshort\n7,8,9", &err),
                     0);
    assert_int_equal(csv_open(&c, path, &err), 0);
    assert_int_equal(c.column_count, 3);
    assert_int_equal(csv_column(&c, "c"), 2);
    assert_int_equal(csv_column(&c, "d"), -1);
    assert_true(csv_next(&c));
    assert_string_equal(csv_text(&c, 1), "x,\"y\"\n2");
    assert_true(csv_number(&c, 0) == 1 && isnan(csv_number(&c, 1)) && isnan(csv_number(&c, 2)));
    assert_true(csv_next(&c));
    assert_true(csv_number(&c, 2) == 3.5);
    assert_true(csv_next(&c));
    assert_string_equal(csv_text(&c, 2), "");
    assert_string_equal(csv_text(&c, -1), "");
    assert_false(csv_next(&c)); /* a line without its end was cut off */
    assert_true(c.was_cut);
    csv_close(&c);
}

static void an_empty_csv_file_is_an_error(void **state)
{
    (void)state;
    struct csv c;
    struct error err;
    assert_true(csv_open(&c, path, &err) < 0);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_non_null(strstr(err.text, "is empty"));
    assert_int_equal(file_write(path, "a,\"b\n", &err), 0); /* a quote that never ends */
    assert_true(csv_open(&c, path, &err) < 0);
}

static void a_picture_takes_the_pages_colours_and_tips(void **state)
{
    (void)state;
    static const char svg[] =
        "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 640 400\"\n "
        "xmlns=\"http://www.w3.org/2000/svg\""
        ">\n<title>figure</title>\n<defs>\n<circle id='gpDot' r='1'/></defs>\n"
        "<g fill=\"none\" color=\"black\">text</g>\n"
        "<g id=\"figure_plot_1\" ><title>x</title>\n<path stroke='rgb(  0, 114, 178)'/></g>\n"
        "<g id=\"figure_plot_2\" ><use xlink:href='#gpPt6' color='rgb(213,  94,   0)'/>"
        "<use xlink:href='#gpPt6'/></g>\n</svg>\n";
    char *tips[] = {"<b>1", NULL};
    const struct svg_element elements[] = {{0, NULL, 0}, {1, tips, 2}};
    _cleanup_(freep) char *page = svg_inline(svg, "a \"title\"", elements, 2);
    assert_string_equal(
        page, "<svg class=\"plot\" role=\"img\" viewBox=\"0 0 640 400\" "
              "aria-label=\"a &quot;title&quot;\">\n\n\n\n"
              "<g fill=\"none\" color=\"var(--ink)\">text</g>\n"
              "<g data-series=\"0\">\n<path stroke='var(--s0)'/></g>\n"
              "<g data-series=\"1\"><use data-tip=\"&lt;b&gt;1\" href='#gpPt6' color='var(--s1)'/>"
              "<use href='#gpPt6'/></g>\n</svg>\n");
    _cleanup_(freep) char *nothing = svg_inline("no picture", NULL, NULL, 0);
    assert_string_equal(nothing, "");
}

static void a_figures_data_are_there_to_be_downloaded(void **state)
{
    (void)state;
    struct plot_point good[] = {{600, 1.5, 1.25, 1.75, NULL}}, marked[] = {{60, 2, 2, 2, NULL}};
    struct plot_point failed[] = {{6, NAN, NAN, NAN, NULL}};
    struct plot_series series[] = {{"a,b", PLOT_LINES, good, 1},
                                   {NULL, PLOT_HOLLOW, marked, 1},
                                   {NULL, PLOT_FAILED, failed, 1},
                                   {"c", PLOT_LINES, good, 1}};
    struct plot plot = {.title = "t", .series = series, .series_count = 4};
    size_t number;
    assert_true(plot_is_entry(&plot, 0, &number));
    assert_false(plot_is_entry(&plot, 2, &number));
    assert_int_equal(number, 0);
    assert_true(plot_is_entry(&plot, 3, &number));
    assert_int_equal(number, 1);
    _cleanup_(freep) char *text = WRITTEN(page_figure(out, &plot, "name", NULL));
    assert_non_null(strstr(text, "hidden>series,x,y,low,high,mark\n"
                                 "&quot;a,b&quot;,600,1.5,1.25,1.75,\n"
                                 "&quot;a,b&quot;,60,2,2,2,not trusted\n"
                                 "&quot;a,b&quot;,6,,,,failed\nc,600,1.5,1.25,1.75,\n</pre>"));
    assert_non_null(strstr(text, "not drawn"));
    assert_non_null(strstr(text, "data-entry=\"1\""));
    assert_null(strstr(text, "data-entry=\"2\""));
}

static void a_round_trip_has_the_grade_of_its_error(void **state)
{
    (void)state;
    static const struct {
        double asked_ms, measured_ms;
        int grade;
    } cases[] = {{10, 10.4, 0}, {10, 9.4, 1}, {10, 12, 2},
                 {200, 206, 2}, {10, 16, 3},  {10, NAN, 3}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rtt_cell c = {cases[i].asked_ms / 1e3, cases[i].measured_ms / 1e3, 1};
        assert_int_equal(rtt_matrix_grade(&c), cases[i].grade);
    }
    const char *names[] = {"a", "<b>"};
    struct rtt_cell cells[4] = {[1] = {0.010, 0.0104, 1}};
    struct rtt_matrix m = {names, 2, cells};
    _cleanup_(freep) char *text = WRITTEN(rtt_matrix_put(out, &m));
    assert_non_null(strstr(text, "<td class=\"e0\">10.40<small>10.00</small>"));
    assert_null(strstr(text, "<b>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_in_a_text_means_anything_to_a_browser),
        cmocka_unit_test(a_table_has_the_exact_values_beside_the_shown_ones),
        cmocka_unit_test(the_page_has_its_style_and_script_inside),
        cmocka_unit_test_setup_teardown(csv_is_read_as_it_is_written, make_file, remove_file),
        cmocka_unit_test_setup_teardown(an_empty_csv_file_is_an_error, make_file, remove_file),
        cmocka_unit_test(a_picture_takes_the_pages_colours_and_tips),
        cmocka_unit_test(a_figures_data_are_there_to_be_downloaded),
        cmocka_unit_test(a_round_trip_has_the_grade_of_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
