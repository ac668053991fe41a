/* SPDX-License-Identifier: MIT */
#include "experiment/report_network.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"
#include "report/diagram.h"
#include "report/page.h"
#include "report/rtt_matrix.h"

enum { ROWS_MAX = 2000 };

/* --- the model --- */

struct model {
    struct diagram_node *nodes;
    char **texts; /* names of networks and groups, and labels */
    size_t node_count, text_count;
    struct diagram_wire *wires;
    size_t wire_count;
};

static char *keep(struct model *m, char *text /* consumed */)
{
    m->texts = array_grow(m->texts, m->text_count, sizeof(*m->texts));
    return m->texts[m->text_count++] = text;
}

static size_t add_node(struct model *m, const char *name, const char *group, bool is_lan)
{
    m->nodes = array_grow(m->nodes, m->node_count, sizeof(*m->nodes));
    m->nodes[m->node_count] = (struct diagram_node){name, group, is_lan};
    return m->node_count++;
}

/* Its place; names that are no node's are a network's. */
static size_t find_node(struct model *m, const char *name, size_t len)
{
    for (size_t i = 0; i < m->node_count; i++)
        if (strlen(m->nodes[i].name) == len && strncmp(m->nodes[i].name, name, len) == 0)
            return i;
    return add_node(m, keep(m, xasprintf("%.*s", (int)len, name)), NULL, true);
}

/* Nodes of no region belong together by their name without its number: their role. */
static void add_nodes(struct model *m, json_t *list)
{
    size_t i;
    json_t *node;
    json_array_foreach(list, i, node)
    {
        const char *name = json_text_of(node, "name"), *region = json_text_of(node, "region");
        size_t len = strlen(name);
        while (len > 0 && isdigit((unsigned char)name[len - 1]))
            len--;
        bool has_role = len > 0 && len < strlen(name);
        add_node(m, name,
                 *region    ? region
                 : has_role ? keep(m, xasprintf("%.*s", (int)len, name))
                            : NULL,
                 false);
    }
}

/* What a wire does in its two directions: "61.5 ms, 10mbit", "73 / 72 ms". `back` may be NULL. */
static char *describe_wire(json_t *there, json_t *back)
{
    struct text text = {0};
    char unit[UNITS_TEXT_MAX], other[UNITS_TEXT_MAX];
    double delay[] = {json_number_value(json_object_get(there, "delay_s")) * 1e3,
                      json_number_value(json_object_get(back ? back : there, "delay_s")) * 1e3};
    double loss[] = {json_number_value(json_object_get(there, "loss")) * 100,
                     json_number_value(json_object_get(back ? back : there, "loss")) * 100};
    uint64_t rate[] = {
        (uint64_t)json_number_value(json_object_get(there, "rate_bps")),
        (uint64_t)json_number_value(json_object_get(back ? back : there, "rate_bps"))};
    if (delay[0] == delay[1])
        text_add(&text, "%.4g ms", delay[0]);
    else
        text_add(&text, "%.4g / %.4g ms", delay[0], delay[1]);
    if (rate[0] && rate[0] == rate[1])
        text_add(&text, ", %s", units_format_rate(unit, rate[0]));
    else if (rate[0] || rate[1])
        text_add(&text, ", %s / %s", rate[0] ? units_format_rate(unit, rate[0]) : "unlimited",
                 rate[1] ? units_format_rate(other, rate[1]) : "unlimited");
    if (loss[0] > 0 && loss[0] == loss[1])
        text_add(&text, ", %.3g %% loss", loss[0]);
    else if (loss[0] > 0 || loss[1] > 0)
        text_add(&text, ", %.3g / %.3g %% loss", loss[0], loss[1]);
    return text.data;
}

