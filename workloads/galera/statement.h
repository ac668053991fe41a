/* SPDX-License-Identifier: MIT
 *
 * Operations as SQL, and what errors mean for the history. Registers are rows (k, v) of
 * `registers`, the set is all rows of `elements`. Every statement is a transaction. Pure.
 */
#ifndef GALERA_STATEMENT_H
#define GALERA_STATEMENT_H

#include <stdbool.h>

#include "load/request.h"

/* The caller frees it. Names have nothing to escape. */
char *statement_text(const struct request *r);

/* What sets a session before it reads: it waits until the server has applied whatever the cluster
 * had committed, or not; `dirty` lets a server without a quorum answer too. Static: to be compared
 * by address. */
const char *statement_session(bool weak, bool dirty);

/* Whether a statement that ended with this error of the server, or of the library, has certainly
 * not changed anything. */
bool statement_had_no_effect(unsigned code);

#endif
