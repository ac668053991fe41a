/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "replicate/lint.h"
#include "replicate/pace.h"
#include "replicate/parameters.h"
#include "replicate/peers.h"

static const char *const variables[] = {"WANLAB_COUNT",
                                        "WANLAB_PEERS",
                                        "WANLAB_SEED",
                                        "WANLAB_PARAM_RATE",
                                        "WANLAB_PARAM_DURATION",
                                        "WANLAB_PARAM_AGGREGATE",
                                        "WANLAB_PARAM_TUPLE",
                                        "WANLAB_PARAM_MODE",
                                        "WANLAB_PARAM_PACING",
                                        "WANLAB_NODE",
                                        "WANLAB_INDEX",
                                        "WANLAB_START",
                                        "WANLAB_PARAM_CONNECT_TIMEOUT",
                                        "WANLAB_PARAM_SYNC_TIMEOUT"};

static int clean_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
    setenv("WANLAB_COUNT", "3", 1);
    setenv("WANLAB_PEERS", "/dev/null", 1);
    return 0;
}

static void assert_refused(const char *name, const char *value, const char *word)
{
    struct parameters p;
    struct error err;
    setenv(name, value, 1);
    assert_true(parameters_read(&p, &err) < 0);
    assert_int_equal(err.status, STATUS_INPUT);
    assert_non_null(strstr(err.text, word));
    clean_environment(NULL);
}

static void inserts_are_duration_times_rate(void **state)
{
    (void)state;
    struct parameters p;
    struct error err;
    setenv("WANLAB_PARAM_RATE", "0.116666666667", 1); /* 7/min */
    setenv("WANLAB_PARAM_DURATION", "60", 1);
    setenv("WANLAB_PARAM_AGGREGATE", "3", 1);
    assert_int_equal(parameters_read(&p, &err), 0);
    assert_int_equal(p.inserts, 7);
    assert_int_equal(parameters_batches(&p), 3);
    assert_float_equal(parameters_nominal_s(&p), 60, 1e-6);
    assert_float_equal(parameters_batch_interval_s(&p), 25.714, 1e-3);
}

static void defaults_are_those_of_the_workload(void **state)
{
    (void)state;
    struct parameters p;
    struct error err;
    assert_int_equal(parameters_read(&p, &err), 0);
    assert_int_equal(p.inserts, 600);
    assert_int_equal(p.aggregate, 10);
    assert_int_equal(p.tuple_len, 32);
    assert_int_equal(p.mode, MODE_SEQUENTIAL);
    assert_int_equal(p.pacing, PACING_ABSOLUTE);
    assert_int_equal(p.connect_timeout_ns, 30 * NS_PER_SEC);
    assert_int_equal(p.sync_timeout_ns, 60 * NS_PER_SEC);
}

static void nonsense_is_refused_with_the_parameters_name(void **state)
{
    (void)state;
    assert_refused("WANLAB_PARAM_AGGREGATE", "601", "aggregate of 601");
    assert_refused("WANLAB_PARAM_AGGREGATE", "2.5", "WANLAB_PARAM_AGGREGATE");
    assert_refused("WANLAB_PARAM_AGGREGATE", "0", "WANLAB_PARAM_AGGREGATE");
    assert_refused("WANLAB_PARAM_RATE", "fast", "WANLAB_PARAM_RATE");
    assert_refused("WANLAB_PARAM_RATE", "nan", "WANLAB_PARAM_RATE");
    assert_refused("WANLAB_PARAM_RATE", "10/s", "WANLAB_PARAM_RATE");
    assert_refused("WANLAB_PARAM_RATE", "0.001", "no insert at all");
    assert_refused("WANLAB_PARAM_DURATION", "-1", "WANLAB_PARAM_DURATION");
    assert_refused("WANLAB_PARAM_MODE", "both", "'sequential' nor 'parallel'");
    assert_refused("WANLAB_PARAM_PACING", "", "'sleep' nor 'absolute'");
    assert_refused("WANLAB_PARAM_TUPLE", "9000", "WANLAB_PARAM_TUPLE");
    assert_refused("WANLAB_SEED", "-1", "WANLAB_SEED");
    assert_refused("WANLAB_COUNT", "0", "WANLAB_COUNT");
}

static void a_batch_larger_than_a_packet_is_refused(void **state)
{
    (void)state;
    setenv("WANLAB_PARAM_TUPLE", "8192", 1);
    setenv("WANLAB_PARAM_RATE", "1000", 1);
    assert_refused("WANLAB_PARAM_AGGREGATE", "3000", "do not fit");
}

static void the_index_lies_below_the_count(void **state)
{
    (void)state;
    struct identity i;
    struct error err;
    setenv("WANLAB_NODE", "db3", 1);
    setenv("WANLAB_INDEX", "2", 1);
    assert_int_equal(identity_read(&i, 3, &err), 0);
    assert_int_equal(i.index, 2);
    setenv("WANLAB_INDEX", "3", 1);
    assert_true(identity_read(&i, 3, &err) < 0);
}