/* Wires come in any order; the two directions of one are told together. */
static void add_direction(struct model *m, json_t **first, size_t *of_pair, size_t a, size_t b,
                          json_t *wire)
{
    size_t *known = &of_pair[a < b ? a * m->node_count + b : b * m->node_count + a];
    if (*known == 0) {
        m->wires = array_grow(m->wires, m->wire_count, sizeof(*m->wires));
        m->wires[m->wire_count] = (struct diagram_wire){a, b, keep(m, describe_wire(wire, NULL))};
        first[m->wire_count] = wire;
        *known = ++m->wire_count;
        return;
    }
    struct diagram_wire *w = &m->wires[*known - 1];
    w->label = keep(m, describe_wire(first[*known - 1], wire));
}

static void read_model(struct model *m, json_t *run, json_t *fidelity)
{
    json_t *wires = json_object_get(fidelity, "wires"), *wire;
    size_t i;
    add_nodes(m, json_object_get(json_object_get(run, "scenario"), "nodes"));
    json_array_foreach(wires, i, wire)
    {
        const char *name = json_text_of(wire, "name"), *arrow = strstr(name, "->");
        if (arrow) {
            find_node(m, name, (size_t)(arrow - name));
            find_node(m, arrow + 2, strlen(arrow + 2));
        }
    }
    _cleanup_(freep) size_t *of_pair = xcalloc(m->node_count * m->node_count + 1, sizeof(size_t));
    _cleanup_(freep) json_t **first = xcalloc(json_array_size(wires) + 1, sizeof(json_t *));
    json_array_foreach(wires, i, wire)
    {
        const char *name = json_text_of(wire, "name"), *arrow = strstr(name, "->");
        if (arrow)
            add_direction(m, first, of_pair, find_node(m, name, (size_t)(arrow - name)),
                          find_node(m, arrow + 2, strlen(arrow + 2)), wire);
    }
}

static void model_done(struct model *m)
{
    for (size_t i = 0; i < m->text_count; i++)
        free(m->texts[i]);
    free(m->texts);
    free(m->nodes);
    free(m->wires);
}

/* --- round trips --- */

