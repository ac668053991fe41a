/* SPDX-License-Identifier: MIT
 *
 * What is known of the whole cluster when all nodes' loads have ended: their histories together,
 * the times without service, and whether what the clients saw is possible.
 */
#ifndef ETCD_CHECK_H
#define ETCD_CHECK_H

#include <stddef.h>

#include "base/error.h"

#include "parameters.h"

/* Fails if history-check finds a violation or cannot decide; `files` are the nodes' histories. */
int check_run(const struct parameters *p, char **files, size_t count, struct error *err);

#endif
