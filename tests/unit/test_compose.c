/* SPDX-License-Identifier: MIT
 *
 * What a scenario is put together from: generated topologies, included files, variables.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "expect.h"
#include "topology/routing.h"
#include "topology/scenario.h"

static struct scenario *open_text(const char *text, const char *set)
{
    struct scenario *s = NULL;
    struct error err;
    char *path = expect_file("s.yaml", text);
    if (scenario_open(path, &set, set ? 1 : 0, &s, &err) < 0)
        fail_msg("%s", err.text);
    free(path);
    return s;
}

static struct scenario *generate(const char *what)
{
    char *text = xasprintf("generate: {t: {%s}}\n", what);
    struct scenario *s = open_text(text, NULL);
    free(text);
    return s;
}

/* --- generators --- */

static unsigned degree(const struct scenario *s, const char *name)
{
    unsigned count = 0, node = (unsigned)scenario_node(s, name);
    for (size_t i = 0; i < s->link_count; i++)
        count += s->links[i].end[0] == node || s->links[i].end[1] == node;
    return count;
}

/* The hops between two nodes over routers. */
static unsigned hops(const struct scenario *s, const char *from, const char *to)
{
    uint32_t at = (uint32_t)scenario_node(s, from), end = (uint32_t)scenario_node(s, to);
    unsigned count = 0;
    for (; at != end; count++)
        at = s->routing->edges[routing_next(s->routing, at, end)].to;
    return count;
}

static void shapes_have_the_nodes_and_links_of_their_kind(void **state)
{
    (void)state;
    static const struct {
        const char *what, *node;
        size_t nodes, links;
        unsigned degree;
    } cases[] = {
        {"shape: ring, count: 8", "t8", 8, 8, 2},
        {"shape: line, count: 5", "t5", 5, 4, 1},
        {"shape: star, count: 7", "t-hub1", 8, 7, 7},
        {"shape: mesh, count: 6", "t3", 6, 15, 5},
        {"shape: grid, rows: 3, columns: 4", "t6", 12, 17, 4},
        {"shape: grid, rows: 1, columns: 4", "t4", 4, 3, 1},
        {"shape: tree, depth: 2, fanout: 3", "t-router2", 13, 12, 4},
        {"shape: tree, depth: 1, fanout: 3", "t3", 4, 3, 1},
        {"shape: fat-tree, k: 4", "t-edge8", 36, 48, 4},
        {"shape: fat-tree, k: 4", "t-core4", 36, 48, 4},
        {"shape: fat-tree, k: 6", "t-agg1", 99, 162, 6},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scenario *s = generate(cases[i].what);
        assert_int_equal(s->node_count, cases[i].nodes);
        assert_int_equal(s->link_count, cases[i].links);
        assert_int_equal(degree(s, cases[i].node), cases[i].degree);
        scenario_free(s);
    }
}

static void paths_in_shapes_are_as_long_as_they_should_be(void **state)
{
    (void)state;
    struct scenario *s = generate("shape: ring, count: 8, delay: 5ms");
    assert_int_equal(hops(s, "t1", "t8"), 1);
    assert_int_equal(hops(s, "t1", "t5"), 4);
    assert_int_equal(scenario_rtt_ns(s, 0, 4), 40 * NS_PER_MS);
    scenario_free(s);
    s = generate("shape: grid, rows: 3, columns: 4");
    assert_int_equal(hops(s, "t1", "t12"), 5);
    scenario_free(s);
    s = generate("shape: tree, depth: 2, fanout: 3");
    assert_int_equal(hops(s, "t1", "t3"), 2);
    assert_int_equal(hops(s, "t1", "t9"), 4);
    scenario_free(s);
    s = generate("shape: fat-tree, k: 4, kind: container, routers: {cpus: 0.5}");
    assert_int_equal(hops(s, "t1", "t2"), 2);  /* one edge switch */
    assert_int_equal(hops(s, "t1", "t4"), 4);  /* one pod */
    assert_int_equal(hops(s, "t1", "t16"), 6); /* over the core */
    assert_int_equal(s->nodes[scenario_node(s, "t1")].kind, NODE_KIND_CONTAINER);
    assert_int_equal(s->nodes[scenario_node(s, "t-agg1")].kind, NODE_KIND_PROCESS);
    assert_true(s->nodes[scenario_node(s, "t-agg1")].limits.cpus == 0.5);
    scenario_free(s);
}

static void a_shape_goes_with_other_nodes_and_links_and_with_set(void **state)
{
    (void)state;
    struct scenario *s =
        open_text("nodes: {pc: }\n"
                  "generate: {r: {shape: ring, count: 4}, q: {shape: line, count: 2}}\n"
                  "links: [{ends: [pc, r2], delay: 1ms}, {ends: [q1, r1]}]\n",
                  "generate.r.count=6");
    assert_int_equal(s->node_count, 9);
    assert_int_equal(s->link_count, 2 + 6 + 1);
    assert_int_equal(hops(s, "pc", "r5"), 4);
    assert_int_equal(hops(s, "q2", "pc"), 4);
    scenario_free(s);
}

