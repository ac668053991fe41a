/* SPDX-License-Identifier: MIT
 *
 * What a wire does over time, from a file: packet-delivery opportunities as Mahimahi writes them
 * (a line is a millisecond at which one full-size packet may leave; the last line is the period),
 * or a CSV table of rows, each valid until the next: a header `time,delay,loss,rate` (time first,
 * one to three of the others in any order), then values with units. `#` begins a comment.
 *
 * Pure and constant once read; times count from the trace's beginning.
 */
#ifndef WANLAB_TOPOLOGY_TRACE_H
#define WANLAB_TOPOLOGY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum trace_kind { TRACE_DELIVERY, TRACE_ROWS };

/* What an opportunity carries, and what of a frame counts: Mahimahi's packets have a header of 4
 * bytes instead of Ethernet's 14. */
enum { TRACE_OPPORTUNITY = 1504, TRACE_HEADER_LESS = 10 };

struct trace_row {
    uint64_t at_ns;
    uint64_t delay_ns;
    uint64_t rate_bps;
    double loss;
};

struct trace {
    char *path; /* as in the scenario */
    enum trace_kind kind;
    bool has_delay, has_loss, has_rate; /* which columns the rows have */
    uint64_t *deliveries;
    struct trace_row *rows;
    size_t count;
    uint64_t period_ns; /* after which it begins anew; the last row is as long as the one before */
    uint64_t rate_bps;  /* mean of the opportunities, or the largest of the rows; 0: none */
    uint64_t rate_min_bps;  /* the least above zero of the rows, or `rate_bps` */
    uint64_t rate_peak_bps; /* the most that it is for 10 ms */
    uint64_t silence_ns;    /* the longest time without a transmission */
    uint64_t delay_min_ns, delay_max_ns;
    double loss_mean; /* over the period */
};

/* Errors (STATUS_INPUT) begin with "PATH:LINE:COL: ". `name` is what the scenario calls it. */
int trace_open(const char *path, const char *name, struct trace **ret, struct error *err);
void trace_free(struct trace *t);

/* The row at a time, and when it ends (UINT64_MAX: never). `hold`: the last one stays. */
const struct trace_row *trace_row_at(const struct trace *t, bool hold, uint64_t time_ns,
                                     uint64_t *ret_until_ns);

/* Opportunity number `n`, counted from the beginning over all repetitions; and the first one at or
 * after a time. */
uint64_t trace_delivery_ns(const struct trace *t, uint64_t n);
uint64_t trace_delivery_from(const struct trace *t, uint64_t time_ns);

#endif
