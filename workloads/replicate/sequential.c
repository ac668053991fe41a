/* SPDX-License-Identifier: MIT
 *
 * One remote database after the other, in the order of the indices behind the own one; the local
 * inserts wait meanwhile. With several connections a batch is divided among them, and its parts
 * travel at the same time: each is a transaction of its own, and which one is first is left open.
 * The next batch begins when all of this one are everywhere, so batches keep their order.
 */
#include "mainloop.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

struct sequential {
    struct batch *batch; /* under way; NULL: none */
    size_t position;     /* the remote whose turn it is */
    uint64_t turn_ns;    /* since when */
    unsigned missing;    /* parts that it has not acknowledged */
};

static void on_acknowledged(struct connection *c, void *context);

static void send_next(struct mainloop *m)
{
    struct sequential *q = m->distribution_data;
    const struct rows *rows = &q->batch->rows;
    unsigned connections = m->session->parameters.connections, count = rows->count;
    unsigned parts = count < connections ? count : connections;
    size_t position = q->position;
    q->turn_ns = clock_monotonic_ns();
    q->missing = parts;
    for (unsigned i = 0; i < parts; i++) { /* after the last one the batch may be gone */
        unsigned first = (unsigned)((uint64_t)count * i / parts);
        unsigned end = (unsigned)((uint64_t)count * (i + 1) / parts);
        connection_insert(mainloop_remote(m, position, i), rows, first, end - first,
                          on_acknowledged, m);
    }
}

static void on_acknowledged(struct connection *c, void *context)
{
    struct mainloop *m = context;
    struct sequential *q = m->distribution_data;
    if (--q->missing > 0)
        return;
    if (!mainloop_acknowledged(m, c, q->batch, q->turn_ns)) {
        q->position++;
        return send_next(m);
    }
    batch_free(q->batch);
    q->batch = NULL;
    mainloop_resume(m);
}

static void sequential_init(struct mainloop *m)
{
    m->distribution_data = xcalloc(1, sizeof(struct sequential));
}

static void sequential_ship(struct mainloop *m, struct batch *b)
{
    struct sequential *q = m->distribution_data;
    q->batch = b;
    q->position = 0;
    send_next(m);
}

static void sequential_done(struct mainloop *m)
{
    struct sequential *q = m->distribution_data;
    if (q)
        batch_free(q->batch);
    free(q);
    m->distribution_data = NULL;
}

const struct distribution distribution_sequential = {
    .waits = true,
    .init = sequential_init,
    .ship = sequential_ship,
    .done = sequential_done,
};
