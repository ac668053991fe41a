/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "expect.h"
#include "topology/yaml.h"

static struct yaml_document parse(const char *text)
{
    struct yaml_document doc = {0};
    struct error err;
    if (yaml_parse("f.yaml", text, strlen(text), &doc, &err) < 0)
        fail_msg("%s", err.text);
    return doc;
}

static void expect_refused_bytes(const char *text, size_t size, const char *part)
{
    struct yaml_document doc = {0};
    struct error err;
    assert_true(yaml_parse("f.yaml", text, size, &doc, &err) < 0);
    expect_input_error(&err, part);
    assert_memory_equal(err.text, "f.yaml:", 7);
    assert_null(doc.root);
}

static void expect_refused(const char *text, const char *part)
{
    expect_refused_bytes(text, strlen(text), part);
}

static void maps_lists_and_texts_become_a_tree(void **state)
{
    (void)state;
    struct yaml_document doc = parse("a: [1, two]\nb: {c: 'x y', d: }\n");
    const struct yaml *a = yaml_get(doc.root, "a"), *b = yaml_get(doc.root, "b");
    assert_int_equal(doc.root->kind, YAML_MAP);
    assert_int_equal(a->kind, YAML_LIST);
    assert_int_equal(a->count, 2);
    assert_string_equal(a->items[1]->scalar, "two");
    assert_string_equal(yaml_get(b, "c")->scalar, "x y");
    assert_true(yaml_get(b, "c")->quoted);
    assert_string_equal(yaml_get(b, "d")->scalar, "");
    assert_false(yaml_get(b, "d")->quoted);
    yaml_close(&doc);
}

static void a_key_that_is_not_there_gives_null(void **state)
{
    (void)state;
    struct yaml_document doc = parse("abc: 1\n");
    assert_null(yaml_get(doc.root, "ab"));
    assert_null(yaml_get(doc.root, "abcd"));
    assert_null(yaml_get(NULL, "abc"));
    assert_null(yaml_get(yaml_get(doc.root, "abc"), "abc"));
    yaml_close(&doc);
}

static void every_node_knows_its_place(void **state)
{
    (void)state;
    struct yaml_document doc = parse("# comment\na:\n  - über: x\n");
    const struct yaml *item = yaml_get(doc.root, "a")->items[0];
    assert_string_equal(item->mark.file, "f.yaml");
    assert_int_equal(item->mark.line, 3);
    assert_int_equal(item->mark.column, 5);
    assert_int_equal(item->pairs[0].key_mark.column, 5);
    assert_int_equal(item->pairs[0].value->mark.column, 11);
    yaml_close(&doc);
}

static void an_empty_file_is_refused(void **state)
{
    (void)state;
    expect_refused("", "f.yaml:1:1: the file is empty");
    expect_refused("# only a comment\n\n", "the file is empty");
    expect_refused("---\n", "the file is empty");
}

static void broken_yaml_is_refused_at_its_line(void **state)
{
    (void)state;
    expect_refused("a: [1, 2\nb: 3\n", "f.yaml:2:");
    expect_refused("a: 1\n  b: 2\n", "f.yaml:2:4: mapping values are not allowed");
    expect_refused("a: 'x\n", "found unexpected end of stream");
    expect_refused("a:\n\t- x\n", "f.yaml:2:1: found a tab");
    expect_refused("a: {b: 1}}\n", "f.yaml:1:10: ");
    expect_refused("a: \xff\n", "f.yaml:1:4: invalid leading UTF-8 octet");
    expect_refused("b: @x\n", "f.yaml:1:4: found character that cannot start");
}

static void a_second_document_is_refused(void **state)
{
    (void)state;
    expect_refused("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document");
    struct yaml_document doc = parse("---\na: 1\n...\n");
    yaml_close(&doc);
}

static void a_key_twice_is_refused_with_both_places(void **state)
{
    (void)state;
    expect_refused("a: 1\nb: 2\na: 3\nb: 4\n",
                   "f.yaml:3:1: the key 'a' is here again: it is already at line 1");
    expect_refused("x: {k: 1, k: 2}\n", "f.yaml:1:11: the key 'k'");
}

