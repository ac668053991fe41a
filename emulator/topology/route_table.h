/* SPDX-License-Identifier: MIT
 *
 * From a next hop for every subnet to the few prefixes that say the same. Subnets are numbered, and
 * a prefix is an aligned block of 2^n of them; of nested ones the longest counts. What comes out
 * means exactly what went in: no subnet gets another next hop, and none that has no route gets one.
 * Pure.
 */
#ifndef WANLAB_TOPOLOGY_ROUTE_TABLE_H
#define WANLAB_TOPOLOGY_ROUTE_TABLE_H

#include <stddef.h>

/* In place of a next hop, any other number. */
#define ROUTE_NONE (-1u) /* packets there are refused */
#define ROUTE_ANY  (-2u) /* whatever is said of it does not count */

/* Subnets `first` up to `first` + 2^bits. With next hop ROUTE_NONE it takes a part out of a larger
 * block. */
struct route_block {
    unsigned first, bits;
    unsigned hop;
};

/* The blocks for `count` subnets with these next hops; blocks that lie within others come behind
 * them. As few as there can be (Draves and others, "Constructing optimal IP routing tables", 1999),
 * unless there are very many next hops. The caller frees the result. */
struct route_block *route_table_merge(const unsigned *hops, size_t count, size_t *ret_count);

#endif
