/* SPDX-License-Identifier: MIT
 *
 * All remote databases at once, one batch in flight on each connection; what is ready meanwhile
 * waits in the connection's queue, and the local inserts go on. All queues hold the same batches in
 * the same order, so there is one list, and each remote has a position in it.
 */
#include "mainloop.h"

#include <stdlib.h>

#include "base/mem.h"

struct remote {
    struct mainloop *mainloop;
    struct connection *connection;
    size_t acknowledged; /* batches; the next one is in flight if there is one */
};

struct parallel {
    struct batch **batches; /* all that were shipped; NULL where all remotes have it */
    size_t shipped;
    struct remote *remotes;
};

static void send_next(struct parallel *p, struct remote *r);

static void on_acknowledged(struct connection *c, void *context)
{
    struct remote *r = context;
    struct mainloop *m = r->mainloop;
    struct parallel *p = m->distribution_data;
    struct batch **b = &p->batches[r->acknowledged++];
    if (mainloop_acknowledged(m, c, *b, (*b)->ready_ns)) {
        batch_free(*b);
        *b = NULL;
    }
    if (r->acknowledged < p->shipped)
        send_next(p, r);
    else
        mainloop_check_finished(m);
}

static void send_next(struct parallel *p, struct remote *r)
{
    const struct batch *b = p->batches[r->acknowledged];
    connection_query(r->connection, b->sql.data, b->sql.len, on_acknowledged, r);
}

static void parallel_init(struct mainloop *m)
{
    struct parallel *p = xcalloc(1, sizeof(*p));
    p->remotes = xcalloc(mainloop_remotes(m), sizeof(*p->remotes));
    m->distribution_data = p;
}

static void parallel_ship(struct mainloop *m, struct batch *b)
{
    struct parallel *p = m->distribution_data;
    p->batches = array_grow(p->batches, p->shipped, sizeof(struct batch *));
    p->batches[p->shipped++] = b;
    for (size_t i = 0; i < mainloop_remotes(m); i++) {
        struct remote *r = &p->remotes[i];
        size_t waiting = p->shipped - r->acknowledged - 1; /* beside the one in flight */
        if (waiting > m->backlog_max)
            m->backlog_max = waiting;
        if (waiting > 0)
            continue;
        r->mainloop = m;
        r->connection = mainloop_remote(m, i);
        send_next(p, r);
    }
}

static void parallel_done(struct mainloop *m)
{
    struct parallel *p = m->distribution_data;
    if (!p)
        return;
    for (size_t i = 0; i < p->shipped; i++)
        batch_free(p->batches[i]);
    free(p->batches);
    free(p->remotes);
    free(p);
    m->distribution_data = NULL;
}

const struct distribution distribution_parallel = {
    .waits = false,
    .init = parallel_init,
    .ship = parallel_ship,
    .done = parallel_done,
};