static void wrong_shapes_are_refused_at_their_place(void **state)
{
    (void)state;
    expect_scenario_refused("generate: 5\n",
                            "s.yaml:1:11: found '5', expected a map for topologies");
    expect_scenario_refused("generate: {t: }\n", "s.yaml:1:");
    expect_scenario_refused("generate: {T: {shape: ring}}\n",
                            "1:12: found 'T' as the name of a topology");
    expect_scenario_refused("generate: {t: {count: 3}}\n", "1:12: 't' has no 'shape'");
    expect_scenario_refused("generate: {t: {shape: rng}}\n",
                            "1:23: found 'rng' as shape, expected ring,");
    expect_scenario_refused("generate: {t: {shape: ring}}\n", "1:12: 't' has no 'count'");
    expect_scenario_refused("generate: {t: {shape: ring, count: 2}}\n",
                            "1:36: '2' is out of range");
    expect_scenario_refused("generate: {t: {shape: ring, count: 99999999999}}\n", "1:36: ");
    expect_scenario_refused("generate: {t: {shape: ring, k: 3}}\n", "1:29: unknown key 'k'");
    expect_scenario_refused("generate: {t: {shape: mesh, count: 400}}\n", "1:12: 't' is too large");
    expect_scenario_refused("generate: {t: {shape: tree, depth: 16, fanout: 9}}\n",
                            "'t' is too large");
    expect_scenario_refused("generate: {t: {shape: fat-tree, k: 3}}\n",
                            "1:36: found an odd number");
    expect_scenario_refused("generate: {t: {shape: line, count: 300}}\n",
                            "1:12: found a shortest path of");
    expect_scenario_refused("generate: {t: {shape: ring, count: 3, delay: 5}}\n",
                            "1:46: '5' has no unit");
    expect_scenario_refused("nodes: {t: }\ngenerate: {t: {shape: ring, count: 3}}\n",
                            "2:12: it makes");
    expect_scenario_refused("nodes: {t1: }\ngenerate: {t: {shape: ring, count: 3}}\n",
                            "the name 't1' is");
    expect_scenario_refused("nodes: [a]\ngenerate: {t: {shape: ring, count: 3}}\n",
                            "1:8: found a list");
    expect_scenario_refused("generate: {t: {shape: star, count: 3, routers: {count: 2}}}\n",
                            "1:49: unknown key 'count'");
    expect_scenario_refused(
        "generate: {t: {shape: ring, count: 3, role: host}}\nnodes: {r: {role: router}}\n",
        "no path leads from 'r' to 't1'");
}

/* --- included files --- */

static void an_included_file_is_below_what_includes_it(void **state)
{
    (void)state;
    free(expect_file("base.yaml", "name: base\nseed: 7\n"
                                  "nodes: {a: {region: x, cpus: 2}, b: }\n"
                                  "links: [{ends: [a, b], delay: 1ms}]\n"));
    free(expect_file("more.yaml", "seed: 8\nnodes: {d: }\n"));
    struct scenario *s = open_text("include: [base.yaml, more.yaml]\nname: top\n"
                                   "nodes: {a: {cpus: 3}, b: , c: }\n"
                                   "links: [{ends: [b, c]}]\n",
                                   "nodes.b.region=y");
    assert_string_equal(s->name, "top");
    assert_int_equal(s->seed, 8);
    assert_int_equal(s->node_count, 4);
    assert_int_equal(s->link_count, 2);
    assert_string_equal(s->nodes[0].region, "x");
    assert_true(s->nodes[0].limits.cpus == 3);
    assert_string_equal(s->nodes[1].region, "y");
    assert_int_equal(s->links[0].direction[0].delay_ns, NS_PER_MS);
    scenario_free(s);
}

static void errors_in_an_included_file_are_of_that_file(void **state)
{
    (void)state;
    char *folder = xasprintf("%s/sub", expect_folder);
    mkdir(folder, 0755);
    free(expect_file("sub/part.yaml", "nodes:\n  a: {rolle: x}\n"));
    expect_scenario_refused("include: sub/part.yaml\n", "/sub/part.yaml:2:7: unknown key 'rolle'");
    free(expect_file("sub/part.yaml", "include: deeper.yaml\n"));
    expect_scenario_refused("include: sub/part.yaml\n", "/sub/part.yaml:1:10: no file '");
    free(expect_file("sub/deeper.yaml", "nodes: {a: {count: ${NO_SUCH_VARIABLE_}}}\n"));
    expect_scenario_refused("include: sub/part.yaml\n", "/sub/deeper.yaml:1:");
    free(expect_file("sub/deeper.yaml",
                     "nodes: {a: , b: }\nwan: {members: [a, b], matrix: m.csv}\n"));
    free(expect_file("sub/m.csv",
                     "# holds: rtt\nfrom,x\nx,1\n")); /* beside the file that names it */
    expect_scenario_refused("include: sub/part.yaml\n", "/sub/deeper.yaml:1:9: 'a' has no region");
    free(folder);
}

