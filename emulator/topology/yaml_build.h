/* SPDX-License-Identifier: MIT
 *
 * Only for those who make trees: from text to the tree. The tree belongs to the caller.
 */
#ifndef WANLAB_TOPOLOGY_YAML_BUILD_H
#define WANLAB_TOPOLOGY_YAML_BUILD_H

#include "topology/yaml_edit.h"

enum { YAML_DEPTH_MAX = 32 };

/* Parses one document; a text without any gives an empty scalar. The marks refer to `file`, which
 * must live as long as the tree; `no_lines` gives them line 0. */
int yaml_build(const char *file, bool no_lines, const char *text, size_t size, struct yaml **ret,
               struct error *err);

struct yaml *yaml_node_new(enum yaml_kind kind, const struct mark *mark);

#endif
