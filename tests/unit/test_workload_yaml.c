/* SPDX-License-Identifier: MIT
 *
 * Every test has a folder 'w' of its own and writes the workload.yaml in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "experiment/workload_programs.h"
#include "experiment/workload_yaml.h"

static char *top, *folder; /* of the running test; `folder` is the workload's, in `top` */

static int make_folder(void **state)
{
    (void)state;
    char template[] = "/tmp/wanlab-test-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    top = xstrdup(template);
    folder = xasprintf("%s/w", top);
    return file_make_dirs(folder, NULL);
}

static int remove_folder(void **state)
{
    (void)state;
    int r = file_remove_tree(top, NULL);
    free(top);
    free(folder);
    return r;
}

static int read_yaml(const char *yaml, struct workload **ret, struct error *err)
{
    _cleanup_(freep) char *file = xasprintf("%s/workload.yaml", folder);
    int r = file_write(file, yaml, err);
    return r < 0 ? r : workload_yaml_read(folder, ret, err);
}

static struct workload *open_yaml(const char *yaml)
{
    struct workload *w = NULL;
    struct error err = {0};
    if (read_yaml(yaml, &w, &err) < 0)
        fail_msg("%s", err.text);
    return w;
}

/* The yaml is refused with exactly `expected` after the file's name: "LINE:COL: text". */
static void expect_refused(const char *yaml, const char *expected)
{
    struct workload *w = NULL;
    struct error err = {0};
    assert_true(read_yaml(yaml, &w, &err) < 0);
    assert_null(w);
    assert_int_equal(err.status, STATUS_INPUT);
    _cleanup_(freep) char *text = xasprintf("%s/workload.yaml:%s", folder, expected);
    assert_string_equal(err.text, text);
}

/* The same for the lines of one parameter, which begin at line 4. */
static void expect_parameter_refused(const char *lines, const char *expected)
{
    _cleanup_(freep) char *yaml = xasprintf("name: w\nrun: [a]\nparameters:\n%s", lines);
    expect_refused(yaml, expected);
}

static void a_full_workload_is_read(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("name: w\n"
                  "summary: does things\n"
                  "parameters:\n"
                  "  rate: {type: frequency, default: 600/min, min: 1/h, help: how often}\n"
                  "  commit: {type: choice, values: [each, none]}\n"
                  "memory: 80MiB\n"
                  "scratch: 1GB\n"
                  "prepare: [./prepare]\n"
                  "lint: [./w, --lint]\n"
                  "services:\n"
                  "  - {name: db-1, command: [./node, a b], ready: {log: is up}, timeout: 5s}\n"
                  "  - {name: other, command: [/bin/x], ready: {log: ok}}\n"
                  "run: [./w, '']\n"
                  "check: [./w, --verify]\n"
                  "metrics:\n"
                  "  loop: {unit: s, help: of all, better: less}\n"
                  "  rows: {expect: 3, sum: true}\n"
                  "main: loop\n");
    assert_string_equal(w->name, "w");
    assert_string_equal(w->summary, "does things");
    assert_int_equal(w->folder[0], '/');
    assert_int_equal(w->parameter_count, 2);
    assert_string_equal(w->parameters[0].name, "rate");
    assert_int_equal(w->parameters[0].type, WORKLOAD_FREQUENCY);
    assert_string_equal(w->parameters[0].default_text, "600/min");
    assert_string_equal(w->parameters[0].min_text, "1/h");
    assert_null(w->parameters[0].max_text);
    assert_string_equal(w->parameters[0].help, "how often");
    assert_string_equal(w->parameters[1].values[1], "none");
    assert_null(w->parameters[1].values[2]);
    assert_null(w->parameters[1].default_text);
    assert_string_equal(w->parameters[1].help, "");
    assert_int_equal(w->memory, 80 << 20);
    assert_int_equal(w->scratch, 1000000000);
    assert_string_equal(w->lint[1], "--lint");
    assert_null(w->lint[2]);
    assert_string_equal(w->run[1], "");
    assert_int_equal(w->service_count, 2);
    assert_string_equal(w->services[0].name, "db-1");
    assert_string_equal(w->services[0].command[1], "a b");
    assert_string_equal(w->services[0].ready_log, "is up");
    assert_int_equal(w->services[0].timeout_ns, 5 * NS_PER_SEC);
    assert_int_equal(w->services[1].timeout_ns, 60 * NS_PER_SEC);
    assert_int_equal(w->metric_count, 2);
    assert_string_equal(w->metrics[0].unit, "s");
    assert_string_equal(w->metrics[1].unit, "");
    assert_false(w->metrics[0].has_expected);
    assert_false(w->metrics[0].adds_up);
    assert_int_equal(w->metrics[0].better, WORKLOAD_BETTER_LESS);
    assert_int_equal(w->metrics[1].better, WORKLOAD_BETTER_UNSAID);
    assert_true(w->metrics[1].adds_up);
    assert_true(w->metrics[1].has_expected);
    assert_int_equal(w->metrics[1].expected, 3);
    assert_string_equal(w->main_metric, "loop");
}

