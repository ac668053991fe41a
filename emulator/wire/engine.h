/* SPDX-License-Identifier: MIT
 *
 * The two engines that realise a scenario's wires, and which of them a machine can run.
 *
 * `netem` is the kernel's: its qdiscs are steps of the plan, and after that there is nothing to
 * run. `delay line` is a process of ours that holds the other ends of the plan's TAPs.
 */
#ifndef WANLAB_WIRE_ENGINE_H
#define WANLAB_WIRE_ENGINE_H

#include "base/error.h"
#include "topology/change.h"
#include "topology/plan.h"
#include "topology/scenario.h"

struct engine_run; /* what runs, for an engine that needs a process */
struct delayline_stats;

/* When a change took effect. */
struct wire_switch {
    uint64_t realtime_ns;       /* of the first wire */
    uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC: before the first wire and after the last */
};

struct wire_engine {
    const char *name;

    /* 0 when this machine can run it; else an error (STATUS_MACHINE) with the reason and what to
     * install or enable. Changes nothing. */
    int (*probe)(struct error *err);

    /* Called once the plan is applied, in the fabric's namespace. `tap_fds[i]` is the descriptor of
     * plan->taps[i]; they are the engine's from here on, also on error. `fates_fd` is an empty file
     * for the delay line's record of fates; 0: none is wanted. */
    int (*start)(const struct plan *plan, const int *tap_fds, int fates_fd, struct engine_run **ret,
                 struct error *err);

    /* Becomes readable when the engine died by itself; -1 if it has no process. */
    int (*pidfd)(const struct engine_run *run);

    /* Counters and lateness since the start; valid while `run` is; NULL if it keeps none. */
    const struct delayline_stats *(*stats)(const struct engine_run *run);

    /* Takes over the TAPs of wires that were bare until now; the descriptors are the engine's from
     * here on, also on error. NULL: it has none. */
    int (*adopt)(struct engine_run *run, const unsigned *taps, const int *fds, size_t count,
                 struct error *err);

    /* Makes a change, of all its wires at one instant; none of them is bare. What is on the way is
     * left alone. On error nothing has changed. What the impairments refer to must live as long as
     * `run`. In the fabric's namespace. */
    int (*change)(struct engine_run *run, const struct change *c, struct wire_switch *ret,
                  struct error *err);

    void (*stop)(struct engine_run *run); /* accepts NULL */
};

const struct wire_engine *wire_engine(enum engine_choice engine);

/* The engine for a scenario that this machine can run. ENGINE_AUTO takes netem where the kernel has
 * it and the file asks for nothing more, else the delay line. `why` (size bytes) becomes a sentence
 * for people. An engine that was asked for by name and cannot run is an error (STATUS_MACHINE). */
int wire_engine_choose(const struct scenario *s, enum engine_choice *ret, char *why, size_t size,
                       struct error *err);

#endif
