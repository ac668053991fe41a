/* SPDX-License-Identifier: MIT
 *
 * How good the emulation was: asked against achieved round-trip times, pair by pair, before the
 * workload; and while it ran the engine's own account, a few echoes, and what else happened on this
 * machine. All of it is summed up in a verdict with its reasons. A run without one is not to be
 * published.
 *
 * fidelity_measure(), then fidelity_begin() and fidelity_end() around the workload, then
 * fidelity_judge().
 */
#ifndef WANLAB_EXPERIMENT_FIDELITY_H
#define WANLAB_EXPERIMENT_FIDELITY_H

#include <jansson.h>

#include "experiment/account.h"
#include "experiment/crew.h"
#include "experiment/host_load.h"
#include "experiment/monitor.h"
#include "topology/plan.h"

enum verdict {
    VERDICT_TRUSTED,
    VERDICT_DOUBTFUL, /* something was worse than it should be: look at the reason */
    VERDICT_BROKEN,   /* the network was not the one that was asked for */
};

const char *verdict_name(enum verdict v);

/* A pair of nodes with a direct path, a < b. */
struct pair {
    unsigned a, b;
    double asked_s; /* round trip of an echo: delays and, where there are rates, its transmission */
    double min_s, median_s; /* measured by ICMP echo; NAN: no answer */
    unsigned sent, received;
    bool is_plain; /* its wires have constant delays: else only that it answers is judged */
};

struct fidelity {
    struct pair *pairs;
    size_t pair_count;       /* measured: all of them, or a sample of very many */
    size_t path_count;       /* pairs of nodes that have a direct path */
    json_t *before;          /* the lab's status when the workload began */
    struct account *account; /* since then; NULL: the workload has not ended */
    struct host_load load;
    struct monitor monitor;
    unsigned link_changes; /* made by somebody since the lab came up */
    bool had_events;       /* of the file: the echoes' times say nothing … */
    bool had_outages;      /* … and nodes that were ended or paused did not take their packets */
    enum verdict verdict;
    char *reasons[16]; /* why it is not better; the first `reason_count` */
    size_t reason_count;
};

/* Pings every pair that has a direct path, from all nodes at once, before any load is on the wires.
 */
int fidelity_measure(struct fidelity *f, struct crew *crew, const struct plan *plan,
                     struct error *err);

/* When the workload begins (consumes `status`, which is as lab/status.c describes it), ten times a
 * second or so, and when it has ended. */
int fidelity_begin(struct fidelity *f, struct crew *crew, const struct plan *plan, json_t *status,
                   struct error *err);
void fidelity_watch(struct fidelity *f);
void fidelity_end(struct fidelity *f, json_t *status);

/* Somebody has changed wires of the lab: from then on they are not what the file asks. */
void fidelity_link_changed(struct fidelity *f);

/* An event of the file, of wires or of nodes, is carried out. */
void fidelity_event(struct fidelity *f, bool of_nodes);

/* Decides on the verdict by the scenario's limits (topology/scenario_verdict.c).
 *
 * Broken: a pair answered none of the probes, or its smallest round trip is off by more than five
 * times the limit and 5 %; half of the packets left ten times later than the
 * limit for 1 %; 1 in 1,000 packets more
 * than the limit was dropped without anybody having asked. Doubtful: what is beyond a limit;
 * a lab whose wires somebody has changed, where the echoes' times say nothing. */
void fidelity_judge(struct fidelity *f, const struct plan *plan);

/* One more reason for a verdict of `v` or worse. */
void fidelity_fault(struct fidelity *f, enum verdict v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

json_t *fidelity_describe(const struct fidelity *f, const struct plan *plan);
void fidelity_done(struct fidelity *f);

#endif
