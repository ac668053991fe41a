/* SPDX-License-Identifier: MIT */
#include "wire/qdiscs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/netlink.h"

/* Where a wire's qdisc sits. */
struct place {
    int ifindex;
    uint32_t minor;
    unsigned wire;
};

struct reading {
    struct place *places; /* sorted */
    size_t count;
    struct qdisc_stats *stats;
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->ifindex != y->ifindex)
        return x->ifindex < y->ifindex ? -1 : 1;
    return x->minor < y->minor ? -1 : x->minor > y->minor;
}

static void find_places(struct reading *r, const struct plan *plan)
{
    r->count = plan_wires(plan);
    r->places = xcalloc(r->count, sizeof(*r->places));
    for (unsigned i = 0; i < r->count; i++) {
        r->places[i].wire = i;
        plan_netem_place(&plan->wires[i], &r->places[i].ifindex, &r->places[i].minor);
    }
    qsort(r->places, r->count, sizeof(*r->places), by_place);
}

static void on_qdisc(int ifindex, uint32_t parent, const char *kind,
                     const struct qdisc_stats *stats, void *arg)
{
    const struct reading *r = arg;
    struct place key = {ifindex, parent == TC_H_ROOT ? 0 : TC_H_MIN(parent), 0};
    const struct place *found = bsearch(&key, r->places, r->count, sizeof(key), by_place);
    if (found && strcmp(kind, "netem") == 0)
        r->stats[found->wire] = *stats;
}

int qdiscs_read(const struct plan *plan, struct qdisc_stats *ret, struct error *err)
{
    _cleanup_(netlink_closep) struct netlink *nl = NULL;
    struct reading reading = {.stats = ret};
    memset(ret, 0, plan_wires(plan) * sizeof(*ret));
    int r = netlink_open(&nl, err);
    if (r < 0)
        return r;
    find_places(&reading, plan);
    r = tc_read_qdiscs(nl, on_qdisc, &reading, err);
    free(reading.places);
    return r;
}
