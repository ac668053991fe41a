/* SPDX-License-Identifier: MIT
 *
 * The inside of a lab's process tree: what the launcher's clone becomes.
 */
#ifndef WANLAB_LAB_TREE_H
#define WANLAB_LAB_TREE_H

#include <sys/types.h>

#include "lab/lab.h"
#include "node/native.h"

/* What the supervisor tells the launcher while it builds the lab, in messages of this size. */
struct report {
    enum { REPORT_STEP, REPORT_BOOT, REPORT_READY, REPORT_FAILED } kind;
    struct error err;     /* REPORT_FAILED; REPORT_STEP: the line is in its text */
    size_t booted, count; /* REPORT_BOOT: nodes */
};

struct tree {
    const struct plan *plan;
    const struct lab_options *options;
    const char *folder;                        /* of the lab */
    const char *scratch_disk, *scratch_memory; /* see lab/apply.h */
    uint64_t scratch_bytes;
    char *const *roots;          /* by node; see node_driver.prepare */
    int lock;                    /* held by init and supervisor */
    int reports;                 /* to the launcher */
    int lifeline;                /* read end, or -1 */
    int broker;                  /* to the lab's, see node/broker.h, or -1 */
    int mounts;                  /* the launcher's mount namespace, for lab/pin.h, or -1: no pins */
    int host[NATIVE_NAMESPACES]; /* the launcher's, for native nodes; -1: there are none */
    int idle;                    /* held as long as the lab is there, see lab/idle.h, or -1 */
    bool new_user;               /* the tree has a user namespace of its own: become root in it */
    uid_t uid;                   /* the launcher's, as seen outside */
    gid_t gid;
};

/* The body of PID 1; never returns. */
_Noreturn void tree_init(const struct tree *t);

/* The body of its child, in supervisor.c; the result is its exit status. */
int supervisor_run(const struct tree *t);

#endif
