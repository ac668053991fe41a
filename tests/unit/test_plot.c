/* SPDX-License-Identifier: MIT
 *
 * Pictures are drawn by the real gnuplot where there is one; how its failures are told is tested
 * with programs of that name that the tests write themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/axis.h"
#include "report/gnuplot.h"
#include "report/plot.h"

static char *folder, *picture, *script; /* of the running test */
static char *search_path;               /* $PATH as it was */

static int make_folder(void **state)
{
    (void)state;
    char template[] = "/tmp/wanlab-test-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    folder = xstrdup(template);
    picture = xasprintf("%s/p.svg", folder);
    script = xasprintf("%s/p.gp", folder);
    search_path = xstrdup(getenv("PATH"));
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    setenv("PATH", search_path, 1);
    int r = file_remove_tree(folder, NULL);
    free(folder), free(picture), free(script), free(search_path);
    return r;
}

static bool contains(const char *file, const char *text)
{
    _cleanup_(freep) char *data = NULL;
    struct error err = {0};
    if (file_read(file, 1 << 24, &data, NULL, &err) < 0)
        fail_msg("%s", err.text);
    return strstr(data, text) != NULL;
}

static void expect_script(const char *text)
{
    if (!contains(script, text))
        fail_msg("the script does not contain \"%s\"", text);
}

/* Draws; skips the test where gnuplot is missing, unless every test has to run. */
static void draw(const struct plot *plot)
{
    struct error err = {0};
    int r = plot_write(plot, picture, &err);
    if (r == -ENOENT && err.status == STATUS_MACHINE && !getenv("WANLAB_TESTS_MUST_RUN"))
        skip();
    if (r < 0)
        fail_msg("%s", err.text);
    assert_true(contains(picture, "<svg"));
    assert_true(contains(picture, "</svg>"));
}

static struct plot plot_of(const struct plot_series *series, size_t count)
{
    return (struct plot){.title = "Title",
                         .x_label = "rate (1/min)",
                         .y_label = "time (s)",
                         .series = series,
                         .series_count = count};
}

static const struct plot_point rising[] = {
    {100, 10, 8, 13, NULL},
    {200, 20, 20, 20, NULL},
    {400, 35, 30, 50, NULL},
};

static void lines_have_error_bars_where_points_have_ends(void **state)
{
    (void)state;
    const struct plot_series s = {"p50", PLOT_LINES, rising, ARRAY_LEN(rising)};
    struct plot plot = plot_of(&s, 1);
    draw(&plot);
    expect_script("\n 100 10 8 13\n 200 20 NaN NaN\n 400 35 30 50\n");
    expect_script("$series0 using 1:2 with linespoints");
    expect_script("$series0 using 1:3:(0):($4-$3) with vectors");
    assert_true(contains(picture, ">p50<"));
    assert_true(contains(picture, ">rate (1/min)<"));
    assert_false(contains(script, "logscale"));
}

static void points_have_no_error_bars(void **state)
{
    (void)state;
    const struct plot_series s = {"raw", PLOT_POINTS, rising, ARRAY_LEN(rising)};
    struct plot plot = plot_of(&s, 1);
    draw(&plot);
    expect_script("$series0 using 1:2 with points");
    assert_false(contains(script, "vectors"));
}

static void bars_with_the_same_label_stand_side_by_side(void **state)
{
    (void)state;
    const struct plot_point first[] = {{0, 5, 5, 5, "tokyo"}, {0, 6, 5, 7, "sydney"}};
    const struct plot_point second[] = {{0, 7, 7, 7, "sydney"}, {0, 8, 8, 8, "dallas"}};
    const struct plot_series s[] = {{"a", PLOT_BARS, first, 2}, {"b", PLOT_BARS, second, 2}};
    struct plot plot = plot_of(s, 2);
    plot.log_x = true; /* means nothing to bars */
    draw(&plot);
    expect_script("( 'tokyo' 0, 'sydney' 1, 'dallas' 2)");
    expect_script("\n -0.2 5 NaN NaN\n 0.8 6 5 7\n");
    expect_script("\n 1.2 7 NaN NaN\n 2.2 8 NaN NaN\n");
    expect_script("set xrange [-0.5:2.5]");
    assert_false(contains(script, "logscale"));
}

static void a_logarithmic_axis_leaves_out_what_it_cannot_show(void **state)
{
    (void)state;
    const struct plot_point points[] = {
        {0, 5, 5, 5, NULL},
        {10, 0, 0, 0, NULL},
        {10, 20, -5, 30, NULL},
        {1000, 4000, 4000, 4000, NULL},
    };
    const struct plot_series s = {"x", PLOT_LINES, points, ARRAY_LEN(points)};
    struct plot plot = plot_of(&s, 1);
    plot.log_x = plot.log_y = true;
    plot.has_reference = true;
    plot.reference = -1;
    plot.reference_name = "negative";
    draw(&plot);
    expect_script("set logscale x\n");
    expect_script("set logscale y\n");
    expect_script("<< EOD\n 10 20 ");
    expect_script("\n 1000 4000 NaN NaN\nEOD");
    assert_false(contains(script, "negative"));
}

