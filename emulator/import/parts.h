/* SPDX-License-Identifier: MIT
 *
 * Which nodes hang together: disjoint sets of the numbers from 0 on.
 */
#ifndef WANLAB_IMPORT_PARTS_H
#define WANLAB_IMPORT_PARTS_H

#include <stddef.h>

struct parts {
    unsigned *parent;
    size_t number; /* of parts */
};

void parts_init(struct parts *p, size_t count); /* each by itself */
void parts_done(struct parts *p);
void parts_join(struct parts *p, unsigned a, unsigned b);

#endif