static void anchors_aliases_and_tags_are_refused(void **state)
{
    (void)state;
    expect_refused("a: &x 1\n", "f.yaml:1:4: found an anchor");
    expect_refused("a: &x [1]\n", "found an anchor");
    expect_refused("a: &x {b: 1}\n", "found an anchor");
    expect_refused("a: *x\n", "f.yaml:1:4: found an alias");
    expect_refused("<<: *x\n", "found an alias");
    expect_refused("a: !!str 1\n", "found a tag");
    expect_refused("&k a: 1\n", "found an anchor");
}

static void a_list_or_map_as_key_is_refused(void **state)
{
    (void)state;
    expect_refused("? [a, b]\n: 1\n", "expected a word as key");
    expect_refused("*x : 1\n", "expected a word as key");
}

static void nul_bytes_are_refused_wherever_they_hide(void **state)
{
    (void)state;
    expect_refused_bytes("a: 1\nb: \0\n", 10, "f.yaml:2:4: found a NUL byte");
    expect_refused("a: \"x\\0y\"\n", "f.yaml:1:4: found a NUL character");
}

static void nesting_is_limited(void **state)
{
    (void)state;
    struct text t = {0};
    for (int i = 0; i < 5000; i++)
        text_add(&t, "[");
    expect_refused(t.data, "nested too deeply");
    text_done(&t);
    for (int i = 0; i < 33; i++)
        text_add(&t, "%*s- \n", i, "");
    expect_refused(t.data, "nested too deeply");
    text_done(&t);
}

static void the_number_of_values_is_limited(void **state)
{
    (void)state;
    struct text t = {0};
    text_add(&t, "[");
    for (int i = 0; i < 200001; i++)
        text_add(&t, "1,");
    text_add(&t, "]");
    expect_refused(t.data, "too large: expected at most 200000 values");
    text_done(&t);
}

static void many_keys_are_checked_quickly(void **state)
{
    (void)state;
    struct text t = {0};
    for (int i = 0; i < 90000; i++)
        text_add(&t, "k%d: 1\n", i);
    text_add(&t, "k7: 1\n");
    expect_refused(t.data, "f.yaml:90001:1: the key 'k7' is here again: it is already at line 8");
    text_done(&t);
}

static void a_missing_file_is_an_error_of_input(void **state)
{
    (void)state;
    struct yaml_document doc = {0};
    struct error err;
    assert_true(yaml_open("/nonexistent/x.yaml", &doc, &err) < 0);
    expect_input_error(&err, "/nonexistent/x.yaml:1:1: ");
    expect_input_error(&err, "No such file");
}

static void overrides_replace_and_make_keys(void **state)
{
    (void)state;
    struct yaml_document doc = parse("nodes: {db: {count: 5}}\nw:\n");
    assert_int_equal(yaml_override(&doc, "nodes.db.count", "3", NULL), 0);
    assert_int_equal(yaml_override(&doc, "nodes.db.region", "[a, b]", NULL), 0);
    assert_int_equal(yaml_override(&doc, "w.x.y", "1", NULL), 0);
    const struct yaml *db = yaml_get(yaml_get(doc.root, "nodes"), "db");
    assert_string_equal(yaml_get(db, "count")->scalar, "3");
    assert_int_equal(yaml_get(db, "region")->count, 2);
    const struct yaml *y = yaml_get(yaml_get(yaml_get(doc.root, "w"), "x"), "y");
    assert_string_equal(y->scalar, "1");
    assert_string_equal(y->mark.file, "--set w.x.y");
    assert_int_equal(y->mark.line, 0);
    yaml_close(&doc);
}

static void an_override_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *part;
    } cases[] = {
        {"l.x", "1", "--set l.x: 'l' is a list, expected a map"},
        {"s.x.y", "1", "--set s.x.y: 's' is a single value"},
        {"m.n.x", "1", "'m.n' is a single value"},
        {"", "1", "--set : found an empty key"},
        {"a..b", "1", "found an empty key"},
        {".a", "1", "found an empty key"},
        {"a.", "1", "found an empty key"},
        {"a", "[1", "--set a: "},
        {"a", "&x 1", "--set a: found an anchor"},
        {"a", "\t- 1: @", "--set a: "},
    };
    struct yaml_document doc = parse("l: [1]\ns: 1\nm: {n: 2}\n");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err;
        assert_true(yaml_override(&doc, cases[i].path, cases[i].value, &err) < 0);
        expect_input_error(&err, cases[i].part);
    }
    yaml_close(&doc);
}

