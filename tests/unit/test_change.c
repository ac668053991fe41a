/* SPDX-License-Identifier: MIT */
#include "topology/change.h"

#include "expect.h"
#include "topology/distribution.h"
#include "topology/trace.h"

static const char file[] =
    "nodes: {db: {count: 3}, us-east: {}, us: {}, east: {}, east-us: {}}\n"
    "wan: {members: [db], delay: 5ms, db1->db2: {rate: 1mbit}}\n"
    "links: [{ends: [db1, us-east], delay: 1ms}, {ends: [us, east]},\n"
    "        {ends: [us-east, us]}, {ends: [us, east-us]}]\n"
    "networks: {lan0: {members: [db1, us], delay: 2ms}, lan1: {members: [db2]}}\n";

struct rig {
    struct scenario *scenario;
    struct plan *plan;
    struct impairment *now;
    struct change_tables tables;
    struct change change;
};

static struct rig rig_on(enum engine_choice engine)
{
    struct rig r = {0};
    char *path = expect_file("lab.yaml", file);
    assert_int_equal(scenario_open(path, NULL, 0, &r.scenario, NULL), 0);
    free(path);
    assert_int_equal(plan_new(r.scenario, engine, &r.plan, NULL), 0);
    r.now = xcalloc(plan_wires(r.plan), sizeof(*r.now));
    for (size_t i = 0; i < plan_wires(r.plan); i++)
        r.now[i] = r.plan->wires[i].impairment;
    return r;
}

/* The change points into the rig, which has its place now. */
static void begin(struct rig *r, const char *folder)
{
    change_init(&r->change, r->plan, r->now, &r->tables, folder);
}

static void rig_done(struct rig *r)
{
    change_done(&r->change);
    change_tables_done(&r->tables);
    free(r->now);
    plan_free(r->plan);
    scenario_free(r->scenario);
}

/* The names of the wires that a word means, or the error's text. */
static const char *selected(const struct rig *r, const char *word)
{
    static char names[1024];
    bool named[64] = {false};
    struct error err;
    *names = '\0';
    if (change_select(r->plan, word, named, &err) < 0) {
        assert_int_equal(err.status, STATUS_INPUT);
        return strcpy(names, err.text);
    }
    for (size_t i = 0; i < plan_wires(r->plan); i++)
        if (named[i])
            strcat(strcat(names, *names ? " " : ""), r->plan->wires[i].name);
    return names;
}

static void words_mean_wires(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    assert_string_equal(selected(&r, "db1->db2"), "db1->db2");
    assert_string_equal(selected(&r, "db1-db2"), "db1->db2 db2->db1");
    assert_string_equal(selected(&r, "db3"), "db1->db3 db2->db3 db3->db1 db3->db2");
    assert_string_equal(selected(&r, "db->us-east"), "db1->us-east");
    assert_string_equal(selected(&r, "lan0"), "db1->lan0 lan0->db1 us->lan0 lan0->us");
    assert_string_equal(selected(&r, "lan0->db"), "lan0->db1");
    assert_string_equal(selected(&r, "db-lan1"), "db2->lan1 lan1->db2");
    assert_string_equal(selected(&r, "us-east"),
                        "db1->us-east us-east->db1 us-east->us us->us-east");
    assert_string_equal(selected(&r, "east-us-us"), "us->east-us east-us->us");
    size_t count = 1;
    for (const char *p = selected(&r, "all"); *p; p++)
        count += *p == ' ';
    assert_int_equal(count, plan_wires(r.plan));
    rig_done(&r);
}

static void words_that_mean_none_are_refused(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    assert_non_null(strstr(selected(&r, "db4"), "no wire, node, group or network 'db4', did you"));
    assert_non_null(strstr(selected(&r, "db1->east"), "no wire 'db1->east'"));
    assert_non_null(strstr(selected(&r, "db1-db1"), "no wire 'db1-db1'"));
    assert_non_null(strstr(selected(&r, "db1-"), "the shell takes '>'"));
    assert_non_null(strstr(selected(&r, "us-east-us"), "can be read in 2 ways"));
    assert_non_null(strstr(selected(&r, ""), "no wire, node"));
    assert_non_null(strstr(selected(&r, "->"), "no wire, node"));
    rig_done(&r);
}