static void name_and_run_are_enough(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w = open_yaml("name: w\nrun: [./w]\n");
    assert_string_equal(w->summary, "");
    assert_int_equal(w->parameter_count + w->service_count + w->metric_count, 0);
    assert_int_equal(w->memory + w->scratch, 0);
    assert_null(w->prepare);
    assert_null(w->lint);
    assert_null(w->check);
    assert_null(w->main_metric);
}

static void missing_and_wrong_keys_are_refused_at_their_place(void **state)
{
    (void)state;
    expect_refused("name: v\nrun: [a]\n",
                   "1:7: found the name 'v', expected 'w' as the folder is called");
    expect_refused("name: w\n", "1:1: the workload has no 'run', expected the command that every "
                                "node runs");
    expect_refused("name: w\nrum: [a]\n", "2:1: unknown key 'rum', did you mean 'run'?");
    expect_refused("name: w\nrun: [a]\nmemory: 80\n",
                   "3:9: '80' has no unit: expected a size such as 64KiB");
    expect_refused("[w]\n", "1:1: found a list, expected a map for a workload");
}

static void commands_are_lists_of_words_or_texts_for_the_shell(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("run: ./w --fast | tee x\ncheck: {command: [./c, -v], on: host}\n");
    assert_string_equal(w->name, "w"); /* as the folder */
    assert_string_equal(w->run[0], "/bin/sh");
    assert_string_equal(w->run[1], "-c");
    assert_string_equal(w->run[2], "./w --fast | tee x");
    assert_null(w->run[3]);
    assert_string_equal(w->check[1], "-v");
    assert_true(w->check_on_host);
    assert_int_equal(w->command_count, 2);
    assert_string_equal(w->commands[0].word, "./w");
    assert_string_equal(w->commands[1].word, "./c");
    expect_refused("name: w\nrun: ' '\n", "2:6: found an empty 'run', expected a command");
    expect_refused("name: w\nrun: []\n", "2:6: found an empty 'run', expected a list of words");
    expect_refused("name: w\nrun: ['', x]\n",
                   "2:6: found an empty 'run', expected a list of words");
    expect_refused("name: w\nrun: [a, [b]]\n",
                   "2:10: found a list, expected a single value for run");
    expect_refused("run: {nodes: a}\n", "1:6: 'run' has no 'command'");
    expect_refused("run: {command: a, on: host}\n",
                   "1:19: unknown key 'on', expected one of the keys of run: command, nodes, role, "
                   "timeout");
    expect_refused("run: a\ncheck: {command: a, on: me}\n",
                   "2:25: found 'me', expected host or node");
    expect_refused("run: a\ncollect: [a, /etc/passwd]\n",
                   "2:14: found '/etc/passwd', expected a file below the scratch folder, such as "
                   "history.jsonl or out/*.csv");
    expect_refused("run: a\ncollect: [../x]\n",
                   "2:11: found '../x', expected a file below the scratch folder, such as "
                   "history.jsonl or out/*.csv");
}