static void includes_that_lead_nowhere_are_refused(void **state)
{
    (void)state;
    char *deep = xasprintf("%s/deep9.yaml", expect_folder);
    free(expect_file("loop.yaml", "include: s.yaml\n"));
    expect_scenario_refused("include: s.yaml\n", "s.yaml:1:10: '");
    expect_scenario_refused("include: loop.yaml\n", "includes itself by way of others");
    expect_scenario_refused("include: none.yaml\n", "s.yaml:1:10: no file '");
    expect_scenario_refused("include: /etc/hostname\n", "is outside of the folder of");
    expect_scenario_refused("include: ../../etc/hostname\n", "is outside of the folder of");
    expect_scenario_refused("include: ''\n", "no file '");
    expect_scenario_refused("include: .\n", "no file '");
    expect_scenario_refused("include: {a: b}\n",
                            "s.yaml:1:10: found a map, expected a single value");
    expect_scenario_refused("nodes: {a: }\nquick: {include: x.yaml}\n",
                            "2:9: files are included before");
    free(expect_file("list.yaml", "- a\n"));
    expect_scenario_refused("include: list.yaml\n", "list.yaml:1:1: expected a map, as part");
    for (int i = 0; i < 10; i++) {
        char name[32], text[64];
        snprintf(name, sizeof(name), "deep%d.yaml", i);
        snprintf(text, sizeof(text), "include: deep%d.yaml\n", i + 1);
        free(expect_file(name, text));
    }
    expect_scenario_refused("include: deep0.yaml\n", "deep7.yaml:1:10: included too deeply");
    free(deep);
}

/* --- variables --- */

static void variables_stand_for_values(void **state)
{
    (void)state;
    setenv("WANLAB_TEST_COUNT", "3", 1);
    setenv("WANLAB_TEST_EMPTY", "", 1);
    unsetenv("WANLAB_TEST_NONE");
    struct scenario *s =
        open_text("name: lab-${WANLAB_TEST_COUNT}${WANLAB_TEST_NONE:-x}\n"
                  "nodes:\n"
                  "  a: {count: \"${WANLAB_TEST_COUNT}\", region: 'cost $$5 $x $'}\n"
                  "  b: {region: \"${WANLAB_TEST_EMPTY:-some where}\"}\n",
                  NULL);
    assert_string_equal(s->name, "lab-3x");
    assert_int_equal(s->node_count, 4);
    assert_string_equal(s->nodes[0].region, "cost $5 $x $");
    assert_string_equal(s->nodes[3].region, "some where");
    scenario_free(s);
}

static void a_value_stays_one_value(void **state)
{
    (void)state;
    setenv("WANLAB_TEST_LIST", "[a, b]\nseed: 5", 1);
    struct scenario *s = open_text("nodes:\n  a: {region: \"${WANLAB_TEST_LIST}\"}\n", NULL);
    assert_string_equal(s->nodes[0].region, "[a, b]\nseed: 5");
    assert_int_equal(s->seed, 1);
    scenario_free(s);
    setenv("WANLAB_TEST_LIST", "${WANLAB_TEST_LIST}", 1);
    s = open_text("nodes:\n  a: {region: \"${WANLAB_TEST_LIST}\"}\n", NULL);
    assert_string_equal(s->nodes[0].region, "${WANLAB_TEST_LIST}");
    scenario_free(s);
}

static void wrong_variables_are_refused_at_their_place(void **state)
{
    (void)state;
    unsetenv("WANLAB_TEST_NONE");
    expect_scenario_refused("nodes: {a: }\nname: ${WANLAB_TEST_NONE}\n",
                            "2:7: the environment has no variable 'WANLAB_TEST_NONE'");
    expect_scenario_refused("nodes: {a: }\nname: ${}\n", "2:7: found '${}', expected ${NAME}");
    expect_scenario_refused("nodes: {a: }\nname: ${A\n", "2:7: found '${A', expected ${NAME}");
    expect_scenario_refused("nodes: {a: }\nname: ${A:5}\n",
                            "2:7: found '${A:5}', expected ${NAME}");
    expect_scenario_refused("nodes: {a: }\nname: ${1A}\n", "2:7: found '${1A}', expected ${NAME}");
    expect_scenario_refused("nodes: {a: }\nname: ${A:-${B}}\n",
                            "2:7: found a '$' in the default of 'A'");
    expect_scenario_refused("nodes:\n  ${A}:\n", "2:3: found a variable in the key '${A}'");
    expect_scenario_refused("nodes: {a: {count: ${A}}}\n",
                            "found a variable that ends a value here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_have_the_nodes_and_links_of_their_kind),
        cmocka_unit_test(paths_in_shapes_are_as_long_as_they_should_be),
        cmocka_unit_test(a_shape_goes_with_other_nodes_and_links_and_with_set),
        cmocka_unit_test(wrong_shapes_are_refused_at_their_place),
        cmocka_unit_test(an_included_file_is_below_what_includes_it),
        cmocka_unit_test(errors_in_an_included_file_are_of_that_file),
        cmocka_unit_test(includes_that_lead_nowhere_are_refused),
        cmocka_unit_test(variables_stand_for_values),
        cmocka_unit_test(a_value_stays_one_value),
        cmocka_unit_test(wrong_variables_are_refused_at_their_place),
    };
    return RUN_TESTS(tests);
}
