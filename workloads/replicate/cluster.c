/* SPDX-License-Identifier: MIT
 *
 * All attempts begin at once. A timer looks after the rest: it opens refused connections again,
 * replaces attempts whose first packet nobody answered (the kernel repeats it at ever longer
 * intervals), and gives up at the deadline, naming who is missing and why.
 *
 * When all are open the timer goes on, slowly, and quickly again while one of them is lost. A wire
 * that is cut for some seconds is TCP's affair: what was under way is repeated and arrives. Where
 * the connection itself has ended it is opened again, and the statement under way is sent again.
 */
#include "cluster.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/units.h"

enum { PORT = 3306, TICK_MS = 100, QUIET_TICK_MS = 1000, NAMED_MAX = 8 };

static const uint64_t unanswered_max_ns = 5 * NS_PER_SEC;

/* The own database has one connection: its other lanes are never opened. */
static bool is_unused(const struct cluster *c, size_t place)
{
    size_t peers = c->setup.peers->count;
    return place >= peers && place % peers == c->setup.own;
}

static const char *peer_name(const struct cluster *c, const struct connection *connection)
{
    return c->setup.peers->list[connection->index].name;
}

static void on_tick(uv_timer_t *timer);

static void on_open(struct connection *connection, void *context)
{
    (void)connection;
    struct cluster *c = context;
    if (c->ready) {
        c->reconnects++;
        return;
    }
    if (++c->open < c->count - (c->setup.lanes - 1))
        return;
    c->ready = true;
    uv_timer_start(&c->timer, on_tick, QUIET_TICK_MS, QUIET_TICK_MS);
    c->setup.opened(c->setup.owner);
}

static void on_failed(struct connection *connection, const struct error *err)
{
    struct cluster *c = connection->owner;
    struct error named = *err;
    if (connection->transient) { /* the timer tries again */
        c->refusals[connection - c->connections] = *err;
        if (uv_timer_get_repeat(&c->timer) != TICK_MS)
            uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS);
        return;
    }
    error_wrap(&named, "database of '%s'", peer_name(c, connection));
    c->setup.failed(c->setup.owner, &named);
}

static void give_up(struct cluster *c)
{
    struct text missing = {0};
    struct error err;
    size_t named = 0;
    for (size_t i = 0; i < c->setup.peers->count; i++) {
        const struct connection *connection = &c->connections[i];
        if (connection->state == CONNECTION_IDLE || named++ >= NAMED_MAX)
            continue;
        const char *why = c->refusals[i].text;
        text_add(&missing, "%s'%s' (%s)", missing.len ? ", " : "", peer_name(c, connection),
                 *why ? why : "no answer");
    }
    if (named > NAMED_MAX)
        text_add(&missing, " and %zu more", named - NAMED_MAX);
    error_set(&err, ETIMEDOUT, "no connection in time to %s",
              missing.len ? missing.data : "all lanes");
    text_done(&missing);
    uv_timer_stop(&c->timer);
    c->setup.failed(c->setup.owner, &err);
}

static void give_up_one(struct cluster *c, const struct connection *connection)
{
    struct error err;
    char limit[UNITS_TEXT_MAX];
    const char *why = c->refusals[connection - c->connections].text;
    error_set(&err, ETIMEDOUT, "database of '%s': away for more than %s (%s)",
              peer_name(c, connection), units_format_time(limit, c->setup.cut_timeout_ns),
              connection->state > CONNECTION_IDLE || !*why ? "no answer" : why);
    uv_timer_stop(&c->timer);
    c->setup.failed(c->setup.owner, &err);
}

static void on_tick(uv_timer_t *timer)
{
    struct cluster *c = timer->data;
    uint64_t now_ns = clock_monotonic_ns();
    bool whole = c->ready;
    if (!c->ready && now_ns >= c->deadline_ns)
        return give_up(c);
    for (size_t i = 0; i < c->count; i++) {
        struct connection *connection = &c->connections[i];
        if (is_unused(c, i))
            continue;
        if (c->ready && connection_away_ns(connection, now_ns) > c->setup.cut_timeout_ns)
            return give_up_one(c, connection);
        if (now_ns - connection->attempt_ns > unanswered_max_ns &&
            connection_unanswered(connection))
            connection_abandon(connection, "no answer");
        if (connection->state == CONNECTION_CLOSED)
            connection_open(connection, on_open, c);
        if (connection->state == CONNECTION_CONNECTING || connection->state == CONNECTION_CLOSED)
            whole = false;
    }
    if (whole && uv_timer_get_repeat(timer) != QUIET_TICK_MS)
        uv_timer_start(timer, on_tick, QUIET_TICK_MS, QUIET_TICK_MS);
}

void cluster_open(struct cluster *c, uv_loop_t *loop, const struct cluster_setup *setup)
{
    size_t peers = setup->peers->count, count = peers * setup->lanes;
    *c = (struct cluster){.setup = *setup,
                          .connections = xcalloc(count, sizeof(*c->connections)),
                          .refusals = xcalloc(count, sizeof(*c->refusals)),
                          .count = count,
                          .deadline_ns = clock_monotonic_ns() + setup->connect_timeout_ns};
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < count; i++) {
        bool is_local = i % peers == setup->own && setup->own_socket;
        connection_init(&c->connections[i], loop,
                        is_local ? setup->own_socket : setup->peers->list[i % peers].address,
                        is_local ? 0 : PORT, on_failed, c);
        c->connections[i].index = i % peers;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_unused(c, i))
            connection_open(&c->connections[i], on_open, c);
}

static void on_prepared(struct connection *connection, void *context)
{
    (void)connection;
    struct cluster *c = context;
    if (--c->unprepared == 0)
        c->prepared(c->prepared_owner);
}

void cluster_prepare(struct cluster *c, void (*done)(void *owner), void *owner)
{
    c->prepared = done;
    c->prepared_owner = owner;
    c->unprepared = c->count - (c->setup.lanes - 1);
    for (size_t i = 0; i < c->count; i++)
        if (!is_unused(c, i))
            connection_prepare(&c->connections[i], on_prepared, c);
}

struct connection *cluster_connection(const struct cluster *c, size_t index, unsigned lane)
{
    return &c->connections[lane * c->setup.peers->count + index];
}

uint64_t cluster_resent(const struct cluster *c)
{
    uint64_t resent = 0;
    for (size_t i = 0; i < c->count; i++)
        resent += c->connections[i].resent;
    return resent;
}

void cluster_close(struct cluster *c)
{
    if (!c->connections)
        return;
    uv_close((uv_handle_t *)&c->timer, NULL);
    for (size_t i = 0; i < c->count; i++)
        connection_close(&c->connections[i]);
}

void cluster_done(struct cluster *c)
{
    free(c->connections);
    free(c->refusals);
    *c = (struct cluster){0};
}
