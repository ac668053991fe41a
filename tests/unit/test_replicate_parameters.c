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
#include "replicate/usage.h"

static const char *const variables[] = {"WANLAB_COUNT",
                                        "WANLAB_PEERS",
                                        "WANLAB_SEED",
                                        "WANLAB_PARAM_RATE",
                                        "WANLAB_PARAM_DURATION",
                                        "WANLAB_PARAM_AGGREGATE",
                                        "WANLAB_PARAM_TUPLE",
                                        "WANLAB_PARAM_MODE",
                                        "WANLAB_PARAM_PACING",
                                        "WANLAB_PARAM_ARRIVALS",
                                        "WANLAB_PARAM_COUNT",
                                        "WANLAB_PARAM_CONNECTIONS",
                                        "WANLAB_NODE",
                                        "WANLAB_INDEX",
                                        "WANLAB_START",
                                        "WANLAB_PARAM_CONNECT_TIMEOUT",
                                        "WANLAB_PARAM_SYNC_TIMEOUT",
                                        "WANLAB_PARAM_CUT_TIMEOUT"};

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
    assert_int_equal(p.arrivals, ARRIVALS_CONSTANT);
    assert_int_equal(p.connections, 1);
    assert_int_equal(p.connect_timeout_ns, 30 * NS_PER_SEC);
    assert_int_equal(p.sync_timeout_ns, 60 * NS_PER_SEC);
    assert_int_equal(p.cut_timeout_ns, 60 * NS_PER_SEC);
}

static void a_count_takes_the_place_of_the_duration(void **state)
{
    (void)state;
    struct parameters p;
    struct error err;
    setenv("WANLAB_PARAM_COUNT", "77", 1);
    setenv("WANLAB_PARAM_DURATION", "0.001", 1);
    assert_int_equal(parameters_read(&p, &err), 0);
    assert_int_equal(p.inserts, 77);
    assert_float_equal(parameters_nominal_s(&p), 7.7, 1e-9);
}

