/* SPDX-License-Identifier: MIT
 *
 * An operation begins with a _start call, which either has finished when it returns or says what
 * the socket has to be ready for; libuv waits for that, then _cont goes on, and so forth. Then
 * complete() moves to the next state: a statement with rows has a second call to fetch them, all
 * else ends in the caller's callback, which may ask for the next statement right away. That one is
 * begun by the loop in drive(), not from within the callback, so the stack does not grow.
 *
 * An insert is the exception: once the library has prepared it, it is sent and its answer read on
 * the library's socket, between two of its calls.
 *
 * An idle connection is watched too: a server has nothing to say then, so whatever can be read is
 * its end or its last words.
 */
#include "connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errmsg.h>
#include <mysqld_error.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static const unsigned next_states[] = {
    [CONNECTION_CLOSED] = 1 << CONNECTION_CONNECTING,
    [CONNECTION_CONNECTING] = 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
    [CONNECTION_IDLE] = 1 << CONNECTION_QUERYING | 1 << CONNECTION_PREPARING |
                        1 << CONNECTION_INSERTING | 1 << CONNECTION_CLOSED,
    [CONNECTION_PREPARING] =
        1 << CONNECTION_INSERTING | 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
    [CONNECTION_QUERYING] = 1 << CONNECTION_STORING | 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
    [CONNECTION_STORING] = 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
    [CONNECTION_INSERTING] = 1 << CONNECTION_IDLE | 1 << CONNECTION_CLOSED,
};

static void move(struct connection *c, enum connection_state next)
{
    assert(next_states[c->state] & 1u << next);
    c->state = next;
}

