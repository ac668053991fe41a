/* SPDX-License-Identifier: MIT
 *
 * What the emulator asks of this instance, read from the environment. Strings belong to the
 * environment; nothing has to be released.
 */
#ifndef REPLICATE_PARAMETERS_H
#define REPLICATE_PARAMETERS_H

#include <stdint.h>

#include "base/error.h"

enum mode { MODE_SEQUENTIAL, MODE_PARALLEL, MODE_BASELINE };
enum pacing { PACING_SLEEP, PACING_ABSOLUTE };
enum arrivals { ARRIVALS_CONSTANT, ARRIVALS_POISSON };

struct parameters {
    unsigned count;              /* instances, which are databases too */
    const char *peers_path;      /* JSON, see peers.h */
    uint64_t seed;               /* of the tuples' contents */
    double rate;                 /* inserts per second and instance */
    double duration_s;           /* of the main loop, if it keeps up */
    unsigned aggregate;          /* tuples in one statement to a remote database */
    unsigned tuple_len;          /* characters in a tuple's string */
    enum mode mode;              /* how a batch reaches the remote databases */
    enum pacing pacing;          /* what paces the local inserts */
    enum arrivals arrivals;      /* how far apart their intended times are */
    unsigned connections;        /* to each remote database */
    uint64_t connect_timeout_ns; /* for all connections together */
    uint64_t sync_timeout_ns;    /* for all instances to arrive at the barrier */
    uint64_t cut_timeout_ns;     /* for a database that is away in between */
    uint64_t inserts;            /* of each instance: the count, else duration x rate */
};

/* What differs from instance to instance. */
struct identity {
    const char *node;
    unsigned index;
    const char *output_path; /* NULL: standard output */
    const char *folder;      /* scratch; NULL: not said */
    uint64_t start_ns;       /* the run's zero, CLOCK_REALTIME */
};

/* Reads and checks; what makes no sense is an input error that names the parameter. */
int parameters_read(struct parameters *ret, struct error *err);

/* Reads what --lint can do without; `count` bounds the index. */
int identity_read(struct identity *ret, unsigned count, struct error *err);

/* Tuples of each instance that a database holds in the end, its own instance's apart. */
uint64_t parameters_replicated(const struct parameters *p);

/* Batches to each remote database: full ones and the rest. */
uint64_t parameters_batches(const struct parameters *p);

/* Seconds between two batches at the asked rate. */
double parameters_batch_interval_s(const struct parameters *p);

/* Seconds that all inserts take at the asked rate. */
double parameters_nominal_s(const struct parameters *p);

#endif
