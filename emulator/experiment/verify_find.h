/* SPDX-License-Identifier: MIT
 *
 * Inside of verify_judge(): what one finding is made from.
 */
#ifndef WANLAB_EXPERIMENT_VERIFY_FIND_H
#define WANLAB_EXPERIMENT_VERIFY_FIND_H

#include "experiment/verify.h"
#include "topology/delay_law.h"
#include "topology/loss_law.h"

struct context {
    const struct verify_plan *v;
    const struct path *path, *way_back;
    const struct verdict_limits *limits;
    json_t *heard, *back; /* spaced packets: what came over the path, and over the way back */
    const struct verify_facts *facts, *back_facts; /* of the same, if listed: `known` */
    const struct verify_facts *counted;            /* of those that are counted */
    enum verify_stage counted_stage;
    bool apart; /* the two ends have clocks of their own */
};

/* What a program said. */
double answer_number(json_t *answer, const char *key);
uint64_t answer_count(json_t *answer, const char *key);

/* It is known to ± `half`: is that within `wanted`, and if not, how many packets would do? */
void finding_require(struct finding *f, double half, double wanted);

/* How much the middle of the delays is off, for a path and its way back. */
double delay_error_s(const struct path *p, json_t *heard, const struct verify_facts *facts);

/* What is left to chance, and traces: of a path whose packets are listed. Each adds findings and
 * returns how many. */
size_t find_listed_delay(const struct context *c, struct finding *ret);
size_t find_listed_counts(const struct context *c, struct finding *ret);

/* The rate of a trace, from the list of a flood. */
struct finding find_trace_rate(const struct context *c, const struct train_answers *flood);

#endif