static void the_reference_line_has_its_name(void **state)
{
    (void)state;
    const struct plot_series s = {NULL, PLOT_LINES, rising, ARRAY_LEN(rising)};
    struct plot plot = plot_of(&s, 1);
    plot.has_reference = true;
    plot.reference = 42.5;
    plot.reference_name = "nominal";
    draw(&plot);
    expect_script(" 42.5 with lines");
    assert_true(contains(picture, ">nominal<"));
}

static void names_with_any_characters_are_shown_as_they_are(void **state)
{
    (void)state;
    const struct plot_point point = {0, 1, 1, 1, "50% 'q' \\"};
    const struct plot_series s = {"`touch x` $y @z \"q\" a_{b} <&>\nnext \xff é\\", PLOT_BARS,
                                  &point, 1};
    struct plot plot = plot_of(&s, 1);
    plot.title = "it's '; exit # \\";
    draw(&plot);
    assert_true(contains(picture, ">it's '; exit # \\<"));
    assert_true(contains(picture, ">`touch x` $y @z \"q\" a_{b} &lt;&amp;> next ? é\\<"));
    assert_true(contains(picture, ">50% 'q' \\<"));
}

static void strange_file_names_are_no_commands(void **state)
{
    (void)state;
    free(picture), free(script);
    picture = xasprintf("%s/| -e 'x' `id`.svg", folder);
    script = xasprintf("%s/| -e 'x' `id`.gp", folder);
    const struct plot_series s = {"p", PLOT_LINES, rising, ARRAY_LEN(rising)};
    struct plot plot = plot_of(&s, 1);
    draw(&plot);
    assert_true(file_exists(script));
}

static void without_points_the_picture_says_so(void **state)
{
    (void)state;
    const struct plot_point nothing = {NAN, 1, 1, 1, NULL};
    const struct plot_series s[] = {{"empty", PLOT_LINES, NULL, 0},
                                    {"nan", PLOT_LINES, &nothing, 1}};
    struct plot plot = plot_of(s, 2);
    plot.log_x = plot.log_y = plot.has_reference = true;
    plot.reference = 3;
    draw(&plot);
    assert_true(contains(picture, ">no data<"));
    plot.series_count = 0;
    draw(&plot);
    assert_true(contains(picture, ">no data<"));
}

static void single_points_and_many_series_are_drawn(void **state)
{
    (void)state;
    struct plot_series s[40];
    for (size_t i = 0; i < ARRAY_LEN(s); i++)
        s[i] = (struct plot_series){"s", PLOT_LINES, rising, 1 + i % 3};
    struct plot plot = plot_of(s, 1);
    draw(&plot);
    plot.log_x = plot.log_y = true;
    draw(&plot);
    plot.series_count = ARRAY_LEN(s);
    draw(&plot);
    expect_script("$series39 using 1:2");
}

static void a_wrong_path_is_refused(void **state)
{
    (void)state;
    struct plot plot = plot_of(NULL, 0);
    struct error err = {0};
    assert_int_equal(plot_write(&plot, "picture.png", &err), -EINVAL);
    assert_string_equal(err.text, "'picture.png' does not end in .svg");
    assert_int_equal(plot_write(&plot, ".svg", &err), -EINVAL);
    assert_int_equal(plot_write(&plot, "/tmp/a\nb.svg", &err), -EINVAL);
    assert_int_equal(plot_write(&plot, "/dev/null/a.svg", &err), -ENOTDIR);
    assert_int_equal(err.status, STATUS_FAILED);
}

static void a_missing_gnuplot_is_the_machines_matter(void **state)
{
    (void)state;
    struct plot plot = plot_of(NULL, 0);
    struct error err = {0};
    setenv("PATH", folder, 1);
    assert_int_equal(plot_write(&plot, picture, &err), -ENOENT);
    assert_int_equal(err.status, STATUS_MACHINE);
    assert_non_null(strstr(err.text, "gnuplot-nox"));
    assert_true(file_exists(script));
}

/* A program `gnuplot` that comes before the real one. */
static void write_fake_gnuplot(const char *commands)
{
    _cleanup_(freep) char *program = xasprintf("%s/gnuplot", folder);
    _cleanup_(freep) char *text = xasprintf("#!/bin/sh\n%s\n", commands);
    _cleanup_(freep) char *path = xasprintf("%s:%s", folder, search_path);
    assert_int_equal(file_write(program, text, NULL), 0);
    assert_int_equal(chmod(program, 0755), 0);
    setenv("PATH", path, 1);
}