static void programs_in_the_folder_must_be_there(void **state)
{
    (void)state;
    struct error err = {0};
    _cleanup_(freep) char *program = xasprintf("%s/prog", folder);
    _cleanup_(workload_freep) struct workload *w = open_yaml("run: ./prog -v\ncheck: [sh]\n");
    assert_true(workload_programs_check(w, &err) < 0);
    assert_non_null(
        strstr(err.text, "/w/workload.yaml:1:6: there is no './prog' in the workload's"));
    assert_int_equal(err.status, STATUS_INPUT);
    assert_int_equal(file_write(program, "#!/bin/sh\n", &err), 0);
    assert_int_equal(chmod(program, 0644), 0);
    assert_true(workload_programs_check(w, &err) < 0);
    assert_non_null(strstr(err.text, "'./prog' cannot be run: Permission denied; try chmod +x "));
    assert_int_equal(chmod(program, 0755), 0);
    assert_int_equal(workload_programs_check(w, &err), 0);
    workload_free(w);
    w = open_yaml("run: ./made\nprepare: make made\n"); /* is made yet */
    assert_int_equal(workload_programs_check(w, &err), 0);
    workload_free(w);
    w = open_yaml("run: ./made\nprepare: ./make\n");
    assert_true(workload_programs_check(w, &err) < 0);
}

static void parameter_declarations_are_checked_against_their_type(void **state)
{
    (void)state;
    expect_parameter_refused("  Rate: {type: time}\n", "4:3: found 'Rate', expected the name of a "
                                                       "parameter: a-z, 0-9 and _");
    expect_parameter_refused("  p: {}\n", "4:6: a parameter has no 'type'");
    expect_parameter_refused("  p: {type: speed}\n",
                             "4:13: found 'speed' as the type of a parameter, expected frequency, "
                             "time, size, share, integer or choice");
    expect_parameter_refused("  p: {type: time, default: 10}\n",
                             "4:28: '10' has no unit: expected a time such as 10ms");
    expect_parameter_refused("  p: {type: integer, min: 1s}\n",
                             "4:27: expected a whole number, found '1s'");
    expect_parameter_refused("  p: {type: integer, max: -1}\n",
                             "4:27: expected a whole number, found '-1'");
    expect_parameter_refused("  p:\n    type: size\n    min: 2KB\n    max: 1KiB\n",
                             "7:10: found the maximum '1KiB' below the minimum '2KB'");
    expect_parameter_refused("  p:\n    type: size\n    min: 2KB\n    default: 1KB\n",
                             "7:14: '1KB' is out of range: expected at least 2KB");
    expect_parameter_refused("  p: {type: time, values: [1s]}\n",
                             "4:27: found 'values', which only a parameter of type choice has");
    expect_parameter_refused("  p: {type: time, defualt: 1s}\n",
                             "4:19: unknown key 'defualt', did you mean 'default'?");
    expect_refused("name: w\nrun: [a]\nparameters: [a]\n",
                   "3:13: found a list, expected a map for the parameters");
}

static void choices_need_distinct_values(void **state)
{
    (void)state;
    expect_parameter_refused("  p: {type: choice}\n",
                             "4:6: a parameter of type choice has no 'values'");
    expect_parameter_refused("  p: {type: choice, values: []}\n",
                             "4:29: found an empty 'values', expected a list of words");
    expect_parameter_refused("  p: {type: choice, values: [a, a]}\n",
                             "4:33: found the value 'a' twice");
    expect_parameter_refused("  p: {type: choice, values: [a, b], min: 1}\n",
                             "4:42: found 'min' for a choice, expected 'values' alone");
    expect_parameter_refused("  p: {type: choice, values: [slow, quick], default: slwo}\n",
                             "4:53: unknown value 'slwo', did you mean 'slow'?");
    expect_parameter_refused("  p: {type: choice, values: [slow, quick], default: no}\n",
                             "4:53: unknown value 'no', expected one of: slow, quick");
}

