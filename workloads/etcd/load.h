/* SPDX-License-Identifier: MIT
 *
 * This node's load. Operation k is due at k / rate after the start and is done by the first client
 * that is free; its latency counts from when it was due. After the last one the node reads all keys
 * and the set once more, so that the check finds what was lost. One thread, libcurl's multi loop.
 */
#ifndef ETCD_LOAD_H
#define ETCD_LOAD_H

#include "base/error.h"

#include "parameters.h"

int load_run(const struct parameters *p, struct error *err);

#endif
