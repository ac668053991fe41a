/* SPDX-License-Identifier: MIT
 *
 * The file is handed to libxml2 in pieces; its events (SAX) build the graph at once, no tree is
 * made. Whatever is refused stops the parser there.
 */
#include "import/graphml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "topology/routing.h"
#include "topology/yaml.h"

enum {
    DEPTH_MAX = 256,
    KEYS_MAX = 1000,
    EDGES_MAX = 100000,
    SKIPPED_MAX = 32,
    VALUE_MAX = 4096, /* bytes of a value that are kept */
    PIECE = 1 << 16,
};

/* What an open element is. */
enum owner { OWNER_FILE, OWNER_GRAPH, OWNER_NODE, OWNER_EDGE, OWNER_TEXT };

struct open_element {
    enum owner owner;
    size_t index; /* of a node or an edge */
};

/* A <key> of interest: what the data that names it is about. */
struct key {
    char *id;
    enum graphml_attribute attribute;
};

struct reader {
    struct graphml *graph;
    const char *file;
    xmlParserCtxtPtr parser;
    struct key *keys;
    size_t key_count;
    struct open_element open[DEPTH_MAX]; /* from the root on */
    size_t depth;
    size_t skipping; /* open elements, the outermost of which is passed over */
    bool directed;   /* of the graph's edges, unless they say otherwise */
    char **value;    /* where the text that comes belongs; NULL: nowhere */
    struct text text;
    struct error *err;
    int result;
};

static const struct {
    const char *name, *domain;
    enum graphml_attribute attribute;
} known[] = {
    {"Latitude", "node", GRAPHML_LATITUDE},    {"lat", "node", GRAPHML_LATITUDE},
    {"Longitude", "node", GRAPHML_LONGITUDE},  {"lon", "node", GRAPHML_LONGITUDE},
    {"lng", "node", GRAPHML_LONGITUDE},        {"label", "node", GRAPHML_LABEL},
    {"name", "node", GRAPHML_LABEL},           {"Internal", "node", GRAPHML_INTERNAL},
    {"hyperedge", "node", GRAPHML_HYPEREDGE},  {"LinkSpeedRaw", "edge", GRAPHML_SPEED_RAW},
    {"LinkSpeed", "edge", GRAPHML_SPEED},      {"LinkSpeedUnits", "edge", GRAPHML_SPEED_UNITS},
    {"LinkLabel", "edge", GRAPHML_LINK_LABEL}, {"LinkType", "edge", GRAPHML_LINK_TYPE},
    {"LinkNote", "edge", GRAPHML_LINK_NOTE},   {"label", "graph", GRAPHML_LABEL},
    {"Network", "graph", GRAPHML_NETWORK},     {"Source", "graph", GRAPHML_SOURCE},
    {"NetworkDate", "graph", GRAPHML_DATE},
};

static void element_done(struct graphml_element *e)
{
    free(e->id);
    for (size_t i = 0; i < GRAPHML_ATTRIBUTES; i++)
        free(e->values[i]);
}

void graphml_free(struct graphml *g)
{
    if (!g)
        return;
    element_done(&g->graph);
    for (size_t i = 0; i < g->node_count; i++)
        element_done(&g->nodes[i]);
    for (size_t i = 0; i < g->edge_count; i++) {
        element_done(&g->edges[i].element);
        free(g->edges[i].ends[0]);
        free(g->edges[i].ends[1]);
    }
    for (size_t i = 0; i < g->skipped_count; i++)
        free(g->skipped[i].name);
    free(g->nodes);
    free(g->edges);
    free(g->skipped);
    free(g);
}

static unsigned line_of(const struct reader *r)
{
    return r->parser->input ? (unsigned)r->parser->input->line : 1;
}

/* The first thing that is wrong ends the reading. */
static void refuse(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void refuse(struct reader *r, const char *fmt, ...)
{
    char why[512];
    va_list args;
    if (r->result < 0)
        return;
    const unsigned column = r->parser->input ? (unsigned)r->parser->input->col : 1;
    const struct mark mark = {r->file, line_of(r), column ? column : 1};
    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);
    r->result = yaml_error(r->err, &mark, "%s", why);
    xmlStopParser(r->parser);
}

