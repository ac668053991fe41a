/* SPDX-License-Identifier: MIT
 *
 * The JSON Lines that the emulator reads. Lines gather in a buffer that is written when it holds
 * 32 KB or is a tenth of a second old, so that a line costs no system call; only whole lines are
 * written. On the loop's thread. A failed write is kept and reported by output_close().
 */
#ifndef REPLICATE_OUTPUT_H
#define REPLICATE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"

enum { OUTPUT_BUFFER_SIZE = 36 << 10 };

struct output {
    int fd;
    int64_t zero_ns;         /* CLOCK_MONOTONIC at the run's zero; negative if before boot */
    uint64_t progress_at_ns; /* of the last progress line */
    double progress;         /* of that line */
    uv_timer_t heart;        /* beats while nothing else is reported */
    uv_timer_t timer;        /* runs while the buffer holds something */
    int failure;             /* -errno of the first failed write */
    size_t len;
    char buffer[OUTPUT_BUFFER_SIZE];
};

/* `path` NULL is standard output. `start_ns` is what `at` counts from, CLOCK_REALTIME. */
int output_open(struct output *o, uv_loop_t *loop, const char *path, uint64_t start_ns,
                struct error *err);

/* Writes what is left and closes; the timer's close is left to the loop. Returns the first write
 * error. Idempotent. */
int output_close(struct output *o, struct error *err);

/* A metric; `peer` may be NULL. `unit` is "" for a pure number; `now_ns` is CLOCK_MONOTONIC. */
void output_metric(struct output *o, const char *metric, const char *peer, double value,
                   const char *unit, uint64_t now_ns);

/* The same for the many that are times, quickly: `value_ns` is reported in s. */
void output_time(struct output *o, const char *metric, const char *peer, int64_t value_ns,
                 uint64_t now_ns);

/* `count` samples of about the same time. */
void output_bucket(struct output *o, const char *metric, double value_s, uint64_t count,
                   uint64_t now_ns);

/* Written at once. */
void output_phase(struct output *o, const char *phase);
void output_error(struct output *o, const char *text);

/* At most five lines a second; 1 is always written. */
void output_progress(struct output *o, double share, uint64_t now_ns);

#endif
