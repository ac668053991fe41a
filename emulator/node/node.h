/* SPDX-License-Identifier: MIT
 *
 * A node: something with a network stack of its own that runs programs. What differs between kinds
 * is behind `struct node_driver`; nobody outside this folder asks which kind a node has.
 *
 * Loop rule: the calls block for a few milliseconds at most. What takes longer, a boot, is begun
 * and finished by two calls, with a descriptor that tells when to make the second, so that nodes
 * boot side by side. Processes in nodes are children of the calling process, told apart by pidfd,
 * and are reaped by it.
 */
#ifndef WANLAB_NODE_NODE_H
#define WANLAB_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "base/error.h"
#include "net/netlink.h"
#include "node/cgroup.h"
#include "topology/scenario.h"

struct node_setting {
    const char *key, *value; /* a sysctl of the node's own network */
    bool optional;           /* not every kernel has it */
};

/* A folder of the host that the node sees under `target`. */
struct node_mount {
    const char *source, *target;
    bool writable;
};

/* An interface of a machine: the TAP `port` in the network that the supervisor is in. */
struct node_interface {
    const char *name, *port;
    const uint8_t *mac;
    bool offloads; /* may it send more than a wire packet at once? */
};

struct node_spec {
    const char *name;
    const char *hosts;          /* path of the file that becomes /etc/hosts */
    const char *hidden;         /* folder of the host that the node must not see; NULL: none */
    const char *scratch_parent; /* so is this, where the nodes' own lie that it has; NULL: none */
    const struct node_mount *mounts; /* targets lie below /run */
    size_t mount_count;
    uint64_t scratch_bytes; /* of the one that is writable */
    dev_t disk;             /* that this one is on, where limits ask for it */
    bool scratch_on_disk;   /* it lies on a disk of the host, not in memory */
    const struct node_setting *settings;
    size_t setting_count;
    int bare_mounts;        /* a mount namespace as it was before any node was; -1: there is none */
    const char *congestion; /* TCP's, which the node's routes will name; NULL: none */
    const struct node_limits *limits;
    enum accelerator accelerator;
    uint64_t answer_timeout_ns; /* a guest that is silent for so long has died */
    const char *cgroups; /* the lab's record of cgroup folders; see node/cgroup.h; NULL: none */
    const char *device;  /* one more of the host's that its sandbox has; NULL: none */
    const char *root;    /* what prepare() found; NULL: none */
    const char *image;   /* as in the file; NULL: none */
    uint64_t boot_timeout_ns;
    int broker;                              /* the lab's, see node/broker.h; -1: none */
    const int *host;                         /* the host's namespaces, see node/native.h */
    const struct node_interface *interfaces; /* of a machine; others get theirs when they run */
    size_t interface_count;
    const char *console; /* file for what is said during the boot and by a machine's console */
    const char *work;    /* a folder of its own in memory, for the driver; made by it if needed */
};

enum node_state { NODE_DEAD, NODE_BOOTING, NODE_RUNNING, NODE_PAUSED };

/* One life of a node. When that ends, its network namespace outlives it as long as the instance is
 * halted and not stopped, with the node's ends of its wires: the next life gets those. */
struct node_instance {
    const struct node_driver *driver;
    char *name;
    pid_t pid;                    /* the node's first process, as this process sees it; 0: none */
    int pidfd;                    /* readable when the node has died */
    int boot_fd;                  /* readable when finish() would not wait; -1: it does not boot */
    pid_t boot_pid;               /* what boots it, where that is not its first process; 0: none */
    char *boot_log;               /* path of what was said during the boot; NULL: none */
    struct netlink *netlink;      /* a routing socket in its network namespace, which it keeps */
    int namespaces;               /* CLONE_NEW… flags of those that its programs share */
    bool privileged;              /* its programs keep all that root may */
    struct cgroup cgroup;         /* what its programs join */
    const struct node_spec *spec; /* of kind native; else NULL */
    struct machine *machine;      /* see node/machine.h; NULL for kinds that share this kernel */
    int broker;                   /* who is to remove its container; -1: nobody */
    enum node_state state;        /* kept by lab/ */
    uint64_t reaped_cpu_ns;       /* processor time of what this process reaped; see node/usage.h */
    uint64_t boot_ns;             /* from begin() until it could run programs */
};