/* libxml2 gives attributes in fives: name, prefix, URI, value's begin, value's end. */
static char *attribute_of(const xmlChar **attributes, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        const xmlChar **a = attributes + 5 * i;
        if (strcmp((const char *)a[0], name) == 0)
            return xasprintf("%.*s", (int)(a[4] - a[3]), (const char *)a[3]);
    }
    return NULL;
}

static void add_key(struct reader *r, const xmlChar **attributes, int count)
{
    _cleanup_(freep) char *name = attribute_of(attributes, count, "attr.name");
    _cleanup_(freep) char *domain = attribute_of(attributes, count, "for");
    char *id = attribute_of(attributes, count, "id");
    if (!id || r->key_count == KEYS_MAX) {
        refuse(r, id ? "too many keys: expected at most %d" : "found a key without an id",
               KEYS_MAX);
        free(id);
        return;
    }
    struct key key = {id, GRAPHML_ATTRIBUTES};
    for (size_t i = 0; name && i < ARRAY_LEN(known); i++)
        if (strcasecmp(name, known[i].name) == 0 &&
            (!domain || strcmp(domain, "all") == 0 || strcmp(domain, known[i].domain) == 0)) {
            key.attribute = known[i].attribute;
            break;
        }
    if (key.attribute == GRAPHML_ATTRIBUTES) {
        free(id);
        return;
    }
    r->keys = array_grow(r->keys, r->key_count, sizeof(*r->keys));
    r->keys[r->key_count++] = key;
}

static void add_graph(struct reader *r, const xmlChar **attributes, int count)
{
    _cleanup_(freep) char *edges = attribute_of(attributes, count, "edgedefault");
    r->directed = edges && strcmp(edges, "directed") == 0;
    r->graph->graph_count++;
}

static void add_node(struct reader *r, const xmlChar **attributes, int count)
{
    struct graphml *g = r->graph;
    char *id = attribute_of(attributes, count, "id");
    if (!id || g->node_count == ROUTING_CORE_MAX) {
        refuse(r, id ? "too many nodes: expected at most %d" : "found a node without an id",
               ROUTING_CORE_MAX);
        free(id);
        return;
    }
    g->nodes = array_grow(g->nodes, g->node_count, sizeof(*g->nodes));
    g->nodes[g->node_count++] = (struct graphml_element){.id = id, .line = line_of(r)};
}

static void add_edge(struct reader *r, const xmlChar **attributes, int count)
{
    struct graphml *g = r->graph;
    _cleanup_(freep) char *directed = attribute_of(attributes, count, "directed");
    struct graphml_edge e = {.element.line = line_of(r), .directed = r->directed};
    if (g->edge_count == EDGES_MAX) {
        refuse(r, "too many edges: expected at most %d", EDGES_MAX);
        return;
    }
    e.ends[0] = attribute_of(attributes, count, "source");
    e.ends[1] = attribute_of(attributes, count, "target");
    if (directed)
        e.directed = strcmp(directed, "true") == 0;
    g->edges = array_grow(g->edges, g->edge_count, sizeof(*g->edges));
    g->edges[g->edge_count++] = e;
    if (!e.ends[0] || !e.ends[1])
        refuse(r, "found an edge without a '%s'", e.ends[0] ? "target" : "source");
}

/* What the data in the innermost open element is about; NULL: nothing. */
static struct graphml_element *owner_of(struct reader *r)
{
    const struct open_element *open = &r->open[r->depth - 1];
    switch (open->owner) {
    case OWNER_GRAPH:
        return &r->graph->graph;
    case OWNER_NODE:
        return &r->graph->nodes[open->index];
    case OWNER_EDGE:
        return &r->graph->edges[open->index].element;
    default:
        return NULL;
    }
}

/* Whether an attribute is one of elements like that; "label" is of two kinds. */
static bool belongs(enum graphml_attribute attribute, enum owner owner)
{
    static const char *const domains[] = {"", "graph", "node", "edge", ""};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].attribute == attribute && strcmp(known[i].domain, domains[owner]) == 0)
            return true;
    return false;
}

