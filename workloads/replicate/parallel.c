/* SPDX-License-Identifier: MIT
 *
 * All remote databases at once, one batch in flight on each connection; what is ready meanwhile
 * waits, and the local inserts go on. All remotes get the same batches, so there is one list, and
 * each remote has a position in it.
 *
 * With one connection to a remote the batches arrive in their order. With several the next batch
 * goes out on whichever is free: they leave in order, but one may overtake another, and who looks
 * into the database meanwhile can find tuples of a later batch before those of an earlier one. In
 * the end all are there: a tuple's key does not depend on when it came.
 */
#include "mainloop.h"

#include <stdlib.h>

#include "base/mem.h"

struct remote;

struct lane {
    struct remote *remote;
    struct connection *connection;
    size_t batch; /* in flight */
    bool busy;
};

struct remote {
    struct mainloop *mainloop;
    size_t sent; /* batches */
    struct lane *lanes;
};

struct parallel {
    struct batch **batches; /* all that were shipped; NULL where all remotes have it */
    size_t shipped;
    struct remote *remotes;
    struct lane *lanes; /* of all remotes */
};

static void send_next(struct parallel *p, struct lane *l);

static void on_acknowledged(struct connection *c, void *context)
{
    struct lane *l = context;
    struct remote *r = l->remote;
    struct mainloop *m = r->mainloop;
    struct parallel *p = m->distribution_data;
    struct batch **b = &p->batches[l->batch];
    l->busy = false;
    if (mainloop_acknowledged(m, c, *b, (*b)->ready_ns)) {
        batch_free(*b);
        *b = NULL;
    }
    if (r->sent < p->shipped)
        send_next(p, l);
    else
        mainloop_check_finished(m);
}

static void send_next(struct parallel *p, struct lane *l)
{
    l->batch = l->remote->sent++;
    l->busy = true;
    const struct rows *rows = &p->batches[l->batch]->rows;
    connection_insert(l->connection, rows, 0, rows->count, on_acknowledged, l);
}

static void parallel_init(struct mainloop *m)
{
    struct parallel *p = xcalloc(1, sizeof(*p));
    p->remotes = xcalloc(mainloop_remotes(m), sizeof(*p->remotes));
    m->distribution_data = p;
}

/* With the first batch: the connections are there by then. */
static void add_lanes(struct parallel *p, struct mainloop *m)
{
    unsigned connections = m->session->parameters.connections;
    p->lanes = xcalloc(mainloop_remotes(m) * connections, sizeof(*p->lanes));
    for (size_t i = 0; i < mainloop_remotes(m); i++) {
        struct remote *r = &p->remotes[i];
        *r = (struct remote){.mainloop = m, .lanes = p->lanes + i * connections};
        for (unsigned k = 0; k < connections; k++)
            r->lanes[k] = (struct lane){.remote = r, .connection = mainloop_remote(m, i, k)};
    }
}

static struct lane *free_lane(const struct remote *r)
{
    for (unsigned k = 0; k < r->mainloop->session->parameters.connections; k++)
        if (!r->lanes[k].busy)
            return &r->lanes[k];
    return NULL;
}

static void parallel_ship(struct mainloop *m, struct batch *b)
{
    struct parallel *p = m->distribution_data;
    if (!p->lanes)
        add_lanes(p, m);
    p->batches = array_grow(p->batches, p->shipped, sizeof(struct batch *));
    p->batches[p->shipped++] = b;
    for (size_t i = 0; i < mainloop_remotes(m); i++) {
        struct remote *r = &p->remotes[i];
        struct lane *l = free_lane(r);
        if (l)
            send_next(p, l);
        else if (p->shipped - r->sent > m->backlog_max)
            m->backlog_max = p->shipped - r->sent;
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
    free(p->lanes);
    free(p);
    m->distribution_data = NULL;
}

const struct distribution distribution_parallel = {
    .waits = false,
    .init = parallel_init,
    .ship = parallel_ship,
    .done = parallel_done,
};
