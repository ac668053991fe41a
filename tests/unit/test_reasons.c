/* SPDX-License-Identifier: MIT
 *
 * Reasons in invented runs. `speed` (more is better) can be because of `call`, `fault`, `lost`
 * (less is better) and `huge` (more is); `alone` has no reasons. native and uml had two runs each,
 * qemu where a test gives it some. A ratio that both repetitions have exactly has an interval
 * without width.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/measures.h"
#include "experiment/reasons.h"

static const char about_text[] =
    "{\"comparison\": {\"of\": \"kind\", \"to\": \"native\", \"values\": [\"native\", \"uml\","
    "   \"qemu\"], \"repeat\": 2,"
    "  \"metrics\": [{\"name\": \"speed\", \"better\": \"more\","
    "                \"because\": [\"call\", \"fault\", \"lost\", \"huge\"]},"
    "               {\"name\": \"alone\", \"better\": \"less\"}],"
    "  \"reasons\": [{\"name\": \"huge\", \"better\": \"more\"},"
    "               {\"name\": \"call\", \"better\": \"less\"},"
    "               {\"name\": \"fault\", \"better\": \"less\"},"
    "               {\"name\": \"lost\", \"better\": \"less\"}]},"
    " \"points\": [{\"kind\": \"native\", \"size\": \"1\"}, {\"kind\": \"uml\", \"size\": \"1\"},"
    "              {\"kind\": \"qemu\", \"size\": \"1\"}, {\"kind\": \"native\", \"size\": \"2\"},"
    "              {\"kind\": \"uml\", \"size\": \"2\"}]}";

static struct sweep_book book;

static int open_book(void **state)
{
    (void)state;
    json_error_t why;
    book = (struct sweep_book){
        .folder_fd = -1, .lines_fd = -1, .about = json_loads(about_text, 0, &why)};
    return book.about ? 0 : -1;
}

static int close_book(void **state)
{
    (void)state;
    sweep_book_close(&book);
    return 0;
}

static struct sweep_record *add_run(const char *kind, const char *size, unsigned repeat,
                                    json_t *measures)
{
    json_t *point = json_pack("{s:s s:s}", "kind", kind, "size", size);
    book.records = array_grow(book.records, book.record_count, sizeof(*book.records));
    struct sweep_record *r = &book.records[book.record_count++];
    *r = (struct sweep_record){.line = json_pack("{s:o s:o}", "point", point, "measures", measures),
                               .point = sweep_point_text(point),
                               .repeat = repeat,
                               .verdict = VERDICT_TRUSTED,
                               .measures = measures};
    return r;
}

/* Two runs, of which a metric has these values; NAN: it was not measured. */
struct twice {
    const char *metric;
    double first, second;
};

static void add_runs(const char *kind, const char *size, const struct twice *pairs, size_t count,
                     bool emulated)
{
    for (unsigned repeat = 1; repeat <= 2; repeat++) {
        json_t *measures = json_object();
        for (size_t i = 0; i < count; i++) {
            double value = repeat == 1 ? pairs[i].first : pairs[i].second;
            if (!isnan(value))
                json_object_set_new(measures, pairs[i].metric, json_real(value));
        }
        add_run(kind, size, repeat, measures)->emulated = emulated;
    }
}

#define RUNS(kind, emulated, ...)                                                                  \
    add_runs(kind, "1", (const struct twice[]){__VA_ARGS__},                                       \
             ARRAY_LEN(((const struct twice[]){__VA_ARGS__})), emulated)

/* What is said of the first cell's `speed` and `alone`. */
static void expect_reasons(const char *speed, const char *alone)
{
    struct winner_table t;
    assert_true(winner_table_read(&book, &t));
    struct reasons r = reasons_find(&book, &t);
    _cleanup_(freep) char *of_speed = reasons_of_row(&r, &t.rows[0]);
    _cleanup_(freep) char *of_alone = reasons_of_row(&r, &t.rows[1]);
    assert_string_equal(of_speed, speed);
    assert_string_equal(of_alone, alone);
    reasons_done(&r);
    winner_table_done(&t);
}

static void what_is_worse_is_because_of_what_is_worse(void **state)
{
    (void)state;
    /* speed 0.5; call 4, fault 1/4 (better), lost 2 and 1/2 (the interval holds 1), huge 1/8 */
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"fault", 4, 8}, {"lost", 1, 1},
         {"huge", 8, 16}, {"alone", 3, 4});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"fault", 1, 2}, {"lost", 2, 0.5},
         {"huge", 1, 2}, {"alone", 6, 8});
    expect_reasons("uml: huge × 0.125, call × 4", "uml: no measured reason");
}

static void what_is_better_is_because_of_what_is_better(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 4, 8}, {"fault", 1, 2}, {"huge", 1, 2});
    RUNS("uml", false, {"speed", 200, 220}, {"call", 1, 2}, {"fault", 4, 8}, {"huge", 8, 16});
    expect_reasons("uml: huge × 8, call × 0.25", "");
}

static void what_does_not_differ_has_no_reasons(void **state)
{
    (void)state;
    /* the mean logarithm of 0.5 and 1 is -0.35, its interval ± 12.7 times 0.35 */
    RUNS("native", false, {"speed", 100, 100}, {"call", 1, 1}, {"alone", 1, 1});
    RUNS("uml", false, {"speed", 50, 100}, {"call", 4, 4}, {"alone", 1, 1});
    expect_reasons("", "");
}