static void services_say_how_they_are_known_to_be_ready(void **state)
{
    (void)state;
#define WITH_SERVICE(s) "name: w\nrun: [a]\nservices:\n  - " s "\n"
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("run: a\nservices:\n  - {name: a, command: x}\n"
                  "  - {name: b, command: x, ready: {port: 53/udp}, nodes: [db, c1], role: host}\n"
                  "  - {name: c, command: x, ready: {port: 80}, nodes: db}\n"
                  "  - {name: d, command: x, ready: {command: [y, z]}, timeout: 1s}\n");
    assert_null(w->services[0].ready_log);
    assert_null(w->services[0].where.names);
    assert_int_equal(w->services[0].timeout_ns, 60 * NS_PER_SEC);
    assert_int_equal(w->services[1].ready_port, 53);
    assert_true(w->services[1].ready_udp);
    assert_string_equal(w->services[1].where.names[1], "c1");
    assert_int_equal(w->services[1].where.role, WORKLOAD_HOSTS);
    assert_int_equal(w->services[2].ready_port, 80);
    assert_false(w->services[2].ready_udp);
    assert_string_equal(w->services[2].where.names[0], "db");
    assert_null(w->services[2].where.names[1]);
    assert_string_equal(w->services[3].ready_command[1], "z");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {log: ''}}"),
                   "4:43: found an empty 'log'");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {port: 0}}"),
                   "4:44: '0' is out of range: expected 1 to 65535");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {port: 5/sctp}}"),
                   "4:44: found '5/sctp', expected a port such as 7000 or 7000/udp");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {port: 5, log: a}}"),
                   "4:37: found 2 ways to be ready, expected one: log, port or command");
    expect_refused(WITH_SERVICE("{name: db, command: [x], role: king}"),
                   "4:36: found 'king' as the role of a node, expected any, host or router");
    expect_refused(WITH_SERVICE("{name: db, ready: {log: a}}"), "4:5: a service has no 'command'");
    expect_refused(WITH_SERVICE("{command: [x], ready: {log: a}}"), "4:5: a service has no 'name'");
    expect_refused(WITH_SERVICE("{name: ../db, command: [x], ready: {log: a}}"),
                   "4:12: found '../db', expected the name of a service: a-z, 0-9 and _ or -");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {log: a}, timeout: 60}"),
                   "4:56: '60' has no unit: expected a time such as 10ms");
    expect_refused(WITH_SERVICE("{name: db, command: [x], ready: {log: a}, timeout: 0s}"),
                   "4:56: found a timeout of zero, expected more");
    expect_refused(WITH_SERVICE("{name: a, command: [x], ready: {log: a}}\n"
                                "  - {name: a, command: [x], ready: {log: a}}"),
                   "5:12: found a second service 'a'");
}

static void expect_log_taken(const char *service, const char *owner)
{
    _cleanup_(freep) char *yaml =
        xasprintf("run: a\nservices:\n  - {name: %s, command: x}\n", service);
    _cleanup_(freep) char *text =
        xasprintf("3:12: found the service '%s', whose log would be %s, expected another name",
                  service, owner);
    expect_refused(yaml, text);
}

static void no_two_programs_have_one_log(void **state)
{
    (void)state;
    expect_log_taken("w", "the workload's own");
    expect_log_taken("check", "that of the check");
    expect_log_taken("console", "that of the node's console");
    expect_log_taken("event-1", "that of an event's command");
    _cleanup_(workload_freep) struct workload *w =
        open_yaml(WITH_SERVICE("{name: ww, command: x}"));
    assert_string_equal(w->services[0].name, "ww");
}

