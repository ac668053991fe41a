/* SPDX-License-Identifier: MIT
 *
 * One instance of the benchmark: connects, meets the others, runs its main loop, leaves.
 */
#ifndef REPLICATE_RUN_H
#define REPLICATE_RUN_H

#include "base/error.h"

int run(struct error *err);

#endif
