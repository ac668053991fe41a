/* SPDX-License-Identifier: MIT
 *
 * Changes to a YAML tree before anybody reads it: for what a scenario is put together from.
 */
#ifndef WANLAB_TOPOLOGY_YAML_EDIT_H
#define WANLAB_TOPOLOGY_YAML_EDIT_H

#include "base/cleanup.h"
#include "topology/yaml.h"

void yaml_tree_free(struct yaml *node); /* with all that is below it */
DEFINE_CLEANUP(struct yaml *, yaml_tree_free);

struct yaml *yaml_copy(const struct yaml *node);
struct yaml *yaml_scalar(const char *text, const struct mark *mark);
struct yaml *yaml_map(const struct mark *mark);
struct yaml *yaml_list(const struct mark *mark);

/* Both consume `value`; the key must not be there yet. */
void yaml_add_pair(struct yaml *map, const char *key, const struct mark *mark, struct yaml *value);
void yaml_add_item(struct yaml *list, struct yaml *value);

/* The value of a key, to be changed; if the map has none, or nothing is written there, it becomes
 * an empty one of that kind. NULL: there is something of another kind. */
struct yaml *yaml_section(struct yaml *map, const char *key, enum yaml_kind kind,
                          const struct mark *mark);

/* Takes a key out of a map; NULL if it is not there. The caller owns what it gets. */
struct yaml *yaml_take(struct yaml *map, const char *key);

/* Puts map `over` on top of map `base`, consuming it: maps are merged key by key, the list `links`
 * is appended, and all else that `over` says replaces what `base` said. */
void yaml_merge(struct yaml *base, struct yaml *over);

/* Replaces ${NAME} and ${NAME:-default} in all values by the environment's variables, and $$ by $.
 * What a value becomes stays one value. Keys have no variables. */
int yaml_expand_variables(struct yaml *root, struct error *err);

/* Puts the files that the root's `include` names (one, or a list; paths from the folder of the file
 * that includes) below what the document says, all of it, nested ones too. They must lie in the
 * folder of the document's own file or below; marks keep their names. Their variables are replaced.
 */
int yaml_include(struct yaml_document *doc, struct error *err);

#endif
