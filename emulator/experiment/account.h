/* SPDX-License-Identifier: MIT
 *
 * What the wire engine did between two statuses of a lab (lab/status.c): how late packets left, and
 * what became of those that did not arrive: lost as asked, turned away by a queue that was asked
 * for, or dropped without anybody having asked.
 */
#ifndef WANLAB_EXPERIMENT_ACCOUNT_H
#define WANLAB_EXPERIMENT_ACCOUNT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/histogram.h"
#include "topology/plan.h"

struct account {
    bool has_lateness; /* the engine tells */
    struct histogram lateness;
    uint64_t packets; /* that left, of all wires */
    /* Dropped unasked, by cause. */
    uint64_t queues;   /* queues of wires that have no rate, and so need none */
    uint64_t taps;     /* they came faster than the delay line could take them */
    uint64_t memory;   /* the delay line's packet memory was used up */
    uint64_t refused;  /* an interface refused what the delay line wrote */
    uint64_t ports;    /* a node's kernel could not take them in time */
    json_t *wires;     /* asked and achieved, for fidelity.json */
    size_t judged;     /* shares that account_judge() looked at, of all wires … */
    size_t improbable; /* … and those of them that are not by chance */
    char *worst;       /* one of those: "a->b lost 3 % of 1000 packets where 1 % is asked" */
};

/* `before` may be NULL: then from the lab's start. */
struct account *account_between(json_t *before, json_t *after, const struct plan *plan);
void account_free(struct account *a);

uint64_t account_unasked_drops(const struct account *a);
/* Of all packets; 0 if there were none. */
double account_unasked_share(const struct account *a);
/* "12 found the queue of a wire without a rate full, 3 …": the causes that there were; the caller
 * frees it. */
char *account_describe_drops(const struct account *a);

/* Lateness and drops, for fidelity.json. */
json_t *account_describe(const struct account *a);

/* Packets more than chance would have lost once in 10,000 times: of `sent` with probability `loss`,
 * where n times the variance of the share of n packets is `variance`. */
uint64_t account_excess(uint64_t lost, uint64_t sent, double loss, double variance);

/* Holds what the engine counted of each wire against what was asked: packets lost, copied, damaged
 * and reordered by chance, each with its interval ("chances" of the wire), so wide that all of them
 * together hold what was asked with the confidence. A wire that was changed meanwhile is left out,
 * and so are the losses of a trace. */
void account_judge(struct account *a, const struct plan *plan, double confidence);

#endif
