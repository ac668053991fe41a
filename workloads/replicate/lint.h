/* SPDX-License-Identifier: MIT
 *
 * What can be said before the run: where the asked rate and the asked round trips cannot both hold.
 * Pure arithmetic; server time is left out, so a warning is never a false alarm about the network.
 */
#ifndef REPLICATE_LINT_H
#define REPLICATE_LINT_H

#include <stdint.h>

#include "base/text.h"

#include "parameters.h"
#include "peers.h"

/* What each node needs, in bytes: a server and a client in memory, the database in the scratch
 * folder. From measurements with MariaDB 10.11 (its size when empty, a row, a connection), with
 * room to spare. */
struct needs {
    uint64_t memory, scratch;
};
struct needs lint_needs(const struct parameters *p);

/* Every node must reach every other one: an input error names two that have no direct path. */
int lint_paths(const struct peers *peers, struct error *err);

/* Adds one line per warning to `ret`, none when the network allows the asked rate. */
void lint_warnings(const struct parameters *p, const struct peers *peers, struct text *ret);

#endif
