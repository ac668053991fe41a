/* SPDX-License-Identifier: MIT
 *
 * What a node's database takes when nothing but itself is in the way: one client beside it, over
 * its socket, blocking, feeds it the statements that it would get in a run of workloads/replicate,
 * those of the other nodes too. Started in the place of that workload (see replicate.sh); all nodes
 * begin $LOCAL_BEGIN seconds (8) after the run's start.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <mysql.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "replicate/parameters.h"
#include "replicate/protocol.h"
#include "replicate/rows.h"
#include "replicate/usage.h"

struct local {
    struct parameters parameters;
    struct identity identity;
    MYSQL *mysql;
    MYSQL_STMT *insert;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "replicate-local: %s: %s\n", what, why);
    exit(1);
}

static void open_database(struct local *l)
{
    _cleanup_(freep) char *path = xasprintf("%s/mariadb.sock", l->identity.folder);
    _cleanup_(freep) char *create = xasprintf(
        "CREATE TABLE IF NOT EXISTS tuples (origin SMALLINT UNSIGNED, seq INT UNSIGNED, "
        "number TINYINT UNSIGNED, text VARCHAR(%u) CHARACTER SET ascii COLLATE ascii_bin, "
        "PRIMARY KEY (origin, seq)) ENGINE=InnoDB",
        l->parameters.tuple_len);
    l->mysql = mysql_init(NULL);
    if (!mysql_real_connect(l->mysql, NULL, "wanlab", "", "wanlab", 0, path, 0) ||
        mysql_query(l->mysql, create) != 0)
        die("the database", mysql_error(l->mysql));
    l->insert = mysql_stmt_init(l->mysql);
    if (mysql_stmt_prepare(l->insert, rows_insert_sql, strlen(rows_insert_sql)) != 0)
        die("the insert", mysql_stmt_error(l->insert));
}

/* One statement, and its answer. */
static void insert(struct local *l, const struct rows *rows, unsigned first, unsigned count)
{
    uint8_t header[PROTOCOL_HEADER_SIZE], answer[PROTOCOL_ANSWER_MAX];
    char text[PROTOCOL_ANSWER_MAX] = "the connection ended";
    unsigned code;
    size_t size = count * rows->row_size, received = 0;
    struct iovec parts[] = {{header, sizeof(header)}, {rows->data + first * rows->row_size, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts)};
    protocol_begin_insert(header, (uint32_t)l->insert->stmt_id, size);
    if (sendmsg(mysql_get_socket(l->mysql), &message, 0) != (ssize_t)(sizeof(header) + size))
        die("an insert", "not sent at once");
    enum protocol_answer outcome = PROTOCOL_INCOMPLETE;
    while (outcome == PROTOCOL_INCOMPLETE) {
        ssize_t n =
            recv(mysql_get_socket(l->mysql), answer + received, sizeof(answer) - received, 0);
        if (n <= 0)
            break;
        received += (size_t)n;
        outcome = protocol_read_answer(answer, received, &code, text, sizeof(text));
    }
    if (outcome != PROTOCOL_DONE)
        die("an insert", text);
}

static void insert_batch(struct local *l, unsigned origin, uint64_t seq, uint64_t end)
{
    static struct tuple tuple;
    const struct parameters *p = &l->parameters;
    struct rows rows;
    rows_init(&rows, p->tuple_len);
    for (; seq < end; seq++) {
        tuple_draw(p->seed + origin, seq, p->tuple_len, &tuple);
        rows_add(&rows, origin, seq, &tuple);
        if (origin == l->identity.index)
            insert(l, &rows, rows.count - 1, 1);
    }
    if (origin != l->identity.index)
        insert(l, &rows, 0, rows.count);
    rows_done(&rows);
}

static void await_begin(const struct local *l)
{
    const char *text = getenv("LOCAL_BEGIN");
    uint64_t begin_ns = l->identity.start_ns + (text ? strtoull(text, NULL, 10) : 8) * NS_PER_SEC;
    struct timespec at = {.tv_sec = (time_t)(begin_ns / NS_PER_SEC),
                          .tv_nsec = (long)(begin_ns % NS_PER_SEC)};
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL);
}

int main(void)
{
    struct local l = {0};
    struct error err;
    struct usage before, after;
    if (parameters_read(&l.parameters, &err) < 0 ||
        identity_read(&l.identity, l.parameters.count, &err) < 0)
        die("the environment", err.text);
    const struct parameters *p = &l.parameters;
    open_database(&l);
    await_begin(&l);
    uint64_t begin_ns = clock_monotonic_ns();
    usage_read(l.identity.folder, &before);
    for (uint64_t seq = 1; seq <= p->inserts; seq += p->aggregate) {
        uint64_t end = seq + p->aggregate <= p->inserts ? seq + p->aggregate : p->inserts + 1;
        for (unsigned i = 0; i < p->count; i++)
            insert_batch(&l, (l.identity.index + i) % p->count, seq, end);
    }
    usage_read(l.identity.folder, &after);
    FILE *out = fopen(l.identity.output_path, "w");
    if (!out)
        die(l.identity.output_path, "cannot be opened");
    fprintf(out,
            "{\"metric\":\"main_loop\",\"value\":%.6f,\"unit\":\"s\"}\n"
            "{\"metric\":\"inserts\",\"value\":%" PRIu64 "}\n"
            "{\"metric\":\"client_loop_cpu\",\"value\":%.6f,\"unit\":\"s\"}\n"
            "{\"metric\":\"server_cpu\",\"value\":%.6f,\"unit\":\"s\"}\n",
            (double)(clock_monotonic_ns() - begin_ns) / (double)NS_PER_SEC, p->inserts,
            after.client_s - before.client_s, after.server_s - before.server_s);
    fclose(out);
    mysql_close(l.mysql);
    return 0;
}
