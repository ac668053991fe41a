/* SPDX-License-Identifier: MIT
 *
 * etcd under load: clients over HTTP, by libcurl's multi loop.
 */
#ifndef ETCD_ENGINE_H
#define ETCD_ENGINE_H

#include "load/engine.h"

extern const struct engine etcd_engine;

#endif
