/* SPDX-License-Identifier: MIT
 *
 * A containerlab topology as a scenario: its nodes, links between nodes, and bridges, which become
 * networks. Images, processors and memory come along; whatever else the file says is named in
 * warnings. A node that is joined with two others or more becomes a router.
 */
#ifndef WANLAB_IMPORT_CONTAINERLAB_H
#define WANLAB_IMPORT_CONTAINERLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "import/import.h"

struct containerlab_options {
    bool processes; /* nodes are of kind process, without their images */
};

/* `file` is for messages. Fills `ret`, which the caller empties, also after an error. */
int import_containerlab(const char *file, const char *text, size_t size,
                        const struct containerlab_options *options, struct import *ret,
                        struct error *err);

#endif