static void only_a_baseline_replicates_nothing(void **state)
{
    (void)state;
    struct parameters p;
    struct error err;
    setenv("WANLAB_PARAM_MODE", "parallel", 1);
    assert_int_equal(parameters_read(&p, &err), 0);
    assert_int_equal(parameters_replicated(&p), 600);
    setenv("WANLAB_PARAM_MODE", "baseline", 1);
    assert_int_equal(parameters_read(&p, &err), 0);
    assert_int_equal(parameters_replicated(&p), 0);
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
    assert_refused("WANLAB_PARAM_MODE", "both", "none of 'sequential', 'parallel', 'baseline'");
    assert_refused("WANLAB_PARAM_PACING", "", "none of 'sleep', 'absolute'");
    assert_refused("WANLAB_PARAM_ARRIVALS", "even", "WANLAB_PARAM_ARRIVALS");
    assert_refused("WANLAB_PARAM_CONNECTIONS", "0", "WANLAB_PARAM_CONNECTIONS");
    assert_refused("WANLAB_PARAM_COUNT", "1.5", "WANLAB_PARAM_COUNT");
    assert_refused("WANLAB_PARAM_COUNT", "5", "aggregate of 10");
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

/* Of 1e5 exponential gaps with mean 1: the mean's standard error is 0.0032, the variance's 0.0089;
 * the bounds are more than 5 of them away. */
static void poisson_gaps_have_the_mean_and_the_variance_of_the_rate(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    struct pace p = {.arrivals = ARRIVALS_POISSON, .rate = 50, .key = pace_key(42, "db1")};
    double sum = 0, squares = 0, short_ones = 0;
    for (uint64_t seq = 1; seq <= DRAWS; seq++) {
        double gap = (double)pace_gap_ns(&p, seq) / (double)NS_PER_SEC * p.rate;
        sum += gap;
        squares += gap * gap;
        short_ones += gap < 1;
    }
    double mean = sum / DRAWS;
    assert_float_equal(mean, 1, 0.018);
    assert_float_equal(squares / DRAWS - mean * mean, 1, 0.05);
    assert_float_equal(short_ones / DRAWS, 1 - exp(-1), 0.01);
}

static void poisson_gaps_follow_from_seed_and_node(void **state)
{
    (void)state;
    struct pace a = {.arrivals = ARRIVALS_POISSON, .rate = 50, .key = pace_key(42, "db1")};
    struct pace b = a, other_node = a, other_seed = a;
    other_node.key = pace_key(42, "db2");
    other_seed.key = pace_key(43, "db1");
    for (uint64_t seq = 1; seq <= 100; seq++) {
        assert_int_equal(pace_gap_ns(&a, seq), pace_gap_ns(&b, seq));
        assert_int_not_equal(pace_gap_ns(&a, seq), pace_gap_ns(&other_node, seq));
        assert_int_not_equal(pace_gap_ns(&a, seq), pace_gap_ns(&other_seed, seq));
    }
}

static void poisson_arrivals_are_the_sums_of_their_gaps(void **state)
{
    (void)state;
    struct pace p = {.arrivals = ARRIVALS_POISSON,
                     .pacing = PACING_ABSOLUTE,
                     .rate = 50,
                     .start_ns = NS_PER_SEC};
    uint64_t due_ns = NS_PER_SEC;
    for (uint64_t seq = 1; seq <= 100; seq++) {
        due_ns += pace_gap_ns(&p, seq);
        assert_int_equal(pace_due_ns(&p, seq), due_ns);
    }
    assert_float_equal(pace_nominal_s(&p, 100), (double)due_ns / 1e9 - 1, 1e-9);
    p = (struct pace){.arrivals = ARRIVALS_CONSTANT, .rate = 50};
    assert_float_equal(pace_nominal_s(&p, 100), 2, 1e-9);
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
                           .connections = 1,
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
    struct parameters p = {
        .rate = 50, .aggregate = 5, .inserts = 200, .connections = 1, .mode = MODE_PARALLEL};
    struct text t = {0};
    assert_string_equal(warnings(&p, 0.1, &t), "");
    assert_non_null(strstr(warnings(&p, 0.25, &t), "from 'db1' to 'db2'"));
    assert_non_null(strstr(t.data, "2.5 batches fall due per round trip"));
    assert_non_null(strstr(t.data, "main loop of 10.10 s or more instead of 4.000 s"));
    text_done(&t);
    p.connections = 2;
    assert_non_null(
        strstr(warnings(&p, 0.25, &t), "2.5 batches fall due per round trip and 2 can"));
    assert_non_null(strstr(t.data, "main loop of 5.100 s or more"));
    text_done(&t);
    p.connections = 3;
    assert_string_equal(warnings(&p, 0.25, &t), "");
    p.mode = MODE_BASELINE;
    p.connections = 1;
    assert_string_equal(warnings(&p, 0.25, &t), "");
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
    struct parameters p = {
        .count = 5, .inserts = 200, .tuple_len = 32, .connections = 1, .mode = MODE_PARALLEL};
    struct needs few = lint_needs(&p);
    p.inserts = 200000;
    struct needs many = lint_needs(&p);
    assert_true(few.memory >= 44 << 20);
    assert_int_equal(few.memory, many.memory);
    assert_true(many.scratch - few.scratch >= 5 * (200000 - 200) * (2 + 4 + 1 + 32));
    p.mode = MODE_BASELINE;
    struct needs own = lint_needs(&p);
    assert_true(many.scratch > 3 * own.scratch);
}

static void bytes_are_those_of_all_interfaces_but_the_loopback(void **state)
{
    (void)state;
    struct usage u;
    usage_parse_net_dev("Inter-|   Receive                |  Transmit\n"
                        " face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
                        "    lo: 999 9 0 0 0 0 0 0 999 9 0 0 0 0 0 0\n"
                        "  eth0: 1000 3 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n"
                        "  eth1:30 3 0 0 0 0 0 0 4 2 0 0 0 0 0 0\n",
                        &u);
    assert_float_equal(u.received_bytes, 1030, 0);
    assert_float_equal(u.sent_bytes, 204, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(inserts_are_duration_times_rate, clean_environment),
        cmocka_unit_test_setup(defaults_are_those_of_the_workload, clean_environment),
        cmocka_unit_test_setup(a_count_takes_the_place_of_the_duration, clean_environment),
        cmocka_unit_test_setup(only_a_baseline_replicates_nothing, clean_environment),
        cmocka_unit_test_setup(nonsense_is_refused_with_the_parameters_name, clean_environment),
        cmocka_unit_test_setup(a_batch_larger_than_a_packet_is_refused, clean_environment),
        cmocka_unit_test_setup(the_index_lies_below_the_count, clean_environment),
        cmocka_unit_test(absolute_pacing_does_not_drift),
        cmocka_unit_test(sleep_pacing_counts_from_the_end_of_the_work),
        cmocka_unit_test(poisson_gaps_have_the_mean_and_the_variance_of_the_rate),
        cmocka_unit_test(poisson_gaps_follow_from_seed_and_node),
        cmocka_unit_test(poisson_arrivals_are_the_sums_of_their_gaps),
        cmocka_unit_test(lint_names_the_node_that_sequential_overloads),
        cmocka_unit_test(lint_names_the_pair_whose_backlog_grows),
        cmocka_unit_test(the_master_has_the_numerically_lowest_address),
        cmocka_unit_test(a_node_needs_room_for_the_tuples_of_all),
        cmocka_unit_test(bytes_are_those_of_all_interfaces_but_the_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
