/* SPDX-License-Identifier: MIT
 *
 * Winner tables of invented runs. The book of most tests has one key beside the compared one.
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
#include "experiment/winner_table.h"

/* A value with so many runs of that mean, and an interval of so much to both sides. */
static struct winner_value value(const char *name, size_t count, double mean, double half)
{
    struct interval ci = {mean - half, mean + half};
    if (count < 2)
        ci = (struct interval){NAN, NAN};
    return (struct winner_value){
        .name = name, .asked = 5, .stats = {.count = count, .mean = mean, .sd = half, .ci = ci}};
}

/* The winners as "a b|b": of all, and of those that are not `native`. */
static void expect_winners(struct winner_value *values, size_t count, bool less,
                           const char *expected)
{
    char text[256] = "";
    winner_decide(values, count, "native", less);
    for (int rest = 0; rest < 2; rest++) {
        for (size_t i = 0; i < count; i++)
            if (rest ? values[i].wins_rest : values[i].wins) {
                strcat(text, values[i].name);
                strcat(text, " ");
            }
        strcat(text, rest ? "" : "| ");
    }
    assert_string_equal(text, expected);
}

static void the_best_mean_wins_in_its_direction(void **state)
{
    (void)state;
    struct winner_value v[] = {value("native", 5, 10, 1), value("container", 5, 7, 1),
                               value("uml", 5, 2, 1)};
    expect_winners(v, 3, false, "native | container ");
    struct winner_value w[] = {value("native", 5, 10, 1), value("container", 5, 7, 1),
                               value("uml", 5, 2, 1)};
    expect_winners(w, 3, true, "uml | uml ");
}

static void what_overlaps_with_the_best_is_in_the_tie(void **state)
{
    (void)state;
    /* b touches the best, c overlaps with b but not with the best */
    struct winner_value v[] = {value("native", 5, 10, 1), value("b", 5, 8, 1),
                               value("c", 5, 6.5, 1)};
    expect_winners(v, 3, false, "native b | b c ");
    /* the best one's interval counts, not its mean */
    struct winner_value w[] = {value("native", 5, 10, 0), value("b", 5, 9, 0.5),
                               value("c", 5, 9.5, 0.6)};
    expect_winners(w, 3, false, "native c | b c ");
}

static void a_single_run_cannot_be_told_apart(void **state)
{
    (void)state;
    struct winner_value v[] = {value("native", 5, 10, 1), value("b", 1, 2, 0), value("c", 5, 5, 1)};
    expect_winners(v, 3, false, "native b | b c ");
}

static void what_has_no_value_is_no_rival(void **state)
{
    (void)state;
    struct winner_value v[] = {value("native", 5, 10, 1), value("b", 0, NAN, NAN),
                               value("c", 5, 5, 1)};
    expect_winners(v, 3, false, "native | "); /* and nothing wins alone */
    struct winner_value w[] = {value("native", 5, 10, 1), value("b", 0, NAN, NAN)};
    expect_winners(w, 2, false, "| ");
}

/* --- whole books --- */

static void add_run(struct sweep_book *b, json_t *point, unsigned repeat, enum verdict verdict,
                    json_t *measures)
{
    b->records = array_grow(b->records, b->record_count, sizeof(*b->records));
    b->records[b->record_count++] = (struct sweep_record){
        .line = json_pack("{s:o s:o*}", "point", point, "measures", measures),
        .point = sweep_point_text(point),
        .repeat = repeat,
        .failed = !measures,
        .for_good = !measures,
        .verdict = verdict,
        .measures = measures,
    };
}

static json_t *at(const char *kind, const char *count)
{
    return json_pack("{s:s s:s}", "nodes.n.kind", kind, "nodes.n.count", count);
}

static json_t *speed(double v)
{
    return json_pack("{s:f s:f}", "speed_mean", v, "speed_p50", v + 1000);
}

