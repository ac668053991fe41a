/* SPDX-License-Identifier: MIT
 *
 * What this machine can do: each thing that labs need or can use is looked for, tried where looking
 * does not tell, and given with the package or setting that cures its absence. Trying happens in
 * children with namespaces of their own; nothing of the machine is changed.
 */
#ifndef WANLAB_LAB_DOCTOR_H
#define WANLAB_LAB_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_WEAK,    /* it works, and costs speed, size or exactness */
    DOCTOR_MISSING, /* something cannot be used */
    DOCTOR_NEEDED,  /* missing, and nothing works without */
};

struct doctor_check {
    const char *group, *name; /* "kernel", "netem" */
    enum doctor_state state;
    char found[256];
    const char *cure; /* NULL: nothing to cure */
    int64_t nodes;    /* how many nodes it allows; -1: it does not limit them */
};

struct doctor {
    struct doctor_check *checks;
    size_t count;
};

void doctor_examine(struct doctor *d);
void doctor_done(struct doctor *d);

/* Whether databases on process nodes can run: nothing is DOCTOR_NEEDED. */
bool doctor_can_run(const struct doctor *d);

const char *doctor_state_name(enum doctor_state state);

#endif
