/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "experiment/figures.h"
#include "report/diagram.h"

/* The figures of some points, one a line: "title [x; lines]", then " panel (points)" for each. */
static void expect(json_t *points /* consumed */, const char *wanted)
{
    struct figure_points p;
    struct figure *figures;
    struct text text = {0};
    text_add(&text, "%s", "");
    figure_points_read(points, &p);
    size_t count = figures_select(&p, &figures);
    for (size_t i = 0; i < count; i++) {
        const struct figure *f = &figures[i];
        text_add(&text, "%s [%s; %s]", f->title, p.keys[f->x].key,
                 f->series < 0 ? "-" : p.keys[f->series].key);
        for (size_t k = 0; k < f->panel_count; k++)
            text_add(&text, " %s (%zu)", f->panels[k].title, f->panels[k].count);
        text_add(&text, "\n");
    }
    assert_string_equal(text.data, wanted);
    text_done(&text);
    figures_free(figures, count);
    figure_points_done(&p);
    json_decref(points);
}

/* All combinations of the values, which end with NULL; keys that end with NULL are left out. */
static json_t *product(const char *const *const *axes, size_t count)
{
    json_t *points = json_array();
    json_array_append_new(points, json_object());
    for (size_t k = 0; k < count; k++) {
        json_t *next = json_array();
        for (size_t i = 0; i < json_array_size(points); i++)
            for (const char *const *value = axes[k] + 1; *value; value++) {
                json_t *point = json_copy(json_array_get(points, i));
                json_object_set_new(point, axes[k][0], json_string(*value));
                json_array_append_new(next, point);
            }
        json_decref(points);
        points = next;
    }
    return points;
}

static const char *const kinds[] = {"nodes.db.kind", "process", "container", "uml", NULL};
static const char *const counts[] = {"nodes.db.count", "2", "4", NULL};
static const char *const rates[] = {"workload.replicate.rate", "600/min", "100/s", "60000/min",
                                    NULL};
static const char *const modes[] = {"workload.replicate.mode", "sequential", "parallel", "baseline",
                                    NULL};

static void the_studys_keys_give_its_six_figures(void **state)
{
    (void)state;
    const char *const *axes[] = {kinds, counts, rates, modes};
    expect(product(axes, 4),
           "Containers by rate [workload.replicate.rate; nodes.db.count]"
           " process, sequential (6) process, parallel (6)"
           " container, sequential (6) container, parallel (6)\n"
           "Virtual machines by rate [workload.replicate.rate; nodes.db.count]"
           " sequential (6) parallel (6)\n"
           "Containers by number of nodes [nodes.db.count; workload.replicate.rate]"
           " process, sequential (6) process, parallel (6)"
           " container, sequential (6) container, parallel (6)\n"
           "Virtual machines by number of nodes [nodes.db.count; workload.replicate.rate]"
           " sequential (6) parallel (6)\n"
           "Baseline by rate [workload.replicate.rate; nodes.db.kind] 2 nodes (9) 4 nodes (9)\n"
           "Containers and virtual machines face to face [workload.replicate.rate; nodes.db.kind]"
           " 2 nodes, sequential (9) 2 nodes, parallel (9)"
           " 4 nodes, sequential (9) 4 nodes, parallel (9)\n");
}

static void what_was_not_swept_has_no_figure(void **state)
{
    (void)state;
    const char *const two[] = {"nodes.db.kind", "process", "docker", NULL};
    const char *const *axes[] = {two, rates};
    expect(product(axes, 2),
           "Containers by rate [workload.replicate.rate; -] process (3) docker (3)\n"
           "Containers and virtual machines face to face [workload.replicate.rate; nodes.db.kind]"
           "  (6)\n");
}

static void other_sweeps_have_a_figure_for_each_number(void **state)
{
    (void)state;
    const char *const delays[] = {"wan.delay", "1ms", "10ms", NULL};
    const char *const words[] = {"workload.replicate.pacing", "absolute", "sleep", NULL};
    const char *const *axes[] = {delays, words, rates};
    expect(product(axes, 3), "By delay [wan.delay; workload.replicate.rate] pacing absolute (6)"
                             " pacing sleep (6)\n"
                             "By rate [workload.replicate.rate; wan.delay] pacing absolute (6)"
                             " pacing sleep (6)\n");
    axes[0] = words;
    expect(product(axes, 1), "By pacing [workload.replicate.pacing; -]  (2)\n");
    expect(json_array(), "");
}

/* As the study's own file has it: high rates for a shorter time. */
static void a_key_that_another_tells_is_no_figures_matter(void **state)
{
    (void)state;
    const char *const *axes[] = {kinds, rates, counts};
    json_t *points = product(axes, 3);
    for (size_t i = 0; i < json_array_size(points); i++) {
        json_t *point = json_array_get(points, i);
        const char *rate = json_string_value(json_object_get(point, rates[0]));
        if (strcmp(rate, "600/min") != 0)
            json_object_set_new(point, "workload.replicate.duration",
                                json_string(strcmp(rate, "100/s") == 0 ? "5s" : "3s"));
    }
    expect(points, "Containers by rate [workload.replicate.rate; nodes.db.count]"
                   " process (6) container (6)\n"
                   "Virtual machines by rate [workload.replicate.rate; nodes.db.count]  (6)\n"
                   "Containers by number of nodes [nodes.db.count; workload.replicate.rate]"
                   " process (6) container (6)\n"
                   "Virtual machines by number of nodes [nodes.db.count; workload.replicate.rate]"
                   "  (6)\n"
                   "Containers and virtual machines face to face"
                   " [workload.replicate.rate; nodes.db.kind] 2 nodes (9) 4 nodes (9)\n");
}

