/* SPDX-License-Identifier: MIT
 *
 * Engine netem: the kernel's own qdisc, put in place by the plan's steps.
 */
#ifndef WANLAB_WIRE_NETEM_H
#define WANLAB_WIRE_NETEM_H

#include "wire/engine.h"

extern const struct wire_engine netem_engine;

#endif
