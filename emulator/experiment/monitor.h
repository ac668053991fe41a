/* SPDX-License-Identifier: MIT
 *
 * Echoes while the workload runs: a few a second in all, however many nodes there are, between
 * pairs spread over the lab. The only witness of delays on engine netem, and the only one of what
 * packets wait for beyond the wires (the kernel's own queues) on the delay line.
 */
#ifndef WANLAB_EXPERIMENT_MONITOR_H
#define WANLAB_EXPERIMENT_MONITOR_H

#include <jansson.h>

#include "experiment/crew.h"
#include "topology/plan.h"

enum {
    MONITOR_NODES = 8,   /* that send echoes */
    MONITOR_TARGETS = 4, /* of each */
    MONITOR_PER_SECOND = 5,
};

struct monitored {
    unsigned from, to;
    double asked_s;  /* round trip of an echo */
    double slack_s;  /* that jitter, reordering or a trace may take off that */
    double loss;     /* asked, there and back */
    bool is_blurred; /* a wire with a rate, where what the workload sends delays the echoes too, or
                        a virtual machine, whose own kernel does */
    unsigned sent, lost;
    double *errors; /* seconds more than asked */
    size_t error_count;
};

struct monitor {
    const struct plan *plan;
    struct monitored *pairs;
    size_t pair_count;
    bool ended;
};

/* Starts the echoes. They end with the crew's services; after monitor_end() they count no more. */
int monitor_start(struct monitor *m, struct crew *crew, const struct plan *plan, struct error *err);
void monitor_end(struct monitor *m);
void monitor_done(struct monitor *m);

/* Over the pairs that are not blurred: the median error, NAN without any. */
double monitor_median_error(const struct monitor *m);
/* Over all: how much the earliest answer came before its time; 0 or more. */
double monitor_earliest(const struct monitor *m);
/* Over those whose wires have no loss either; `*ret_sent` of them all. */
unsigned monitor_lost(const struct monitor *m, unsigned *ret_sent);

json_t *monitor_describe(const struct monitor *m);

/* What monitor_start() is made of, for tests: who sends to whom, and a line that a sender printed.
 */
void monitor_choose(struct monitor *m, const struct plan *plan);
void monitor_take(struct monitor *m, unsigned node, const char *line);

#endif
