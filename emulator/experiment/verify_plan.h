/* SPDX-License-Identifier: MIT
 *
 * What `wanlab verify` sends over which path, at what pace and beside what: enough packets for the
 * confidence that is asked for, never so many that the probing itself is what is measured. Pure.
 */
#ifndef WANLAB_EXPERIMENT_VERIFY_PLAN_H
#define WANLAB_EXPERIMENT_VERIFY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "topology/path.h"

enum {
    VERIFY_PACE_PAYLOAD = 32,
    VERIFY_FRAMES_PAYLOAD = 64,     /* where damage is looked for: at least */
    VERIFY_QUICK_PAIRS = 60,        /* at most, with --quick */
    VERIFY_PACKETS_PER_CORE = 5000, /* a second, of everything that goes on at a time */
    VERIFY_PAIRS_PER_CORE = 4,
    VERIFY_BITS_PER_CORE = 200000000, /* a second, for rates that are measured at a time */
};

/* One direction's packets. */
struct train_plan {
    uint64_t count, gap_ns, payload, burst, ahead_ns;
};

/* How much it may take. */
struct verify_effort {
    bool quick;
    double longest_s; /* of a train of spaced packets; 0: 10 s, quick 2 s */
};

uint64_t train_plan_ns(const struct train_plan *t); /* that sending takes */
double train_plan_packets_per_s(const struct train_plan *t);
double train_plan_bits_per_s(const struct train_plan *t);

enum verify_stage {
    VERIFY_PACE,  /* spaced packets: delay, jitter, and all else if there is no VERIFY_COUNT */
    VERIFY_COUNT, /* dense packets: loss, copies, damage, order, where jitter wants others spaced */
    VERIFY_RATE,  /* more than the wire can take: rate */
    VERIFY_STAGES,
};

/* A pair of paths, there and back, in one stage. */
struct verify_job {
    enum verify_stage stage;
    size_t pair; /* paths 2 * pair and 2 * pair + 1 */
    struct train_plan trains[2];
    unsigned mode;  /* enum train_mode */
    unsigned batch; /* jobs of one number go on at the same time */
};

struct verify_plan {
    struct path *paths;
    size_t pair_count;     /* of the plan */
    size_t measured_count; /* of them; a sample of many if it has to be quick */
    struct verify_job *jobs;
    size_t job_count;
    unsigned batch_count;
    double z;       /* of a normal distribution, for each judgement of what is left to chance */
    double seconds; /* that all of it will take, about */
};

void verify_plan_init(struct verify_plan *v, const struct plan *plan,
                      const struct verify_effort *effort, unsigned cores);
void verify_plan_done(struct verify_plan *v);

/* What is sent over a path in a stage; count 0: nothing. */
struct train_plan verify_plan_train(const struct verify_plan *v, size_t path,
                                    enum verify_stage stage);

/* The trains, for tests: spaced packets over a path; many of them (count 0: the spaced ones can be
 * counted as well); and too many (count 0: the path has no rate). */
struct train_plan verify_pace(const struct path *p, double z, const struct verify_effort *effort);
struct train_plan verify_count(const struct path *p, double z, const struct verify_effort *effort);
struct train_plan verify_rate(const struct path *p, const struct verify_effort *effort);

/* A gap so large that jitter hardly ever makes one packet catch up with another. */
uint64_t verify_delay_gap_ns(const struct path *p);

/* Whether its packets have to be listed, and whether damaged ones have to be seen. */
bool verify_needs_list(const struct path *p);
bool verify_needs_frames(const struct path *p);

#endif