static void equal_ones_stay_in_the_order_of_the_workload(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"fault", 1, 2}, {"lost", 1, 2});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"fault", 4, 8}, {"lost", 5, 10});
    expect_reasons("uml: lost × 5, call × 4, fault × 4", "");
}

static void zero_is_told_apart_by_the_intervals_of_the_means(void **state)
{
    (void)state;
    /* huge 0.85 ± 0.64 on one side, and 0 on the other; lost 0, and then 1 */
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"huge", 0.8, 0.9}, {"lost", 0, 0});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"huge", 0, 0}, {"lost", 1, 1});
    expect_reasons("uml: lost, huge × 0, call × 4", "");
}

static void no_rate_at_all_is_a_difference_too(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"lost", 0, 0});
    RUNS("uml", false, {"speed", 0, 0}, {"call", 4, 8}, {"lost", 0, 0});
    expect_reasons("uml: call × 4", "");
}

static void what_only_one_of_them_does_is_a_reason(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"alone", 1, 2});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"fault", 3, 3});
    RUNS("qemu", false, {"speed", 200, 220}, {"lost", 1, 1});
    expect_reasons("uml: fault (native: none), call × 4; qemu: call (qemu: none)", "");
}

static void what_was_not_always_measured_is_none(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, NAN});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"fault", 3, NAN}, {"huge", 3, 3});
    expect_reasons("uml: no measured reason", "");
}

static void an_emulated_processor_explains_what_is_worse(void **state)
{
    (void)state;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"alone", 4, 5});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 1, 2}, {"alone", 4, 5});
    RUNS("qemu", true, {"speed", 25, 27.5}, {"call", 8, 16}, {"alone", 2, 2.5});
    expect_reasons("uml: no measured reason; "
                   "qemu: its processor is emulated (QEMU without KVM), call × 8",
                   "qemu: no measured reason");
}

static void an_emulated_reference_explains_what_is_better(void **state)
{
    (void)state;
    json_object_set_new(json_object_get(book.about, "comparison"), "to", json_string("qemu"));
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2});
    RUNS("uml", true, {"speed", 50, 55}, {"call", 8, 16});
    RUNS("qemu", true, {"speed", 25, 27.5}, {"call", 8, 16});
    expect_reasons("native: qemu's processor is emulated (QEMU without KVM), call × 0.125; "
                   "uml: no measured reason",
                   "");
}

static void cells_are_put_together(void **state)
{
    (void)state;
    struct winner_table t;
    size_t count;
    RUNS("native", false, {"speed", 100, 110}, {"call", 1, 2}, {"fault", 1, 1});
    RUNS("uml", false, {"speed", 50, 55}, {"call", 4, 8}, {"fault", 2, 2});
    const struct twice native[] = {{"speed", 100, 110}, {"call", 1, 2}, {"fault", 1, 1}};
    const struct twice uml[] = {{"speed", 20, 22}, {"call", 5, 10}, {"fault", 1, 1}};
    add_runs("native", "2", native, ARRAY_LEN(native), false);
    add_runs("uml", "2", uml, ARRAY_LEN(uml), false);
    assert_true(winner_table_read(&book, &t));
    struct reasons r = reasons_find(&book, &t);
    assert_true(r.are_known);
    struct reasons_group *groups = reasons_list_groups(&r, &count);
    assert_int_equal(count, 1);
    assert_string_equal(groups[0].value, "uml");
    assert_true(groups[0].is_worse);
    assert_int_equal(groups[0].cells, 2);
    assert_int_equal(groups[0].of, 2);
    assert_string_equal(groups[0].reasons, "call × 4 to 5, fault × 2 (in 1)");
    _cleanup_(freep) char *ratios = reasons_ratios(&groups[0]);
    assert_string_equal(ratios, "0.2 to 0.5");
    reasons_groups_done(groups, count);
    reasons_done(&r);
    winner_table_done(&t);
}

static void a_run_says_whether_a_processor_was_emulated(void **state)
{
    (void)state;
    static const struct {
        const char *run;
        bool emulated;
    } runs[] = {{"{\"nodes\": [{\"accelerator\": \"none\"}, {\"accelerator\": \"tcg\"}]}", true},
                {"{\"nodes\": [{\"accelerator\": \"kvm\"}, {\"kind\": \"process\"}]}", false},
                {"{}", false}};
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        json_t *run = json_loads(runs[i].run, 0, NULL);
        assert_true(measures_emulated(run) == runs[i].emulated);
        json_decref(run);
    }
}

#define ON_BOOK(test) cmocka_unit_test_setup_teardown(test, open_book, close_book)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOOK(what_is_worse_is_because_of_what_is_worse),
        ON_BOOK(what_is_better_is_because_of_what_is_better),
        ON_BOOK(what_does_not_differ_has_no_reasons),
        ON_BOOK(equal_ones_stay_in_the_order_of_the_workload),
        ON_BOOK(zero_is_told_apart_by_the_intervals_of_the_means),
        ON_BOOK(no_rate_at_all_is_a_difference_too),
        ON_BOOK(what_only_one_of_them_does_is_a_reason),
        ON_BOOK(what_was_not_always_measured_is_none),
        ON_BOOK(an_emulated_processor_explains_what_is_worse),
        ON_BOOK(an_emulated_reference_explains_what_is_better),
        ON_BOOK(cells_are_put_together),
        cmocka_unit_test(a_run_says_whether_a_processor_was_emulated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
