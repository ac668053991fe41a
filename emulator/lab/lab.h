/* SPDX-License-Identifier: MIT
 *
 * A lab: a scenario come alive, as one process tree. This is how commands start and end one; once
 * it runs they talk to it through lab/client.h.
 *
 *   launcher (the command) -> init (PID 1 of the lab) -> supervisor -> delay line, nodes
 *
 * Whatever kills init or supervisor ends the whole tree, with all interfaces, mounts and
 * namespaces: that is the kernel's doing, not ours.
 */
#ifndef WANLAB_LAB_LAB_H
#define WANLAB_LAB_LAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "topology/plan.h"
#include "topology/scenario.h"
#include "wire/capture.h"

/* Is told each step in words as it is done. */
typedef void lab_step(const char *line, void *arg);

struct lab_options {
    const char *name;            /* NULL: the scenario's, with a number behind it where an attached
                                    one finds that taken */
    bool attached;               /* the lab ends when this process ends, however it does */
    const char *workload_folder; /* see lab/apply.h; NULL: none */
    const char *cache_folder;
    bool pin;               /* its nodes are names for `ip netns`; see lab/pin.h */
    uint64_t scratch_bytes; /* of each node's scratch folder; 0: 64 MiB */
    int fates_fd;           /* of an empty file for the delay line's record; 0: none */
    struct capture_options capture;
    lab_step *on_step;                                       /* NULL: quiet */
    void (*on_boot)(size_t booted, size_t count, void *arg); /* nodes; NULL: quiet */
    void *arg;
};

struct lab {
    char *name, *folder;
    struct plan *plan;
    char why_engine[256]; /* why this engine */
    bool polls;           /* idle processors do; see lab/idle.h */
    char why_idle[256];
    int lifeline; /* attached: closing it ends the lab; else -1 */
};

/* Starts a lab and returns when all of its network is there; the scenario must outlive `*ret`.
 * On error nothing is left. */
int lab_up(const struct scenario *s, const struct lab_options *options, struct lab *ret,
           struct error *err);

/* Releases what this process knows of it; ends the lab only if it is attached. */
void lab_done(struct lab *lab);

/* Ends the lab in `folder` and returns when it is gone; one that is gone already is fine.
 * -ETIMEDOUT if that takes longer than `timeout_ms` (0: a time that follows from its size); what is
 * left then goes on ending. */
int lab_down(const char *folder, unsigned timeout_ms, struct error *err);

#endif
