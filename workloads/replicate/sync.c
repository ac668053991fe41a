/* SPDX-License-Identifier: MIT */
#include "sync.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

enum {
    PAUSE_MS = 20,
    NODES_PER_PAUSE_MS = 2, /* N clients list N rows: many of them ask less often */
    NAMED_MAX = 16,
};

static void list(uv_timer_t *timer);

static void query(struct sync *s, struct connection *c, const char *sql, connection_done_cb done)
{
    connection_query(c, sql, strlen(sql), done, s);
}

static unsigned read_present(struct sync *s, MYSQL_RES *rows)
{
    unsigned count = s->session->parameters.count, present = 0;
    memset(s->present, 0, count * sizeof(*s->present));
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)) != NULL; present++) {
        unsigned long index = strtoul(row[0], NULL, 10);
        if (index < count)
            s->present[index] = true;
    }
    return present;
}

static void on_listed(struct connection *c, void *context)
{
    struct sync *s = context;
    if (read_present(s, c->result) != s->expected) {
        uv_timer_start(&s->pause, list, s->pause_ms, 0);
        return;
    }
    uv_timer_stop(&s->deadline);
    s->done(s->owner);
}

static void list(uv_timer_t *timer)
{
    struct sync *s = timer->data;
    query(s, session_master(s->session),
          s->expected ? "SELECT idx FROM sync_nodes" : "SELECT idx FROM sync_nodes WHERE NOT gone",
          on_listed);
}

static void on_changed(struct connection *c, void *context)
{
    (void)c;
    struct sync *s = context;
    list(&s->pause);
}

static void on_meeting_table(struct connection *c, void *context)
{
    struct sync *s = context;
    snprintf(s->statement, sizeof(s->statement), "INSERT IGNORE INTO sync_nodes VALUES (%u, 0)",
             s->session->identity.index);
    query(s, c, s->statement, on_changed);
}

static void on_own_table(struct connection *c, void *context)
{
    (void)c;
    struct sync *s = context;
    query(s, session_master(s->session),
          "CREATE TABLE IF NOT EXISTS sync_nodes (idx SMALLINT UNSIGNED PRIMARY KEY, "
          "gone TINYINT NOT NULL) ENGINE=InnoDB",
          on_meeting_table);
}

static void on_deadline(uv_timer_t *timer)
{
    struct sync *s = timer->data;
    struct text missing = {0};
    struct error err;
    unsigned count = 0;
    for (unsigned i = 0; i < s->session->parameters.count; i++)
        if (!s->present[i] && count++ < NAMED_MAX)
            text_add(&missing, "%s%u ('%s')", missing.len ? ", " : "", i,
                     s->session->peers.list[i].name);
    if (count > NAMED_MAX)
        text_add(&missing, " and %u more", count - NAMED_MAX);
    error_set(&err, ETIMEDOUT, "%u of %u nodes did not arrive in time, index %s", count,
              s->session->parameters.count, missing.len ? missing.data : "unknown");
    text_done(&missing);
    session_fail(s->session, &err);
}

void sync_init(struct sync *s, struct session *session)
{
    unsigned count = session->parameters.count;
    *s = (struct sync){.session = session,
                       .present = xcalloc(count, sizeof(*s->present)),
                       .pause_ms = count / NODES_PER_PAUSE_MS};
    if (s->pause_ms < PAUSE_MS)
        s->pause_ms = PAUSE_MS;
    uv_timer_init(&session->loop, &s->pause);
    uv_timer_init(&session->loop, &s->deadline);
    s->pause.data = s->deadline.data = s;
}

void sync_arrive(struct sync *s, void (*done)(void *owner), void *owner)
{
    s->expected = s->session->parameters.count;
    s->done = done;
    s->owner = owner;
    uv_update_time(&s->session->loop);
    uv_timer_start(&s->deadline, on_deadline, s->session->parameters.sync_timeout_ns / NS_PER_MS,
                   0);
    snprintf(s->create, sizeof(s->create),
             "CREATE TABLE IF NOT EXISTS tuples (origin SMALLINT UNSIGNED, seq INT UNSIGNED, "
             "number TINYINT UNSIGNED, text VARCHAR(%u) CHARACTER SET ascii COLLATE ascii_bin, "
             "PRIMARY KEY (origin, seq)) ENGINE=InnoDB",
             s->session->parameters.tuple_len);
    query(s, session_own(s->session), s->create, on_own_table);
}

void sync_leave(struct sync *s, void (*done)(void *owner), void *owner)
{
    s->expected = 0;
    s->done = done;
    s->owner = owner;
    /* A row that were deleted could be missed by a node whose answer is late: with a short main
     * loop it would never have seen all of them together. */
    snprintf(s->statement, sizeof(s->statement), "UPDATE sync_nodes SET gone = 1 WHERE idx = %u",
             s->session->identity.index);
    query(s, session_master(s->session), s->statement, on_changed);
}

void sync_close(struct sync *s)
{
    uv_close((uv_handle_t *)&s->pause, NULL);
    uv_close((uv_handle_t *)&s->deadline, NULL);
    free(s->present);
    s->present = NULL;
}
