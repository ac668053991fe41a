/* SPDX-License-Identifier: MIT
 *
 * Whether the reads of one process of one key ever go back: to a value that is older than one that
 * an earlier read of the same process, which had returned before, has shown.
 *
 * Older means: of a smaller `version`, where both reads have one. Else, where both values were
 * written by exactly one operation each: its write had returned before the other's was called. The
 * absence at the beginning is older than all. Values in no such order are never called older, so
 * what is reported is certain, whatever order the system itself has.
 */
#ifndef CHECK_SESSIONS_H
#define CHECK_SESSIONS_H

#include "history.h"
#include "verdict.h"

/* `h` is sorted. */
void sessions_check(const struct history *h, struct verdict *ret);

#endif
