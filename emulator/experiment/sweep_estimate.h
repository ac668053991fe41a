/* SPDX-License-Identifier: MIT
 *
 * What a run will take of time and memory, before it is made.
 */
#ifndef WANLAB_EXPERIMENT_SWEEP_ESTIMATE_H
#define WANLAB_EXPERIMENT_SWEEP_ESTIMATE_H

#include "experiment/sweep_book.h"
#include "experiment/workload.h"

/* Seconds: the workload's `duration` (or `count` at its `rate`), if it has such parameters, and
 * what the rest takes by number and kind of the nodes (`make bench-sweep` on two processors). A
 * first guess: what runs really took corrects it. */
double estimate_time(const struct scenario *s, const struct workload *w,
                     const struct workload_value *values);

/* Seconds that a run of a point should take, by what is on record: the mean of the point's own
 * runs, else the guess, times what all runs took beside their guesses (the failed attempts
 * included). */
double estimate_from_records(const struct sweep_book *b, const char *point, double guess_s);

/* Bytes: programs and scratch folders of all nodes, and the memory of guests. `w` as its lint left
 * it (host_lint). */
uint64_t estimate_memory(const struct scenario *s, const struct workload *w);

#endif
