/* SPDX-License-Identifier: MIT
 *
 * What the emulator asks of this node's load, read from the environment, to which the texts belong.
 */
#ifndef LOAD_PARAMETERS_H
#define LOAD_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct parameters {
    const char *node, *peers_path, *folder, *output_path; /* output_path NULL: standard output */
    unsigned index, count;
    uint64_t seed, start_ns; /* the run's zero, CLOCK_REALTIME */
    double rate;             /* operations per second of this node */
    double duration_s, timeout_s, settle_s, outage_s;
    double slack_s; /* how far the nodes' clocks may be apart */
    unsigned clients, keys;
    double reads, cas, adds; /* shares of the operations; the rest are writes */
    bool weak;               /* reads; the workload's own parameter says so */
};

/* Reads and checks; what makes no sense is an input error that names the variable. */
int parameters_read(struct parameters *ret, struct error *err);

/* The same for the check, which runs on no node: node, index and folder are left out. */
int parameters_read_host(struct parameters *ret, struct error *err);

/* One more, of a workload's own; the default where it is not set. */
int parameters_read_integer(const char *name, double fallback, double min, double max,
                            unsigned *ret, struct error *err);

/* Which of the words it is, NULL-terminated; the first is the default. */
int parameters_read_choice(const char *name, const char *const *words, unsigned *ret,
                           struct error *err);

#endif
