/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include "node/process.h"

const struct node_driver *node_driver(enum node_kind kind)
{
    static const struct node_driver *const drivers[] = {
        [NODE_KIND_PROCESS] = &node_process,
    };
    return drivers[kind];
}