static bool busy(const struct connection *c)
{
    return c->state != CONNECTION_CLOSED && c->state != CONNECTION_IDLE;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static void release(struct connection *c)
{
    if (c->poll) {
        uv_close((uv_handle_t *)c->poll, on_poll_closed);
        c->poll = NULL;
        c->poll_events = 0;
        fd_closep(&c->poll_fd);
    }
    if (c->mysql)
        mysql_close(c->mysql);
    if (c->insert)
        mysql_stmt_close(c->insert); /* nothing is sent: it has no connection any more */
    c->mysql = NULL;
    c->insert = NULL;
}

static void fail(struct connection *c, const struct error *err)
{
    if (c->state != CONNECTION_CONNECTING)
        c->lost_ns = clock_monotonic_ns();
    move(c, CONNECTION_CLOSED);
    release(c);
    c->failed(c, err);
}

/* What another attempt may cure: nobody listens yet, no way there, a server that starts, is full or
 * has hung up, a lock that a statement sent before still holds. */
static bool error_is_transient(unsigned code)
{
    return code == CR_CONNECTION_ERROR || code == CR_CONN_HOST_ERROR || code == CR_SERVER_LOST ||
           code == CR_SERVER_GONE_ERROR || code == CR_SERVER_LOST_EXTENDED ||
           code == ER_CON_COUNT_ERROR || code == ER_SERVER_SHUTDOWN || code == ER_HANDSHAKE_ERROR ||
           code == ER_CONNECTION_KILLED || code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT;
}

static void fail_refused(struct connection *c, unsigned code, const char *text)
{
    struct error err;
    c->transient = error_is_transient(code);
    error_set(&err, EIO, "%s (%u)", text, code);
    fail(c, &err);
}

static void fail_mysql(struct connection *c)
{
    if (c->state == CONNECTION_PREPARING)
        fail_refused(c, mysql_stmt_errno(c->insert), mysql_stmt_error(c->insert));
    else
        fail_refused(c, mysql_errno(c->mysql), mysql_error(c->mysql));
}

static int begin_prepare(struct connection *c)
{
    assert(!c->insert);
    c->insert = mysql_stmt_init(c->mysql);
    if (!c->insert)
        abort(); /* no memory */
    return mysql_stmt_prepare_start(&c->query_result, c->insert, rows_insert_sql,
                                    strlen(rows_insert_sql));
}

/* Sends what is left of the insert; returns what the socket has to be ready for next. */
static int send_insert(struct connection *c)
{
    uint8_t header[PROTOCOL_HEADER_SIZE];
    size_t size = c->count * c->rows->row_size, skip = c->sent;
    struct iovec parts[] = {{header, sizeof(header)},
                            {c->rows->data + c->first * c->rows->row_size, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
    protocol_begin_insert(header, (uint32_t)c->insert->stmt_id, size);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        size_t part = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        parts[i].iov_base = (uint8_t *)parts[i].iov_base + part;
        parts[i].iov_len -= part;
        skip -= part;
    }
    ssize_t n = sendmsg(c->poll_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        c->sent += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        return MYSQL_WAIT_READ; /* what has happened shows there */
    return c->sent < sizeof(header) + size ? MYSQL_WAIT_WRITE : MYSQL_WAIT_READ;
}

static int begin_insert(struct connection *c)
{
    c->resent += c->sends++ > 0;
    c->sent = c->received = 0;
    return send_insert(c);
}

static enum protocol_answer read_answer(const struct connection *c, unsigned *ret_code,
                                        char text[PROTOCOL_ANSWER_MAX])
{
    return protocol_read_answer(c->answer, c->received, ret_code, text, PROTOCOL_ANSWER_MAX);
}

/* Returns what the socket has to be ready for next, or 0 when no more will come. */
static int receive_answer(struct connection *c)
{
    unsigned code;
    char text[PROTOCOL_ANSWER_MAX];
    ssize_t n =
        recv(c->poll_fd, c->answer + c->received, sizeof(c->answer) - c->received, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return MYSQL_WAIT_READ;
    if (n <= 0)
        return 0;
    c->received += (size_t)n;
    return read_answer(c, &code, text) == PROTOCOL_INCOMPLETE ? MYSQL_WAIT_READ : 0;
}

static int begin(struct connection *c)
{
    switch (c->state) {
    case CONNECTION_CONNECTING:
        return mysql_real_connect_start(&c->connect_result, c->mysql, c->port ? c->address : NULL,
                                        "wanlab", "", "wanlab", c->port,
                                        c->port ? NULL : c->address, 0);
    case CONNECTION_QUERYING:
        c->resent += c->sends++ > 0;
        return mysql_real_query_start(&c->query_result, c->mysql, c->sql, c->sql_len);
    case CONNECTION_PREPARING:
        return begin_prepare(c);
    case CONNECTION_INSERTING:
        return begin_insert(c);
    default:
        return mysql_store_result_start(&c->result, c->mysql);
    }
}

static int proceed(struct connection *c, int ready)
{
    switch (c->state) {
    case CONNECTION_CONNECTING:
        return mysql_real_connect_cont(&c->connect_result, c->mysql, ready);
    case CONNECTION_QUERYING:
        return mysql_real_query_cont(&c->query_result, c->mysql, ready);
    case CONNECTION_PREPARING:
        return mysql_stmt_prepare_cont(&c->query_result, c->insert, ready);
    case CONNECTION_INSERTING:
        return ready & MYSQL_WAIT_WRITE ? send_insert(c) : receive_answer(c);
    default:
        return mysql_store_result_cont(&c->result, c->mysql, ready);
    }
}

/* On an idle connection, to the state in which what is wanted begins. */
static void move_to_wanted(struct connection *c)
{
    bool unprepared = c->wanted == CONNECTION_INSERTING && !c->insert;
    c->result = NULL;
    move(c, unprepared ? CONNECTION_PREPARING : c->wanted);
}

/* Lets what acknowledges an answer travel with the next statement instead of alone. */
static void delay_acknowledgements(struct connection *c)
{
    int off = 0;
    if (c->port)
        setsockopt(mysql_get_socket(c->mysql), IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

static void succeed(struct connection *c)
{
    bool connected = c->state == CONNECTION_CONNECTING;
    move(c, CONNECTION_IDLE);
    if (connected) {
        delay_acknowledgements(c);
        c->opened(c, c->opened_context);
        if (c->pending && c->state == CONNECTION_IDLE)
            move_to_wanted(c);
        return;
    }
    MYSQL_RES *result = c->result;
    c->pending = false;
    c->done(c, c->context);
    mysql_free_result(result);
}

static void complete_insert(struct connection *c)
{
    unsigned code = CR_UNKNOWN_ERROR;
    char text[PROTOCOL_ANSWER_MAX] = "an answer that makes no sense";
    enum protocol_answer answer = read_answer(c, &code, text);
    if (answer == PROTOCOL_DONE)
        succeed(c);
    else if (answer == PROTOCOL_INCOMPLETE)
        fail_refused(c, CR_SERVER_LOST, "the server closed the connection");
    else
        fail_refused(c, code, text);
}

/* The call of the present state has returned for good. */
static void complete(struct connection *c)
{
    if (c->state == CONNECTION_INSERTING)
        return complete_insert(c);
    bool failed = c->state == CONNECTION_CONNECTING ? !c->connect_result
                  : c->state == CONNECTION_STORING  ? !c->result
                                                    : c->query_result != 0;
    if (failed)
        fail_mysql(c);
    else if (c->state == CONNECTION_QUERYING && mysql_field_count(c->mysql) > 0)
        move(c, CONNECTION_STORING);
    else if (c->state == CONNECTION_PREPARING && c->wanted == CONNECTION_INSERTING)
        move(c, CONNECTION_INSERTING);
    else
        succeed(c);
}

static void on_ready(uv_poll_t *poll, int status, int events);

static int poll_open(struct connection *c, struct error *err)
{
    c->poll_fd = fcntl(mysql_get_socket(c->mysql), F_DUPFD_CLOEXEC, 0);
    if (c->poll_fd < 0)
        return error_errno(err, errno, "cannot watch the socket");
    c->poll = xcalloc(1, sizeof(*c->poll));
    int r = uv_poll_init(c->loop, c->poll, c->poll_fd);
    if (r < 0) {
        free(TAKE_PTR(c->poll));
        fd_closep(&c->poll_fd);
        return error_errno(err, -r, "cannot watch the socket");
    }
    c->poll->data = c;
    return 0;
}

static void watch(struct connection *c)
{
    struct error err;
    int events = 0;
    if (c->waiting & MYSQL_WAIT_WRITE)
        events |= UV_WRITABLE;
    if (c->waiting & MYSQL_WAIT_READ || !events)
        events |= UV_READABLE;
    if (!c->poll && poll_open(c, &err) < 0)
        return fail(c, &err);
    if (events != c->poll_events)
        uv_poll_start(c->poll, events, on_ready);
    c->poll_events = events;
}

static void drive(struct connection *c)
{
    c->driving = true;
    while (!c->waiting && busy(c)) {
        complete(c);
        if (busy(c))
            c->waiting = begin(c);
    }
    c->driving = false;
    if (c->state != CONNECTION_CLOSED)
        watch(c);
}

static void start(struct connection *c)
{
    if (c->driving)
        return;
    c->waiting = begin(c);
    drive(c);
}

static void fail_idle(struct connection *c)
{
    struct error err;
    char byte;
    ssize_t n = recv(c->poll_fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        error_errno(&err, errno, "connection lost");
    else
        error_set(&err, ECONNRESET, "the server closed the connection");
    c->transient = true;
    fail(c, &err);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct connection *c = poll->data;
    int ready = 0;
    if (status < 0) { /* libuv has stopped the handle: the socket's error shows at the next call */
        c->poll_events = 0;
        ready = c->waiting & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE);
    }
    if (c->state == CONNECTION_IDLE)
        return fail_idle(c);
    if (events & UV_READABLE)
        ready |= MYSQL_WAIT_READ;
    if (events & UV_WRITABLE)
        ready |= MYSQL_WAIT_WRITE;
    c->waiting = proceed(c, ready);
    drive(c);
}

void connection_init(struct connection *c, uv_loop_t *loop, const char *address, unsigned port,
                     connection_failed_cb failed, void *owner)
{
    *c = (struct connection){.loop = loop,
                             .address = address,
                             .port = port,
                             .failed = failed,
                             .owner = owner,
                             .poll_fd = -1};
}

void connection_open(struct connection *c, connection_done_cb done, void *context)
{
    my_bool off = 0;
    move(c, CONNECTION_CONNECTING);
    c->opened = done;
    c->opened_context = context;
    c->attempt_ns = clock_monotonic_ns();
    c->mysql = mysql_init(NULL);
    if (!c->mysql)
        abort(); /* no memory */
    mysql_options(c->mysql, MYSQL_OPT_NONBLOCK, NULL);
    mysql_options(c->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(c->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off); /* 3.4 turns TLS on with it */
    start(c);
}

static void ask(struct connection *c, enum connection_state wanted, connection_done_cb done,
                void *context)
{
    assert(!c->pending);
    c->pending = true;
    c->wanted = wanted;
    c->done = done;
    c->context = context;
    c->asked_ns = clock_monotonic_ns();
    c->sends = 0;
    if (c->state != CONNECTION_IDLE)
        return;
    move_to_wanted(c);
    start(c);
}

void connection_query(struct connection *c, const char *sql, size_t len, connection_done_cb done,
                      void *context)
{
    c->sql = sql;
    c->sql_len = len;
    ask(c, CONNECTION_QUERYING, done, context);
}

void connection_prepare(struct connection *c, connection_done_cb done, void *context)
{
    ask(c, CONNECTION_PREPARING, done, context);
}

void connection_insert(struct connection *c, const struct rows *rows, unsigned first,
                       unsigned count, connection_done_cb done, void *context)
{
    c->rows = rows;
    c->first = first;
    c->count = count;
    ask(c, CONNECTION_INSERTING, done, context);
}

uint64_t connection_away_ns(const struct connection *c, uint64_t now_ns)
{
    uint64_t since_ns = now_ns;
    if (c->pending)
        since_ns = c->asked_ns;
    if ((c->state == CONNECTION_CLOSED || c->state == CONNECTION_CONNECTING) &&
        c->lost_ns < since_ns)
        since_ns = c->lost_ns;
    return now_ns > since_ns ? now_ns - since_ns : 0;
}

bool connection_unanswered(const struct connection *c)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    return c->state == CONNECTION_CONNECTING && c->poll_fd >= 0 &&
           getsockopt(c->poll_fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_SYN_SENT;
}

void connection_abandon(struct connection *c, const char *reason)
{
    struct error err;
    error_set(&err, ETIMEDOUT, "%s", reason);
    c->transient = true;
    fail(c, &err);
}

void connection_close(struct connection *c)
{
    if (busy(c) && c->poll_fd >= 0)
        shutdown(c->poll_fd, SHUT_RDWR);
    c->state = CONNECTION_CLOSED;
    c->pending = false;
    release(c);
}
