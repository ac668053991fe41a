/* SPDX-License-Identifier: MIT
 *
 * Every test has a folder of its own with one workload 'w', whose yaml it writes itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "experiment/workload.h"

static char *folder; /* of workloads; absolute */

static int make_folder(void **state)
{
    (void)state;
    char template[] = "/tmp/wanlab-test-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    folder = realpath(template, NULL);
    setenv("WANLAB_WORKLOADS", folder, 1);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    int r = file_remove_tree(folder, NULL);
    free(folder);
    unsetenv("WANLAB_WORKLOADS");
    return r;
}

static void write_workload(const char *name, const char *yaml)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);
    _cleanup_(freep) char *file = xasprintf("%s/workload.yaml", path);
    struct error err = {0};
    if (file_make_dirs(path, &err) < 0 || file_write(file, yaml, &err) < 0)
        fail_msg("%s", err.text);
}

static struct workload_choice choose(const char *name)
{
    return (struct workload_choice){.name = (char *)name, .mark = {"line.yaml", 3, 5}};
}

static struct workload *open_yaml(const char *yaml)
{
    write_workload("w", yaml);
    struct workload_choice choice = choose("w");
    struct workload *w = NULL;
    struct error err = {0};
    if (workload_open(&choice, &w, &err) < 0)
        fail_msg("%s", err.text);
    return w;
}