/* native and uml with counts 1 and 2, three runs each; the caller adds the runs. */
static struct sweep_book make_book(const char *published)
{
    json_t *about =
        json_pack("{s:{s:s s:s s:[s,s] s:i s:[{s:s s:s s:s}]} s:[o,o,o,o]}", "comparison", "of",
                  "nodes.n.kind", "to", "native", "values", "native", "uml", "repeat", 3, "metrics",
                  "name", "speed", "unit", "B/s", "better", "more", "points", at("native", "1"),
                  at("uml", "1"), at("native", "2"), at("uml", "2"));
    assert_non_null(about);
    if (published)
        json_object_set_new(json_object_get(about, "comparison"), "published",
                            json_loads(published, 0, NULL));
    return (struct sweep_book){.folder_fd = -1, .lines_fd = -1, .about = about};
}

static void expect_note(const struct winner_table *t, size_t row, const char *expected)
{
    _cleanup_(freep) char *note = winner_note(t, &t->rows[row]);
    assert_string_equal(note, expected);
}

static void a_cell_tells_what_it_lacks(void **state)
{
    (void)state;
    struct sweep_book b = make_book(NULL);
    struct winner_table t;
    add_run(&b, at("native", "1"), 1, VERDICT_BROKEN, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        add_run(&b, at("native", "1"), i, VERDICT_TRUSTED, speed(100 + i));
        add_run(&b, at("native", "2"), i, VERDICT_DOUBTFUL, speed(100 + i));
        add_run(&b, at("uml", "1"), i, i < 3 ? VERDICT_TRUSTED : VERDICT_BROKEN, speed(50 + i));
    }
    add_run(&b, at("uml", "2"), 1, VERDICT_TRUSTED, speed(7));
    for (int attempt = 0; attempt < 2; attempt++)
        add_run(&b, at("uml", "2"), 2, VERDICT_BROKEN, NULL);
    assert_true(winner_table_read(&b, &t));
    assert_int_equal(t.row_count, 2);
    assert_string_equal(t.rows[0].cell, "count 1");
    assert_string_equal(t.rows[1].cell, "count 2");
    assert_true(t.rows[0].values[0].stats.mean == 102 && t.rows[0].values[0].stats.count == 3);
    assert_true(t.rows[0].values[1].stats.mean == 51.5);
    assert_true(t.rows[0].values[0].ratio.ratio == 1 && isnan(t.rows[0].values[0].ratio.ci.low));
    assert_true(fabs(t.rows[0].values[1].ratio.ratio - sqrt(51.0 / 101 * 52 / 102)) < 1e-12);
    assert_false(t.rows[0].values[0].marked);
    assert_true(t.rows[1].values[0].marked); /* none of its runs is trusted, but all are there */
    expect_note(&t, 0,
                "native: 3 of 3 runs, 1 failed and made again; uml: 2 of 3 runs, 1 not trusted");
    expect_note(&t, 1, "uml: 1 of 3 runs, 1 failed");
    assert_int_equal(t.rows[1].values[1].failed, 1);
    winner_table_done(&t);
    sweep_book_close(&b);
}

/* The findings of both cells, in each of which native is far better than uml. */
static void expect_findings(const char *published, enum winner_finding first,
                            enum winner_finding second)
{
    struct sweep_book b = make_book(published);
    struct winner_table t;
    for (unsigned i = 1; i <= 3; i++) {
        for (int count = 1; count <= 2; count++) {
            add_run(&b, at("native", count == 1 ? "1" : "2"), i, VERDICT_TRUSTED, speed(100 + i));
            add_run(&b, at("uml", count == 1 ? "1" : "2"), i, VERDICT_TRUSTED,
                    speed(count == 1 ? 50 + i : 100.5 + i));
        }
    }
    assert_true(winner_table_read(&b, &t));
    assert_false(t.published_rest); /* there is one only */
    assert_int_equal(t.rows[0].finding, first);
    assert_int_equal(t.rows[1].finding, second);
    winner_table_done(&t);
    sweep_book_close(&b);
}

