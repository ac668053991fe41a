/* SPDX-License-Identifier: MIT
 *
 * next_insert() waits for the intended time of the next insert, or does not wait when that has
 * passed; the insert's acknowledgement closes the circle. So the local connection carries one
 * statement at a time and an insert can be late; its latency counts from the intended time. The
 * end is checked where something ended: after a local commit and after a remote acknowledgement.
 */
#include "mainloop.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

static void next_insert(struct mainloop *m);

void batch_free(struct batch *b)
{
    if (!b)
        return;
    rows_done(&b->rows);
    free(b);
}

static bool all_inserted(const struct mainloop *m)
{
    return m->next > m->session->parameters.inserts;
}

void mainloop_check_finished(struct mainloop *m)
{
    if (m->over || !all_inserted(m) || m->batches_missing > 0)
        return;
    m->over = true;
    m->finished(m->owner);
}

size_t mainloop_remotes(const struct mainloop *m)
{
    const struct parameters *p = &m->session->parameters;
    return p->mode == MODE_BASELINE ? 0 : p->count - 1;
}

struct connection *mainloop_remote(struct mainloop *m, size_t n, unsigned lane)
{
    struct session *s = m->session;
    return cluster_connection(&s->cluster, (s->identity.index + 1 + n) % s->parameters.count, lane);
}

static struct batch *batch_new(const struct mainloop *m)
{
    struct batch *b = xcalloc(1, sizeof(*b));
    rows_init(&b->rows, m->session->parameters.tuple_len);
    b->missing = mainloop_remotes(m);
    return b;
}

/* The last tuple of the batch was just committed; returns the batch if that completes it. */
static struct batch *take_complete(struct mainloop *m, uint64_t now_ns)
{
    const struct parameters *p = &m->session->parameters;
    struct batch *b = m->filling;
    if (b->rows.count == 1)
        b->first_ns = now_ns;
    if (b->rows.count < p->aggregate && m->next < p->inserts)
        return NULL;
    b->ready_ns = now_ns;
    return TAKE_PTR(m->filling);
}

/* For a complete batch. Whether the main loop has to wait for it. */
static bool ship(struct mainloop *m, struct batch *b)
{
    if (b->missing == 0) {
        batch_free(b);
        return false;
    }
    m->batches_missing++;
    m->distribution->ship(m, b);
    return m->distribution->waits;
}

void mainloop_resume(struct mainloop *m)
{
    m->pace.work_end_ns = clock_monotonic_ns();
    next_insert(m);
}

static void on_committed(struct connection *c, void *context)
{
    (void)c;
    struct mainloop *m = context;
    struct session *s = m->session;
    uint64_t now_ns = clock_monotonic_ns();
    output_time(&s->output, "local_insert", NULL, (int64_t)(now_ns - m->due_ns), now_ns);
    output_progress(&s->output, (double)m->next / (double)s->parameters.inserts, now_ns);
    m->last_commit_ns = now_ns;
    struct batch *complete = take_complete(m, now_ns);
    m->next++;
    if (!complete || !ship(m, complete))
        mainloop_resume(m);
}

static void note_lateness(struct mainloop *m)
{
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t late_ns = now_ns > m->due_ns ? now_ns - m->due_ns : 0;
    histogram_record(&m->lateness, late_ns);
    if ((double)late_ns * m->pace.rate > (double)NS_PER_SEC)
        m->missed++;
}

static void insert(struct mainloop *m)
{
    struct session *s = m->session;
    note_lateness(m);
    if (!m->filling)
        m->filling = batch_new(m);
    struct rows *rows = &m->filling->rows;
    tuple_draw(m->key, m->next, s->parameters.tuple_len, &m->tuple);
    rows_add(rows, s->identity.index, m->next, &m->tuple);
    connection_insert(session_own(s), rows, rows->count - 1, 1, on_committed, m);
}

static void on_alarm(struct alarm *a)
{
    insert(a->owner);
}

static void next_insert(struct mainloop *m)
{
    if (all_inserted(m))
        return mainloop_check_finished(m);
    m->due_ns = pace_due_ns(&m->pace, m->next);
    if (clock_monotonic_ns() >= m->due_ns)
        insert(m);
    else
        alarm_set(&m->alarm, m->due_ns);
}

bool mainloop_acknowledged(struct mainloop *m, const struct connection *c, struct batch *b,
                           uint64_t since_ns)
{
    struct output *o = &m->session->output;
    uint64_t now_ns = clock_monotonic_ns();
    output_time(o, "remote_insert", m->session->peers.list[c->index].name,
                (int64_t)(now_ns - since_ns), now_ns);
    m->last_remote_ns = now_ns;
    if (--b->missing > 0)
        return false;
    output_time(o, "remote_batch", NULL, (int64_t)(now_ns - b->ready_ns), now_ns);
    output_time(o, "lag", NULL, (int64_t)(now_ns - b->first_ns), now_ns);
    m->batches_missing--;
    return true;
}

int mainloop_open(struct mainloop *m, struct session *session, struct error *err)
{
    const struct parameters *p = &session->parameters;
    *m = (struct mainloop){.session = session,
                           .distribution = p->mode == MODE_PARALLEL ? &distribution_parallel
                                                                    : &distribution_sequential,
                           .pace = {.pacing = p->pacing,
                                    .arrivals = p->arrivals,
                                    .rate = p->rate,
                                    .key = pace_key(p->seed, session->identity.node)},
                           .alarm.fd = -1,
                           .key = tuple_key(p->seed, session->identity.node),
                           .next = 1};
    int r = alarm_open(&m->alarm, &session->loop, on_alarm, m, err);
    if (r == 0)
        m->distribution->init(m);
    return r;
}

void mainloop_start(struct mainloop *m, void (*finished)(void *owner), void *owner)
{
    m->finished = finished;
    m->owner = owner;
    m->pace.start_ns = m->pace.work_end_ns = clock_monotonic_ns();
    next_insert(m);
}

void mainloop_close(struct mainloop *m)
{
    alarm_close(&m->alarm);
    m->distribution->done(m);
    batch_free(m->filling);
    m->filling = NULL;
}
