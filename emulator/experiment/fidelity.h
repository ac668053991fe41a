/* SPDX-License-Identifier: MIT
 *
 * How good the emulation was: asked against achieved round-trip times, pair by pair, and the
 * engine's own account, summed up in a verdict with its reasons. A run without one is not to be
 * published.
 */
#ifndef WANLAB_EXPERIMENT_FIDELITY_H
#define WANLAB_EXPERIMENT_FIDELITY_H

#include <jansson.h>

#include "experiment/crew.h"
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
};

struct fidelity {
    struct pair *pairs;
    size_t pair_count; /* measured: all of them, or a sample of very many */
    size_t path_count; /* pairs of nodes that have a direct path */
    enum verdict verdict;
    char *reasons[16]; /* why it is not better; the first `reason_count` */
    size_t reason_count;
};

/* Pings every pair that has a direct path, from all nodes at once, before any load is on the wires.
 */
int fidelity_measure(struct fidelity *f, struct crew *crew, const struct plan *plan,
                     struct error *err);

/* Takes the engine's counters (`status` as lab/status.c describes it) and decides on the verdict.
 * Broken: a pair answered none of the probes, or its smallest round trip is off by more than 5 ms
 * and 5 %; the engine itself lost packets (where TAPs ran over: more than 1 in 1,000). Doubtful: a
 * round trip is off by more than 1 ms; the 99th percentile of the lateness is above 500 us; a queue
 * or a TAP ran over. */
void fidelity_judge(struct fidelity *f, const struct plan *plan, json_t *status);

/* One more reason for a verdict of `v` or worse. */
void fidelity_fault(struct fidelity *f, enum verdict v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

json_t *fidelity_describe(const struct fidelity *f, const struct plan *plan, json_t *status);
void fidelity_done(struct fidelity *f);

#endif
