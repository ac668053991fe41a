/* SPDX-License-Identifier: MIT
 *
 * A YAML document as a tree of nodes that know their place in the file, on top of libyaml.
 * A tree is changed only by yaml_override() (`--set`), yaml_apply() and what is in yaml_edit.h,
 * before anybody reads it.
 *
 * Refused here, each with its line: what is no YAML, more than one document, duplicate keys,
 * anchors and aliases (a few lines of them can expand to gigabytes), tags, nesting deeper than 32,
 * more than 200,000 nodes, files above 16 MiB, NUL bytes.
 */
#ifndef WANLAB_TOPOLOGY_YAML_H
#define WANLAB_TOPOLOGY_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A place in a file, for messages; lines and columns count from 1. */
struct mark {
    const char *file; /* owned by the document; for a `--set` override: "--set KEY" with line 0 */
    unsigned line, column;
};

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_pair {
    char *key;
    struct mark key_mark;
    struct yaml *value;
};

struct yaml {
    enum yaml_kind kind;
    struct mark mark;
    char *scalar;            /* YAML_SCALAR: the text, "" for an empty value */
    bool quoted;             /* YAML_SCALAR: written with quotes, so certainly a string */
    struct yaml **items;     /* YAML_LIST */
    struct yaml_pair *pairs; /* YAML_MAP, in file order */
    size_t count;            /* items or pairs */
};

struct yaml_document {
    char *file;        /* as given, for messages */
    struct yaml *root; /* never NULL after success; an empty file is an error */
    char **overrides;  /* "--set KEY" of every override, and files' names: for the marks */
    size_t override_count;
};

/* Reads and parses a file. On error the text begins with "FILE:LINE:COL: " (status STATUS_INPUT).
 */
int yaml_open(const char *file, struct yaml_document *ret, struct error *err);

/* Only the reading: the text of a file for yaml_parse(). The caller frees `*ret_text`. */
int yaml_read(const char *file, char **ret_text, size_t *ret_size, struct error *err);

/* The text of a file of some other format, of at most `max` bytes and without NUL bytes; errors
 * and ownership as above. */
int yaml_read_foreign(const char *file, size_t max, char **ret_text, struct error *err);

/* The same from memory; `file` is only for messages. */
int yaml_parse(const char *file, const char *text, size_t size, struct yaml_document *ret,
               struct error *err);
void yaml_close(struct yaml_document *doc); /* releases the tree; accepts a zeroed document */

/* Sets `path` ("nodes.db.count"; dots separate map keys) to `value`, which is read as YAML (so
 * lists work); missing maps on the way are made. Marks of the new nodes say "--set PATH". */
int yaml_override(struct yaml_document *doc, const char *path, const char *value,
                  struct error *err);

/* The same with marks that say `label`. */
int yaml_override_as(struct yaml_document *doc, const char *label, const char *path,
                     const char *value, struct error *err);

/* Takes `key` out of the root and sets every key of the map that it is, as yaml_override() would.
 */
int yaml_apply(struct yaml_document *doc, const char *key, struct error *err);

/* The value of a key in a map, or NULL (also when `map` is NULL or no map). */
const struct yaml *yaml_get(const struct yaml *map, const char *key);

/* error_input() with the place in front: "FILE:LINE:COL: text". Returns -EINVAL. */
int yaml_error(struct error *err, const struct mark *mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "FILE:LINE:COL: " before the text of a filled error; returns -err->code. */
int yaml_wrap(struct error *err, const struct mark *mark);

/* The node must be a map whose keys are all among `keys`; an unknown one is refused with the
 * nearest name: "unknown key 'dely', did you mean 'delay'?" or the list of the known ones.
 * `what` names the map: "a link". */
int yaml_expect_map(const struct yaml *node, const char *what, const char *const *keys,
                    size_t key_count, struct error *err);
int yaml_expect_list(const struct yaml *node, const char *what, struct error *err);
int yaml_expect_scalar(const struct yaml *node, const char *what, struct error *err);

/* The node must be one of the `words`, whose index is returned: "found 'cow' as the kind of a node,
 * expected process, container or uml". */
int yaml_expect_word(const struct yaml *node, const char *what, const char *const *words,
                     size_t count, struct error *err);

#endif
