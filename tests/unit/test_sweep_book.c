/* SPDX-License-Identifier: MIT */
#include "experiment/sweep_book.h"

#include <math.h>
#include <unistd.h>

#include "base/log.h"
#include "experiment/measures.h"
#include "experiment/sweep_estimate.h"
#include "experiment/sweep_table.h"

#include "expect.h"

static json_t *about(const char *version, const char *hash)
{
    return json_pack("{s:i s:s s:s s:s}", "format", 1, "wanlab", version, "scenario_hash", hash,
                     "file", "s.yaml");
}

static json_t *line(const char *rate, int repeat, const char *verdict, double value)
{
    return json_pack("{s:{s:s} s:i s:s s:s s:{s:f} s:f s:s}", "point", "rate", rate, "repeat",
                     repeat, "outcome", "done", "verdict", verdict, "measures", "m_max", value,
                     "took_s", 1.5, "run", "point-001-run-1");
}

static json_t *failure(const char *rate, int repeat, int status)
{
    return json_pack("{s:{s:s} s:i s:s s:s s:i s:f}", "point", "rate", rate, "repeat", repeat,
                     "outcome", "failed", "error", "a node died", "status", status, "took_s", 1.0);
}

static char *folder_name(const char *name)
{
    return xasprintf("%s/%s", expect_folder, name);
}

static void records_outlive_their_writer(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("kept");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_false(b.resumed);
    assert_int_equal(sweep_book_add(&b, line("1/s", 1, "trusted", 2.5), &err), 0);
    assert_int_equal(sweep_book_add(&b, failure("1/s", 2, 1), &err), 0);
    sweep_book_close(&b);

    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_true(b.resumed);
    assert_int_equal(b.record_count, 2);
    const struct sweep_record *r = sweep_book_find(&b, "rate=1/s", 1);
    assert_non_null(r);
    assert_true(r->verdict == VERDICT_TRUSTED && r->took_s == 1.5);
    assert_null(sweep_book_find(&b, "rate=1/s", 2)); /* it failed */
    assert_null(sweep_book_find(&b, "rate=2/s", 1));
    assert_int_equal(sweep_book_failures(&b, "rate=1/s", 2, true), 1);
    sweep_book_close(&b);
    free(folder);
}

static void a_line_that_was_cut_off_never_was(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("torn"), *path = folder_name("torn/points.jsonl");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_int_equal(sweep_book_add(&b, line("1/s", 1, "trusted", 1), &err), 0);
    sweep_book_close(&b);
    FILE *out = fopen(path, "a");
    fputs("{\"point\": {\"ra", out);
    fclose(out);
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_int_equal(b.record_count, 1);
    assert_int_equal(sweep_book_add(&b, line("1/s", 2, "doubtful", 1), &err), 0);
    sweep_book_close(&b);
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_int_equal(b.record_count, 2);
    sweep_book_close(&b);
    free(folder);
    free(path);
}

static void folders_of_runs_that_are_not_on_record_are_removed(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("stray");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_int_equal(sweep_book_add(&b, line("1/s", 1, "trusted", 1), &err), 0);
    sweep_book_close(&b);
    char *kept = folder_name("stray/point-001-run-1"),
         *stray = folder_name("stray/point-002-run-1"),
         *half = folder_name("stray/point-003-run-1.partial");
    file_make_dirs(kept, &err);
    file_make_dirs(stray, &err);
    file_make_dirs(half, &err);
    log_threshold = LOG_LEVEL_ERROR;
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_true(file_exists(kept));
    assert_false(file_exists(stray));
    assert_false(file_exists(half));
    sweep_book_close(&b);
    free(folder);
    free(kept);
    free(stray);
    free(half);
}

static void folders_of_others_are_refused_by_name(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("other"), *foreign = folder_name("foreign");
    assert_int_equal(sweep_book_open(folder, about("1", "aaaa"), &b, &err), 0);
    struct sweep_book second;
    assert_true(sweep_book_open(folder, about("1", "aaaa"), &second, &err) < 0);
    expect_input_error(&err, "another sweep is at work in '");
    sweep_book_close(&b);
    assert_true(sweep_book_open(folder, about("1", "bbbb"), &b, &err) < 0);
    expect_input_error(&err, "it has s.yaml with hash aaaa, this is s.yaml with hash bbbb");
    assert_true(sweep_book_open(folder, about("2", "aaaa"), &b, &err) < 0);
    expect_input_error(&err, "was begun by wanlab 1, this is 2");
    assert_true(sweep_book_read(folder, false, &b, &err) < 0);
    expect_input_error(&err, "is not finished");
    file_make_dirs(foreign, &err);
    free(expect_file("foreign/mine", "x"));
    assert_true(sweep_book_open(foreign, about("1", "a"), &b, &err) < 0);
    expect_input_error(&err, "is no sweep's: it has no sweep.json");
    free(folder);
    free(foreign);
}

static void a_broken_record_is_named(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("broken");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    sweep_book_close(&b);
    free(expect_file("broken/points.jsonl", "{\"point\": {}}\n"));
    assert_true(sweep_book_open(folder, about("1", "h"), &b, &err) < 0);
    expect_input_error(&err, "points.jsonl:1:1: ");
    free(folder);
}

