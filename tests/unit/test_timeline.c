/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "expect.h"
#include "experiment/timeline.h"

static void make_run(void)
{
    char *nodes = xasprintf("%s/nodes", expect_folder), *logs = xasprintf("%s/logs", expect_folder);
    assert_int_equal(file_make_dirs(nodes, NULL), 0);
    assert_int_equal(file_make_dirs(logs, NULL), 0);
    free(nodes);
    free(logs);
    free(expect_file("events.jsonl", "{\"event\":\"lab-up\",\"at\":0.5}\n"
                                     "{\"event\":\"heal\",\"at\":3.5,\"took_effect\":2.25,"
                                     "\"node\":\"a\"}\n"));
    free(expect_file("nodes/a.jsonl", "{\"metric\":\"m\",\"value\":7,\"at\":2.5}\n"
                                      "{\"progress\":1}\n"));
    free(expect_file("nodes/b.jsonl", "{\"metric\":\"m\",\"value\":8,\"at\":1.5}\n"));
    free(expect_file("logs/a.db.log",
                     "1.000000 first\n\tits second line\n2.300000 1.5 is a number\n"));
    free(expect_file("logs/b.db.log", "no time at all\n"));
    free(expect_file("logs/stray", "1.000000 of no node\n"));
}

static char *timeline(const struct timeline_options *o)
{
    char *text = NULL;
    size_t size;
    struct error err;
    FILE *out = open_memstream(&text, &size);
    if (timeline_print(expect_folder, o, out, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static void events_metrics_and_logs_are_in_the_order_of_their_times(void **state)
{
    const struct timeline_options all = {.from_s = -INFINITY, .to_s = INFINITY, .json = true};
    (void)state;
    make_run();
    char *text = timeline(&all);
    assert_string_equal(
        text, "{\"at\":0.5,\"kind\":\"event\",\"event\":\"lab-up\"}\n"
              "{\"at\":1.0,\"kind\":\"log\",\"node\":\"a\",\"program\":\"db\",\"line\":\"first\"}\n"
              "{\"at\":1.0,\"kind\":\"log\",\"node\":\"a\",\"program\":\"db\","
              "\"line\":\"\\tits second line\"}\n"
              "{\"at\":1.5,\"kind\":\"output\",\"node\":\"b\",\"metric\":\"m\",\"value\":8}\n"
              "{\"at\":2.25,\"kind\":\"event\",\"event\":\"heal\",\"took_effect\":2.25,"
              "\"node\":\"a\"}\n"
              "{\"at\":2.3,\"kind\":\"log\",\"node\":\"a\",\"program\":\"db\","
              "\"line\":\"1.5 is a number\"}\n"
              "{\"at\":2.5,\"kind\":\"output\",\"node\":\"a\",\"metric\":\"m\",\"value\":7}\n"
              "{\"at\":2.5,\"kind\":\"output\",\"node\":\"a\",\"progress\":1}\n");
    free(text);
}

static void a_part_of_it_can_be_asked_for(void **state)
{
    const struct timeline_options part = {.node = "b", .from_s = 0.6, .to_s = 2};
    (void)state;
    make_run();
    char *text = timeline(&part);
    assert_string_equal(text, "    1.500000  b          output     "
                              "{\"metric\":\"m\",\"value\":8,\"at\":1.5}\n");
    free(text);
}

static void a_folder_that_is_no_run_is_an_error(void **state)
{
    const struct timeline_options all = {.to_s = INFINITY};
    struct error err;
    (void)state;
    assert_true(timeline_print("/dev", &all, stdout, &err) < 0);
    assert_non_null(strstr(err.text, "/dev/events.jsonl"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_metrics_and_logs_are_in_the_order_of_their_times),
        cmocka_unit_test(a_part_of_it_can_be_asked_for),
        cmocka_unit_test(a_folder_that_is_no_run_is_an_error),
    };
    return RUN_TESTS(tests);
}
