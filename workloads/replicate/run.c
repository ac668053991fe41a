/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#include "mainloop.h"
#include "session.h"
#include "sync.h"

struct run {
    struct session session;
    struct sync sync;
    struct mainloop mainloop;
    uint64_t phase_ns; /* when the present phase began */
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

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void on_left(void *owner)
{
    struct run *r = owner;
    enter(r, "desync_time", NULL);
    report(r, "client_cpu", cpu_s(), "s");
    session_finish(&r->session);
}

static void on_main_finished(void *owner)
{
    struct run *r = owner;
    const struct mainloop *m = &r->mainloop;
    uint64_t start_ns = m->pace.start_ns;
    uint64_t end_ns = m->last_remote_ns > m->last_commit_ns ? m->last_remote_ns : m->last_commit_ns;
    report(r, "inserts", (double)r->session.parameters.inserts, "");
    report(r, "main_loop", elapsed_s(start_ns, end_ns), "s");
    report(r, "main_loop_nominal", parameters_nominal_s(&r->session.parameters), "s");
    report(r, "last_commit", elapsed_s(start_ns, m->last_commit_ns), "s");
    report(r, "backlog_max", (double)m->backlog_max, "");
    enter(r, NULL, "desync");
    sync_leave(&r->sync, on_left, r);
}

static void on_barrier(void *owner)
{
    struct run *r = owner;
    enter(r, "sync_time", "main");
    mainloop_start(&r->mainloop, on_main_finished, r);
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
        session_connect(&r->session, on_connected, r);
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
