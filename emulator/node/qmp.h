/* SPDX-License-Identifier: MIT
 *
 * The little of QEMU's machine protocol that tells how a guest has ended: JSON objects, one a line.
 * Reference: docs/interop/qmp-spec of QEMU.
 */
#ifndef WANLAB_NODE_QMP_H
#define WANLAB_NODE_QMP_H

#include <stddef.h>

struct qmp {
    int fd; /* not blocking; -1: none */
    char line[4096];
    size_t len;
    char reason[64]; /* of the last SHUTDOWN event, in words; "": there was none */
};

/* Asks for events. The descriptor stays the caller's. */
void qmp_open(struct qmp *q, int fd);

/* Reads what has come; `q->fd` becomes -1 when nothing will come any more. */
void qmp_read(struct qmp *q);

#endif