/* What a program gets for the parameter `p` with that type and value. */
static void expect_number(const char *type, const char *value, const char *expected)
{
    _cleanup_(freep) char *yaml =
        xasprintf("name: w\nrun: [a]\nparameters:\n  p: {type: %s}\n", type);
    _cleanup_(workload_freep) struct workload *w = open_yaml(yaml);
    struct workload_choice choice = choose("w");
    struct parameter p = {(char *)"p", (char *)value, {"line.yaml", 4, 7}};
    choice.parameters = &p;
    choice.parameter_count = 1;
    struct workload_value *values = NULL;
    struct error err = {0};
    if (workload_resolve(w, &choice, &values, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(values[0].name, "p");
    assert_string_equal(values[0].text, value);
    assert_string_equal(values[0].number, expected);
    workload_values_free(values, 1);
}

static const char *const rated_yaml =
    "name: w\n"
    "run: [w]\n"
    "parameters:\n"
    "  rate: {type: frequency, default: 600/min, max: 100/s}\n"
    "  tuple: {type: integer, default: 32, min: 1, max: 64}\n"
    "  wait: {type: time, default: 1s, min: 10ms}\n"
    "  mode: {type: choice, values: [slow, quick], default: slow}\n"
    "  size: {type: size, help: of a file}\n";

/* The scenario's parameters (two at most, a NULL ends them) are refused with `expected`. */
static void expect_unresolved(const char *name, const char *value, const char *name2,
                              const char *value2, const char *expected)
{
    _cleanup_(workload_freep) struct workload *w = open_yaml(rated_yaml);
    struct parameter parameters[] = {
        {(char *)name, (char *)value, {"line.yaml", 4, 7}},
        {(char *)name2, (char *)value2, {"--set workload.w.x", 0, 0}},
    };
    struct workload_choice choice = choose("w");
    choice.parameters = parameters;
    choice.parameter_count = name2 ? 2 : name ? 1 : 0;
    struct workload_value *values = NULL;
    struct error err = {0};
    assert_true(workload_resolve(w, &choice, &values, &err) < 0);
    assert_null(values);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_string_equal(err.text, expected);
}

static void unknown_workloads_are_refused_with_the_known_ones(void **state)
{
    (void)state;
    write_workload("replicate", "name: replicate\nrun: [a]\n");
    write_workload("ping", "name: ping\nrun: [a]\n");
    struct workload_choice choice = choose("replicat");
    struct workload *w = NULL;
    struct error err = {0};
    assert_true(workload_open(&choice, &w, &err) < 0);
    assert_int_equal(err.status, STATUS_INPUT);
    const char *begin = "line.yaml:3:5: unknown workload 'replicat', did you mean 'replicate'? "
                        "known: ping, replicate (in ";
    assert_memory_equal(err.text, begin, strlen(begin));
    assert_non_null(strstr(err.text, folder));
    choice = choose("../w");
    write_workload("w", "name: w\nrun: [a]\n");
    assert_true(workload_open(&choice, &w, &err) < 0);
    assert_non_null(strstr(err.text, "unknown workload '../w', expected one of: ping, replicate"));
}

static void the_first_folder_with_the_workload_wins(void **state)
{
    (void)state;
    write_workload("w", "name: w\nrun: [a]\nsummary: outer\n");
    write_workload("inner/w", "name: w\nrun: [a]\nsummary: inner\n");
    _cleanup_(freep) char *places = xasprintf("/nonexistent::%s/inner:%s", folder, folder);
    setenv("WANLAB_WORKLOADS", places, 1);
    struct workload_choice choice = choose("w");
    _cleanup_(workload_freep) struct workload *w = NULL;
    assert_int_equal(workload_open(&choice, &w, NULL), 0);
    assert_string_equal(w->summary, "inner");
}

static void values_become_plain_numbers(void **state)
{
    (void)state;
    expect_number("frequency", "600/min", "10");
    expect_number("frequency", "7/s", "7");
    expect_number("frequency", "1000000/s", "1000000");
    expect_number("frequency", "0.1/s", "0.1");
    expect_number("frequency", "1/h", "0.0002777777777777778");
    expect_number("time", "20s", "20");
    expect_number("time", "1.5 s", "1.5");
    expect_number("time", "1ns", "0.000000001");
    expect_number("time", "0s", "0");
    expect_number("time", "100h", "360000");
    expect_number("size", "64KiB", "65536");
    expect_number("size", "1000000GB", "1000000000000000");
    expect_number("share", "5%", "0.05");
    expect_number("share", "100%", "1");
    expect_number("integer", "18446744073709551615", "18446744073709551615");
    expect_number("choice, values: [a b, c]", "a b", "a b");
}

static void numbers_parse_back_exactly(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("name: w\nrun: [a]\nparameters: {p: {type: frequency}}\n");
    for (int i = 1; i < 500; i++) {
        _cleanup_(freep) char *text = xasprintf("%d.%d/min", i * 37, i);
        struct parameter p = {(char *)"p", text, {"line.yaml", 4, 7}};
        struct workload_choice choice = choose("w");
        choice.parameters = &p;
        choice.parameter_count = 1;
        struct workload_value *values = NULL;
        assert_int_equal(workload_resolve(w, &choice, &values, NULL), 0);
        assert_true(strtod(values[0].number, NULL) == strtod(text, NULL) / 60.0);
        assert_null(strchr(values[0].number, 'e'));
        workload_values_free(values, 1);
    }
}

static void defaults_fill_what_the_scenario_leaves_out(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w = open_yaml(rated_yaml);
    struct parameter parameters[] = {
        {(char *)"size", (char *)"2KB", {"line.yaml", 4, 7}},
        {(char *)"rate", (char *)"100/s", {"line.yaml", 5, 7}},
    };
    struct workload_choice choice = choose("w");
    choice.parameters = parameters;
    choice.parameter_count = 2;
    struct workload_value *values = NULL;
    assert_int_equal(workload_resolve(w, &choice, &values, NULL), 0);
    static const char *const expected[] = {"100", "32", "1", "slow", "2000"};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_string_equal(values[i].name, w->parameters[i].name);
        assert_string_equal(values[i].number, expected[i]);
    }
    workload_values_free(values, w->parameter_count);
}

static void wrong_values_are_refused_at_the_place_in_the_scenario(void **state)
{
    (void)state;
    expect_unresolved("rat", "1/s", NULL, NULL,
                      "line.yaml:4:7: unknown parameter 'rat' of workload 'w', did you mean "
                      "'rate'?");
    expect_unresolved("speed", "1/s", NULL, NULL,
                      "line.yaml:4:7: unknown parameter 'speed' of workload 'w', expected one of: "
                      "rate, tuple, wait, mode, size");
    expect_unresolved("rate", "600", NULL, NULL,
                      "line.yaml:4:7: parameter 'rate': '600' has no unit: expected a number per "
                      "time such as 600/min");
    expect_unresolved("rate", "101/s", NULL, NULL,
                      "line.yaml:4:7: parameter 'rate': '101/s' is out of range: expected at most "
                      "100/s");
    expect_unresolved("wait", "9ms", NULL, NULL,
                      "line.yaml:4:7: parameter 'wait': '9ms' is out of range: expected at least "
                      "10ms");
    expect_unresolved("tuple", "65", NULL, NULL,
                      "line.yaml:4:7: parameter 'tuple': '65' is out of range: expected 1 to 64");
    expect_unresolved("mode", "quik", NULL, NULL,
                      "line.yaml:4:7: parameter 'mode': unknown value 'quik', did you mean "
                      "'quick'?");
    expect_unresolved("rate", "1/s", "size", "2",
                      "--set workload.w.x: parameter 'size': '2' has no unit: expected a size such "
                      "as 64KiB");
}

static void a_parameter_without_default_has_to_be_given(void **state)
{
    (void)state;
    expect_unresolved(NULL, NULL, NULL, NULL,
                      "line.yaml:3:5: workload 'w' needs a value for its parameter 'size': of a "
                      "file");
}

static void parameters_are_found_by_name(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w = open_yaml(rated_yaml);
    assert_ptr_equal(workload_find_parameter(w, "tuple"), &w->parameters[1]);
    assert_null(workload_find_parameter(w, "tupl"));
    workload_free(NULL);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(unknown_workloads_are_refused_with_the_known_ones),
        IN_FOLDER(the_first_folder_with_the_workload_wins),
        IN_FOLDER(values_become_plain_numbers),
        IN_FOLDER(numbers_parse_back_exactly),
        IN_FOLDER(defaults_fill_what_the_scenario_leaves_out),
        IN_FOLDER(wrong_values_are_refused_at_the_place_in_the_scenario),
        IN_FOLDER(a_parameter_without_default_has_to_be_given),
        IN_FOLDER(parameters_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
