/* SPDX-License-Identifier: MIT
 *
 * The instances of the run, as the emulator's JSON file lists them.
 */
#ifndef REPLICATE_PEERS_H
#define REPLICATE_PEERS_H

#include <stddef.h>

#include "base/error.h"

struct peer {
    char *name;
    char *address; /* the first one, numeric */
    double *rtt_s; /* asked round trip to each index; NaN where unknown */
};

struct peers {
    struct peer *list; /* by index */
    size_t count;
};

/* Reads `path`, which must list `count` peers in order of their index. */
int peers_load(const char *path, size_t count, struct peers *ret, struct error *err);
void peers_done(struct peers *p);

/* The index with the numerically lowest address, IPv4 before IPv6. */
size_t peers_master(const struct peers *p);

#endif
