/* SPDX-License-Identifier: MIT
 *
 * libyaml hands out events; build_node() turns them into the tree by recursive descent, so that
 * the limits on depth and number hold before any memory is spent. A half-built tree is released by
 * the cleanup attribute of whoever was building it.
 */
#include "topology/yaml_build.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"

enum { DEPTH_MAX = YAML_DEPTH_MAX, NODES_MAX = 200000 };

struct builder {
    yaml_parser_t parser;
    const char *file; /* for the marks */
    bool no_lines;    /* marks have line 0: an override has no place in a file */
    const char *text;
    size_t size;
    size_t nodes; /* made so far, keys included */
};

void yaml_tree_free(struct yaml *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count && node->kind == YAML_LIST; i++)
        yaml_tree_free(node->items[i]);
    for (size_t i = 0; i < node->count && node->kind == YAML_MAP; i++) {
        free(node->pairs[i].key);
        yaml_tree_free(node->pairs[i].value);
    }
    free(node->items);
    free(node->pairs);
    free(node->scalar);
    free(node);
}

struct yaml *yaml_node_new(enum yaml_kind kind, const struct mark *mark)
{
    struct yaml *node = xcalloc(1, sizeof(*node));
    node->kind = kind;
    node->mark = *mark;
    return node;
}

static struct mark mark_at(const struct builder *b, const yaml_mark_t *m)
{
    if (b->no_lines)
        return (struct mark){.file = b->file};
    return (struct mark){b->file, (unsigned)m->line + 1, (unsigned)m->column + 1};
}

/* The place of a byte, for what libyaml reports by offset only. */
static struct mark mark_of_offset(const struct builder *b, size_t offset)
{
    yaml_mark_t m = {0};
    for (size_t i = 0; i < offset && i < b->size; i++) {
        m.column++;
        if (b->text[i] == '\n') {
            m.line++;
            m.column = 0;
        }
    }
    return mark_at(b, &m);
}

/* The commonest mistake deserves better words than "character that cannot start any token". */
static bool line_starts_with_tab(const struct builder *b, size_t line)
{
    const char *p = b->text, *end = b->text + b->size;
    while (line-- > 0 && (p = memchr(p, '\n', (size_t)(end - p))))
        p++;
    while (p && p < end && *p == ' ')
        p++;
    return p && p < end && *p == '\t';
}

/* The commonest one about variables: braces mean something in `{delay: ${D}}`. */
static bool line_has_variable(const struct builder *b, size_t line)
{
    const char *p = b->text, *end = b->text + b->size;
    while (line-- > 0 && (p = memchr(p, '\n', (size_t)(end - p))))
        p++;
    const char *line_end = p ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return p && memmem(p, (size_t)((line_end ? line_end : end) - p), "${", 2);
}

static int parser_error(const struct builder *b, struct error *err)
{
    const yaml_parser_t *p = &b->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    if (p->error == YAML_READER_ERROR) {
        struct mark mark = mark_of_offset(b, p->problem_offset);
        return yaml_error(err, &mark, "%s: expected UTF-8 text", problem);
    }
    struct mark mark = mark_at(b, &p->problem_mark);
    if (!b->no_lines && line_starts_with_tab(b, p->problem_mark.line))
        return yaml_error(err, &mark, "found a tab, expected spaces as indentation");
    if (!b->no_lines && line_has_variable(b, p->problem_mark.line))
        return yaml_error(err, &mark,
                          "found a variable that ends a value here, expected it in "
                          "quotes within '{…}' and '[…]'");
    if (p->context && p->context_mark.line != p->problem_mark.line)
        return yaml_error(err, &mark, "%s %s that began at line %zu", problem, p->context,
                          p->context_mark.line + 1);
    return yaml_error(err, &mark, "%s%s%s", problem, p->context ? " " : "",
                      p->context ? p->context : "");
}

static int next_event(struct builder *b, yaml_event_t *ret, struct error *err)
{
    if (!yaml_parser_parse(&b->parser, ret))
        return parser_error(b, err);
    return 0;
}

