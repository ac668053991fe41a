/* SPDX-License-Identifier: MIT
 *
 * Whether sets are complete: every element whose add was acknowledged is among the members that are
 * read at the end, none is there twice, and none is there, or ever was, that nobody had begun to
 * add by then. The end of a key's history are the reads called after the last acknowledged add had
 * returned; they must all hold, which shows replicas that differ. If there are none, the last one.
 */
#ifndef CHECK_SETS_H
#define CHECK_SETS_H

#include "history.h"
#include "verdict.h"

/* `h` is sorted. */
void sets_check(const struct history *h, struct verdict *ret);

#endif
