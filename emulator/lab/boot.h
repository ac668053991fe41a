/* SPDX-License-Identifier: MIT
 *
 * Booting nodes: what each is made of, kept for all its lives, and the boots themselves, several
 * side by side. A lab that comes up waits for them here (boot_all); once it runs, a single node's
 * boot is begun, waited for on the loop, and finished.
 */
#ifndef WANLAB_LAB_BOOT_H
#define WANLAB_LAB_BOOT_H

#include "lab/apply.h"

enum { BOOT_MOUNTS_MAX = 4 };

struct boot {
    const struct node *node; /* NULL: not prepared */
    struct node_spec spec;   /* whose parts are the following */
    struct node_mount mounts[BOOT_MOUNTS_MAX];
    struct node_setting *settings;
    struct node_interface *interfaces;
    char *scratch, *facts, *hosts, *console, *work;
    struct {
        char *file, *library; /* see node/faketime.h; NULL: its clock is its kernel's */
        char *seen;           /* the file, as the node sees it */
    } clock;
    bool has_scratch;  /* `scratch` is a file system of its own */
    bool has_work;     /* so is `work`, in memory */
    uint64_t began_ns; /* monotonic; of the boot under way */
};

/* Prepares and boots all nodes of the plan, and makes the network of each; the first that fails is
 * the error. */
int boot_all(struct fabric *f, const struct apply_options *o, struct error *err);

void boot_done(struct boot *b); /* ends nothing */

/* How many nodes boot side by side at most. */
size_t boot_abreast(void);

/* Begins to boot `n`; boot_finish() is due when n->boot_fd is readable or at the deadline, when it
 * fails if the boot is not over. Its errors show what the node's boot said last. On an error of
 * either the caller stops the node. */
int boot_begin(struct boot *b, struct node_instance *n, struct error *err);
uint64_t boot_deadline_ns(const struct boot *b); /* monotonic */
int boot_finish(struct boot *b, struct node_instance *n, struct error *err);

#endif
