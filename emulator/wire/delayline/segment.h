/* SPDX-License-Identifier: MIT
 *
 * Super-packets cut into the frames that they are on the wire, as the kernel would do it. Needed
 * for those that waited in a TAP while its wire came to need wire packets. Pure; nothing in a
 * packet is trusted.
 */
#ifndef WANLAB_WIRE_DELAYLINE_SEGMENT_H
#define WANLAB_WIRE_DELAYLINE_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

/* Writes segment number `n` of a super-packet (virtio-net header and frame, `size` bytes, at most
 * 65,549) to `ret`, which has room for as many. Its checksum is still to be computed, as it was.
 * The segment's size with its header; 0: the packet has no such segment, or cannot be cut. */
size_t segment_cut(const uint8_t *packet, size_t size, unsigned n, uint8_t *ret);

#endif
