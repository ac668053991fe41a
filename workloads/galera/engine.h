/* SPDX-License-Identifier: MIT
 *
 * A Galera cluster under load: every client asks its node's own server, over its socket.
 */
#ifndef GALERA_ENGINE_H
#define GALERA_ENGINE_H

#include "load/engine.h"

/* How the load reads; the values of the parameter `consistency`. */
enum consistency { CONSISTENCY_CAUSAL, CONSISTENCY_LOCAL, CONSISTENCY_DIRTY };
int consistency_read(enum consistency *ret, struct error *err);

extern const struct engine galera_engine;

#endif