static void what_a_failing_gnuplot_says_is_in_the_error(void **state)
{
    (void)state;
    struct plot plot = plot_of(NULL, 0);
    struct error err = {0};
    write_fake_gnuplot(
        "echo; echo 'set foo' >&2; echo '    ^' >&2; echo 'line 1: bad' >&2; exit 1");
    assert_int_equal(plot_write(&plot, picture, &err), -EIO);
    _cleanup_(freep) char *text =
        xasprintf("gnuplot failed on '%s/p.gp': set foo ^ line 1: bad", folder);
    assert_string_equal(err.text, text);
    write_fake_gnuplot("exit 3");
    assert_int_equal(plot_write(&plot, picture, &err), -EIO);
    assert_non_null(strstr(err.text, "it did not say why"));
    write_fake_gnuplot("kill -9 $$");
    assert_int_equal(plot_write(&plot, picture, &err), -EIO);
    assert_non_null(strstr(err.text, "killed by signal 9"));
}

static void a_flood_of_messages_ends_with_the_last_ones(void **state)
{
    (void)state;
    struct plot plot = plot_of(NULL, 0);
    struct error err = {0};
    write_fake_gnuplot("head -c 300000 /dev/zero | tr '\\0' x >&2; echo ' the end' >&2; exit 1");
    assert_int_equal(plot_write(&plot, picture, &err), -EIO);
    assert_string_equal(err.text + strlen(err.text) - strlen("xxx the end"), "xxx the end");
}

static void only_whole_utf8_characters_reach_the_script(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"é € 😀", " 'é € 😀'"},           {"\xc3", " '\?'"},
        {"\xc0\xaf", " '\?\?'"},         {"\xe0\x80\xaf", " '\?\?\?'"},
        {"\xed\xa0\x80", " '\?\?\?'"},   {"\xf4\x90\x80\x80", " '\?\?\?\?'"},
        {"a\xe2\x82", " 'a\?\?'"},       {"it's 5%", " 'it''s 5%'"},
        {"tab\tdel\x7f", " 'tab del '"}, {"", " ''"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct text t = {0};
        gnuplot_add_quoted(&t, texts[i][0]);
        assert_string_equal(t.data, texts[i][1]);
        text_done(&t);
    }
    struct text t = {0};
    gnuplot_add_quoted_format(&t, "5%");
    gnuplot_add_number(&t, 0.1);
    gnuplot_add_number(&t, -INFINITY);
    assert_string_equal(t.data, " '5%%' 0.1 NaN");
    text_done(&t);
}

static void a_logarithmic_axis_always_has_two_tics(void **state)
{
    (void)state;
    for (double low = 0.001; low < 1000; low *= 1.07) {
        for (double ratio = 1; ratio < 140; ratio *= 1.5) {
            struct axis a = {0};
            axis_include(&a, low * ratio);
            axis_include(&a, low);
            axis_pad(&a, true, false);
            assert_true(a.low < low && a.high > low * ratio);
            struct text t = {0};
            axis_add(&a, 'x', true, &t);
            const char *tics = strstr(t.data, "set xtics (");
            assert_true(!tics || strchr(tics, ','));
            text_done(&t);
        }
    }
}

static void an_axis_is_wider_than_its_values_but_not_below_zero_for_nothing(void **state)
{
    (void)state;
    struct axis a = {0};
    axis_pad(&a, false, false);
    assert_false(a.used);
    axis_include(&a, 0);
    axis_include(&a, 100);
    axis_pad(&a, false, false);
    assert_true(a.low == 0 && a.high > 100);
    a = (struct axis){0};
    axis_include(&a, -5);
    axis_pad(&a, false, false);
    assert_true(a.low < -5 && a.high > -5);
    a = (struct axis){0};
    axis_include(&a, 0);
    axis_pad(&a, false, false);
    assert_true(a.low == 0 && a.high > 0);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_have_error_bars_where_points_have_ends),
        IN_FOLDER(points_have_no_error_bars),
        IN_FOLDER(bars_with_the_same_label_stand_side_by_side),
        IN_FOLDER(a_logarithmic_axis_leaves_out_what_it_cannot_show),
        IN_FOLDER(the_reference_line_has_its_name),
        IN_FOLDER(names_with_any_characters_are_shown_as_they_are),
        IN_FOLDER(strange_file_names_are_no_commands),
        IN_FOLDER(without_points_the_picture_says_so),
        IN_FOLDER(single_points_and_many_series_are_drawn),
        IN_FOLDER(a_wrong_path_is_refused),
        IN_FOLDER(a_missing_gnuplot_is_the_machines_matter),
        IN_FOLDER(what_a_failing_gnuplot_says_is_in_the_error),
        IN_FOLDER(a_flood_of_messages_ends_with_the_last_ones),
        cmocka_unit_test(only_whole_utf8_characters_reach_the_script),
        cmocka_unit_test(a_logarithmic_axis_always_has_two_tics),
        cmocka_unit_test(an_axis_is_wider_than_its_values_but_not_below_zero_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
