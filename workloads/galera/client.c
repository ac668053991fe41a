/* SPDX-License-Identifier: MIT
 *
 * A request takes steps: connect and set the session, where that has not been done, send the
 * statement, take its rows. Each is a _start call, which has either finished when it returns or
 * says what the socket has to be ready for; then _cont goes on. What fails before the statement is
 * sent is without effect.
 */
#include "client.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <errmsg.h>
#include <mysqld_error.h>

#include "base/clock.h"
#include "base/mem.h"

#include "statement.h"

void client_init(struct client *c, const char *socket, uint64_t timeout_ns, bool dirty)
{
    *c = (struct client){.socket = socket, .timeout_ns = timeout_ns, .dirty = dirty};
}

static void disconnect(struct client *c)
{
    if (c->sql)
        mysql_close(c->sql);
    c->sql = NULL;
    c->session = NULL;
}

static void forget(struct client *c)
{
    mysql_free_result(c->rows);
    free(c->statement);
    c->rows = NULL;
    c->statement = NULL;
    c->step = STEP_IDLE;
    c->waits = 0;
}

void client_done(struct client *c)
{
    disconnect(c);
    forget(c);
}

void client_ask(struct client *c, const struct request *r)
{
    c->request = *r;
    c->statement = statement_text(r);
    c->step = STEP_DUE;
    c->deadline_ns = clock_monotonic_ns() + c->timeout_ns;
}

static const char *wanted_session(const struct client *c)
{
    return statement_session(c->request.weak, c->dirty);
}

static enum client_step step_on_connection(const struct client *c)
{
    return c->session == wanted_session(c) ? STEP_QUERY : STEP_SET;
}

static void prepare_connection(struct client *c)
{
    my_bool off = 0;
    c->sql = mysql_init(NULL);
    if (!c->sql)
        abort(); /* no memory */
    mysql_options(c->sql, MYSQL_OPT_NONBLOCK, NULL);
    mysql_options(c->sql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(c->sql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off); /* 3.4 turns TLS on with it */
}

static enum client_step next_step(struct client *c)
{
    switch (c->step) {
    case STEP_DUE:
        if (c->sql)
            return step_on_connection(c);
        prepare_connection(c);
        return STEP_CONNECT;
    case STEP_CONNECT:
        return step_on_connection(c);
    case STEP_SET:
        c->session = wanted_session(c);
        return STEP_QUERY;
    default:
        return STEP_STORE;
    }
}

static int begin(struct client *c)
{
    const char *text = c->step == STEP_SET ? wanted_session(c) : c->statement;
    switch (c->step) {
    case STEP_CONNECT:
        return mysql_real_connect_start(&c->connected, c->sql, NULL, "wanlab", "", "wanlab", 0,
                                        c->socket, 0);
    case STEP_STORE:
        return mysql_store_result_start(&c->rows, c->sql);
    default:
        return mysql_real_query_start(&c->failed, c->sql, text, strlen(text));
    }
}

static int go_on(struct client *c, int ready)
{
    switch (c->step) {
    case STEP_CONNECT:
        return mysql_real_connect_cont(&c->connected, c->sql, ready);
    case STEP_STORE:
        return mysql_store_result_cont(&c->rows, c->sql, ready);
    default:
        return mysql_real_query_cont(&c->failed, c->sql, ready);
    }
}

static bool step_has_failed(const struct client *c)
{
    switch (c->step) {
    case STEP_DUE:
        return false;
    case STEP_CONNECT:
        return !c->connected;
    case STEP_STORE:
        return !c->rows;
    default:
        return c->failed != 0;
    }
}

static bool is_answered(const struct client *c)
{
    return c->step == STEP_STORE || (c->step == STEP_QUERY && mysql_field_count(c->sql) == 0);
}

static void take_fault(struct client *c, struct answer *ret)
{
    unsigned code = mysql_errno(c->sql);
    bool sent = c->step >= STEP_QUERY;
    *ret = (struct answer){.result = RESULT_FAIL, .version = HISTORY_VERSION_NONE};
    if (sent && !statement_had_no_effect(code))
        ret->result = RESULT_UNKNOWN;
    c->conflicts += code == ER_LOCK_DEADLOCK;
    if (code != ER_DUP_ENTRY) /* a cas that found a value where it wanted none */
        ret->fault = xasprintf("%s (%u)", mysql_error(c->sql), code);
    if (!sent || (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR))
        disconnect(c);
    forget(c);
}

/* An array of all members, or a register's value. */
static char *rows_json(const struct client *c)
{
    MYSQL_ROW row;
    json_t *list = json_array(), *one;
    while ((row = mysql_fetch_row(c->rows)))
        json_array_append_new(list, row[0] ? json_string(row[0]) : json_null());
    one = json_array_get(list, 0);
    char *text = c->request.op == OP_MEMBERS ? json_dumps(list, JSON_COMPACT)
                 : one                       ? json_dumps(one, JSON_ENCODE_ANY)
                                             : xstrdup("null");
    json_decref(list);
    return text;
}

static void take_answer(struct client *c, struct answer *ret)
{
    bool reads = c->step == STEP_STORE;
    *ret = (struct answer){.result = RESULT_OK, .version = HISTORY_VERSION_NONE};
    if (reads)
        ret->value = rows_json(c);
    else if (mysql_affected_rows(c->sql) == 0)
        ret->result = RESULT_FAIL;
    forget(c);
}

bool client_drive(struct client *c, int ready, struct answer *ret)
{
    c->waits = c->step == STEP_DUE ? 0 : go_on(c, ready);
    while (!c->waits) {
        if (step_has_failed(c)) {
            take_fault(c, ret);
            return true;
        }
        if (c->step != STEP_DUE && is_answered(c)) {
            take_answer(c, ret);
            return true;
        }
        c->step = next_step(c);
        c->waits = begin(c);
    }
    return false;
}

void client_expire(struct client *c, struct answer *ret)
{
    bool sent = c->step >= STEP_QUERY;
    *ret = (struct answer){.result = sent ? RESULT_UNKNOWN : RESULT_FAIL,
                           .version = HISTORY_VERSION_NONE,
                           .fault = xstrdup("no answer in time")};
    disconnect(c);
    forget(c);
}
