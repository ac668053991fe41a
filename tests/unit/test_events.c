/* SPDX-License-Identifier: MIT */
#include "topology/events.h"

#include <errno.h>

#include "base/clock.h"
#include "expect.h"
#include "topology/partition.h"
#include "topology/stations.h"

#define WAN                                                                                        \
    "seed: 3\n"                                                                                    \
    "nodes: {db: {count: 5, region: [tokyo, london]}, web: }\n"                                    \
    "wan: {members: [db], delay: 5ms}\n"                                                           \
    "links: [{ends: [db1, web], delay: 1ms}]\n"                                                    \
    "workload: {replicate: {duration: 60s}}\n"

/* The schedule of a file that ends with `events`, as text; the caller frees it. */
static char *schedule_of(const char *events)
{
    char *text = NULL, *file = xasprintf("%s%s", WAN, events), *path = expect_file("s.yaml", file);
    struct scenario *s = NULL;
    struct error err;
    size_t size;
    if (scenario_open(path, NULL, 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    FILE *out = open_memstream(&text, &size);
    schedule_print(s->events, "", out);
    fclose(out);
    scenario_free(s);
    free(path);
    free(file);
    return text;
}

static void expect_schedule(const char *events, const char *wanted)
{
    char *text = schedule_of(events);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_refused(const char *events, const char *part)
{
    char *text = xasprintf("%s%s", WAN, events);
    expect_scenario_refused(text, part);
    free(text);
}

static void actions_are_sorted_by_time(void **state)
{
    (void)state;
    expect_schedule("events:\n"
                    "  - {at: 30s, heal: all}\n"
                    "  - {at: 20s, partition: [[db1, web], london]}\n"
                    "  - {at: 1s, for: 2500ms, pause: [db1, db2]}\n"
                    "  - {at: 30s, command: 'echo x', nodes: web}\n",
                    "        1s  pause      [\"db1\",\"db2\"]\n"
                    "      3.5s  resume     [\"db1\",\"db2\"]\n"
                    "       20s  partition  partition-1 "
                    "[[\"db1\",\"web\"],[\"db2\",\"db4\"]]\n"
                    "       30s  heal       all\n"
                    "       30s  command    \"echo x\"\n");
}

static void links_change_and_come_back(void **state)
{
    (void)state;
    expect_schedule("events:\n"
                    "  - {at: 1s, link: {ends: [db1, db2], delay: 50ms, loss: {random: 1%}}}\n"
                    "  - {at: 2s, for: 1s, link: {wires: db3, down}}\n",
                    "        1s  link       {\"wires\":[\"db1->db2\",\"db2->db1\"],"
                    "\"delay\":\"50ms\",\"loss\":{\"random\":\"1%\"}}\n"
                    "        2s  link       {\"wires\":[\"db3\"],\"down\":true}\n"
                    "        3s  link       {\"wires\":[\"db3\"],\"up\":true}\n");
}

static void ramps_and_flaps_are_taken_apart(void **state)
{
    (void)state;
    expect_schedule(
        "events: [{at: 1s, ramp: {wires: web, delay: [1ms, 3ms], loss: [0%, 1%], "
        "over: 1s, steps: 2}}]\n",
        "        1s  link       {\"wires\":[\"web\"],\"delay\":\"1ms\",\"loss\":\"0%\"}\n"
        "      1.5s  link       "
        "{\"wires\":[\"web\"],\"delay\":\"2ms\",\"loss\":\"0.5%\"}\n"
        "        2s  link       "
        "{\"wires\":[\"web\"],\"delay\":\"3ms\",\"loss\":\"1%\"}\n");
    expect_schedule("events: [{at: 1s, for: 3s, flap: {wires: web, period: 2s, down: 75%}}]\n",
                    "        1s  link       {\"wires\":[\"web\"],\"down\":true}\n"
                    "      2.5s  link       {\"wires\":[\"web\"],\"up\":true}\n"
                    "        3s  link       {\"wires\":[\"web\"],\"down\":true}\n"
                    "        4s  link       {\"wires\":[\"web\"],\"up\":true}\n");
}

static void clocks_step_drift_and_are_reset(void **state)
{
    (void)state;
    expect_schedule("events:\n"
                    "  - {at: 1s, for: 2s, clock: {nodes: [db1, web], step: -30s, drift: 0.5%}}\n"
                    "  - {at: 4s, clock: {nodes: db2, step: +1ms}}\n"
                    "  - {at: 5s, clock: {nodes: db1, reset}}\n"
                    "  - {at: 6s, host: 'date'}\n",
                    "        1s  clock      {\"nodes\":[\"db1\",\"web\"],\"step\":\"-30s\","
                    "\"drift\":\"0.5%\"}\n"
                    "        3s  clock      {\"nodes\":[\"db1\",\"web\"],\"step\":\"+30s\","
                    "\"drift\":\"0ppm\"}\n"
                    "        4s  clock      {\"nodes\":[\"db2\"],\"step\":\"+1ms\"}\n"
                    "        5s  clock      {\"nodes\":[\"db1\"],\"reset\":true}\n"
                    "        6s  host       \"date\"\n");
}

static void changes_of_clocks_are_read(void **state)
{
    (void)state;
    struct clock_change c;
    struct error err;
    json_t *clock = json_pack("{s:s s:s}", "step", "-30s", "drift", "100ppm");
    assert_int_equal(clock_change_read(clock, &c, &err), 0);
    assert_true(c.step_ns == -30 * (int64_t)NS_PER_SEC && c.has_drift && c.drift_ppb == 100000);
    assert_false(c.reset);
    json_decref(clock);
    clock = json_pack("{s:b}", "reset", 1);
    assert_int_equal(clock_change_read(clock, &c, &err), 0);
    assert_true(c.reset && !c.has_drift && c.step_ns == 0);
    json_object_set_new(clock, "step", json_string("x"));
    assert_int_equal(clock_change_read(clock, &c, &err), -EINVAL);
    expect_input_error(&err, "expected a time");
    json_decref(clock);
}

static void nodes_whose_clocks_may_change_are_known(void **state)
{
    (void)state;
    struct scenario *s;
    struct error err;
    bool marked[6] = {false};
    char *path = expect_file(
        "s.yaml", WAN "events: [{at: 1s, clock: {nodes: db1, step: 1s}}, {at: 2s, pause: db2, for: "
                      "1s}, {when: {log: x, nodes: london}, clock: {nodes: [it, web], reset}}]\n");
    if (scenario_open(path, NULL, 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    schedule_mark_clocks(s, s->events, marked);
    for (unsigned i = 0; i < 6; i++) /* db2 and db4 are in london */
        assert_int_equal(marked[i], i == 0 || i == 1 || i == 3 || i == 5);
    scenario_free(s);
    free(path);
}

static void what_runs_on_the_host_is_none_by_hand(void **state)
{
    (void)state;
    static const char entry[] = "{host: date}";
    struct scenario *s;
    struct yaml_document doc;
    struct schedule c;
    struct error err;
    char *path = expect_file("s.yaml", WAN);
    assert_int_equal(scenario_open(path, NULL, 0, &s, &err), 0);
    assert_int_equal(yaml_parse("event", entry, strlen(entry), &doc, &err), 0);
    assert_int_equal(schedule_read_by_hand(s, doc.root, 1, &c, &err), -EINVAL);
    expect_input_error(&err, "event:1:1: 'host' is for a run's events");
    yaml_close(&doc);
    scenario_free(s);
    free(path);
}

/* The partition that a word stands for. */
static struct partition drawn(const char *word, struct scenario **ret)
{
    struct partition p;
    char *text = xasprintf("%sevents: [{at: 1s, partition: %s, of: db}]\n", WAN, word);
    char *path = expect_file("s.yaml", text);
    assert_int_equal(scenario_open(path, NULL, 0, ret, NULL), 0);
    assert_int_equal(partition_read(*ret, (*ret)->events->events[0].asked, &p, NULL), 0);
    free(path);
    free(text);
    return p;
}

static void words_stand_for_partitions(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        unsigned apart; /* pairs */
    } cases[] = {{"halves", 6}, {"minority", 6}, {"one", 4}, {"ring", 5}, {"bridge", 4}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scenario *s;
        struct partition p = drawn(cases[i].word, &s);
        unsigned apart = 0, seen[5] = {0};
        for (unsigned a = 0; a < 5; a++) {
            assert_false(partition_cuts(&p, a, 5)); /* web is in no group */
            for (unsigned b = 0; b < 5; b++) {
                assert_int_equal(partition_cuts(&p, a, b), partition_cuts(&p, b, a));
                apart += partition_cuts(&p, a, b);
                seen[a] += !partition_cuts(&p, a, b);
            }
        }
        assert_int_equal(apart, 2 * cases[i].apart);
        for (unsigned a = 0; a < 5 && strcmp(cases[i].word, "ring") == 0; a++)
            assert_int_equal(seen[a], 3);
        partition_done(&p);
        scenario_free(s);
    }
}

static void one_way_cuts_what_goes_to_later_groups(void **state)
{
    (void)state;
    struct scenario *s;
    struct error err;
    char *path = expect_file("s.yaml", WAN "events: [{at: 1s, partition: [db1, [db2, db3]], "
                                           "direction: one-way}]\n");
    assert_int_equal(scenario_open(path, NULL, 0, &s, &err), 0);
    struct partition p;
    assert_int_equal(partition_read(s, s->events->events[0].asked, &p, &err), 0);
    assert_true(partition_cuts(&p, 0, 1));
    assert_false(partition_cuts(&p, 1, 0));
    assert_false(partition_cuts(&p, 1, 2));
    struct plan *plan;
    assert_int_equal(plan_new(s, ENGINE_DELAYLINE, &plan, &err), 0);
    bool named[64] = {false};
    assert_int_equal(partition_select(&p, plan, named, NULL, &err), 0);
    unsigned count = 0;
    for (size_t i = 0; i < plan_wires(plan); i++) {
        count += named[i];
        if (named[i])
            assert_int_equal(strncmp(plan->wires[i].name, "db1->db", 7), 0);
    }
    assert_int_equal(count, 2);
    partition_done(&p);
    plan_free(plan);
    scenario_free(s);
    free(path);
}

static void networks_are_split_by_cuts_or_sieves(void **state)
{
    (void)state;
    static const char lan[] = "engine: %s\nnodes: {db: {count: 4}}\n"
                              "networks: {lan0: {members: [db]}}\n"
                              "events: [{at: 1s, partition: [db2, [db1, db3, db4]], for: 1s},\n"
                              "  {at: 3s, partition: [[db1, db2], [db3, db4]]}]\n";
    struct scenario *s;
    struct plan *plan;
    struct partition one, two;
    bool cuts[8] = {false}, sieves[8] = {false};
    char *file = xasprintf(lan, "auto"), *netem = xasprintf(lan, "netem");
    char *path = expect_file("s.yaml", file);
    assert_int_equal(scenario_open(path, NULL, 0, &s, NULL), 0);
    assert_non_null(strstr(s->needs_delayline, "'partition', line 5, column 3"));
    assert_int_equal(plan_new(s, ENGINE_DELAYLINE, &plan, NULL), 0);
    assert_int_equal(partition_read(s, s->events->events[0].asked, &one, NULL), 0);
    assert_int_equal(partition_select(&one, plan, cuts, sieves, NULL), 0);
    for (size_t i = 0; i < plan_wires(plan); i++) {
        assert_int_equal(cuts[i], strstr(plan->wires[i].name, "db2") != NULL);
        assert_false(sieves[i]);
        cuts[i] = false;
    }
    assert_int_equal(partition_read(s, s->events->events[2].asked, &two, NULL), 0);
    assert_int_equal(partition_select(&two, plan, cuts, NULL, NULL), -EINVAL);
    assert_int_equal(partition_select(&two, plan, cuts, sieves, NULL), 0);
    const struct partition *both[] = {&one, &two};
    for (unsigned i = 0; i < plan_wires(plan); i++) {
        assert_false(cuts[i]);
        assert_int_equal(sieves[i], plan->wires[i].kind == WIRE_DOWNLINK);
        struct stations *refused = partition_refused(both + 1, 1, plan, i);
        assert_int_equal(refused ? refused->count : 0, sieves[i] ? 2 : 0);
        free(refused);
        refused = partition_refused(both, 2, plan, i);
        const bool of_db1 = strcmp(plan->wires[i].name, "lan0->db1") == 0;
        if (of_db1) /* all others: db2 by the one partition, db3 and db4 by the other */
            assert_true(refused->count == 3 && stations_have(refused, plan->ports[3].node_mac) &&
                        !stations_have(refused, plan->ports[0].node_mac));
        free(refused);
    }
    partition_done(&one);
    partition_done(&two);
    plan_free(plan);
    scenario_free(s);
    expect_scenario_refused(netem, "5:3: 'partition': the engine netem cannot keep some members");
    free(path);
    free(file);
    free(netem);
}

static void routers_must_be_on_a_side(void **state)
{
    (void)state;
    static const char file[] = "nodes: {a: , b: , r: {count: 2, role: router}}\n"
                               "links: [{ends: [a, r1]}, {ends: [r1, r2]}, {ends: [r2, b]}]\n"
                               "events: [{at: 1s, partition: [%s]}]\n";
    char *bad = xasprintf(file, "a, b"), *good = xasprintf(file, "[a, r1], [b, r2]");
    struct scenario *s;
    expect_scenario_refused(bad, "'a' and 'b' still reach each other over 'r");
    char *path = expect_file("s.yaml", good);
    assert_int_equal(scenario_open(path, NULL, 0, &s, NULL), 0);
    scenario_free(s);
    free(path);
    free(good);
    free(bad);
}

static void the_seed_decides_on_what_is_drawn(void **state)
{
    (void)state;
    static const char faults[] =
        "events: [{random: {every: exponential 2s, lasts: 1s, stable: 1s, until: 28s}}, "
        "{at: 30s, churn: {share: 40%, every: 5s, down: 4s, by: pause, of: tokyo}}]\n";
    char *one = schedule_of(faults), *two = schedule_of(faults), *other;
    assert_string_equal(one, two);
    other = schedule_of(
        "events: [{random: {every: exponential 2s, lasts: 1s, stable: 1s, until: 28s}}]\n"
        "delay_scale: 1\n");
    assert_int_equal(strncmp(one, other, 100), 0); /* another entry changes nothing of the first */
    assert_non_null(strstr(one, "partition"));
    assert_non_null(strstr(one, "pause"));
    assert_non_null(strstr(one, "restart"));
    free(one);
    free(two);
    free(other);
}

static void a_schedule_that_was_run_is_one(void **state)
{
    (void)state;
    char *lines = expect_file(
        "events.jsonl", "{\"event\":\"lab-up\",\"at\":0.1}\n"
                        "{\"event\":\"partition\",\"planned\":1.5,\"at\":3.5,\"asked\":"
                        "{\"partition\":[[\"db1\"],[\"db2\"]],\"name\":\"partition-7\"}}\n"
                        "{\"event\":\"heal\",\"planned\":2.25,\"asked\":{\"heal\":\"partition-7\"}}"
                        "\n");
    expect_schedule("events: {file: events.jsonl}\n",
                    "      1.5s  partition  partition-7 [[\"db1\"],[\"db2\"]]\n"
                    "     2.25s  heal       partition-7\n");
    free(expect_file("bad.jsonl", "\n{\"planned\": 1, \"asked\": {\"kill\": [\"db9\"]}}\n"));
    expect_refused("events: {file: bad.jsonl}\n", "bad.jsonl:2:10: no node, group, region or role");
    expect_refused("events: {file: s.yaml}\n", "s.yaml:1:1: found no JSON object");
    free(lines);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *event, *part;
    } cases[] = {
        {"{at: 1s, pause: db7}", "no node, group, region or role 'db7', did you mean 'db"},
        {"{at: 1s, pause: tokio}", "did you mean 'tokyo'"},
        {"{at: 1s}", "an event without an action"},
        {"{at: 1, heal: all}", "'1' has no unit"},
        {"{at: 1s, heal: all, kill: db1}", "found both 'heal' and 'kill'"},
        {"{at: 1s, for: 1s, heal: all}", "'for' does not go with 'heal'"},
        {"{at: 1s, heal: all}", "there is no partition to heal then"},
        {"{at: 1s, resume: db1}", "'db1' is to be resumed, but is not paused then"},
        {"{at: 1s, pause: db1}", "'db1' stays paused"},
        {"{at: 1s, partition: [[db1]]}", "at least two groups"},
        {"{at: 1s, partition: half}", "found 'half', expected groups"},
        {"{random: {every: 1h, kinds: [pause, ring], of: tokyo}}",
         "'ring' is for at least 4 nodes, found 3"},
        {"{random: {every: 1h, kinds: [one-way], of: db1}}",
         "'one-way' is for at least 2 nodes, found 1"},
        {"{at: 1s, partition: ring, of: tokyo}", "'ring' is for at least 4 nodes, found 3"},
        {"{at: 1s, partition: [db2, web]}", "no wire joins these groups"},
        {"{at: 1s, partition: halves, of: db, name: all}", "expected another name"},
        {"{at: 1s, link: {ends: [db1, db2], dely: 1ms}}", "did you mean 'delay'"},
        {"{at: 1s, link: {ends: [db2, web], delay: 1ms}}", "no wire 'db2->web'"},
        {"{at: 1s, link: {wires: db1, jitter: 1s}}", "jitter of 1s above the delay"},
        {"{at: 1s, link: {wires: db1}}", "expected something to change"},
        {"{at: 1s, link: {delay: 1ms}}", "expected either 'ends: [a, b]' or 'wires'"},
        {"{at: 1s, for: 1s, link: {wires: db1, delay: 1ms}}", "'for' ends 'down' alone"},
        {"{at: 1s, command: ls}", "a command without 'nodes'"},
        {"{at: 1s, clock: {step: 1s}}", "clocks without 'nodes'"},
        {"{at: 1s, clock: {nodes: db1}}", "expected what is to happen to the clocks"},
        {"{at: 1s, clock: {nodes: db9, step: 1s}}", "no node, group, region or role 'db9'"},
        {"{at: 1s, clock: {nodes: db1, step: 30}}", "'30' has no unit"},
        {"{at: 1s, clock: {nodes: db1, drift: 20%}}", "at most 10%"},
        {"{at: 1s, clock: {nodes: db1, reset, step: 1s}}", "'reset' goes with 'nodes' alone"},
        {"{at: 1s, for: 1s, clock: {nodes: db1, reset}}", "'reset' goes with 'nodes' alone"},
        {"{at: 1s, clock: {nodes: db1, stepp: 1s}}", "did you mean 'step'"},
        {"{at: 1s, host: [date]}", "a command"},
        {"{at: 1s, host: date, nodes: db1}", "'nodes' does not go with 'host'"},
        {"{at: 1s, ramp: {wires: db1, over: 1s}}", "expected a ramp such as"},
        {"{at: 1s, flap: {wires: db1, period: 1s}}", "expected {at: 5s, for: 10s, flap"},
        {"{when: {log: x}}", "an event without an action"},
        {"{when: {log: x}, pause: db9}", "no node, group, region or role 'db9'"},
        {"{when: {}, pause: it}", "expected either {log: TEXT}"},
        {"{when: {metric: x}, pause: it}", "expected either 'above' or 'below'"},
        {"{when: {log: x, nodes: db9}, kill: it}", "no node, group, region or role 'db9'"},
        {"{at: 1s, after: 1s, kill: db1}", "'after' does not go with 'kill'"},
        {"{at: 1s, partition: [db, web, others]}", "there are no 'others'"},
        {"{random: {kinds: [pause]}}", "expected 'every'"},
        {"{random: {every: 1s, kinds: [paus]}}", "did you mean 'pause'"},
        {"{churn: {share: 10%, every: 1s, down: 2s}}", "down longer than"},
        {"{churn: {share: 10%, every: 1s}}", "churn without 'down'"},
        {"{at: 1s, kill: db1}, {at: 2s, pause: db1}", "to be paused, but is dead already"},
        {"{at: 1s, kill: db1}, {at: 2s, command: ls, nodes: db}", "run a command, but is dead"},
        {"{at: 1s, partition: one, name: x}, {at: 2s, partition: one, name: x}", "already"},
        {"{at: 1s, partition: one, of: db}, {at: 2s, heal: x}", "but 'partition-1'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *events = xasprintf("events: [%s]\n", cases[i].event);
        expect_refused(events, cases[i].part);
        free(events);
    }
}

static void conditions_are_fulfilled_by_a_node(void **state)
{
    (void)state;
    struct scenario *s;
    struct schedule then;
    struct error err;
    char *text = NULL;
    size_t size;
    char *path = expect_file("s.yaml", WAN
                             "events:\n"
                             "  - {when: {log: is leader, nodes: db}, at: 1s, after: 2s, for: 3s,\n"
                             "     partition: [[it], [db1, web], others]}\n"
                             "  - {when: {metric: lag, above: 0.5}, link: {wires: it, down}}\n");
    if (scenario_open(path, NULL, 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(s->events->count, 0);
    assert_int_equal(s->events->condition_count, 2);
    const struct condition *c = s->events->conditions;
    assert_string_equal(c[0].log, "is leader");
    assert_true(c[0].nodes[4] && !c[0].nodes[5] && c[0].after_ns == 2 * NS_PER_SEC);
    assert_string_equal(c[1].metric, "lag");
    assert_int_equal(schedule_read_fulfilled(s, &c[0], 2, &then, &err), 0);
    FILE *out = open_memstream(&text, &size);
    schedule_print(&then, "", out);
    schedule_done(&then);
    assert_int_equal(schedule_read_fulfilled(s, &c[1], 5, &then, &err), 0);
    schedule_print(&then, "", out);
    schedule_done(&then);
    fclose(out);
    assert_string_equal(text, "       0ms  partition  partition-1001 "
                              "[[\"db3\"],[\"db1\",\"web\"],[\"db2\",\"db4\",\"db5\"]]\n"
                              "        3s  heal       partition-1001\n"
                              "       0ms  link       {\"wires\":[\"web\"],\"down\":true}\n");
    free(text);
    scenario_free(s);
    free(path);
}

static void times_are_held_against_the_workload(void **state)
{
    (void)state;
    struct scenario *s;
    struct error err;
    char *path = expect_file("s.yaml", WAN "events: [{at: 50s, for: 20s, pause: db1}]\n");
    assert_int_equal(scenario_open(path, NULL, 0, &s, &err), 0);
    assert_int_equal(schedule_check_times(s->events, 70 * NS_PER_SEC, &err), 0);
    assert_int_equal(schedule_check_times(s->events, 60 * NS_PER_SEC, &err), -EINVAL);
    expect_input_error(&err, "s.yaml:6:10: a resume at 70s, but the workload lasts 60s");
    scenario_free(s);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_are_sorted_by_time),
        cmocka_unit_test(links_change_and_come_back),
        cmocka_unit_test(ramps_and_flaps_are_taken_apart),
        cmocka_unit_test(clocks_step_drift_and_are_reset),
        cmocka_unit_test(changes_of_clocks_are_read),
        cmocka_unit_test(nodes_whose_clocks_may_change_are_known),
        cmocka_unit_test(what_runs_on_the_host_is_none_by_hand),
        cmocka_unit_test(words_stand_for_partitions),
        cmocka_unit_test(one_way_cuts_what_goes_to_later_groups),
        cmocka_unit_test(networks_are_split_by_cuts_or_sieves),
        cmocka_unit_test(routers_must_be_on_a_side),
        cmocka_unit_test(the_seed_decides_on_what_is_drawn),
        cmocka_unit_test(a_schedule_that_was_run_is_one),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(conditions_are_fulfilled_by_a_node),
        cmocka_unit_test(times_are_held_against_the_workload),
    };
    return RUN_TESTS(tests);
}
