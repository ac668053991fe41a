/* SPDX-License-Identifier: MIT
 *
 * What the qdiscs of engine netem have counted, wire by wire: the only account that it keeps.
 */
#ifndef WANLAB_WIRE_QDISCS_H
#define WANLAB_WIRE_QDISCS_H

#include "net/tc.h"
#include "topology/plan.h"

/* Reads all of them in the caller's namespace, which must be the fabric. `ret` has a place for each
 * wire of the plan; one without a qdisc of its own stays zero. Netem counts what it lost by chance
 * and what found its queue full in one number, `drops`. */
int qdiscs_read(const struct plan *plan, struct qdisc_stats *ret, struct error *err);

#endif
