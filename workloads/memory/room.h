/* SPDX-License-Identifier: MIT
 *
 * What of memory this node has: enough for the arrays? in which pages do they lie? how large is the
 * cache that they must not fit into?
 */
#ifndef MEMORY_ROOM_H
#define MEMORY_ROOM_H

#include <stddef.h>

#include "base/error.h"

/* Whether so many bytes fit, without any doubt: a limit that this node cannot see (its cgroup's)
 * ends a child that touches them. An error says how much there is and what to change. */
int room_check(size_t size, struct error *err);

double room_cache(void); /* bytes of the largest cache of the first processor; 0: not known */
double room_huge(void);  /* bytes of this process in huge pages; 0: none, or not known */

#endif
