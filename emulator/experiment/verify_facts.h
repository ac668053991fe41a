/* SPDX-License-Identifier: MIT
 *
 * What a train's list of packets (agent/train.h, TRAIN_LIST) says of its path, in numbers that no
 * longer grow with it: losses and their bursts, copies, damage, order, and how what each packet
 * took beyond its forecast is distributed. Pure.
 *
 * Delays are judged where no chance is left but jitter's: of packets that skip no delay. Up to 1 %
 * of them that took longer than any jitter asked for, and the limit of delays more, are set aside:
 * they waited for a processor, of the machine or of the engine. Shapes are compared after moving
 * both medians onto each other, since where the middle lies is the delay's own question, and since
 * between two machines' clocks it is not known.
 */
#ifndef WANLAB_EXPERIMENT_VERIFY_FACTS_H
#define WANLAB_EXPERIMENT_VERIFY_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "experiment/verify_plan.h"

struct train_arrival {
    uint64_t number, at_ns;
    int64_t delay_ns;
    bool is_damaged;
};

/* As they came, copies included. */
struct train_list {
    struct train_arrival *arrivals;
    size_t count;
};

/* The next lines of it. */
void train_list_add(struct train_list *l, json_t *lines);
void train_list_done(struct train_list *l);

struct verify_facts {
    bool known; /* there was a list, and something in it */
    uint64_t sent, received;
    uint64_t copied;       /* of the received: came more than once */
    uint64_t damaged;      /* of the received: their first arrivals */
    uint64_t lost, bursts; /* packets, and rows of them */
    double trace_lost;     /* to be expected by a trace's losses; NAN: none has any */
    double trace_lost_sd;
    uint64_t early, kept;        /* of the received: skipped a delay; did not */
    uint64_t overtaken;          /* of those kept: came after a later one */
    uint64_t overtakers;         /* of those kept: came before an earlier one */
    uint64_t late;               /* set aside, of those kept */
    double forecast_s;           /* mean delay of those kept, without any chance */
    double mean_s, median_s;     /* of what they took beyond that */
    double sd_s, spread_s;       /* standard deviation; half of the middle two thirds */
    double distance;             /* of its distribution from the law's, beyond the tolerance */
    double correlation;          /* of the normal scores of neighbours */
    uint64_t neighbours;         /* pairs of them */
    double error_s;              /* 9 of 10 packets are closer to their forecast */
    double span_s, asked_span_s; /* from the first arrival to the last, and by the forecast */
    uint64_t frames;             /* that took it, after the first */
};

/* What there is to know besides the list. */
struct verify_train {
    const struct path *path;
    const struct train_plan *plan;
    uint64_t origin_ns; /* when the path's traces began, by the nodes' CLOCK_MONOTONIC */
    double limit_s;     /* of delays */
    bool apart;         /* the two ends have clocks of their own: no traces */
};

struct verify_facts verify_facts_of(const struct verify_train *t, const struct train_list *l);

#endif
