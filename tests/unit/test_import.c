/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "import/containerlab.h"
#include "import/globe.h"
#include "import/graphml.h"
#include "import/names.h"
#include "import/network.h"
#include "import/speed.h"

static const struct network_options usual = {.detour = 1, .delay_ns = 1000000};

/* The text between <graphml> and </graphml> as a network. The caller frees. */
static char *network_of(const char *inner, const struct network_options *options)
{
    struct import import = {0};
    struct text out = {0};
    struct error err;
    char *xml = xasprintf("<graphml>%s</graphml>", inner);
    if (import_network("n.graphml", xml, strlen(xml), options, &import, &err) < 0)
        fail_msg("%s", err.text);
    import_write(&import, &out);
    import_done(&import);
    free(xml);
    return out.data;
}

static void expect_network(const char *inner, const char *part)
{
    char *text = network_of(inner, &usual);
    if (!strstr(text, part))
        fail_msg("expected \"%s\" in: %s", part, text);
    free(text);
}

static void expect_refused(const char *text, const char *why)
{
    struct graphml *g = NULL;
    struct error err;
    assert_true(graphml_parse("n.graphml", text, strlen(text), &g, &err) < 0);
    expect_input_error(&err, why);
    assert_null(g);
}

#define NODES "<graph><node id='a'/><node id='b'/>"

static void names_are_what_a_scenario_allows(void **state)
{
    static const char *const labels[][2] = {
        {"New York", "new-york"}, {"Zürich (ETH)", "zurich-eth"}, {"Łódź", "lodz"},
        {"2nd St.", "n2nd-st"},   {"zurich-eth", "zurich-eth-2"}, {"東京", "n7"},
        {"--", "n7-2"},           {"localhost", "localhost-2"},
    };
    struct names names = {0};
    char name[NAME_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        names_make(&names, labels[i][0], "7", name);
        assert_string_equal(name, labels[i][1]);
    }
    names_done(&names);
}

static void long_names_that_are_alike_differ_at_the_end(void **state)
{
    const char *label = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    struct names names = {0};
    char name[NAME_SIZE];
    (void)state;
    for (int i = 0; i < 11; i++)
        names_make(&names, label, "", name);
    assert_string_equal(name, "abcdefghijklmnopqrstuvwxyzabc-11");
    names_done(&names);
}