static void unknown_keys_are_refused_with_the_nearest_name(void **state)
{
    (void)state;
    static const char *const keys[] = {"delay", "loss"};
    struct yaml_document doc = parse("loss: 1\ndely: 2\n");
    struct error err;
    assert_true(yaml_expect_map(doc.root, "a link", keys, 2, &err) < 0);
    expect_input_error(&err, "f.yaml:2:1: unknown key 'dely', did you mean 'delay'?");
    yaml_close(&doc);
    doc = parse("colour: 2\n");
    assert_true(yaml_expect_map(doc.root, "a link", keys, 2, &err) < 0);
    expect_input_error(&err,
                       "unknown key 'colour', expected one of the keys of a link: delay, loss");
    yaml_close(&doc);
}

static void what_was_found_instead_is_said(void **state)
{
    (void)state;
    struct yaml_document doc = parse("a: [1]\nb: x\nc:\nd: {}\n");
    struct error err;
    assert_true(yaml_expect_scalar(yaml_get(doc.root, "a"), "a name", &err) < 0);
    expect_input_error(&err, "f.yaml:1:4: found a list, expected a single value for a name");
    assert_true(yaml_expect_list(yaml_get(doc.root, "b"), "members", &err) < 0);
    expect_input_error(&err, "f.yaml:2:4: found 'x', expected a list for members");
    assert_true(yaml_expect_list(yaml_get(doc.root, "c"), "members", &err) < 0);
    expect_input_error(&err, "found nothing, expected a list");
    assert_true(yaml_expect_scalar(yaml_get(doc.root, "d"), "a name", &err) < 0);
    expect_input_error(&err, "found a map");
    yaml_close(&doc);
}

static void a_word_is_found_among_those_allowed_or_refused_with_all_of_them(void **state)
{
    (void)state;
    static const char *const words[] = {"host", "router", "hub"};
    struct yaml_document doc = parse("a: router\nb: routers\nc: []\n");
    struct error err;
    assert_int_equal(yaml_expect_word(yaml_get(doc.root, "a"), "the role", words, 3, &err), 1);
    assert_true(yaml_expect_word(yaml_get(doc.root, "b"), "the role", words, 3, &err) < 0);
    expect_input_error(&err,
                       "f.yaml:2:4: found 'routers' as the role, expected host, router or hub");
    assert_true(yaml_expect_word(yaml_get(doc.root, "c"), "the role", words, 3, &err) < 0);
    expect_input_error(&err, "f.yaml:3:4: found a list, expected a single value for the role");
    yaml_close(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_lists_and_texts_become_a_tree),
        cmocka_unit_test(a_key_that_is_not_there_gives_null),
        cmocka_unit_test(every_node_knows_its_place),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(broken_yaml_is_refused_at_its_line),
        cmocka_unit_test(a_second_document_is_refused),
        cmocka_unit_test(a_key_twice_is_refused_with_both_places),
        cmocka_unit_test(anchors_aliases_and_tags_are_refused),
        cmocka_unit_test(a_list_or_map_as_key_is_refused),
        cmocka_unit_test(nul_bytes_are_refused_wherever_they_hide),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(the_number_of_values_is_limited),
        cmocka_unit_test(many_keys_are_checked_quickly),
        cmocka_unit_test(a_missing_file_is_an_error_of_input),
        cmocka_unit_test(overrides_replace_and_make_keys),
        cmocka_unit_test(an_override_that_does_not_fit_is_refused),
        cmocka_unit_test(unknown_keys_are_refused_with_the_nearest_name),
        cmocka_unit_test(what_was_found_instead_is_said),
        cmocka_unit_test(a_word_is_found_among_those_allowed_or_refused_with_all_of_them),
    };
    return RUN_TESTS(tests);
}