static void begin_data(struct reader *r, const xmlChar **attributes, int count)
{
    _cleanup_(freep) char *id = attribute_of(attributes, count, "key");
    struct graphml_element *owner = owner_of(r);
    const struct key *key = NULL;
    for (size_t i = 0; id && i < r->key_count && !key; i++)
        if (strcmp(r->keys[i].id, id) == 0)
            key = &r->keys[i];
    if (!owner || !key || !belongs(key->attribute, r->open[r->depth - 1].owner))
        return;
    text_done(&r->text);
    r->value = &owner->values[key->attribute];
}

static void skip(struct reader *r, const char *name)
{
    struct graphml *g = r->graph;
    r->skipping = 1;
    if (strcmp(name, "desc") == 0 || strcmp(name, "default") == 0)
        return;
    for (size_t i = 0; i < g->skipped_count; i++)
        if (strcmp(g->skipped[i].name, name) == 0) {
            g->skipped[i].count++;
            return;
        }
    if (g->skipped_count == SKIPPED_MAX)
        return;
    g->skipped = array_grow(g->skipped, g->skipped_count, sizeof(*g->skipped));
    g->skipped[g->skipped_count++] =
        (struct graphml_skipped){xasprintf("%.60s", name), 1, line_of(r)};
}

/* An element of GraphML in its place; false for any other. */
static bool begin_known(struct reader *r, const char *name, const xmlChar **attributes, int count)
{
    const struct open_element *parent = r->depth > 0 ? &r->open[r->depth - 1] : NULL;
    struct open_element *open = &r->open[r->depth];
    const enum owner in = parent ? parent->owner : OWNER_TEXT;
    if (!parent) {
        *open = (struct open_element){OWNER_FILE, 0};
    } else if (strcmp(name, "graph") == 0 && (in == OWNER_FILE || in == OWNER_NODE)) {
        *open = (struct open_element){OWNER_GRAPH, 0};
        add_graph(r, attributes, count);
    } else if (strcmp(name, "node") == 0 && in == OWNER_GRAPH) {
        *open = (struct open_element){OWNER_NODE, r->graph->node_count};
        add_node(r, attributes, count);
    } else if (strcmp(name, "edge") == 0 && in == OWNER_GRAPH) {
        *open = (struct open_element){OWNER_EDGE, r->graph->edge_count};
        add_edge(r, attributes, count);
    } else if (strcmp(name, "key") == 0 && in == OWNER_FILE) {
        *open = (struct open_element){OWNER_TEXT, 0};
        add_key(r, attributes, count);
    } else if (strcmp(name, "data") == 0 && in != OWNER_TEXT) {
        begin_data(r, attributes, count);
        *open = (struct open_element){OWNER_TEXT, 0};
    } else {
        return false;
    }
    r->depth++;
    return true;
}

/* libxml2 asks for that many parameters. NOLINTNEXTLINE(readability-function-size) */
static void begin_element(void *data, const xmlChar *local, const xmlChar *prefix,
                          const xmlChar *uri, int namespaces, const xmlChar **namespace_list,
                          int count, int defaulted, const xmlChar **attributes)
{
    struct reader *r = data;
    const char *name = (const char *)local;
    (void)prefix, (void)uri, (void)namespaces, (void)namespace_list, (void)defaulted;
    if (r->result < 0)
        return;
    if (r->skipping)
        r->skipping++;
    else if (r->depth == 0 && strcmp(name, "graphml") != 0)
        refuse(r, "found <%.60s>, expected <graphml>", name);
    else if (r->depth == DEPTH_MAX)
        refuse(r, "nested too deeply: expected at most %d elements", DEPTH_MAX);
    else if (!begin_known(r, name, attributes, count))
        skip(r, name);
}

static void end_element(void *data, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *r = data;
    (void)local, (void)prefix, (void)uri;
    if (r->result < 0)
        return;
    if (r->skipping) {
        r->skipping--;
        return;
    }
    if (r->value && !*r->value)
        *r->value = xstrdup(r->text.data ? r->text.data : "");
    r->value = NULL;
    r->depth--;
}

static void take_characters(void *data, const xmlChar *text, int len)
{
    struct reader *r = data;
    if (r->value && !r->skipping && r->text.len + (size_t)len <= VALUE_MAX)
        text_add(&r->text, "%.*s", len, (const char *)text);
}

