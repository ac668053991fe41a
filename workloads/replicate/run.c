/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include "mainloop.h"
#include "session.h"
#include "sync.h"
#include "usage.h"

struct run {
    struct session session;
    struct sync sync;
    struct mainloop mainloop;
    struct usage before; /* at the barrier */
    uint64_t phase_ns;   /* when the present phase began */
};

static double elapsed_s(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) / (double)NS_PER_SEC;
}

static void report(struct run *r, const char *metric, double value, const char *unit)
{
    output_metric(&r->session.output, metric, NULL, value, unit, clock_monotonic_ns());
}

/* Ends a phase: reports how long it took and enters the next one. */
static void enter(struct run *r, const char *ended_metric, const char *phase)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (ended_metric)
        report(r, ended_metric, elapsed_s(r->phase_ns, now_ns), "s");
    if (phase)
        session_enter(&r->session, phase);
    r->phase_ns = now_ns;
}

static void report_usage(struct run *r)
{
    struct usage now;
    const struct usage *before = &r->before;
    usage_read(r->session.identity.folder, &now);
    report(r, "client_loop_cpu", now.client_s - before->client_s, "s");
    if (!isnan(now.server_s - before->server_s))
        report(r, "server_cpu", now.server_s - before->server_s, "s");
    if (isnan(now.sent_bytes - before->sent_bytes))
        return;
    report(r, "bytes_sent", now.sent_bytes - before->sent_bytes, "B");
    report(r, "bytes_received", now.received_bytes - before->received_bytes, "B");
}

static void report_lateness(struct run *r)
{
    static const struct {
        const char *metric;
        double share;
    } quantiles[] = {
        {"late_p50", 0.5}, {"late_p90", 0.9}, {"late_p99", 0.99}, {"late_p999", 0.999}};
    const struct histogram *h = &r->mainloop.lateness;
    for (size_t i = 0; i < ARRAY_LEN(quantiles); i++)
        report(r, quantiles[i].metric,
               (double)histogram_quantile(h, quantiles[i].share) / (double)NS_PER_SEC, "s");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (h->bucket[i])
            output_bucket(&r->session.output, "lateness",
                          (double)histogram_bucket_top(i) / (double)NS_PER_SEC, h->bucket[i],
                          clock_monotonic_ns());
    report(r, "late_max", (double)h->max / (double)NS_PER_SEC, "s");
    report(r, "missed", (double)r->mainloop.missed, "");
}

static void on_left(void *owner)
{
    struct run *r = owner;
    enter(r, "desync_time", NULL);
    struct usage usage;
    usage_read(NULL, &usage);
    report(r, "client_cpu", usage.client_s, "s");
    report(r, "reconnects", (double)r->session.cluster.reconnects, "");
    report(r, "resent", (double)cluster_resent(&r->session.cluster), "");
    session_finish(&r->session);
}

static void on_main_finished(void *owner)
{
    struct run *r = owner;
    const struct mainloop *m = &r->mainloop;
    uint64_t start_ns = m->pace.start_ns;
    uint64_t end_ns = m->last_remote_ns > m->last_commit_ns ? m->last_remote_ns : m->last_commit_ns;
    double loop_s = elapsed_s(start_ns, end_ns);
    double nominal_s = pace_nominal_s(&m->pace, r->session.parameters.inserts);
    report_usage(r);
    report(r, "inserts", (double)r->session.parameters.inserts, "");
    report(r, "main_loop", loop_s, "s");
    report(r, "main_loop_nominal", nominal_s, "s");
    if (nominal_s > 0)
        report(r, "ratio", loop_s / nominal_s, "");
    report(r, "last_commit", elapsed_s(start_ns, m->last_commit_ns), "s");
    report(r, "backlog_max", (double)m->backlog_max, "");
    report_lateness(r);
    enter(r, NULL, "desync");
    sync_leave(&r->sync, on_left, r);
}

static void on_prepared(void *owner)
{
    struct run *r = owner;
    enter(r, "sync_time", "main");
    usage_read(r->session.identity.folder, &r->before);
    mainloop_start(&r->mainloop, on_main_finished, r);
}

static void on_barrier(void *owner) /* so all tables are there */
{
    struct run *r = owner;
    cluster_prepare(&r->session.cluster, on_prepared, r);
}

static void on_connected(void *owner)
{
    struct run *r = owner;
    enter(r, "connect_time", "sync");
    sync_arrive(&r->sync, on_barrier, r);
}

static int run_phases(struct run *r, struct error *err)
{
    int result = mainloop_open(&r->mainloop, &r->session, err);
    if (result == 0) {
        sync_init(&r->sync, &r->session);
        enter(r, NULL, "connect");
        session_connect(&r->session, r->session.parameters.connections, on_connected, r);
        result = session_run(&r->session, err);
        sync_close(&r->sync);
    }
    mainloop_close(&r->mainloop);
    return result;
}

int run(struct error *err)
{
    _cleanup_(freep) struct run *r = xcalloc(1, sizeof(*r));
    int result = session_open(&r->session, err);
    if (result < 0)
        return result;
    result = run_phases(r, err);
    int closed = session_close(&r->session, result < 0 ? NULL : err);
    return result < 0 ? result : closed;
}
