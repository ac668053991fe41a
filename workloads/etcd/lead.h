/* SPDX-License-Identifier: MIT
 *
 * Makes a member of choice the leader before the load begins, so that a schedule of events knows
 * whom it cuts off.
 */
#ifndef ETCD_LEAD_H
#define ETCD_LEAD_H

#include "base/error.h"

#include "load/members.h"

/* Has member `index` lead, within `timeout_s`. */
int lead_take_over(const struct members *m, unsigned index, double timeout_s, struct error *err);

#endif
