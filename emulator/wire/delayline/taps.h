/* SPDX-License-Identifier: MIT
 *
 * The offloads of the delay line's TAPs, in its parent: clearing them takes the kernel's big lock,
 * for which the process that must never be late does not wait. Where a wire needs wire packets, the
 * kernel segments before a packet reaches the TAP.
 */
#ifndef WANLAB_WIRE_DELAYLINE_TAPS_H
#define WANLAB_WIRE_DELAYLINE_TAPS_H

#include "topology/change.h"

struct taps {
    int *fds; /* plan order, bare ones included; -1: not there */
    size_t count;
    bool *wants;       /* by wire: wire packets */
    unsigned *wanting; /* by TAP: its wires that do */
    const struct plan *plan;
};

/* Takes `fds` over, of which bare TAPs have none, and sets all offloads. */
int taps_init(struct taps *t, const struct plan *plan, const int *fds, struct error *err);
void taps_done(struct taps *t);

/* A bare TAP gets its descriptor (consumed). */
int taps_add(struct taps *t, unsigned tap, int fd, struct error *err);

/* Before a change: clears the offloads that it does not bear. On error they are as before. */
int taps_prepare(struct taps *t, const struct change_wire *wires, size_t count, struct error *err);

/* After it: sets those again that nothing speaks against any more. */
void taps_settle(struct taps *t, const struct change_wire *wires, size_t count);

#endif
