/* SPDX-License-Identifier: MIT */
#include "wire/delayline/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "topology/distribution.h"
#include "topology/stations.h"
#include "topology/trace.h"

enum { TABLES_ROOM = 128 << 20, ALIGNMENT = 16 };

int exchange_init(struct exchange *x, const struct plan *plan, struct error *err)
{
    const size_t changes = plan_wires(plan) * sizeof(*x->changes);
    *x = (struct exchange){.size = changes + ALIGNMENT + TABLES_ROOM, .plan = plan};
    void *base = mmap(NULL, x->size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return error_errno(err, errno, "cannot map memory for changes of wires");
    x->base = base;
    x->changes = base;
    x->room = x->base + (changes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return 0;
}

void exchange_done(struct exchange *x)
{
    if (x->base)
        munmap(x->base, x->size);
    free(x->tables);
    *x = (struct exchange){0};
}

static void *take_room(struct exchange *x, size_t size)
{
    size_t aligned = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (aligned > TABLES_ROOM - x->room_used)
        return NULL;
    void *room = x->room + x->room_used;
    x->room_used += aligned;
    return room;
}

static void *copy(struct exchange *x, const void *data, size_t size)
{
    void *room = take_room(x, size);
    return room ? memcpy(room, data, size) : NULL;
}

static const void *find_table(const struct exchange *x, const void *ours)
{
    for (size_t i = 0; i < x->table_count; i++)
        if (x->tables[i].ours == ours)
            return x->tables[i].shared;
    return NULL;
}

static int add_table(struct exchange *x, const void *ours, const void *shared, struct error *err)
{
    if (!shared)
        return error_set(err, ENOSPC,
                         "the delay line has no room for more traces and distributions "
                         "(start the lab anew)");
    x->tables = array_grow(x->tables, x->table_count, sizeof(*x->tables));
    x->tables[x->table_count++] = (struct exchange_table){ours, shared};
    return 0;
}

static int share_distribution(struct exchange *x, const struct distribution **io, struct error *err)
{
    const struct scenario *s = x->plan->scenario;
    const struct distribution *d = *io;
    for (size_t i = 0; i < s->distribution_count; i++)
        if (s->distributions[i] == d)
            return 0; /* there since before the fork */
    *io = find_table(x, d);
    if (*io)
        return 0;
    struct distribution *shared = copy(x, d, sizeof(*d) + d->count * sizeof(d->values[0]));
    if (shared)
        shared->name = NULL;
    *io = shared;
    return add_table(x, d, shared, err);
}

static int share_trace(struct exchange *x, const struct trace **io, struct error *err)
{
    const struct scenario *s = x->plan->scenario;
    const struct trace *t = *io;
    for (size_t i = 0; i < s->trace_count; i++)
        if (s->traces[i] == t)
            return 0;
    *io = find_table(x, t);
    if (*io)
        return 0;
    struct trace *shared = copy(x, t, sizeof(*t));
    void *points = t->kind == TRACE_ROWS
                       ? copy(x, t->rows, t->count * sizeof(*t->rows))
                       : copy(x, t->deliveries, t->count * sizeof(*t->deliveries));
    if (shared && points) {
        shared->path = NULL;
        shared->rows = t->kind == TRACE_ROWS ? points : NULL;
        shared->deliveries = t->kind == TRACE_ROWS ? NULL : points;
    }
    *io = shared;
    return add_table(x, t, points ? shared : NULL, err);
}

static int share_stations(struct exchange *x, const struct stations **io, struct error *err)
{
    const struct stations *s = *io;
    *io = find_table(x, s);
    if (*io)
        return 0;
    *io = copy(x, s, stations_size(s));
    return add_table(x, s, *io, err);
}

int exchange_put(struct exchange *x, const struct change_wire *wires, size_t count,
                 struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        x->changes[i] = wires[i];
        struct impairment *to = &x->changes[i].impairment;
        if (to->distribution)
            r = share_distribution(x, &to->distribution, err);
        if (r == 0 && to->trace)
            r = share_trace(x, &to->trace, err);
        if (r == 0 && to->refused)
            r = share_stations(x, &to->refused, err);
    }
    return r;
}
