/* SPDX-License-Identifier: MIT
 *
 * The members of a cluster: every node of the lab, as the emulator's JSON file lists them.
 */
#ifndef LOAD_MEMBERS_H
#define LOAD_MEMBERS_H

#include <stddef.h>

#include "base/error.h"

struct member {
    char *name, *address; /* the first one, numeric */
};

struct members {
    struct member *list; /* by index */
    size_t count;
};

int members_load(const char *path, struct members *ret, struct error *err);
/* Those of the file that WANLAB_PEERS names. */
int members_load_peers(struct members *ret, struct error *err);
void members_done(struct members *m);

/* An address as a URL has it: IPv6 in brackets. The caller frees it. */
char *members_host(const struct member *m);

#endif