static void only_trusted_runs_are_averaged(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("average");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    sweep_book_add(&b, line("1/s", 1, "trusted", 10), &err);
    sweep_book_add(&b, line("1/s", 2, "doubtful", 99), &err);
    sweep_book_add(&b, line("1/s", 3, "trusted", 12), &err);
    sweep_book_add(&b, failure("1/s", 4, 1), &err);
    sweep_book_add(&b, failure("1/s", 4, 1), &err);
    sweep_book_add(&b, failure("1/s", 5, 1), &err);
    sweep_book_add(&b, line("1/s", 5, "trusted", 11), &err);
    sweep_book_add(&b, line("2/s", 1, "broken", 50), &err);
    struct sweep_cell cell = sweep_summarise(&b, "rate=1/s", "m_max");
    assert_int_equal(cell.done, 4);
    assert_int_equal(cell.trusted, 3);
    assert_int_equal(cell.failed, 1);
    assert_false(cell.marked);
    assert_true(cell.stats.count == 3 && cell.stats.mean == 11);
    cell = sweep_summarise(&b, "rate=2/s", "m_max"); /* none is: shown, and marked */
    assert_true(cell.marked && cell.stats.count == 1 && cell.stats.mean == 50);
    cell = sweep_summarise(&b, "rate=3/s", "m_max");
    assert_true(cell.done == 0 && cell.stats.count == 0 && isnan(cell.stats.mean));
    sweep_book_close(&b);
    free(folder);
}

static void what_the_machine_lacks_is_no_failure_for_good(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("machine");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    sweep_book_add(&b, failure("1/s", 1, STATUS_MACHINE), &err);
    assert_int_equal(sweep_book_failures(&b, "rate=1/s", 1, false), 1);
    assert_int_equal(sweep_book_failures(&b, "rate=1/s", 1, true), 0);
    sweep_book_close(&b);
    free(folder);
}

static void a_run_in_single_numbers(void **state)
{
    (void)state;
    json_t *metrics =
        json_loads("{\"a\": {\"loop\": 2, \"lat\": {\"p50\": 1, \"p99\": 5, \"mean\": 3}},"
                   " \"b\": {\"loop\": 4, \"lat\": {\"p50\": 3, \"p99\": 9, \"mean\": 7}},"
                   " \"c\": {\"lat\": 2}}",
                   0, NULL);
    json_t *run =
        json_pack("{s:o s:[{s:f s:i},{s:f s:i}]}", "metrics", metrics, "nodes", "boot_s", 1.0,
                  "memory_pss_bytes", 1 << 20, "boot_s", 2.0, "memory_pss_bytes", 3 << 20);
    json_t *m = measures_of(run);
    assert_int_equal(json_object_size(m), 7);
    assert_true(json_number_value(json_object_get(m, "node_boot")) == 1.5);
    assert_true(json_number_value(json_object_get(m, "node_memory")) == 2);
    assert_true(json_number_value(json_object_get(m, "loop")) == 3);
    assert_true(json_number_value(json_object_get(m, "loop_max")) == 4);
    assert_true(json_number_value(json_object_get(m, "lat_p50")) == 2);
    assert_true(json_number_value(json_object_get(m, "lat_p99")) == 9);
    assert_true(json_number_value(json_object_get(m, "lat_mean")) == 4);
    json_decref(m);
    json_decref(run);
}

/* A run that was guessed at 10 s took 20 s, and failed once after 5 s. */
static void runs_on_record_correct_the_guess(void **state)
{
    (void)state;
    struct sweep_book b;
    struct error err;
    char *folder = folder_name("guesses");
    assert_int_equal(sweep_book_open(folder, about("1", "h"), &b, &err), 0);
    assert_true(estimate_from_records(&b, "rate=1/s", 4) == 4);
    json_t *first = failure("1/s", 1, 1), *second = line("1/s", 1, "trusted", 1);
    json_object_set_new(first, "took_s", json_real(5));
    json_object_set_new(first, "guess_s", json_real(10));
    json_object_set_new(second, "took_s", json_real(20));
    json_object_set_new(second, "guess_s", json_real(0));
    assert_int_equal(sweep_book_add(&b, first, &err), 0);
    assert_int_equal(sweep_book_add(&b, second, &err), 0);
    assert_true(estimate_from_records(&b, "rate=2/s", 4) == 10); /* 25 / 10 of the guess */
    assert_true(estimate_from_records(&b, "rate=1/s", 4) == 20); /* as it was */
    sweep_book_close(&b);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_outlive_their_writer),
        cmocka_unit_test(a_line_that_was_cut_off_never_was),
        cmocka_unit_test(folders_of_runs_that_are_not_on_record_are_removed),
        cmocka_unit_test(folders_of_others_are_refused_by_name),
        cmocka_unit_test(a_broken_record_is_named),
        cmocka_unit_test(only_trusted_runs_are_averaged),
        cmocka_unit_test(what_the_machine_lacks_is_no_failure_for_good),
        cmocka_unit_test(runs_on_record_correct_the_guess),
        cmocka_unit_test(a_run_in_single_numbers),
    };
    return RUN_TESTS(tests);
}