static int build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
                      struct yaml **ret, struct error *err);

static int build_scalar(const yaml_event_t *event, const struct mark *mark, struct yaml **ret,
                        struct error *err)
{
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length)
        return yaml_error(err, mark, "found a NUL character in a text");
    *ret = yaml_node_new(YAML_SCALAR, mark);
    (*ret)->scalar = xstrdup(value);
    (*ret)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return 0;
}

static int build_list(struct builder *b, const struct mark *mark, unsigned depth, struct yaml **ret,
                      struct error *err)
{
    _cleanup_(yaml_tree_freep) struct yaml *list = yaml_node_new(YAML_LIST, mark);
    for (;;) {
        _cleanup_(yaml_event_delete) yaml_event_t event = {0};
        int r = next_event(b, &event, err);
        if (r < 0)
            return r;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            break;
        struct yaml *item = NULL;
        r = build_node(b, &event, depth + 1, &item, err);
        if (r < 0)
            return r;
        list->items = array_grow(list->items, list->count, sizeof(*list->items));
        list->items[list->count++] = item;
    }
    *ret = TAKE_PTR(list);
    return 0;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct yaml_pair *x = *(struct yaml_pair *const *)a, *y = *(struct yaml_pair *const *)b;
    int by_key = strcmp(x->key, y->key);
    return by_key ? by_key : (x > y) - (x < y); /* pairs of one array: file order */
}

/* By sorting, so that a hostile file cannot make this quadratic. */
static int refuse_duplicate_keys(const struct yaml *map, struct error *err)
{
    _cleanup_(freep) struct yaml_pair **sorted = xcalloc(map->count, sizeof(*sorted));
    const struct yaml_pair *first = NULL, *again = NULL;
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->pairs[i];
    qsort(sorted, map->count, sizeof(*sorted), compare_pairs);
    for (size_t i = 1; i < map->count; i++) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0 && (!again || sorted[i] < again)) {
            first = sorted[i - 1];
            again = sorted[i];
        }
    }
    if (!again)
        return 0;
    return yaml_error(err, &again->key_mark, "the key '%s' is here again: it is already at line %u",
                      again->key, first->key_mark.line);
}

static int build_pair(struct builder *b, const yaml_event_t *key, unsigned depth, struct yaml *map,
                      struct error *err)
{
    struct mark mark = mark_at(b, &key->start_mark);
    if (key->type != YAML_SCALAR_EVENT)
        return yaml_error(err, &mark, "found a list, a map or an alias, expected a word as key");
    _cleanup_(yaml_tree_freep) struct yaml *name = NULL;
    int r = build_node(b, key, depth + 1, &name, err);
    if (r < 0)
        return r;
    _cleanup_(yaml_event_delete) yaml_event_t event = {0};
    r = next_event(b, &event, err);
    if (r < 0)
        return r;
    struct yaml *value = NULL;
    r = build_node(b, &event, depth + 1, &value, err);
    if (r < 0)
        return r;
    map->pairs = array_grow(map->pairs, map->count, sizeof(*map->pairs));
    map->pairs[map->count++] = (struct yaml_pair){TAKE_PTR(name->scalar), mark, value};
    return 0;
}

