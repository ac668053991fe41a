/* SPDX-License-Identifier: MIT
 *
 * A change of wires while their lab runs, prepared: which wires, and what is to be asked of each
 * from then on. The words are those of a person or a program, the keys and values those of a wire
 * in the scenario file, and so are the checks. Pure but for the files that `trace` and
 * `distribution` name.
 *
 * Which wires a word means:
 *   all        every wire
 *   db1        all wires of a node, of a group's nodes, of a network, both ways
 *   db1-db2    those between two of these, both ways; names may have hyphens
 *   db1->db2   those from the first to the second
 * What becomes of them: "KEY=VALUE" as in the file; "KEY=none" as if the key were not there;
 * "down" lets nothing through and keeps the rest, "up" ends that.
 */
#ifndef WANLAB_TOPOLOGY_CHANGE_H
#define WANLAB_TOPOLOGY_CHANGE_H

#include "topology/plan.h"

struct change_wire {
    unsigned wire; /* of the plan */
    struct impairment impairment;
};

/* Traces and distributions that changes have brought along, each once. They live as long as
 * anything may refer to them. */
struct change_tables {
    struct distribution **distributions;
    size_t distribution_count;
    struct trace **traces;
    size_t trace_count;
    struct stations **stations;
    size_t station_count;
};
void change_tables_done(struct change_tables *t);

/* The one that is kept of those with the same contents; consumes `s`. */
const struct stations *change_keep_stations(struct change_tables *t, struct stations *s);

struct change {
    const struct plan *plan;
    const struct impairment *now; /* by wire: what is asked before */
    const char *folder;           /* in which names of files begin; "" or with a slash at its end */
    struct change_tables *tables;
    struct change_wire *wires; /* each once, in the order in which they were named */
    size_t count;
    unsigned *place; /* by wire: its number in `wires` + 1, or 0 */
};

/* An empty one; what is pointed to must outlive it. */
void change_init(struct change *c, const struct plan *plan, const struct impairment *now,
                 struct change_tables *tables, const char *folder);
void change_done(struct change *c);

/* Marks in `named` (one for each wire) those that a word means. Errors are of input. */
int change_select(const struct plan *plan, const char *word, bool *named, struct error *err);

/* Adds to the change: `words` say which wires, `sets` what becomes of them. What the change has for
 * a wire already stays but for what is set. On error it is as before. */
int change_add(struct change *c, const char *const *words, size_t word_count,
               const char *const *sets, size_t set_count, struct error *err);

#endif