static void metrics_have_names_and_the_main_one_is_among_them(void **state)
{
    (void)state;
    expect_refused("name: w\nrun: [a]\nmetrics: {Loop: {unit: s}}\n",
                   "3:11: found 'Loop', expected the name of a metric: a-z, 0-9 and _");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {unti: s}}\n",
                   "3:18: unknown key 'unti', did you mean 'unit'?");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {sum: yes}}\n",
                   "3:23: found 'yes', expected true or false");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {better: higher}}\n",
                   "3:26: found 'higher', expected more or less");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {expect: none}}\n",
                   "3:26: expected a whole number, found 'none'");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {unit: s}}\nmain: lop\n",
                   "4:7: found 'lop', expected one of the names under 'metrics'");
    expect_refused("name: w\nrun: [a]\nmetrics: {loop: {unit: s}}\ntable: [loop, lop]\n",
                   "4:15: found 'lop', expected one of the names under 'metrics'");
}

static void reasons_are_other_metrics_with_a_direction(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("name: w\nrun: [a]\nmetrics:\n"
                  "  rate: {better: more, because: [call, fault]}\n"
                  "  call: {better: less}\n  fault: {better: less}\n");
    assert_string_equal(w->metrics[0].because[0], "call");
    assert_string_equal(w->metrics[0].because[1], "fault");
    assert_null(w->metrics[0].because[2]);
    assert_null(w->metrics[1].because);
    expect_refused("name: w\nrun: [a]\nmetrics: {rate: {because: [call]}}\n",
                   "3:28: found 'call', expected one of the names under 'metrics'");
    expect_refused("name: w\nrun: [a]\nmetrics:\n  rate: {better: more, because: [rate]}\n",
                   "4:34: found 'rate' as a reason for itself");
    expect_refused("name: w\nrun: [a]\nmetrics:\n  rate: {because: [call]}\n  call: {unit: s}\n",
                   "4:20: nothing says which values of 'call' are better: a reason needs "
                   "'better: more' or 'better: less'");
}

static void needs_are_commands_with_their_packages(void **state)
{
    (void)state;
    _cleanup_(workload_freep) struct workload *w =
        open_yaml("name: w\nrun: [a]\nneeds: {stream: libstream-bin, fio: fio}\n");
    assert_int_equal(w->need_count, 2);
    assert_string_equal(w->needs[0].command, "stream");
    assert_string_equal(w->needs[0].package, "libstream-bin");
    assert_non_null(strstr(w->needs[1].place, "/w/workload.yaml:3:32"));
    expect_refused("name: w\nrun: [a]\nneeds: [fio]\n",
                   "3:8: found no map under 'needs', expected commands with their Debian "
                   "packages: {fio: fio}");
    expect_refused("name: w\nrun: [a]\nneeds: {/usr/bin/fio: fio}\n",
                   "3:9: found '/usr/bin/fio', expected the name of a command: fio");
    expect_refused("name: w\nrun: [a]\nneeds: {fio: 'fio iperf3'}\n",
                   "3:14: found 'fio iperf3', expected the name of a Debian package: fio");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct workload *w = NULL;
    struct error err = {0};
    assert_true(workload_yaml_read(folder, &w, &err) < 0);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_non_null(strstr(err.text, "/w/workload.yaml"));
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_full_workload_is_read),
        IN_FOLDER(name_and_run_are_enough),
        IN_FOLDER(missing_and_wrong_keys_are_refused_at_their_place),
        IN_FOLDER(commands_are_lists_of_words_or_texts_for_the_shell),
        IN_FOLDER(programs_in_the_folder_must_be_there),
        IN_FOLDER(parameter_declarations_are_checked_against_their_type),
        IN_FOLDER(choices_need_distinct_values),
        IN_FOLDER(services_say_how_they_are_known_to_be_ready),
        IN_FOLDER(no_two_programs_have_one_log),
        IN_FOLDER(metrics_have_names_and_the_main_one_is_among_them),
        IN_FOLDER(reasons_are_other_metrics_with_a_direction),
        IN_FOLDER(needs_are_commands_with_their_packages),
        IN_FOLDER(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
