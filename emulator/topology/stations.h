/* SPDX-License-Identifier: MIT
 *
 * A set of Ethernet addresses: the members of a network from which a wire takes no frames. Pure,
 * and constant once made.
 */
#ifndef WANLAB_TOPOLOGY_STATIONS_H
#define WANLAB_TOPOLOGY_STATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stations {
    size_t count;
    uint64_t macs[]; /* ascending */
};

/* Of `count` addresses of six bytes, one behind the other. Free with free(). */
struct stations *stations_new(const uint8_t (*macs)[6], size_t count);

bool stations_have(const struct stations *s, const uint8_t mac[6]);
bool stations_equal(const struct stations *a, const struct stations *b);
size_t stations_size(const struct stations *s); /* in bytes, all of it */

#endif