static void absolute_pacing_does_not_drift(void **state)
{
    (void)state;
    struct pace p = {.pacing = PACING_ABSOLUTE, .rate = 3, .start_ns = 5 * NS_PER_SEC};
    assert_int_equal(pace_due_ns(&p, 1), 5333333333);
    assert_int_equal(pace_due_ns(&p, 3), 6 * NS_PER_SEC);
    assert_int_equal(pace_due_ns(&p, 3000000), 1000005 * NS_PER_SEC);
    p.work_end_ns = 100 * NS_PER_SEC; /* says nothing here */
    assert_int_equal(pace_due_ns(&p, 3), 6 * NS_PER_SEC);
}

static void sleep_pacing_counts_from_the_end_of_the_work(void **state)
{
    (void)state;
    struct pace p = {.pacing = PACING_SLEEP, .rate = 4, .start_ns = 1, .work_end_ns = NS_PER_SEC};
    assert_int_equal(pace_due_ns(&p, 1), 1250000000);
    assert_int_equal(pace_due_ns(&p, 99), 1250000000);
}

/* Three peers: 0-1 and 0-2 are `far_s` apart, 1-2 is not known. */
static struct peers far_peers(double *rtts, double far_s)
{
    static struct peer list[3] = {
        {.name = (char *)"db1"}, {.name = (char *)"db2"}, {.name = (char *)"db3"}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            rtts[3 * i + j] = i == j ? 0 : i == 0 || j == 0 ? far_s : NAN;
    for (int i = 0; i < 3; i++)
        list[i].rtt_s = rtts + 3 * i;
    return (struct peers){.list = list, .count = 3};
}

static const char *warnings(const struct parameters *p, double far_s, struct text *ret)
{
    double rtts[9];
    struct peers peers = far_peers(rtts, far_s);
    lint_warnings(p, &peers, ret);
    return ret->data ? ret->data : "";
}

static void lint_names_the_node_that_sequential_overloads(void **state)
{
    (void)state;
    struct parameters p = {.rate = 50,
                           .aggregate = 5,
                           .inserts = 200,
                           .mode = MODE_SEQUENTIAL,
                           .pacing = PACING_ABSOLUTE};
    struct text t = {0};
    assert_string_equal(warnings(&p, 0.04, &t), "");
    assert_string_equal(warnings(&p, 0.1, &t),
                        "mode sequential cannot keep up at 'db1': its round trips add up to 200.0 "
                        "ms, but a batch is due every 100.0 ms; expect a main loop of 8.100 s or "
                        "more instead of 4.000 s\n");
    text_done(&t);
    p.pacing = PACING_SLEEP;
    assert_non_null(strstr(warnings(&p, 0.1, &t), "main loop of 12.00 s"));
    text_done(&t);
}

static void lint_names_the_pair_whose_backlog_grows(void **state)
{
    (void)state;
    struct parameters p = {.rate = 50, .aggregate = 5, .inserts = 200, .mode = MODE_PARALLEL};
    struct text t = {0};
    assert_string_equal(warnings(&p, 0.1, &t), "");
    assert_non_null(strstr(warnings(&p, 0.25, &t), "from 'db1' to 'db2'"));
    assert_non_null(strstr(t.data, "2.5 batches fall due per round trip"));
    assert_non_null(strstr(t.data, "main loop of 10.10 s or more instead of 4.000 s"));
    text_done(&t);
}

static void the_master_has_the_numerically_lowest_address(void **state)
{
    (void)state;
    struct peer list[] = {{.address = (char *)"fd00::1"},
                          {.address = (char *)"10.0.0.10"},
                          {.address = (char *)"10.0.0.9"},
                          {.address = (char *)"100.0.0.1"}};
    struct peers peers = {.list = list, .count = ARRAY_LEN(list)};
    assert_int_equal(peers_master(&peers), 2);
    peers.count = 1;
    assert_int_equal(peers_master(&peers), 0);
}

static void a_node_needs_room_for_the_tuples_of_all(void **state)
{
    (void)state;
    struct parameters p = {.count = 5, .inserts = 200, .tuple_len = 32};
    struct needs few = lint_needs(&p);
    p.inserts = 200000;
    struct needs many = lint_needs(&p);
    assert_true(few.memory >= 64 << 20);
    assert_int_equal(few.memory, many.memory);
    assert_true(many.scratch - few.scratch >= 5 * (200000 - 200) * (2 + 4 + 1 + 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(inserts_are_duration_times_rate, clean_environment),
        cmocka_unit_test_setup(defaults_are_those_of_the_workload, clean_environment),
        cmocka_unit_test_setup(nonsense_is_refused_with_the_parameters_name, clean_environment),
        cmocka_unit_test_setup(a_batch_larger_than_a_packet_is_refused, clean_environment),
        cmocka_unit_test_setup(the_index_lies_below_the_count, clean_environment),
        cmocka_unit_test(absolute_pacing_does_not_drift),
        cmocka_unit_test(sleep_pacing_counts_from_the_end_of_the_work),
        cmocka_unit_test(lint_names_the_node_that_sequential_overloads),
        cmocka_unit_test(lint_names_the_pair_whose_backlog_grows),
        cmocka_unit_test(the_master_has_the_numerically_lowest_address),
        cmocka_unit_test(a_node_needs_room_for_the_tuples_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
