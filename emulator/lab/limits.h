/* SPDX-License-Identifier: MIT
 *
 * What a lab needs of the machine in numbers, held against what the machine allows before anything
 * is started: thousands of nodes run into limits that were made for a few hundred processes, and an
 * error in the middle would not say how much is needed.
 */
#ifndef WANLAB_LAB_LIMITS_H
#define WANLAB_LAB_LIMITS_H

#include "base/error.h"
#include "topology/plan.h"

enum {
    LIMITS_NODE_FDS = 2,   /* of the supervisor: its first process, a socket in its network */
    LIMITS_NODE_KIB = 600, /* what an idle node of kind process takes at most */
};

/* An error (STATUS_MACHINE) names what there is too little of, the number that the lab needs, and
 * the remedy. What cannot be read is taken for enough. Warns where a network may need more than
 * there is, depending on who talks to whom. */
int limits_check(const struct plan *p, struct error *err);

/* KiB of memory that can be taken without swapping; -1: not known. */
double limits_available_kib(void);

#endif
