/* SPDX-License-Identifier: MIT
 *
 * Nodes with a kernel of their own, or whose inside is closed to us for another reason: what the
 * kinds uml, qemu and docker have in common. See machine.c for the story.
 */
#ifndef WANLAB_NODE_MACHINE_H
#define WANLAB_NODE_MACHINE_H

#include "agent/frame.h"
#include "agent/setup.h"
#include "node/node.h"

#define MACHINE_HOST        "/host" /* where the guest mounts the sandbox's files */
#define MACHINE_ROOT        "/node" /* and its root over them, before it enters it */
#define MACHINE_SCRATCH     "/run/wanlab/scratch"
#define MACHINE_ROOT_FOLDER "/run/wanlab/root" /* in the sandbox: a root that is not the host's */

enum {
    MACHINE_LINE_FD = 3, /* where the machine's program finds the agent's line … */
    MACHINE_FIRST_FD,    /* … and the launch's descriptors */
    MACHINE_FDS_MAX = 32,
    MACHINE_HELPERS_MAX = 8,
};

/* How a kind starts its machine. All paths are as seen in the node's sandbox. */
struct machine_launch {
    char **argv;                         /* the machine's program */
    char **helpers[MACHINE_HELPERS_MAX]; /* started before it, and ended with it */
    size_t helper_count;
    int fds[MACHINE_FDS_MAX]; /* from MACHINE_FIRST_FD on, for all of them; closed by the owner */
    size_t fd_count;
    uint64_t shm_bytes; /* size of /dev/shm */
    char *setup;        /* steps for the agent, see agent/setup.h */
    size_t setup_size;
    int qmp;                 /* our end of it, the guard's to read; -1: none */
    const char *device;      /* one more of the host's devices that it needs; NULL: none */
    const char *accelerator; /* how the guest's processor comes about */
    size_t line_window;      /* bytes that may be under way to the guest; 0: any number */
    bool listens;     /* there is no program: fds[0] listens for the guest's line, and fds[1] has
                         a struct child_answer that says why it will not come */
    int timer_signal; /* makes the guest look at its clock, which it can forget; 0: none is needed
                       */
    bool one_process; /* to pause it, stop its program's first process and no other */
    bool sets_clock;  /* the guest's clock has to be set */
    bool stays;       /* its program keeps to one processor, the `turn`th of the allowed ones,
                         counted around */
    unsigned turn;
};

/* Whether this machine has what every machine needs, and `program`. */
int machine_check(const struct node *node, const char *kind, const char *program,
                  const char *package, struct error *err);

bool machine_root_is_host(const struct node_spec *spec);

/* Bytes of memory that a guest with these limits gets. */
uint64_t machine_memory(const struct node_limits *limits);

/* Whether there is memory for all machines of a scenario: exit 3 if not. */
int machine_check_memory(const struct scenario *s, struct error *err);

/* Adds a word to a NULL-terminated list. */
void machine_add(char ***argv, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Opens the file that is the node's scratch disk, with an ext4 file system; made at the first boot,
 * in the scratch folder. The caller closes `*ret_fd`. */
int machine_open_disk(const struct node_spec *spec, int *ret_fd, struct error *err);

/* Adds a step to the setup. */
void machine_step(struct machine_launch *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Steps: MACHINE_ROOT becomes the node's root, found below MACHINE_HOST, with an overlay in the
 * guest's memory; the lab's folders are in it, but not the scratch folder. */
void machine_add_root_steps(struct machine_launch *l, const struct node_spec *spec);
/* Steps: what a root has that is not in its files; MACHINE_ROOT becomes the root. */
void machine_add_enter_steps(struct machine_launch *l);
/* Steps that end every setup: the node's name, settings and interfaces. */
void machine_add_last_steps(struct machine_launch *l, const struct node_spec *spec);
void machine_launch_done(struct machine_launch *l); /* frees argv, helpers, setup; closes fds */

/* What the node's first process tells the supervisor all the time, in shared memory. */
struct machine_facts {
    uint64_t heard_ns; /* when the guest last answered or was let go on, monotonic; 0: never */
    uint64_t memory_total, memory_available, disk_used; /* as of then */
    int64_t clock_offset_ns;                            /* the guest's clock minus ours */
    bool paused;
    unsigned clocks_set;     /* times that the guest has done so since it is up … */
    int clock_errno;         /* … or could not, the last time */
    const char *accelerator; /* as of the launch; the supervisor's */
    char release[65];        /* of its kernel */
    char why[256];           /* why it ended; "": not known */
};

/* For the drivers' vtables; begin takes over what is in `l`. A root that is not the host's is shown
 * to the guest at one place, wherever it lies. A guest whose line brings a network namespace is set
 * up through that, which outlives it; others through requests that it relays. */
int machine_begin(struct node_instance *n, const struct node_spec *spec, struct machine_launch *l,
                  struct error *err);
int machine_finish(struct node_instance *n, const struct node_spec *spec, struct error *err);
int machine_exec(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                 int *ret_pidfd, struct error *err);
int machine_end(struct node_instance *n, bool first, bool *ret_ended, struct error *err);
int machine_pause(struct node_instance *n, bool paused, struct error *err);
int machine_set_clock(struct node_instance *n, int64_t step_ns, int64_t drift_ppb,
                      struct error *err);
void machine_halt(struct node_instance *n);
void machine_stop(struct node_instance *n);

/* Why its guest or its program has ended, before it is halted; "": not known. */
const char *machine_why(const struct node_instance *n);

/* NULL for kinds that share this kernel. */
const struct machine_facts *machine_facts(const struct node_instance *n);

/* The guest's index of the node's interface number `eth` (0 for eth0). */
int machine_interface(const struct node_instance *n, unsigned eth);

#endif
