/* SPDX-License-Identifier: MIT
 *
 * What a kernel has of TCP: a few system calls, and no more, since the agent in a guest uses them
 * too.
 */
#ifndef WANLAB_NET_TCP_H
#define WANLAB_NET_TCP_H

#include "base/error.h"

/* Whether this kernel has the congestion control `name`, loading its module if there is one: else
 * an error that names those that it has. */
int tcp_check_congestion(const char *name, struct error *err);

#endif
