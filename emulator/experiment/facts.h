/* SPDX-License-Identifier: MIT
 *
 * What the nodes' kernels say of themselves, read back before the workload and after it: is TCP in
 * all of them what the scenario asks for? A study of two kinds of node is else one of their
 * kernels' defaults.
 */
#ifndef WANLAB_EXPERIMENT_FACTS_H
#define WANLAB_EXPERIMENT_FACTS_H

#include <jansson.h>

#include "experiment/crew.h"
#include "experiment/fidelity.h"
#include "topology/plan.h"

enum { FACTS_START, FACTS_END, FACTS_TIMES };

/* By time and node, as agent/facts.h prints them; NULL: not read. All zero is an empty one. */
struct facts {
    json_t **nodes[FACTS_TIMES];
    size_t count; /* of nodes */
};

/* Asks all nodes at once and waits until they have answered. */
int facts_read(struct facts *f, int time, struct crew *crew, const struct plan *plan,
               struct error *err);

/* Doubtful: a node's TCP was at either time not what the plan asks for. Call it after
 * fidelity_judge(). */
void facts_judge(const struct facts *f, struct fidelity *fidelity, const struct plan *plan);

/* Adds to `node`, an object of node number `i`: kernel, tcp, interfaces, what its sockets
 * overflowed by, and tcp_at_end where that is another. */
void facts_describe(const struct facts *f, size_t i, json_t *node);
void facts_done(struct facts *f);

#endif
