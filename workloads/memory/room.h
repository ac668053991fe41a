/* SPDX-License-Identifier: MIT
 *
 * What of memory this node has: enough for the arrays? in which pages do they lie? how large is the
 * cache that they must not fit into?
 */
#ifndef MEMORY_ROOM_H
#define MEMORY_ROOM_H

#include <stddef.h>

#include "base/error.h"

/* Goes on in a child, which may fill so many bytes, while the parent waits and ends as it does; if
 * the child is killed, as by a limit that nobody sees in here (a cgroup's, the host's), or if there
 * is not so much memory from the beginning, the error says so and what to change. */
int room_enter(size_t size, struct error *err);

double room_cache(void); /* bytes of the largest cache of the first processor; 0: not known */
double room_huge(void);  /* bytes of this process in huge pages; 0: none, or not known */

#endif
