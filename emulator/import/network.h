/* SPDX-License-Identifier: MIT
 *
 * A GraphML graph as a network of routers: links with the delay of their fibre and the rate of
 * their speed. What the file does not say is guessed by rules, each of which the output names.
 */
#ifndef WANLAB_IMPORT_NETWORK_H
#define WANLAB_IMPORT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "import/import.h"

struct network_options {
    double detour;     /* how much longer fibre is than the straight line */
    uint64_t delay_ns; /* of links whose length is not known */
    uint64_t rate_bps; /* of links whose speed is not known; 0: none */
    bool internal;     /* without the nodes of others */
};

/* `file` is for messages. Fills `ret`, which the caller empties, also after an error. */
int import_network(const char *file, const char *text, size_t size,
                   const struct network_options *options, struct import *ret, struct error *err);

#endif
