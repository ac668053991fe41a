/* SPDX-License-Identifier: MIT
 *
 * The reader of GraphML, as the Internet Topology Zoo writes it: nodes with coordinates and labels,
 * edges with speeds. It keeps what a network can be made of and counts the rest.
 *
 * libxml2 reads the XML, with everything off that fetches or expands: a file that declares entities
 * is refused where it does. Refused with "FILE:LINE:COL: " are also: what is no well-formed XML or
 * no GraphML, elements nested deeper than 256, a text above 10 MB, more than 4,096 nodes (as many
 * as a scenario routes between), 100,000 edges or 1,000 keys, a node without an id of its own, an
 * edge from or to no node of the file.
 */
#ifndef WANLAB_IMPORT_GRAPHML_H
#define WANLAB_IMPORT_GRAPHML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What is taken from the data of an element, by the attribute's name in the file. */
enum graphml_attribute {
    GRAPHML_LATITUDE,
    GRAPHML_LONGITUDE,
    GRAPHML_LABEL,
    GRAPHML_INTERNAL,  /* "0": a node of somebody else's */
    GRAPHML_HYPEREDGE, /* "1": no place but the middle of an edge of several ends */
    GRAPHML_SPEED_RAW, /* bit/s */
    GRAPHML_SPEED,
    GRAPHML_SPEED_UNITS,
    GRAPHML_LINK_LABEL,
    GRAPHML_LINK_TYPE,
    GRAPHML_LINK_NOTE,
    GRAPHML_NETWORK,
    GRAPHML_SOURCE,
    GRAPHML_DATE, /* of the network */
    GRAPHML_ATTRIBUTES,
};

/* An element with its data; NULL where it has none. */
struct graphml_element {
    char *id; /* of a node */
    char *values[GRAPHML_ATTRIBUTES];
    unsigned line;
};

struct graphml_edge {
    struct graphml_element element;
    char *ends[2];    /* as in the file */
    unsigned node[2]; /* indices of nodes */
    bool directed;
};

/* An element's name that the reader passed over. */
struct graphml_skipped {
    char *name;
    size_t count;
    unsigned line; /* of the first */
};

struct graphml {
    struct graphml_element graph;
    size_t graph_count; /* more than one: put together */
    struct graphml_element *nodes;
    size_t node_count;
    struct graphml_edge *edges;
    size_t edge_count;
    struct graphml_skipped *skipped; /* by name; at most 32 names */
    size_t skipped_count;
};

/* `file` is only for messages. */
int graphml_parse(const char *file, const char *text, size_t size, struct graphml **ret,
                  struct error *err);
void graphml_free(struct graphml *g);

#endif
