/* SPDX-License-Identifier: MIT
 *
 * A lab's broker: the one process of a lab outside of its namespaces, where the container engine
 * is. It starts and removes the lab's containers on the supervisor's behalf, and when the lab is
 * dead, however it died, it removes them all and ends.
 *
 *   launcher -> broker -> a worker for each request -> docker run, docker rm
 *
 * It holds the lab's lock, so that a lab is gone only when its containers are. Before the first of
 * them is made, engine and label are written to a record in the lab's folder: whoever sweeps that
 * folder removes what a killed broker has left. The broker never blocks on the engine, nor does
 * who asks it.
 */
#ifndef WANLAB_NODE_BROKER_H
#define WANLAB_NODE_BROKER_H

#include "base/error.h"

/* In the launcher: starts the broker of the lab whose runtime folder is `folder`. It lives as long
 * as anybody has `*ret_fd` open. */
int broker_start(const char *folder, int lock, int *ret_fd, struct error *err);

/* Asks for a node's container: `words` are options of `run`, the image and its arguments. After a
 * removal of the node's former container if one is under way. The caller closes `*ret_fd`, where
 * one struct child_answer tells how it went, at the latest after about `timeout_ms`. */
int broker_run(int broker, const char *node, char *const *words, unsigned timeout_ms, int *ret_fd,
               struct error *err);

/* Asks for the removal of a node's container, if there is one; nobody is told. */
void broker_remove(int broker, const char *node);

/* Removes all containers of the dead lab with that folder, and the record with them. Without a
 * record there is nothing to do. */
int broker_sweep(const char *folder, struct error *err);

#endif
