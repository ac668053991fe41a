/* SPDX-License-Identifier: MIT
 *
 * The members of the cluster: every node of the lab, as the emulator's JSON file lists them.
 */
#ifndef ETCD_MEMBERS_H
#define ETCD_MEMBERS_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct member {
    char *name, *address; /* the first one, numeric */
};

struct members {
    struct member *list; /* by index */
    size_t count;
};

int members_load(const char *path, struct members *ret, struct error *err);
void members_done(struct members *m);

/* An address as a URL has it: IPv6 in brackets. The caller frees it. */
char *members_url(const struct member *m, unsigned port);

/* "db1=http://10.0.0.1:2380,…", as etcd wants the whole cluster. */
void members_print_cluster(const struct members *m, unsigned port, FILE *out);

#endif
