/* SPDX-License-Identifier: MIT
 *
 * What can be said before the run: where the asked rate and the asked round trips cannot both hold.
 * Pure arithmetic; server time is left out, so a warning is never a false alarm about the network.
 */
#ifndef REPLICATE_LINT_H
#define REPLICATE_LINT_H

#include "base/text.h"

#include "parameters.h"
#include "peers.h"

/* Adds one line per warning to `ret`, none when the network allows the asked rate. */
void lint_warnings(const struct parameters *p, const struct peers *peers, struct text *ret);

#endif
