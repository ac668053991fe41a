/* SPDX-License-Identifier: MIT
 *
 * The subnets are the leaves of a binary tree. On the way up each block gets the set of next hops
 * with which it costs least: what both halves have in common, or, if they have nothing, what either
 * has. On the way down a block is written only if what surrounds it has a next hop that is not in
 * its set. ROUTE_NONE is a next hop like others, and what surrounds the whole.
 */
#include "topology/route_table.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SET_MAX = 32 }; /* larger unions lose their last members: more blocks, the same meaning */

struct set {
    unsigned hops[SET_MAX]; /* ascending */
    unsigned count;         /* 0: any */
};

struct merger {
    struct set *sets; /* by node of the tree: the root is 1, the halves of n are 2n and 2n + 1 */
    struct route_block *blocks;
    size_t block_count;
};

static void set_leaf(struct set *s, unsigned hop)
{
    s->hops[0] = hop;
    s->count = hop != ROUTE_ANY;
}

static void set_intersect(struct set *ret, const struct set *a, const struct set *b)
{
    unsigned i = 0, k = 0;
    ret->count = 0;
    while (i < a->count && k < b->count) {
        if (a->hops[i] == b->hops[k])
            ret->hops[ret->count++] = a->hops[i];
        if (a->hops[i] <= b->hops[k])
            i++;
        else
            k++;
    }
}

static void set_unite(struct set *ret, const struct set *a, const struct set *b)
{
    unsigned i = 0, k = 0;
    ret->count = 0;
    while (ret->count < SET_MAX && (i < a->count || k < b->count)) {
        if (k == b->count || (i < a->count && a->hops[i] < b->hops[k]))
            ret->hops[ret->count++] = a->hops[i++];
        else
            ret->hops[ret->count++] = b->hops[k++];
    }
}

static void set_combine(struct set *ret, const struct set *a, const struct set *b)
{
    if (a->count == 0 || b->count == 0) {
        *ret = a->count ? *a : *b;
        return;
    }
    set_intersect(ret, a, b);
    if (ret->count == 0) /* and so are disjoint */
        set_unite(ret, a, b);
}

static bool set_has(const struct set *s, unsigned hop)
{
    bool found = s->count == 0;
    for (unsigned i = 0; i < s->count && !found; i++)
        found = s->hops[i] == hop;
    return found;
}

static void write_block(struct merger *m, unsigned first, unsigned bits, unsigned hop)
{
    m->blocks = array_grow(m->blocks, m->block_count, sizeof(*m->blocks));
    m->blocks[m->block_count++] = (struct route_block){first, bits, hop};
}

/* Block `node` of the tree, of 2^bits subnets, within one that has `hop`. */
static void descend(struct merger *m, size_t node, unsigned first, unsigned bits, unsigned hop)
{
    const struct set *s = &m->sets[node];
    if (s->count == 0)
        return;
    if (!set_has(s, hop)) {
        hop = s->hops[0];
        write_block(m, first, bits, hop);
    }
    if (bits == 0)
        return;
    descend(m, 2 * node, first, bits - 1, hop);
    descend(m, 2 * node + 1, first + (1u << (bits - 1)), bits - 1, hop);
}

struct route_block *route_table_merge(const unsigned *hops, size_t count, size_t *ret_count)
{
    struct merger m = {0};
    unsigned bits = 0;
    while ((size_t)1 << bits < count)
        bits++;
    const size_t leaves = (size_t)1 << bits;
    m.sets = xcalloc(2 * leaves, sizeof(*m.sets));
    for (size_t i = 0; i < leaves; i++)
        set_leaf(&m.sets[leaves + i], i < count ? hops[i] : ROUTE_NONE);
    for (size_t i = leaves - 1; i > 0; i--)
        set_combine(&m.sets[i], &m.sets[2 * i], &m.sets[2 * i + 1]);
    descend(&m, 1, 0, bits, ROUTE_NONE);
    free(m.sets);
    *ret_count = m.block_count;
    return m.blocks;
}
