/* SPDX-License-Identifier: MIT
 *
 * A one-shot timer of nanosecond resolution on the loop (uv_timer counts in milliseconds).
 */
#ifndef REPLICATE_ALARM_H
#define REPLICATE_ALARM_H

#include <stdint.h>
#include <uv.h>

#include "base/error.h"

struct alarm {
    int fd; /* -1: closed */
    uv_poll_t poll;
    void (*ring)(struct alarm *);
    void *owner;
};

int alarm_open(struct alarm *a, uv_loop_t *loop, void (*ring)(struct alarm *), void *owner,
               struct error *err);

/* Rings once at `due_ns` of CLOCK_MONOTONIC, at once if that has passed; replaces an earlier one.
 */
void alarm_set(struct alarm *a, uint64_t due_ns);

/* The handle's close is left to the loop. Idempotent. */
void alarm_close(struct alarm *a);

#endif
