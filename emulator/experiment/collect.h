/* SPDX-License-Identifier: MIT
 *
 * Brings files out of the nodes' scratch folders into the results, of every kind of node.
 */
#ifndef WANLAB_EXPERIMENT_COLLECT_H
#define WANLAB_EXPERIMENT_COLLECT_H

#include "base/error.h"
#include "experiment/crew.h"
#include "experiment/results.h"
#include "topology/scenario.h"

enum { COLLECT_FILES_MAX = 1000 }; /* of a node */

/* Copies what matches a pattern of `patterns` (NULL-terminated) in a node's scratch folder to
 * files/NODE/ of the results. Nodes that do not run are left out. `*ret_count`: files in all. */
int collect_files(char *const *patterns, struct crew *crew, const struct scenario *s,
                  const struct results *results, size_t *ret_count, struct error *err);

#endif
