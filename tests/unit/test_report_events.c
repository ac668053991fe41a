/* SPDX-License-Identifier: MIT */
#include "experiment/report_events.h"

#include "expect.h"

/* "NAME FROM-TO, …" of the marks that these lines make; the caller frees it. */
static char *marks_of(const char *lines)
{
    char *text = NULL;
    size_t size;
    free(expect_file("events.jsonl", lines));
    struct marks *m = marks_read(expect_folder);
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < m->count; i++)
        fprintf(out, "%s%s %g-%g", i ? ", " : "", m->bands[i].name, m->bands[i].from,
                m->bands[i].to);
    fclose(out);
    marks_free(m);
    return text;
}

static void expect_marks(const char *lines, const char *wanted)
{
    char *text = marks_of(lines);
    assert_string_equal(text, wanted);
    free(text);
}

#define LINE(kind, at, asked)                                                                      \
    "{\"event\":\"" kind "\",\"took_effect\":" at ",\"at\":99,\"asked\":{" asked "}}\n"

static void what_has_an_end_is_shaded_up_to_it(void **state)
{
    (void)state;
    expect_marks(LINE("partition", "1", "\"partition\":[[\"a\"],[\"b\"]],\"name\":\"x\"")
                     LINE("partition", "2", "\"partition\":[[\"a\"],[\"c\"]],\"name\":\"y\"")
                         LINE("heal", "3", "\"heal\":\"x\"") LINE("heal", "4", "\"heal\":\"all\""),
                 "x 1-3, y 2-4");
    expect_marks(LINE("pause", "1", "\"pause\":[\"a\",\"b\"]")
                     LINE("resume", "2.5", "\"resume\":[\"a\",\"b\"]")
                         LINE("kill", "3", "\"kill\":[\"a\"]")
                             LINE("restart", "4", "\"restart\":[\"a\"]"),
                 "pause a and 1 more 1-2.5, kill a 3-4, restart a 4-4");
    expect_marks(LINE("link", "1", "\"link\":{\"wires\":[\"a-b\"],\"down\":true}")
                     LINE("link", "2", "\"link\":{\"wires\":[\"a-b\"],\"up\":true}"),
                 "a-b down 1-2");
}

static void what_has_none_lasts_until_the_workload_ends(void **state)
{
    (void)state;
    expect_marks(LINE("kill", "1", "\"kill\":[\"a\"]") "{\"event\":\"workload-ended\",\"at\":7}\n{"
                                                       "\"event\":\"checked\",\"at\":8}\n",
                 "kill a 1-7");
}

static void a_ramp_is_one_mark(void **state)
{
    (void)state;
    expect_marks(LINE("link", "1", "\"link\":{\"wires\":[\"a\"],\"delay\":\"1ms\"}")
                     LINE("link", "2", "\"link\":{\"wires\":[\"a\"],\"delay\":\"2ms\"}")
                         LINE("link", "3", "\"link\":{\"wires\":[\"a\"],\"delay\":\"3ms\"}"),
                 "link a 1-3");
}

static void others_are_lines(void **state)
{
    (void)state;
    expect_marks("{\"event\":\"lab-up\",\"at\":1}\n{\"event\":\"phase\",\"phase\":\"main\",\"at\":"
                 "2}\n{\"event\":\"phase\",\"phase\":\"main\",\"at\":3}\n"
                 "{\"event\":\"link\",\"what\":\"by hand\",\"at\":4}\n"
                 "{\"event\":\"heal\",\"asked\":{\"heal\":\"x\"},\"result\":\"not reached\",\"at\":"
                 "5}\n{\"event\":\"link\",\"at\":6",
                 "main 2-2, link 4-4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_an_end_is_shaded_up_to_it),
        cmocka_unit_test(what_has_none_lasts_until_the_workload_ends),
        cmocka_unit_test(a_ramp_is_one_mark),
        cmocka_unit_test(others_are_lines),
    };
    return RUN_TESTS(tests);
}