/* What the change asks of a wire, in words; or its error's text. */
static const char *changed(struct rig *r, const char *word, const char *const *sets, size_t count)
{
    static char text[1100];
    struct error err;
    begin(r, "");
    if (change_add(&r->change, &word, 1, sets, count, &err) < 0) {
        assert_int_equal(err.status, STATUS_INPUT);
        assert_int_equal(r->change.count, 0);
        strcpy(text, err.text);
    } else {
        FILE *out = fmemopen(text, sizeof(text), "w");
        impairment_print(&r->change.wires[0].impairment, out);
        fclose(out);
    }
    change_done(&r->change);
    return text;
}
#define CHANGED(r, word, ...)                                                                      \
    changed(r, word, (const char *const[]){__VA_ARGS__},                                           \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void one_value_changes_and_the_others_stay(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    assert_string_equal(CHANGED(&r, "db1->db2", "loss=1%"),
                        "delay 5ms, loss 1%, rate 1mbit, queue 100packets");
    assert_string_equal(CHANGED(&r, "db1->db2", "delay=7ms"),
                        "delay 7ms, rate 1mbit, queue 100packets");
    assert_string_equal(CHANGED(&r, "db1->db2", "down"),
                        "down, delay 5ms, rate 1mbit, queue 100packets");
    assert_string_equal(CHANGED(&r, "db1->db2", "rate=none", "jitter=1ms"),
                        "delay 5ms, jitter 1ms uniform");
    assert_string_equal(CHANGED(&r, "us->east", "loss={gemodel: {p: 1%, r: 20%}}"),
                        "delay 0ms, loss gemodel p 1% r 20% 1-h 100% 1-k 0%");
    rig_done(&r);
}

static void a_queue_that_nobody_asked_for_follows_the_rate(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    assert_string_equal(CHANGED(&r, "db1->db2", "rate=1gbit"),
                        "delay 5ms, rate 1gbit, queue 8257packets");
    assert_string_equal(CHANGED(&r, "db1->db2", "rate=1gbit", "queue=50packets"),
                        "delay 5ms, rate 1gbit, queue 50packets");
    r.now[0].queue = (struct queue_limit){.size = 7};
    r.now[0].queue_by_default = false;
    assert_string_equal(CHANGED(&r, "db1->db2", "rate=1gbit"),
                        "delay 5ms, rate 1gbit, queue 7packets");
    assert_string_equal(CHANGED(&r, "db1->db2", "queue=none"),
                        "delay 5ms, rate 1mbit, queue 100packets");
    rig_done(&r);
}

static void what_a_file_may_not_say_a_change_may_not(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    const struct {
        const char *set, *part;
    } bad[] = {
        {"delay=10", "delay=10: '10' has no unit"},
        {"loss=101%", "loss=101%: '101%' is"},
        {"jitter=6ms", "jitter=6ms: found a jitter of 6ms above the delay of 5ms"},
        {"queue=100B", "queue smaller than one packet"},
        {"dely=1ms", "unknown key 'dely', did you mean 'delay'?"},
        {"trace=/no/such", "no file '/no/such'"},
        {"distribution=/no/such", "no file '/no/such'"},
        {"corrupt=[1%]", "expected a map"},
        {"=1ms", "neither KEY=VALUE nor"},
        {"delay", "neither KEY=VALUE nor"},
        {"delay=", "found ''"},
        {"ends=[a, b]", "unknown key 'ends'"},
        {"loss={random: 1%", "loss={random: 1%: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *text = changed(&r, "db1->db2", &bad[i].set, 1);
        if (!strstr(text, bad[i].part))
            fail_msg("%s: found \"%s\"", bad[i].set, text);
    }
    assert_non_null(strstr(CHANGED(&r, "db1->db2", "delay=1ms", "delay=2ms"), "is set already"));
    assert_non_null(
        strstr(CHANGED(&r, "db1->db2", "delay=none", "delay=1ms"), "both with a value"));
    assert_non_null(strstr(CHANGED(&r, "db1->db2", "up", "down"), "both 'down' and 'up'"));
    assert_non_null(strstr(CHANGED(&r, "db1->db3", "queue=10packets"), "without 'rate'"));
    rig_done(&r);
}

static void netem_refuses_what_it_lacks(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_NETEM);
    assert_non_null(strstr(CHANGED(&r, "db1->db2", "queue=10KiB"), "netem cannot limit a queue"));
    assert_non_null(strstr(CHANGED(&r, "db1->db2", "duplicate=1%"), "cannot duplicate in a wan"));
    assert_string_equal(CHANGED(&r, "us->east", "duplicate=1%"), "delay 0ms, duplicate 1%");
    rig_done(&r);
}

static void several_settings_are_one_change(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    begin(&r, "");
    const char *const words[] = {"db1-db2", "db1->db3"}, *const delay[] = {"delay=9ms"};
    const char *const one[] = {"db1->db2"}, *const loss[] = {"loss=1%"}, *const bad[] = {"loss=x"};
    assert_int_equal(change_add(&r.change, words, 2, delay, 1, NULL), 0);
    assert_int_equal(change_add(&r.change, one, 1, loss, 1, NULL), 0);
    assert_true(change_add(&r.change, words, 2, bad, 1, NULL) < 0);
    assert_true(change_add(&r.change, words, 0, delay, 1, NULL) < 0);
    assert_true(change_add(&r.change, words, 2, delay, 0, NULL) < 0);
    assert_int_equal(r.change.count, 3);
    assert_int_equal(r.change.wires[0].impairment.delay_ns, 9000000);
    assert_true(r.change.wires[0].impairment.loss == 0.01);
    assert_true(r.change.wires[1].impairment.loss == 0);
    rig_done(&r);
}

static void files_begin_where_the_change_does_and_are_kept_once(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    char *trace = expect_file("t.csv", "time,delay\n0s,1ms\n1s,2ms\n");
    char folder[64];
    snprintf(folder, sizeof(folder), "%s/", expect_folder);
    begin(&r, folder);
    const char *const words[] = {"db1-db3"}, *const sets[] = {"trace=t.csv", "delay=none"};
    const char *const others[] = {"db2->db3"}, *const normal[] = {"jitter=2ms",
                                                                  "distribution=normal"};
    assert_int_equal(change_add(&r.change, words, 1, sets, 2, NULL), 0);
    assert_int_equal(change_add(&r.change, others, 1, sets, 2, NULL), 0);
    assert_int_equal(r.tables.trace_count, 1);
    assert_ptr_equal(r.change.wires[0].impairment.trace, r.tables.traces[0]);
    assert_ptr_equal(r.change.wires[2].impairment.trace, r.tables.traces[0]);
    assert_true(change_add(&r.change, others, 1, normal, 2, NULL) < 0); /* trace has delay 1 ms */
    file_remove_tree(trace, NULL);
    free(trace);
    trace = expect_file("t.csv", "time,delay\n0s,1ms\n1s,3ms\n");
    assert_int_equal(change_add(&r.change, others, 1, sets, 2, NULL), 0);
    assert_int_equal(r.tables.trace_count, 2);
    assert_ptr_equal(r.change.wires[2].impairment.trace, r.tables.traces[1]);
    free(trace);
    rig_done(&r);
}

/* --- bare wires */

static const struct wire *wire_called(const struct plan *p, const char *name, unsigned *ret)
{
    for (*ret = 0; *ret < plan_wires(p); ++*ret)
        if (strcmp(p->wires[*ret].name, name) == 0)
            return &p->wires[*ret];
    fail_msg("no wire %s", name);
    return NULL;
}

static char *splice_text(const struct rig *r, const char *name)
{
    char *text = NULL;
    size_t size;
    unsigned wire;
    struct splice s;
    wire_called(r->plan, name, &wire);
    assert_true(plan_is_bare(r->plan, wire));
    plan_splice(r->plan, wire, &s);
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < s.op_count; i++)
        plan_print_op(r->plan, &s.ops[i], out);
    fclose(out);
    plan_splice_done(&s);
    return text;
}

