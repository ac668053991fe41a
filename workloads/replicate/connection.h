/* SPDX-License-Identifier: MIT
 *
 * One connection to a database that never blocks the loop, over Connector/C's _start/_cont calls;
 * inserts go past the library (protocol.h).
 * One operation is under way at a time; its `done` is called on the loop's thread when it has
 * succeeded. Every failure, an idle connection's end included, goes to the connection's one
 * `failed` handler instead, once; the connection is then closed and may be opened again.
 *
 * A statement outlives its connection: where it was lost, the statement is sent again as soon as
 * the connection is open again, because its answer may be all that is missing. So every statement
 * has to leave the same behind whether it is carried out once or twice.
 */
#ifndef REPLICATE_CONNECTION_H
#define REPLICATE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mysql.h>
#include <uv.h>

#include "base/error.h"

#include "protocol.h"
#include "rows.h"

enum connection_state {
    CONNECTION_CLOSED, /* not opened yet, or it failed */
    CONNECTION_CONNECTING,
    CONNECTION_IDLE,
    CONNECTION_PREPARING, /* the insert is being made known to the server */
    CONNECTION_QUERYING,  /* the statement is under way */
    CONNECTION_STORING,   /* its rows are coming in */
    CONNECTION_INSERTING, /* the insert is under way */
};

struct connection;
typedef void (*connection_done_cb)(struct connection *, void *context);
typedef void (*connection_failed_cb)(struct connection *, const struct error *);

struct connection {
    enum connection_state state;
    bool driving;        /* drive() is on the stack and will begin what a callback asks for */
    bool transient;      /* after a failure: another attempt may succeed */
    uint64_t attempt_ns; /* when the attempt to connect began */
    uint64_t lost_ns;    /* when the open connection ended */
    uv_loop_t *loop;
    const char *address;
    unsigned port;
    connection_failed_cb failed;
    void *owner;  /* the caller's, for `failed` */
    size_t index; /* the caller's */

    MYSQL *mysql;    /* NULL while closed */
    uv_poll_t *poll; /* on a duplicate of the socket, which the library may close any time */
    int poll_fd;
    int poll_events; /* what libuv was last told to wait for */
    int waiting;     /* MYSQL_WAIT_… of the call under way */

    connection_done_cb opened;
    void *opened_context;

    bool pending; /* there is a statement that has not been answered */
    connection_done_cb done;
    void *context;
    enum connection_state wanted; /* what kind of statement it is */
    const char *sql;              /* the caller's, unchanged until `done` */
    unsigned long sql_len;
    const struct rows *rows; /* as sql, of an insert */
    unsigned first, count;   /* of them */
    MYSQL_STMT *insert;      /* prepared; NULL: not on this connection yet */
    size_t sent, received;   /* bytes of the insert, and of its answer */
    uint8_t answer[PROTOCOL_ANSWER_MAX];
    uint64_t asked_ns;
    unsigned sends;  /* of this statement */
    uint64_t resent; /* statements, as often as they were sent again */
    MYSQL *connect_result;
    int query_result;
    MYSQL_RES *result; /* rows of the last statement, valid within `done`; NULL if it has none */
};

/* `address` is numeric or, where `port` is 0, the path of a unix socket; it stays the caller's. */
void connection_init(struct connection *c, uv_loop_t *loop, const char *address, unsigned port,
                     connection_failed_cb failed, void *owner);

/* Only on a closed connection. */
void connection_open(struct connection *c, connection_done_cb done, void *context);

/* Sends a statement, on a lost connection once it is open again; `sql` stays the caller's until
 * `done`. */
void connection_query(struct connection *c, const char *sql, size_t len, connection_done_cb done,
                      void *context);

/* Makes the insert known to the server, as connection_insert() does where it is not known yet. */
void connection_prepare(struct connection *c, connection_done_cb done, void *context);

/* Inserts `count` of the rows, as one transaction; they stay the caller's until `done`. */
void connection_insert(struct connection *c, const struct rows *rows, unsigned first,
                       unsigned count, connection_done_cb done, void *context);

/* For how long the server has left a statement unanswered or, if longer, been lost; 0: all is well.
 */
uint64_t connection_away_ns(const struct connection *c, uint64_t now_ns);

/* Whether the server's kernel has not even answered the attempt to connect. */
bool connection_unanswered(const struct connection *c);

/* Ends an attempt to connect as a transient failure; not from within a callback of `c`. */
void connection_abandon(struct connection *c, const char *reason);

/* Says goodbye to the server if it is idle, else just hangs up; never blocks. The poll handle's
 * close is left to the loop. Idempotent; not from within a callback of `c`. */
void connection_close(struct connection *c);

#endif