static int build_map(struct builder *b, const struct mark *mark, unsigned depth, struct yaml **ret,
                     struct error *err)
{
    _cleanup_(yaml_tree_freep) struct yaml *map = yaml_node_new(YAML_MAP, mark);
    for (;;) {
        _cleanup_(yaml_event_delete) yaml_event_t event = {0};
        int r = next_event(b, &event, err);
        if (r < 0)
            return r;
        if (event.type == YAML_MAPPING_END_EVENT)
            break;
        r = build_pair(b, &event, depth, map, err);
        if (r < 0)
            return r;
    }
    int r = refuse_duplicate_keys(map, err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(map);
    return 0;
}

/* Anchors and tags of whatever kind of node the event begins; NULL if it has none. */
static const char *event_extra(const yaml_event_t *e)
{
    bool scalar = e->type == YAML_SCALAR_EVENT, list = e->type == YAML_SEQUENCE_START_EVENT;
    bool map = e->type == YAML_MAPPING_START_EVENT;
    if (e->type == YAML_ALIAS_EVENT)
        return "an alias ('*')";
    if ((scalar && e->data.scalar.anchor) || (list && e->data.sequence_start.anchor) ||
        (map && e->data.mapping_start.anchor))
        return "an anchor ('&')";
    if ((scalar && e->data.scalar.tag) || (list && e->data.sequence_start.tag) ||
        (map && e->data.mapping_start.tag))
        return "a tag ('!')";
    return NULL;
}

static int build_node(struct builder *b, const yaml_event_t *event, unsigned depth,
                      struct yaml **ret, struct error *err)
{
    struct mark mark = mark_at(b, &event->start_mark);
    const char *extra = event_extra(event);
    if (extra)
        return yaml_error(err, &mark, "found %s, which is not supported: write the value itself",
                          extra);
    if (depth > DEPTH_MAX)
        return yaml_error(err, &mark, "nested too deeply: expected at most %d levels", DEPTH_MAX);
    if (++b->nodes > NODES_MAX)
        return yaml_error(err, &mark, "too large: expected at most %d values", NODES_MAX);
    if (event->type == YAML_SCALAR_EVENT)
        return build_scalar(event, &mark, ret, err);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return build_list(b, &mark, depth, ret, err);
    return build_map(b, &mark, depth, ret, err);
}

/* Takes events until one that says something: a node, a document's end, the stream's end. */
static int skip_to(struct builder *b, yaml_event_t *ret, struct error *err)
{
    for (;;) {
        int r = next_event(b, ret, err);
        if (r < 0)
            return r;
        if (ret->type != YAML_STREAM_START_EVENT && ret->type != YAML_DOCUMENT_START_EVENT)
            return 0;
        yaml_event_delete(ret);
    }
}

static int build_root(struct builder *b, struct yaml **ret, struct error *err)
{
    _cleanup_(yaml_event_delete) yaml_event_t first = {0};
    int r = skip_to(b, &first, err);
    if (r < 0)
        return r;
    struct mark mark = mark_at(b, &first.start_mark);
    if (first.type == YAML_STREAM_END_EVENT) { /* nothing but white space and comments */
        *ret = yaml_node_new(YAML_SCALAR, &mark);
        (*ret)->scalar = xstrdup("");
        return 0;
    }
    _cleanup_(yaml_tree_freep) struct yaml *root = NULL;
    r = build_node(b, &first, 1, &root, err);
    if (r < 0)
        return r;
    _cleanup_(yaml_event_delete) yaml_event_t end = {0}, after = {0};
    r = next_event(b, &end, err);
    if (r == 0)
        r = next_event(b, &after, err);
    if (r < 0)
        return r;
    if (after.type != YAML_STREAM_END_EVENT) {
        mark = mark_at(b, &after.start_mark);
        return yaml_error(err, &mark, "a second document begins here, expected only one in a file");
    }
    *ret = TAKE_PTR(root);
    return 0;
}

int yaml_build(const char *file, bool no_lines, const char *text, size_t size, struct yaml **ret,
               struct error *err)
{
    struct builder b = {.file = file, .no_lines = no_lines, .text = text, .size = size};
    const char *nul = memchr(text, '\0', size);
    if (nul) {
        struct mark mark = mark_of_offset(&b, (size_t)(nul - text));
        return yaml_error(err, &mark, "found a NUL byte, expected UTF-8 text");
    }
    if (!yaml_parser_initialize(&b.parser))
        return error_set(err, ENOMEM, "cannot start the YAML parser");
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, size);
    int r = build_root(&b, ret, err);
    yaml_parser_delete(&b.parser);
    return r;
}
