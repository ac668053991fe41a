/* SPDX-License-Identifier: MIT
 *
 * After the run: whether all databases hold the same tuples, all that were inserted, and none
 * twice; of a baseline run, whether each holds its own node's and no others.
 */
#ifndef REPLICATE_VERIFY_H
#define REPLICATE_VERIFY_H

#include "base/error.h"

/* Writes one error line for each discrepancy; any of them is an error. */
int verify(struct error *err);

#endif
