/* SPDX-License-Identifier: MIT */
#include "experiment/saturation.h"

#include <errno.h>
#include <math.h>

#include "base/prng.h"

#include "expect.h"

/* A machine that is saturated at `edge`; its excess at x is 0.05 * (x / edge)^4. */
struct machine {
    double edge;
    double noise;    /* added to each run, uniform from -noise to noise */
    double deceives; /* a value whose first run looks fine; 0: none */
    unsigned runs;
    double values[100]; /* that were asked for: a run is made once */
    unsigned repeats[100], different;
};

static int measure(double value, unsigned repeat, double *ret, void *arg, struct error *err)
{
    struct machine *m = arg;
    (void)err;
    unsigned i = 0;
    while (i < m->different && (m->values[i] != value || m->repeats[i] != repeat))
        i++;
    if (i == m->different && i < ARRAY_LEN(m->values)) {
        m->values[m->different] = value;
        m->repeats[m->different++] = repeat;
    }
    m->runs++;
    double drawn = prng_unit(prng_key((uint64_t)value, "noise"), repeat) * 2 - 1;
    *ret = 0.05 * pow(value / m->edge, 4) + drawn * m->noise;
    if (repeat == 1 && m->deceives > 0 && fabs(value / m->deceives - 1) < 0.2)
        *ret = 0.001;
    return 0;
}

static struct saturation find(struct machine *m)
{
    struct saturation_search s = {.low = 60,
                                  .high = 60000,
                                  .within = 0.05,
                                  .resolution = 0.02,
                                  .repeat = 3,
                                  .measure = measure,
                                  .arg = m};
    struct saturation found;
    struct error err;
    assert_int_equal(saturation_find(&s, &found, &err), 0);
    return found;
}

static void the_edge_is_found_to_the_resolution(void **state)
{
    (void)state;
    for (double edge = 61; edge < 60000; edge *= 1.37) {
        struct machine m = {.edge = edge};
        struct saturation found = find(&m);
        assert_int_equal(found.side, SATURATION_FOUND);
        assert_true(found.highest <= edge * (1 + 1e-9) && found.lowest > edge);
        assert_true(found.lowest / found.highest <= 1.02 + 1e-9);
        assert_true(found.excess <= 0.05);
        assert_in_range(m.runs, 5, 40); /* 1,000 : 1 to 2 % is 9 bisections */
    }
}

static void the_number_of_runs_is_about_as_expected(void **state)
{
    (void)state;
    unsigned runs = 0, searches = 0;
    for (double edge = 61; edge < 60000; edge *= 1.37, searches++) {
        struct machine m = {.edge = edge};
        find(&m);
        runs += m.different;
    }
    struct saturation_search s = {.low = 60, .high = 60000, .resolution = 0.02, .repeat = 3};
    double mean = (double)runs / searches;
    assert_true(fabs(saturation_expected_runs(&s) / mean - 1) < 0.2);
    s.resolution = 2000; /* the ends are near enough */
    assert_int_equal(saturation_expected_runs(&s), 10);
}

static void an_edge_outside_is_said_to_be(void **state)
{
    (void)state;
    struct machine small = {.edge = 10}, large = {.edge = 1e6};
    struct saturation found = find(&small);
    assert_int_equal(found.side, SATURATION_BELOW);
    assert_true(isnan(found.highest) && found.lowest == 60);
    found = find(&large);
    assert_int_equal(found.side, SATURATION_ABOVE);
    assert_true(isnan(found.lowest) && found.highest == 60000);
    assert_int_equal(large.runs, 2);
}

static void noise_moves_the_edge_little(void **state)
{
    (void)state;
    for (double edge = 100; edge < 50000; edge *= 1.7) {
        struct machine m = {.edge = edge, .noise = 0.005};
        struct saturation found = find(&m);
        assert_int_equal(found.side, SATURATION_FOUND);
        assert_true(fabs(found.highest / edge - 1) < 0.06);
    }
}

static void one_run_that_deceives_is_found_out(void **state)
{
    (void)state;
    struct machine m = {.edge = 1000, .deceives = 1897}; /* the second middle's neighbourhood */
    struct saturation found = find(&m);
    assert_int_equal(found.side, SATURATION_FOUND);
    assert_true(found.highest <= 1000 && found.excess <= 0.05);
}

static int interrupt(double value, unsigned repeat, double *ret, void *arg, struct error *err)
{
    (void)value;
    (void)repeat;
    (void)ret;
    (void)arg;
    return error_set(err, EINTR, "interrupted");
}

static void an_error_ends_the_search(void **state)
{
    (void)state;
    struct saturation_search s = {
        .low = 1, .high = 2, .within = 0.05, .resolution = 0.1, .repeat = 1, .measure = interrupt};
    struct saturation found;
    struct error err;
    assert_int_equal(saturation_find(&s, &found, &err), -EINTR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edge_is_found_to_the_resolution),
        cmocka_unit_test(the_number_of_runs_is_about_as_expected),
        cmocka_unit_test(an_edge_outside_is_said_to_be),
        cmocka_unit_test(noise_moves_the_edge_little),
        cmocka_unit_test(one_run_that_deceives_is_found_out),
        cmocka_unit_test(an_error_ends_the_search),
    };
    return RUN_TESTS(tests);
}