static size_t place_of(json_t *nodes, const char *name)
{
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        if (strcmp(json_text_of(node, "name"), name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static double number_of(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void put_matrix(struct report *r, json_t *nodes, json_t *pairs)
{
    size_t count = json_array_size(nodes), i;
    json_t *pair;
    if (count > RTT_MATRIX_MAP_MAX)
        return;
    const char **names = xcalloc(count + 1, sizeof(*names));
    _cleanup_(freep) struct rtt_cell *cells = xcalloc(count * count + 1, sizeof(*cells));
    for (i = 0; i < count; i++)
        names[i] = json_text_of(json_array_get(nodes, i), "name");
    json_array_foreach(pairs, i, pair)
    {
        size_t a = place_of(nodes, json_text_of(pair, "a")),
               b = place_of(nodes, json_text_of(pair, "b"));
        if (a < b && b != SIZE_MAX)
            cells[a * count + b] = (struct rtt_cell){number_of(pair, "rtt_asked_s"),
                                                     number_of(pair, "rtt_median_s"), 1};
    }
    struct rtt_matrix m = {names, count, cells};
    page_note(r->out, "note",
              count <= RTT_MATRIX_TABLE_MAX
                  ? "Measured in ms (the median echo before the workload), and "
                    "below it what was asked."
                  : "One square for each pair of nodes; pointed at, it tells both.");
    rtt_matrix_put(r->out, &m);
    free(names);
}

static void put_pairs(struct report *r, json_t *pairs)
{
    static const struct page_column columns[] = {{"a", NULL, PAGE_TEXT},
                                                 {"b", NULL, PAGE_TEXT},
                                                 {"rtt_asked_s", "asked", PAGE_NUMBER},
                                                 {"rtt_min_s", "least", PAGE_NUMBER},
                                                 {"rtt_median_s", "median", PAGE_NUMBER},
                                                 {"error_s", "error", PAGE_NUMBER},
                                                 {"sent", NULL, PAGE_NUMBER},
                                                 {"received", NULL, PAGE_NUMBER}};
    char text[REPORT_VALUE_MAX];
    size_t i;
    json_t *pair;
    fputs("<details><summary>All pairs</summary>", r->out);
    page_table_begin(r->out, "round-trips", columns, ARRAY_LEN(columns));
    json_array_foreach(pairs, i, pair)
    {
        double error = number_of(pair, "rtt_median_s") - number_of(pair, "rtt_asked_s");
        if (i == ROWS_MAX)
            break;
        page_row(r->out);
        page_cell(r->out, json_text_of(pair, "a"));
        page_cell(r->out, json_text_of(pair, "b"));
        for (size_t k = 2; k < 5; k++) {
            snprintf(text, sizeof(text), "%.3f ms", number_of(pair, columns[k].name) * 1e3);
            page_cell_number(r->out, number_of(pair, columns[k].name), text);
        }
        snprintf(text, sizeof(text), "%+.3f ms", error * 1e3);
        page_cell_number(r->out, error, text);
        for (size_t k = 6; k < 8; k++) {
            snprintf(text, sizeof(text), "%.0f", number_of(pair, columns[k].name));
            page_cell_number(r->out, number_of(pair, columns[k].name), text);
        }
    }
    page_table_end(r->out);
    if (json_array_size(pairs) > ROWS_MAX)
        page_note(r->out, "note", "The first %d of %zu; all are in fidelity.json.", ROWS_MAX,
                  json_array_size(pairs));
    fputs("</details>\n", r->out);
}

static void put_wires(struct report *r, json_t *wires)
{
    static const struct page_column columns[] = {
        {"name", "wire", PAGE_TEXT},       {"delay_s", "delay", PAGE_NUMBER},
        {"rate_bps", "rate", PAGE_NUMBER}, {"loss", NULL, PAGE_NUMBER},
        {"packets", NULL, PAGE_NUMBER},    {"bytes", NULL, PAGE_NUMBER},
        {"lost", NULL, PAGE_NUMBER},       {"queue_drops", "dropped by the queue", PAGE_NUMBER}};
    char text[REPORT_VALUE_MAX];
    size_t i;
    json_t *wire;
    fputs("<details><summary>All wires, and what passed over them</summary>", r->out);
    page_table_begin(r->out, "wires", columns, ARRAY_LEN(columns));
    json_array_foreach(wires, i, wire)
    {
        if (i == ROWS_MAX)
            break;
        page_row(r->out);
        page_cell(r->out, json_text_of(wire, "name"));
        for (size_t k = 1; k < ARRAY_LEN(columns); k++) {
            double value = number_of(wire, columns[k].name);
            if (k == 1)
                snprintf(text, sizeof(text), "%.4g ms", value * 1e3);
            else if (k == 2 && value > 0)
                units_format_rate(text, (uint64_t)value);
            else if (k == 2)
                snprintf(text, sizeof(text), "unlimited");
            else if (k == 3)
                snprintf(text, sizeof(text), "%.4g %%", value * 100);
            else
                snprintf(text, sizeof(text), "%.0f", value);
            page_cell_number(r->out, value, text);
        }
    }
    page_table_end(r->out);
    if (json_array_size(wires) > ROWS_MAX)
        page_note(r->out, "note", "The first %d of %zu; all are in fidelity.json.", ROWS_MAX,
                  json_array_size(wires));
    fputs("</details>\n", r->out);
}

void report_network(struct report *r, json_t *run, json_t *fidelity)
{
    json_t *nodes = json_object_get(json_object_get(run, "scenario"), "nodes");
    json_t *pairs = json_object_get(fidelity, "pairs"), *wires = json_object_get(fidelity, "wires");
    struct model m = {0};
    if (json_array_size(nodes) == 0)
        return;
    page_section(r->out, "network", "Network");
    read_model(&m, run, fidelity);
    struct diagram diagram = {m.nodes, m.node_count, m.wires, m.wire_count};
    diagram_put(r->out, &diagram);
    model_done(&m);
    if (json_array_size(wires) > 0)
        put_wires(r, wires);
    page_section_end(r->out);
    if (json_array_size(pairs) == 0)
        return;
    page_section(r->out, "rtt", "Round trips, asked and measured");
    put_matrix(r, nodes, pairs);
    put_pairs(r, pairs);
    page_section_end(r->out);
}
