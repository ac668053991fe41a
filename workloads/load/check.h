/* SPDX-License-Identifier: MIT
 *
 * What is known of the whole cluster when all nodes' loads have ended: their histories together,
 * the times without service, and whether what the clients saw is possible.
 */
#ifndef LOAD_CHECK_H
#define LOAD_CHECK_H

#include "base/error.h"

/* Reads files/NODE/history.jsonl in the folder WANLAB_RESULTS. Fails if history-check, which is
 * beside this program, finds a violation or cannot decide, and if a node's history is missing: what
 * its clients wrote would seem to come from nowhere. */
int check_run(struct error *err);

#endif