static void a_bare_link_is_spliced_in(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    char *text = splice_text(&r, "east->us");
    const char *const parts[] = {
        "ip tuntap add dev t5 mode tap", "ip tuntap add dev t6 mode tap",
        "tc filter add dev t6 ingress protocol all prio 1 u32 match u32 0 0 action mirred egress "
        "redirect dev p6",
        "tc filter replace dev p6 handle 800::800 ingress protocol all prio 1 u32 match u32 0 0 "
        "action mirred egress redirect dev t6"};
    const char *at = text;
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strstr(text, parts[i]));
    for (size_t i = 2; i < ARRAY_LEN(parts); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
    }
    free(text);
    rig_done(&r);
}

static void a_bare_member_is_spliced_in(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_DELAYLINE);
    char *text = splice_text(&r, "lan1->db2");
    const char *const steps[] = {"tuntap add dev t13", "redirect dev p13",
                                 "tuntap add dev u13", "tc qdisc add dev p13 clsact",
                                 "set u13 master br1", "redirect dev t13",
                                 "set p13 nomaster"};
    const char *at = text;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const char *next = strstr(at, steps[i]);
        if (!next)
            fail_msg("no '%s' in: %s", steps[i], at);
        at = next;
    }
    free(text);
    rig_done(&r);
}

static void on_netem_only_an_uplink_needs_a_place(void **state)
{
    (void)state;
    struct rig r = rig_on(ENGINE_NETEM);
    unsigned wire;
    wire_called(r.plan, "east->us", &wire);
    assert_false(plan_is_bare(r.plan, wire));
    wire_called(r.plan, "lan1->db2", &wire);
    assert_false(plan_is_bare(r.plan, wire));
    char *text = splice_text(&r, "db2->lan1");
    assert_non_null(strstr(text, "ip link add i13 type ifb"));
    assert_non_null(strstr(text, "tc qdisc add dev i13 root handle 1: netem"));
    assert_non_null(strstr(text, "redirect dev i13"));
    free(text);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_mean_wires),
        cmocka_unit_test(words_that_mean_none_are_refused),
        cmocka_unit_test(one_value_changes_and_the_others_stay),
        cmocka_unit_test(a_queue_that_nobody_asked_for_follows_the_rate),
        cmocka_unit_test(what_a_file_may_not_say_a_change_may_not),
        cmocka_unit_test(netem_refuses_what_it_lacks),
        cmocka_unit_test(several_settings_are_one_change),
        cmocka_unit_test(files_begin_where_the_change_does_and_are_kept_once),
        cmocka_unit_test(a_bare_link_is_spliced_in),
        cmocka_unit_test(a_bare_member_is_spliced_in),
        cmocka_unit_test(on_netem_only_an_uplink_needs_a_place),
    };
    return RUN_TESTS(tests);
}
