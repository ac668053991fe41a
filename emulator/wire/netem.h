/* SPDX-License-Identifier: MIT
 *
 * Engine netem: the kernel's own qdisc, put in place by the plan's steps.
 */
#ifndef WANLAB_WIRE_NETEM_H
#define WANLAB_WIRE_NETEM_H

#include "net/tc.h"
#include "wire/engine.h"

extern const struct wire_engine netem_engine;

/* The qdisc of a wire. */
void netem_fill(const struct plan *plan, unsigned wire, const struct impairment *i,
                struct netem *ret);

#endif
