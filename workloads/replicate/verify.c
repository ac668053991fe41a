/* SPDX-License-Identifier: MIT
 *
 * Every server sums its tuples up, per origin, in a count, the bounds and a checksum that does not
 * depend on their order. Where all agree and the count is right, that is all. Tuples of an origin
 * with any doubt are fetched from all servers and compared one by one with what they should be.
 */
#include "verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include "compare.h"
#include "session.h"

static const char summary_sql[] =
    "SELECT origin, COUNT(*), COUNT(DISTINCT seq), MIN(seq), MAX(seq), "
    "BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', origin, seq, number, text)), 16), 16, 10) "
    "AS UNSIGNED)) FROM tuples GROUP BY origin";

struct summary {
    uint64_t rows, distinct, min, max, checksum;
};

struct database {
    struct verification *verification;
    struct connection *connection;
    struct summary *origins; /* by index */
    unsigned detail;         /* the origin whose tuples are asked for */
    char sql[96];
};

struct verification {
    struct session session;
    struct database *databases;
    unsigned count, pending; /* databases; those that have not answered */
    bool *doubtful;          /* origins */
    uint64_t discrepancies;
};

static const char *node_name(const struct verification *v, size_t index)
{
    return v->session.peers.list[index].name;
}

static void report(struct verification *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void report(struct verification *v, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    output_error(&v->session.output, text);
    v->discrepancies++;
}

static void report_ranges(struct database *d, const char *verb, struct ranges *r, const char *how)
{
    struct verification *v = d->verification;
    if (r->numbers)
        report(v, "%s %s %llu tuple%s of %s%s (seq %s)", node_name(v, d->connection->index), verb,
               (unsigned long long)r->numbers, r->numbers == 1 ? "" : "s", node_name(v, d->detail),
               how, ranges_text(r));
}

/* How many tuples of an origin a database must hold. */
static uint64_t expected(const struct verification *v, unsigned database, unsigned origin)
{
    const struct parameters *p = &v->session.parameters;
    return database == origin ? p->inserts : parameters_replicated(p);
}

static void on_detail(struct connection *c, void *context);

/* Asks for the next doubtful origin of this database. */
static void next_detail(struct database *d)
{
    struct verification *v = d->verification;
    while (d->detail < v->count && !v->doubtful[d->detail])
        d->detail++;
    if (d->detail < v->count) {
        int len = snprintf(d->sql, sizeof(d->sql),
                           "SELECT seq, number, text FROM tuples WHERE origin = %u ORDER BY seq",
                           d->detail);
        connection_query(d->connection, d->sql, (size_t)len, on_detail, d);
    } else if (--v->pending == 0) {
        session_finish(&v->session);
    }
}

static uint64_t field_u64(const char *text)
{
    return text ? strtoull(text, NULL, 10) : 0;
}

static void on_detail(struct connection *c, void *context)
{
    struct database *d = context;
    struct verification *v = d->verification;
    const struct parameters *p = &v->session.parameters;
    struct comparison comparison;
    comparison_init(&comparison, tuple_key(p->seed, node_name(v, d->detail)),
                    expected(v, (unsigned)c->index, d->detail), p->tuple_len);
    for (MYSQL_ROW row; (row = mysql_fetch_row(c->result)) != NULL;)
        comparison_add(&comparison, field_u64(row[0]), (unsigned)field_u64(row[1]),
                       row[2] ? row[2] : "");
    comparison_end(&comparison);
    report_ranges(d, "lacks", &comparison.missing, "");
    report_ranges(d, "holds", &comparison.different, " with other contents");
    report_ranges(d, "holds", &comparison.twice, " twice");
    report_ranges(d, "holds", &comparison.surplus, " that should not be there");
    comparison_done(&comparison);
    d->detail++;
    next_detail(d);
}

static bool is_complete(const struct summary *s, uint64_t inserts)
{
    return s->rows == inserts && s->distinct == inserts && s->min == (inserts > 0) &&
           s->max == inserts;
}

static void find_doubtful(struct verification *v)
{
    for (unsigned origin = 0; origin < v->count; origin++) {
        const struct summary *own = &v->databases[origin].origins[origin];
        for (unsigned i = 0; i < v->count; i++) {
            const struct summary *s = &v->databases[i].origins[origin];
            if (!is_complete(s, expected(v, i, origin)) ||
                (s->rows > 0 && s->checksum != own->checksum))
                v->doubtful[origin] = true;
        }
    }
}

static void on_summary(struct connection *c, void *context)
{
    struct database *d = context;
    struct verification *v = d->verification;
    for (MYSQL_ROW row; (row = mysql_fetch_row(c->result)) != NULL;) {
        uint64_t origin = field_u64(row[0]);
        if (origin < v->count)
            d->origins[origin] = (struct summary){
                .rows = field_u64(row[1]),
                .distinct = field_u64(row[2]),
                .min = field_u64(row[3]),
                .max = field_u64(row[4]),
                .checksum = field_u64(row[5]),
            };
        else
            report(v, "%s holds tuples of origin %s, which is no node (%s of them)",
                   node_name(v, c->index), row[0], row[1]);
    }
    if (--v->pending > 0)
        return;
    find_doubtful(v);
    v->pending = v->count;
    for (unsigned i = 0; i < v->count; i++)
        next_detail(&v->databases[i]);
}

static void on_connected(void *owner)
{
    struct verification *v = owner;
    v->pending = v->count;
    for (unsigned i = 0; i < v->count; i++) {
        struct database *d = &v->databases[i];
        d->connection = &v->session.cluster.connections[i];
        connection_query(d->connection, summary_sql, strlen(summary_sql), on_summary, d);
    }
}

static void verification_init(struct verification *v)
{
    v->count = v->session.parameters.count;
    v->doubtful = xcalloc(v->count, sizeof(*v->doubtful));
    v->databases = xcalloc(v->count, sizeof(*v->databases));
    for (unsigned i = 0; i < v->count; i++) {
        v->databases[i].verification = v;
        v->databases[i].origins = xcalloc(v->count, sizeof(*v->databases[i].origins));
    }
}

static void verification_done(struct verification *v)
{
    for (unsigned i = 0; i < v->count; i++)
        free(v->databases[i].origins);
    free(v->databases);
    free(v->doubtful);
}

static int judge(struct verification *v, struct error *err)
{
    if (v->discrepancies)
        return error_set(err, EBADMSG, "the databases differ: %llu discrepancies",
                         (unsigned long long)v->discrepancies);
    const struct parameters *p = &v->session.parameters;
    uint64_t per_origin = p->inserts + (v->count - 1) * parameters_replicated(p);
    double rows = (double)(per_origin * v->count);
    output_metric(&v->session.output, "verified_rows", NULL, rows, "", clock_monotonic_ns());
    return 0;
}

int verify(struct error *err)
{
    _cleanup_(freep) struct verification *v = xcalloc(1, sizeof(*v));
    int r = session_open(&v->session, err);
    if (r < 0)
        return r;
    verification_init(v);
    v->session.phase = "verify";
    v->session.parameters.cut_timeout_ns = UINT64_MAX; /* much to sum up may take long */
    session_connect(&v->session, 1, on_connected, v);
    r = session_run(&v->session, err);
    if (r == 0)
        r = judge(v, err);
    int closed = session_close(&v->session, r < 0 ? NULL : err);
    verification_done(v);
    return r < 0 ? r : closed;
}
