/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "expect.h"
#include "topology/distribution.h"

static void moments(const struct distribution *d, double *ret_mean, double *ret_deviation)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < d->count; i++) {
        double v = (double)d->values[i] / DISTRIBUTION_SCALE;
        sum += v;
        squares += v * v;
    }
    *ret_mean = sum / (double)d->count;
    *ret_deviation = sqrt(squares / (double)d->count - *ret_mean * *ret_mean);
}

static void the_named_tables_have_their_moments_and_are_sorted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double mean, deviation;
    } cases[] = {{"normal", 0, 1}, {"pareto", -0.033, 0.82}, {"paretonormal", -0.025, 0.834}};
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        struct distribution *d = distribution_named(cases[k].name);
        double mean, deviation;
        moments(d, &mean, &deviation);
        assert_true(fabs(mean - cases[k].mean) < 0.001);
        assert_true(fabs(deviation - cases[k].deviation) < 0.001);
        for (size_t i = 1; i < d->count; i++)
            assert_true(d->values[i - 1] <= d->values[i]);
        distribution_free(d);
    }
    assert_null(distribution_named("uniform"));
}

/* Where iproute2's own tables are installed, ours are these. */
static void the_named_tables_are_those_of_iproute2(void **state)
{
    (void)state;
    static const char *const folders[] = {"/usr/lib/tc", "/usr/share/tc",
                                          "/usr/lib/x86_64-linux-gnu/tc"};
    static const char *const names[] = {"normal", "pareto", "paretonormal"};
    unsigned compared = 0;
    for (size_t k = 0; k < ARRAY_LEN(folders) * ARRAY_LEN(names); k++) {
        const char *name = names[k % ARRAY_LEN(names)];
        char *path = xasprintf("%s/%s.dist", folders[k / ARRAY_LEN(names)], name);
        struct distribution *theirs = NULL, *ours = distribution_named(name);
        struct error err;
        if (file_exists(path) && distribution_open(path, name, &theirs, &err) == 0) {
            assert_int_equal(theirs->count, ours->count);
            assert_memory_equal(theirs->values, ours->values, ours->count * sizeof(int16_t));
            compared++;
        }
        distribution_free(theirs);
        distribution_free(ours);
        free(path);
    }
    if (compared == 0)
        skip();
}

static void a_file_is_sorted_and_its_faults_have_a_line(void **state)
{
    (void)state;
    char *good = expect_file("good", "# a table\n 3 -1\n\n2 # last\n");
    struct distribution *d = NULL;
    struct error err;
    assert_int_equal(distribution_open(good, "x", &d, &err), 0);
    assert_int_equal(d->count, 3);
    assert_true(d->values[0] == -1 && d->values[2] == 3);
    distribution_free(d);
    static const char *const bad[][2] = {{"1 2\n3 x\n", ":2:3: found 'x'"},
                                         {"1 2 99999\n", ":1:5: '99999' is out of range"},
                                         {"1.5 2\n", ":1:1: found '1.5'"},
                                         {"7\n", ":1:1: found 1 numbers"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char *path = expect_file("bad", bad[i][0]);
        assert_true(distribution_open(path, "x", &d, &err) < 0);
        expect_input_error(&err, bad[i][1]);
        free(path);
    }
    free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_tables_have_their_moments_and_are_sorted),
        cmocka_unit_test(the_named_tables_are_those_of_iproute2),
        cmocka_unit_test(a_file_is_sorted_and_its_faults_have_a_line),
    };
    return RUN_TESTS(tests);
}
