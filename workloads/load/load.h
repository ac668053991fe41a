/* SPDX-License-Identifier: MIT
 *
 * A node's load on a cluster. Operation k is due at k / rate after the start and is done by the
 * first client that is free; its latency counts from when it was due. After the last one the node
 * reads all keys and the set once more, so that the check finds what was lost. One thread.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include "base/error.h"

#include "engine.h"
#include "parameters.h"

int load_run(const struct engine *engine, const struct parameters *p, struct error *err);

#endif
