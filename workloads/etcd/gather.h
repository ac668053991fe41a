/* SPDX-License-Identifier: MIT
 *
 * How the node that checks gets the others' histories: each node hands its own to whoever connects.
 */
#ifndef ETCD_GATHER_H
#define ETCD_GATHER_H

#include "base/error.h"

#include "members.h"

/* Serves folder/history.jsonl, for ever; says so on standard error when it can be asked. */
int gather_serve(const char *folder, struct error *err);

/* Fetches all members' histories into folder/NAME.jsonl. The caller frees the paths and the list,
 * which is as long as the members'. */
int gather_fetch(const struct members *m, const char *folder, char ***ret_files, struct error *err);

#endif