static void refuse_entity(void *data, const xmlChar *name, int type, const xmlChar *public_id,
                          const xmlChar *system_id, xmlChar *content)
{
    (void)type, (void)public_id, (void)system_id, (void)content;
    refuse(data, "found the declaration of an entity '%.60s', expected a file without any",
           (const char *)name);
}

static void refuse_malformed(struct reader *r)
{
    const xmlError *e = xmlCtxtGetLastError(r->parser);
    char why[300];
    const struct mark mark = {r->file, e && e->line > 0 ? (unsigned)e->line : 1,
                              e && e->int2 > 0 ? (unsigned)e->int2 : 1};
    snprintf(why, sizeof(why), "%s", e && e->message ? e->message : "unknown error");
    why[strcspn(why, "\r\n")] = '\0';
    r->result = yaml_error(r->err, &mark, "found no well-formed XML: %s", why);
}

static int read_pieces(struct reader *r, const char *text, size_t size)
{
    xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = begin_element,
        .endElementNs = end_element,
        .characters = take_characters,
        .cdataBlock = take_characters,
        .entityDecl = refuse_entity,
    };
    r->parser = xmlCreatePushParserCtxt(&handler, r, NULL, 0, r->file);
    if (!r->parser)
        return error_input(r->err, "%s: libxml2 cannot read it", r->file);
    xmlCtxtUseOptions(r->parser, XML_PARSE_NONET);
    for (size_t at = 0; at < size && r->result == 0 && r->parser->wellFormed; at += PIECE) {
        size_t len = size - at < PIECE ? size - at : PIECE;
        xmlParseChunk(r->parser, text + at, (int)len, 0);
    }
    if (r->result == 0 && r->parser->wellFormed)
        xmlParseChunk(r->parser, NULL, 0, 1);
    if (r->result == 0 && !r->parser->wellFormed)
        refuse_malformed(r);
    xmlFreeDoc(r->parser->myDoc); /* which holds the entities of one that declares some */
    r->parser->myDoc = NULL;
    xmlFreeParserCtxt(r->parser);
    return r->result;
}

static int compare_nodes(const void *a, const void *b)
{
    const struct graphml_element *x = *(struct graphml_element *const *)a,
                                 *y = *(struct graphml_element *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x > y) - (x < y);
}

static int compare_id(const void *id, const void *node)
{
    return strcmp(id, (*(struct graphml_element *const *)node)->id);
}

/* The nodes of all edges; ids have to be of one node each. */
static int resolve(struct graphml *g, const char *file, struct error *err)
{
    _cleanup_(freep) const struct graphml_element **sorted =
        xcalloc(g->node_count, sizeof(*sorted));
    for (size_t i = 0; i < g->node_count; i++)
        sorted[i] = &g->nodes[i];
    qsort(sorted, g->node_count, sizeof(*sorted), compare_nodes);
    for (size_t i = 1; i < g->node_count; i++)
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
            return yaml_error(err, &(struct mark){file, sorted[i]->line, 1},
                              "a second node with the id '%.60s': the first is line %u",
                              sorted[i]->id, sorted[i - 1]->line);
    for (size_t i = 0; i < 2 * g->edge_count; i++) {
        struct graphml_edge *e = &g->edges[i / 2];
        const struct graphml_element **found =
            bsearch(e->ends[i % 2], sorted, g->node_count, sizeof(*sorted), compare_id);
        if (!found)
            return yaml_error(err, &(struct mark){file, e->element.line, 1},
                              "an edge to '%.60s', which is no node of the file", e->ends[i % 2]);
        e->node[i % 2] = (unsigned)(*found - g->nodes);
    }
    return 0;
}

int graphml_parse(const char *file, const char *text, size_t size, struct graphml **ret,
                  struct error *err)
{
    struct graphml *g = xcalloc(1, sizeof(*g));
    struct reader r = {.graph = g, .file = file, .err = err};
    int result = read_pieces(&r, text, size);
    if (result == 0 && g->node_count == 0)
        result = yaml_error(err, &(struct mark){file, 1, 1}, "found a graph without nodes");
    if (result == 0)
        result = resolve(g, file, err);
    for (size_t i = 0; i < r.key_count; i++)
        free(r.keys[i].id);
    free(r.keys);
    text_done(&r.text);
    if (result < 0)
        graphml_free(g);
    else
        *ret = g;
    return result;
}
