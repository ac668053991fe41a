/* SPDX-License-Identifier: MIT
 *
 * The adapter of measuring programs: parameters from the environment, barriers, samples as JSON
 * Lines for the emulator, and an account of the time that went neither into the measured work nor
 * into waiting for other nodes. Without an emulator (no WANLAB_OUTPUT) lines go to standard output,
 * and barriers open at the end of standard input.
 *
 * One thread. The programs are linked statically, so that they run in any root.
 */
#ifndef METER_H
#define METER_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct meter {
    FILE *lines;
    uint64_t begin_ns, end_ns; /* the first barrier's end, and that of the last barrier or work */
    uint64_t work_ns, wait_ns; /* between these: measured, and at barriers */
    uint64_t started_ns;
};

int meter_open(struct meter *m, struct error *err);
/* Reports the metric `adapter`; the first write error. */
int meter_close(struct meter *m, struct error *err);

/* Waits for all nodes: barrier "NAME NUMBER". */
void meter_barrier(struct meter *m, const char *name, unsigned number);

/* The measured work is what lies between these two; meter_stop() returns its nanoseconds. */
void meter_start(struct meter *m);
uint64_t meter_stop(struct meter *m);

void meter_sample(struct meter *m, const char *metric, double value, const char *unit);

/* WANLAB_PARAM_NAME, `fallback` where it is not set; an input error outside of the bounds. */
int meter_parameter(const char *name, double fallback, double min, double max, double *ret,
                    struct error *err);

/* The exit status for `err`, which is printed. */
int meter_fail(const char *program, const struct error *err);

#endif