static void the_published_stand_beside(void **state)
{
    (void)state;
    expect_findings("[{\"cell\": \"count 1\", \"metric\": \"speed\", \"winner\": \"native\"},"
                    " {\"cell\": \"count 2\", \"metric\": \"speed\", \"winner\": \"native\"}]",
                    WINNER_AGREES, WINNER_TIES);
    expect_findings("[{\"cell\": \"count 1\", \"metric\": \"speed\", \"winner\": \"tie\"},"
                    " {\"cell\": \"count 2\", \"metric\": \"speed\", \"winner\": \"native\"}]",
                    WINNER_DIFFERS, WINNER_TIES);
    expect_findings("[{\"cell\": \"count 1\", \"metric\": \"speed\", \"winner\": \"native\"},"
                    " {\"cell\": \"count 2\", \"metric\": \"speed\", \"winner\": \"tie\"}]",
                    WINNER_AGREES, WINNER_AGREES);
    expect_findings("[{\"cell\": \"count 1\", \"metric\": \"speed\", \"winner\": \"native\"},"
                    " {\"cell\": \"count 9\", \"metric\": \"speed\", \"winner\": \"uml\"}]",
                    WINNER_AGREES, WINNER_NOT_PUBLISHED);
    expect_findings("[{\"cell\": \"count 1\", \"metric\": \"speed\", \"winner\": \"uml\"}]",
                    WINNER_DIFFERS, WINNER_NOT_PUBLISHED);
}

static void keys_that_vary_with_the_compared_one_make_no_cell(void **state)
{
    (void)state;
    json_t *points = json_loads("[{\"nodes.n.kind\": \"native\", \"workload.w.size\": \"1MiB\"},"
                                " {\"nodes.n.kind\": \"uml\", \"nodes.n.scratch\": \"disk\","
                                "  \"workload.w.size\": \"1MiB\"},"
                                " {\"nodes.n.kind\": \"native\", \"workload.w.size\": \"2MiB\"}]",
                                0, NULL);
    json_t *keys = winner_cell_keys(points, "nodes.n.kind");
    _cleanup_(freep) char *first = winner_cell(json_array_get(points, 0), keys);
    _cleanup_(freep) char *second = winner_cell(json_array_get(points, 1), keys);
    assert_string_equal(first, "size 1MiB");
    assert_string_equal(second, "size 1MiB");
    json_decref(keys);
    json_decref(points);
}

static void keys_of_one_name_are_written_whole(void **state)
{
    (void)state;
    json_t *points =
        json_loads("[{\"k\": \"a\", \"nodes.x.count\": \"1\", \"nodes.y.count\": \"2\","
                   "  \"seed\": \"3\"}]",
                   0, NULL);
    json_t *keys = winner_cell_keys(points, "k");
    _cleanup_(freep) char *cell = winner_cell(json_array_get(points, 0), keys);
    assert_string_equal(cell, "nodes.x.count 1, nodes.y.count 2, seed 3");
    json_decref(keys);
    keys = winner_cell_keys(points, "other");
    json_object_clear(keys);
    _cleanup_(freep) char *only = winner_cell(json_array_get(points, 0), keys);
    assert_string_equal(only, "all");
    json_decref(keys);
    json_decref(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_mean_wins_in_its_direction),
        cmocka_unit_test(what_overlaps_with_the_best_is_in_the_tie),
        cmocka_unit_test(a_single_run_cannot_be_told_apart),
        cmocka_unit_test(what_has_no_value_is_no_rival),
        cmocka_unit_test(a_cell_tells_what_it_lacks),
        cmocka_unit_test(the_published_stand_beside),
        cmocka_unit_test(keys_that_vary_with_the_compared_one_make_no_cell),
        cmocka_unit_test(keys_of_one_name_are_written_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
