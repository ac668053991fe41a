/* SPDX-License-Identifier: MIT
 *
 * The first process of a machine's node. It runs the machine's program and its helpers, or waits
 * for the line of one that somebody else runs; carries frames between the agent's line and the
 * channels of programs, and watches that the guest lives.
 */
#ifndef WANLAB_NODE_MACHINE_GUARD_H
#define WANLAB_NODE_MACHINE_GUARD_H

#include "node/machine.h"

/* What the supervisor says over the control socket, one byte each, and behind MACHINE_CLOCK a
 * struct frame_clock. */
enum machine_command {
    MACHINE_ATTACH = 'a', /* with a stream socket: a new channel, whose frames it carries */
    MACHINE_PAUSE = 'p',  /* the machine is stopped where it is: its silence means nothing */
    MACHINE_RESUME = 'r',
    MACHINE_POWER_OFF = 'o',
    MACHINE_CLOCK = 'c',
};

/* The one message in the other direction, at the boot's end, with the network namespace that the
 * guest's line brought, if any. */
struct machine_answer {
    int result;
    struct error err;
    int32_t indices[SETUP_INTERFACES_MAX]; /* see struct setup_result */
};

struct guard_options {
    const struct node_spec *spec;
    const struct machine_launch *launch;
    const struct cgroup *cgroup;
    struct machine_facts *facts;
    int console; /* all that the machine says; opened before, as a file that is open for writing
                    keeps its mount from being made read-only */
    int control;
};

/* The body of the process; never returns. */
_Noreturn void guard_run(const struct guard_options *o);

#endif