static void points_of_a_list_may_lack_a_key(void **state)
{
    (void)state;
    expect(json_pack("[{s:s}, {s:s, s:s}, {s:s, s:s}, {s:s}]", "a.x", "1", "a.x", "2", "b.y", "5",
                     "a.x", "2", "b.y", "7", "a.x", "3"),
           "By x [a.x; b.y]  (4)\nBy y [b.y; a.x]  (2)\n");
}

static void values_stand_on_their_axis_in_its_unit(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *name;
        double position;
    } cases[] = {
        {"workload.w.rate", "10/s", "inserts per node (per minute)", 600},
        {"nodes.db.count", "16", "nodes", 16},
        {"wan.delay", "2.5ms", "delay (s)", 0.0025},
        {"wan.loss", "0.5%", "loss (%)", 0.5},
        {"wan.rate", "10mbit", "rate (Mbit/s)", 10},
        {"nodes.db.memory", "256MiB", "memory (MiB)", 256},
        {"nodes.db.kind", "uml", "kind", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_t *points = json_pack("[{s:s}]", cases[i].key, cases[i].value);
        struct figure_points p;
        figure_points_read(points, &p);
        assert_true(figure_position(&p.keys[0], 0) == cases[i].position);
        char *name = figure_axis_name(&p.keys[0]);
        assert_string_equal(name, cases[i].name);
        free(name);
        figure_points_done(&p);
        json_decref(points);
    }
}

static void names_of_panels_are_fit_for_files(void **state)
{
    (void)state;
    json_t *points = json_pack("[{s:s, s:s}, {s:s, s:s}]", "a.x", "1", "b.w", "../it's <b>", "a.x",
                               "2", "b.w", "../it's <b>");
    json_array_append_new(points, json_pack("{s:s, s:s}", "a.x", "1", "b.w", "other"));
    for (char value[] = "a"; *value < 'j'; ++*value) /* too many for lines: panels */
        json_array_append_new(points, json_pack("{s:s, s:s}", "a.x", "1", "b.w", value));
    struct figure_points p;
    struct figure *figures;
    figure_points_read(points, &p);
    size_t count = figures_select(&p, &figures);
    assert_int_equal(count, 1);
    assert_int_equal(figures[0].series, -1);
    assert_string_equal(figures[0].panels[0].name, "by-a.x-w-..-it-s-b");
    figures_free(figures, count);
    figure_points_done(&p);
    json_decref(points);
}

/* --- the network's view --- */

/* A mesh of so many nodes in so many groups; wires within a group and between are of two lengths,
 * or all of one. */
static enum diagram_view view_of_mesh(size_t count, size_t groups, bool uniform)
{
    static const char *const names[] = {"g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "g8"};
    struct diagram_node *nodes = xcalloc(count + 1, sizeof(*nodes));
    struct diagram_wire *wires = xcalloc(count * count + 1, sizeof(*wires));
    size_t wire_count = 0;
    for (size_t i = 0; i < count; i++) {
        nodes[i] = (struct diagram_node){"n", names[i % groups], false};
        for (size_t k = 0; k < i; k++)
            wires[wire_count++] =
                (struct diagram_wire){k, i, uniform || k % groups == i % groups ? "1 ms" : "9 ms"};
    }
    struct diagram d = {nodes, count, wires, wire_count};
    enum diagram_view view = diagram_view_of(&d);
    free(nodes);
    free(wires);
    return view;
}

static void a_network_is_drawn_as_far_as_it_can_be_read(void **state)
{
    (void)state;
    assert_int_equal(view_of_mesh(3, 1, true), DIAGRAM_WHOLE);
    assert_int_equal(view_of_mesh(5, 3, false), DIAGRAM_WHOLE);
    assert_int_equal(view_of_mesh(16, 1, true), DIAGRAM_HUB);
    assert_int_equal(view_of_mesh(250, 1, true), DIAGRAM_HUB);
    assert_int_equal(view_of_mesh(24, 4, false), DIAGRAM_GROUPS);
    assert_int_equal(view_of_mesh(250, 5, false), DIAGRAM_GROUPS);
    assert_int_equal(view_of_mesh(20, 9, false), DIAGRAM_OUTLINE);
    assert_int_equal(view_of_mesh(100, 9, false), DIAGRAM_DOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_studys_keys_give_its_six_figures),
        cmocka_unit_test(what_was_not_swept_has_no_figure),
        cmocka_unit_test(other_sweeps_have_a_figure_for_each_number),
        cmocka_unit_test(a_key_that_another_tells_is_no_figures_matter),
        cmocka_unit_test(points_of_a_list_may_lack_a_key),
        cmocka_unit_test(values_stand_on_their_axis_in_its_unit),
        cmocka_unit_test(names_of_panels_are_fit_for_files),
        cmocka_unit_test(a_network_is_drawn_as_far_as_it_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