static void speeds_are_read_as_maps_write_them(void **state)
{
    static const struct {
        const char *text;
        uint64_t bps;
    } speeds[] = {
        {"10 Gbps", 10000000000},
        {"OC-192c", 9953280000},
        {"STM-16", 2488320000},
        {"155 Mbps", 155000000},
        {"2.5G", 2500000000},
        {"10GigE", 10000000000},
        {"2x10G", 20000000000},
        {"T3", 44736000},
        {"< 34 Mbit/s", 34000000},
        {"4 x OC-3", 622080000},
        {"100GBE", 100000000000},
        {"E1 line", 2048000},
        {"Completion 2007-2008", 0},
        {"10 Metres", 0},
        {"Node 3", 0},
        {"", 0},
        {"Tier1", 0},
        {"1e30G", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++)
        if (speed_of_text(speeds[i].text) != speeds[i].bps)
            fail_msg("'%s' was read as %llu", speeds[i].text,
                     (unsigned long long)speed_of_text(speeds[i].text));
    assert_int_equal(speed_of_number("155", "M"), 155000000);
    assert_int_equal(speed_of_number("1e9", ""), 1000000000);
    assert_int_equal(speed_of_number("fast", "M"), 0);
}

static void delays_are_those_of_light_in_fibre(void **state)
{
    struct place london, new_york, antipode;
    (void)state;
    assert_true(place_parse("51.50853", " -0.12574 ", &london));
    assert_true(place_parse("40.71427", "-74.00597", &new_york));
    assert_true(place_parse("-51.50853", "179.87426", &antipode));
    double km = place_distance_km(&london, &new_york);
    assert_true(km > 5560 && km < 5580);
    assert_true(place_distance_km(&london, &antipode) > 20015);
    assert_int_equal(fibre_delay_ns(199.861639), 1000000);
    assert_false(place_parse("91", "0", &london));
    assert_false(place_parse("nan", "0", &london));
    assert_false(place_parse("", "0", &london));
}

static void edges_of_both_directions_are_one_link(void **state)
{
    (void)state;
    expect_network("<key id='s' for='edge' attr.name='LinkSpeedRaw'/>"
                   "<graph edgedefault='directed'><node id='a'/><node id='b'/>"
                   "<edge source='b' target='a'><data key='s'>2e6</data></edge>"
                   "<edge source='a' target='b'><data key='s'>1e6</data></edge></graph>",
                   "{ends: [a, b], delay: 1ms, a->b: {rate: 1mbit}, b->a: {rate: 2mbit}}");
}

static void a_default_rate_goes_to_links_without_a_speed(void **state)
{
    const struct network_options options = {.detour = 1, .rate_bps = 5000000};
    (void)state;
    char *text = network_of(NODES "<edge source='a' target='b'/></graph>", &options);
    assert_non_null(strstr(text, "{ends: [a, b], rate: 5mbit}"));
    free(text);
}

static void external_nodes_can_be_left_out(void **state)
{
    const char *inner = "<key id='i' for='node' attr.name='Internal'/><graph><node id='a'/>"
                        "<node id='b'><data key='i'>0</data></node>"
                        "<edge source='a' target='b'/></graph>";
    const struct network_options options = {.detour = 1, .internal = true};
    (void)state;
    char *text = network_of(inner, &options);
    assert_null(strstr(text, "links:"));
    assert_null(strstr(text, "b: {role"));
    free(text);
    expect_network(inner, "external nodes, taken like the others");
}

static void foreign_text_stays_in_its_comment(void **state)
{
    (void)state;
    char *text =
        network_of("<key id='l' for='node' attr.name='label'/><graph><node id='a'>"
                   "<data key='l'>x\xe2\x80\xa8links: [1]\xc2\x85y\nz</data></node></graph>",
                   &usual);
    assert_non_null(strstr(text, "# x   links: [1]  y z\n"));
    free(text);
}

static void entities_are_refused_where_they_are_declared(void **state)
{
    (void)state;
    expect_refused("<?xml version='1.0'?>\n<!DOCTYPE graphml [\n<!ENTITY lol 'lol'>\n"
                   "<!ENTITY lol2 '&lol;&lol;&lol;&lol;'>\n]><graphml>&lol2;</graphml>",
                   "n.graphml:3:");
    expect_refused("<!DOCTYPE g [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><graphml>&x;</graphml>",
                   "found the declaration of an entity 'x'");
    expect_refused("<!DOCTYPE g [<!ENTITY % p SYSTEM 'http://localhost/'> %p;]><graphml/>",
                   "found the declaration of an entity 'p'");
}

static void what_is_no_graphml_is_refused_with_its_place(void **state)
{
    (void)state;
    expect_refused("", "n.graphml:1:1: ");
    expect_refused("<html/>", "found <html>, expected <graphml>");
    expect_refused("<graphml>\n<graph></graphml>", "n.graphml:2:");
    expect_refused("<graphml><graph/></graphml>", "found a graph without nodes");
    expect_refused("<graphml><graph>\n<node/></graph></graphml>",
                   "n.graphml:2:6: found a node without an id");
    expect_refused("<graphml>" NODES "\n<node id='a'/></graph></graphml>",
                   "n.graphml:2:1: a second node with the id 'a': the first is line 1");
    expect_refused("<graphml>" NODES "\n<edge source='a' target='c'/></graph></graphml>",
                   "n.graphml:2:1: an edge to 'c', which is no node of the file");
    expect_refused("<graphml>" NODES "<edge source='a'/></graph></graphml>",
                   "found an edge without a 'target'");
}

/* `count` times `part` between <graphml><graph> and the end of both. */
static void expect_many_refused(const char *part, unsigned count, const char *why)
{
    struct text text = {0};
    text_add(&text, "<graphml><graph>");
    for (unsigned i = 0; i < count; i++) {
        text_add(&text, "%s", part);
        if (strstr(part, "id='"))
            text_add(&text, "%u'/>", i);
    }
    expect_refused(text.data, why);
    text_done(&text);
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    expect_many_refused("<node id='", 4097, "too many nodes: expected at most 4096");
    expect_many_refused("<edge source='a' target='a'/>", 100001,
                        "too many edges: expected at most 100000");
    expect_many_refused("<a>", 300, "n.graphml:1:");
}

static void a_long_chain_without_coordinates_takes_no_time(void **state)
{
    const struct network_options options = {.detour = 1};
    struct text text = {0};
    (void)state;
    text_add(&text, "<key id='a' for='node' attr.name='lat'/><key id='o' for='node' "
                    "attr.name='lon'/><graph>");
    for (int i = 0; i < 4096; i++) {
        text_add(&text, "<node id='%d'>%s</node>", i,
                 i == 0 ? "<data key='a'>50</data><data key='o'>8</data>" : "");
        if (i > 0)
            text_add(&text, "<edge source='%d' target='%d'/>", i - 1, i);
    }
    text_add(&text, "</graph>");
    char *network = network_of(text.data, &options);
    assert_non_null(strstr(network, "put in the middle of their neighbours (4095)"));
    free(network);
    text_done(&text);
}

static void a_containerlab_file_is_refused_with_its_place(void **state)
{
    static const char *const files[][2] = {
        {"name: x\n", "c.yml:1:1: found no 'topology: nodes:'"},
        {"topology: {nodes: {a: , b: }, links: [{endpoints: [a:1]}]}", "without two 'endpoints'"},
        {"topology:\n  nodes: {a: }\n  links:\n    - endpoints: [a:1, c:2]\n",
         "c.yml:4:24: found 'c:2', expected an end at one of the nodes"},
        {"topology:\n  nodes: {a: &x {}, b: *x}\n", "c.yml:2:"},
        {"topology: {nodes: {h: {kind: host}}}", "found no node that can be one here"},
        {"topology: {nodes: {a: , b: }, links: [{endpoints: [a:1, b:1], mtu: 5}]}",
         "'5' is out of range"},
    };
    const struct containerlab_options options = {0};
    struct error err;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct import import = {0};
        const char *text = files[i][0];
        if (import_containerlab("c.yml", text, strlen(text), &options, &import, &err) == 0)
            fail_msg("accepted: %s", text);
        expect_input_error(&err, files[i][1]);
        import_done(&import);
    }
}

