/* SPDX-License-Identifier: MIT
 *
 * Carries a plan out: step by step, in the fabric's network namespace; the nodes boot in between,
 * side by side (lab/boot.h). On an error everything made so far is still there and is the caller's
 * to end; in a supervisor that means to exit.
 */
#ifndef WANLAB_LAB_APPLY_H
#define WANLAB_LAB_APPLY_H

#include "node/node.h"
#include "topology/plan.h"
#include "wire/engine.h"

struct fabric {
    const struct plan *plan;
    struct netlink *netlink;     /* in the fabric's namespace */
    struct node_instance *nodes; /* scenario order */
    struct boot *boots;          /* what they boot from, alike */
    int *tap_fds;                /* plan order; -1: not made, or handed to the engine */
    int bare_mounts;             /* the mount namespace as it was before the first node; or -1 */
};

/* What nodes are made of beside the plan; valid as long as the fabric is. Each sees its scratch
 * folder as /run/wanlab/scratch and, read-only, the lab's facts (hosts, peers.json) in
 * /run/wanlab/lab. */
struct apply_options {
    const char *folder;          /* scratch folders and consoles are made here */
    const char *hidden;          /* the folder of all labs, which no node may see */
    const char *scratch_disk;    /* the lab's folder for scratch folders; see node/scratch.h; */
    const char *scratch_memory;  /* NULL: none is needed */
    uint64_t scratch_bytes;      /* size of each node's scratch folder */
    const char *workload_folder; /* seen read-only as /run/wanlab/workload; NULL: none */
    const char *cache_folder;    /* seen read-only as /run/wanlab/cache; NULL: none */
    const bool *clocks;          /* by node: whether events change its clock */
    char *const *roots;          /* by node, what their drivers prepared; NULL: none */
    int broker;                  /* the lab's, see node/broker.h; -1: none is needed */
    const int *host;             /* the host's namespaces, see node/native.h; if any is native */
    int launcher;                /* a socket: closed when nobody waits for the lab any more */
    const char *cgroups;         /* the record of the lab's cgroups; NULL: none are needed */
    void (*on_step)(const struct plan *p, const struct op *op, void *arg); /* before each step */
    void (*on_boot)(size_t booted, size_t count, void *arg);               /* of all nodes */
    void *arg;
};

int fabric_init(struct fabric *f, const struct plan *plan, struct error *err);
void fabric_done(struct fabric *f); /* ends the nodes */
int fabric_apply(struct fabric *f, const struct apply_options *options, struct error *err);

/* Puts a bare wire's connection into the engine's hands; see plan_splice(). On error it is as it
 * was. */
int fabric_splice(struct fabric *f, unsigned wire, const struct wire_engine *engine,
                  struct engine_run *run, struct error *err);

/* From here on the node hands wire packets over at this port: engine netem cannot do that itself.
 */
int fabric_set_offloads_off(struct fabric *f, unsigned port, struct error *err);

/* For boot_all(): the steps about the network of a node that has just booted. */
int fabric_connect_node(struct fabric *f, unsigned node, const struct apply_options *options,
                        struct error *err);

/* Puts a node's interfaces down, from inside: whatever its processes do when they are killed, its
 * neighbours see nothing but silence. */
void fabric_silence(struct fabric *f, unsigned node);

/* Gives a node in a new life, in f->nodes, the wires of its former one, and applies the plan's
 * steps of that node again. The fabric's ends of the wires, and all that hangs on them, stay as
 * they are.
 */
int fabric_rewire(struct fabric *f, unsigned node, struct node_instance *former, struct error *err);

/* After a fabric_rewire() that failed: the former life gets back what it has lost already. */
void fabric_restore(struct fabric *f, unsigned node, const struct node_instance *former);

#endif