enum { NODE_FDS_MAX = 4 };

/* A program to run in a node. */
struct node_exec {
    char *const *argv;
    char *const *env;      /* complete: nothing is inherited */
    const char *folder;    /* working folder; NULL: / */
    int fds[NODE_FDS_MAX]; /* become 0, 1, 2, 3 */
    size_t fd_count;
    bool faked;          /* a program that node/faketime.h has no hold on is refused */
    bool builtin;        /* argv[0] names one of agent/builtin.h instead of a file */
    bool tty;            /* instead of fds it gets a new terminal, which is its own */
    struct winsize size; /* of that */
    int *ret_master;     /* the terminal's other side */
};

struct node_driver {
    const char *name; /* as in the file */
    /* In the launcher, before anything is started: can this machine do it, and what is the node's
     * root? `*ret_root` is the caller's to free. NULL: nothing to prepare. */
    int (*prepare)(const struct scenario *s, const struct node *node, char **ret_root,
                   struct error *err);
    /* Begins to boot and returns at once: `n->boot_fd` becomes readable when finish() would not
     * wait. `spec` stays valid until stop(). On error the caller calls stop(). */
    int (*begin)(struct node_instance *n, const struct node_spec *spec, struct error *err);
    /* The boot's end: 0: the node can run programs. On error the caller calls stop(). */
    int (*finish)(struct node_instance *n, const struct node_spec *spec, struct error *err);
    /* Starts a program. `*ret_pidfd` becomes readable when it ends, waitid(P_PIDFD) reaps it. */
    int (*exec)(const struct node_instance *n, const struct node_exec *e, pid_t *ret_pid,
                int *ret_pidfd, struct error *err);
    /* Stops all of its programs where they are, at once, or lets them go on. NULL: cannot be. */
    int (*pause)(struct node_instance *n, bool paused, struct error *err);
    /* Its kernel's wall clock makes a step, and runs fast from then on by so many in 10^9; one that
     * is paused does so when it goes on. NULL: its kernel is this one; see node/faketime.h. */
    int (*set_clock)(struct node_instance *n, int64_t step_ns, int64_t drift_ppb,
                     struct error *err);
    /* Asks all of its programs to end (with `first`), and tells whether they have. A node with a
     * kernel of its own ends then by itself, which its pidfd tells. */
    int (*end)(struct node_instance *n, bool first, bool *ret_ended, struct error *err);
    /* Ends all its processes at once; idempotent; also of one that still boots. What remains is the
     * name and, where it had one, `netlink`. Programs that exec() started
     * have to be reaped before: the node's end waits for them. Who cannot wait kills by `pidfd` and
     * halts when that is readable. */
    void (*halt)(struct node_instance *n);
    /* Halts and releases everything; idempotent. */
    void (*stop)(struct node_instance *n);
};

extern const struct node_instance node_none; /* what has never been begun */

const char *node_state_name(enum node_state state);

/* The driver of a kind; every kind that a scenario can have has one. */
const struct node_driver *node_driver(enum node_kind kind);

/* For drivers: an instance without anything; makes and opens the node's cgroups (with limits if
 * the file has any, exit 3 where they cannot be had). */
void node_init(struct node_instance *n, const struct node_driver *driver, const char *name);
int node_limit(struct node_instance *n, const struct node_spec *spec, struct error *err);

/* What a node's first process does to become one, after it has joined the node's cgroup; `channel`
 * is how it answers. A descriptor that it leaves in *ret_fd (which is -1) goes to the supervisor.
 */
typedef int (*node_enter)(const struct node_spec *spec, int channel, int *ret_fd,
                          struct error *err);

/* For drivers' begin(), of kinds whose first process is a copy of the supervisor: limits the node,
 * clones that process into a PID namespace of its own, lets it enter() the node, answer with a
 * struct child_answer over the boot_fd, and reap from then on. */
int node_clone(struct node_instance *n, const struct node_spec *spec, node_enter enter,
               struct error *err);

/* For drivers: opens a node's socket in its network namespace, `ns_fd` or a pidfd of a process in
 * it, and applies the spec's settings there. */
int node_open_network(struct node_instance *n, const struct node_spec *spec, int ns_fd,
                      struct error *err);

#endif