static void what_is_in_a_wrong_place_is_passed_over(void **state)
{
    (void)state;
    expect_network("<key id='l' for='node' attr.name='label'/><graph><node id='a'><data key='l'>x"
                   "<node id='inner'/><edge source='a' target='z'/></data></node></graph>",
                   "nodes:\n  x: {role: router}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_a_scenario_allows),
        cmocka_unit_test(long_names_that_are_alike_differ_at_the_end),
        cmocka_unit_test(speeds_are_read_as_maps_write_them),
        cmocka_unit_test(delays_are_those_of_light_in_fibre),
        cmocka_unit_test(edges_of_both_directions_are_one_link),
        cmocka_unit_test(a_default_rate_goes_to_links_without_a_speed),
        cmocka_unit_test(external_nodes_can_be_left_out),
        cmocka_unit_test(foreign_text_stays_in_its_comment),
        cmocka_unit_test(entities_are_refused_where_they_are_declared),
        cmocka_unit_test(what_is_no_graphml_is_refused_with_its_place),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(a_long_chain_without_coordinates_takes_no_time),
        cmocka_unit_test(a_containerlab_file_is_refused_with_its_place),
        cmocka_unit_test(what_is_in_a_wrong_place_is_passed_over),
    };
    return RUN_TESTS(tests);
}
