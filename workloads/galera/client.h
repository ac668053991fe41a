/* SPDX-License-Identifier: MIT
 *
 * One client of the node's own server: asks one thing at a time, as a statement that commits by
 * itself, over a connection that it opens when it needs one. libmariadb's calls that do not block.
 */
#ifndef GALERA_CLIENT_H
#define GALERA_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <mysql.h>

#include "load/request.h"

enum client_step {
    STEP_IDLE,
    STEP_DUE,     /* asked, not begun */
    STEP_CONNECT, /* under way, as all that follow */
    STEP_SET,     /* how the session reads */
    STEP_QUERY,
    STEP_STORE,
};

struct client {
    const char *socket;
    uint64_t timeout_ns;
    bool dirty; /* weak reads are answered by a server without a quorum too */
    enum client_step step;
    int waits; /* for what, MYSQL_WAIT_… */
    MYSQL *sql;
    const char *session; /* the statement that its session was set with; NULL: none */
    struct request request;
    char *statement;
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    MYSQL *connected;     /* results of the steps */
    int failed;
    MYSQL_RES *rows;
    uint64_t conflicts; /* statements that lost against another node's, or a lock's holder */
};

/* `socket` is not copied. */
void client_init(struct client *c, const char *socket, uint64_t timeout_ns, bool dirty);
void client_done(struct client *c);

void client_ask(struct client *c, const struct request *r);

/* Works on the request, with `ready` (MYSQL_WAIT_…) of what it waits for, as far as it goes without
 * waiting. Whether it is over. */
bool client_drive(struct client *c, int ready, struct answer *ret);

/* Gives the request up. */
void client_expire(struct client *c, struct answer *ret);

#endif
