/* SPDX-License-Identifier: MIT
 *
 * A partition: groups of nodes whose packets do not reach each other, and the wires that have to be
 * cut for it. A node in no group keeps all its wires; one in two groups reaches both (a bridge).
 * Two nodes are apart if both are in groups and in none together; one way, only what goes from an
 * earlier group to a later one is lost. Nothing is said of what programs forward.
 *
 * Links and the wan have a wire for each pair. On a network, where all members share what is
 * between, the wires of a member that is to reach nobody are cut; if that is not all, those to the
 * members refuse the frames of some others, which the delay line alone can do.
 *
 * As JSON: {"partition": [["db1"], ["db2", "db3"]], "name": "split", "direction": "one-way"}
 */
#ifndef WANLAB_TOPOLOGY_PARTITION_H
#define WANLAB_TOPOLOGY_PARTITION_H

#include <jansson.h>

#include "topology/plan.h"

struct partition {
    char *name;
    bool one_way;
    size_t group_count;
    size_t words;     /* of 64 bits, for the groups of a node */
    uint64_t *groups; /* by node: a bit for each group that it is in */
};

/* From JSON, with names of nodes alone. Errors are of input. */
int partition_read(const struct scenario *s, json_t *asked, struct partition *ret,
                   struct error *err);
void partition_done(struct partition *p);

/* Whether packets from one node to the other are to be lost. */
bool partition_cuts(const struct partition *p, unsigned from, unsigned to);

/* Marks (one for each of the plan's wires) those to be cut, and those that are to refuse the frames
 * of some. `sieves` is NULL where nothing can do that. Errors, of input: there is none; a network
 * cannot be split that way; a router in no group joins two. */
int partition_select(const struct partition *p, const struct plan *plan, bool *cuts, bool *sieves,
                     struct error *err);

/* Whose frames a wire to a member of a network has to refuse for all of `count` partitions; NULL:
 * nobody's. The caller frees it. */
struct stations *partition_refused(const struct partition *const *p, size_t count,
                                   const struct plan *plan, unsigned wire);

#endif
