/* SPDX-License-Identifier: MIT
 *
 * Several packets into one super-packet, as the receive offload of a network card does (GRO), so
 * that one system call and one way through the receiver's kernel do for all of them. Only packets
 * that the kernel would cut the super-packet into again, bit by bit, are put together: neighbours
 * of one TCP or UDP flow to a single station, equally long but for the last, their checksums still
 * to be computed.
 * Pure.
 *
 * Packets stay the caller's, and must stay where they are until the parts have been written.
 */
#ifndef WANLAB_WIRE_DELAYLINE_MERGE_H
#define WANLAB_WIRE_DELAYLINE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    MERGE_MAX = 64,          /* packets; UDP's limit in the kernel */
    MERGE_HEADERS_MAX = 160, /* virtio-net, Ethernet, IPv6 and TCP with all its options */
};

struct merge {
    uint8_t headers[MERGE_HEADERS_MAX]; /* those of the first, later of the super-packet */
    struct iovec parts[MERGE_MAX + 1];
    unsigned count;
    bool mergeable; /* another packet may follow */
    bool is_tcp, is_ipv4;
    uint16_t transport; /* where it begins, counted from the virtio-net header on */
    uint16_t headers_size;
    uint32_t segment; /* payload bytes of the first */
    uint32_t payload; /* of all */
};

/* Begins anew with this packet: virtio-net header and frame. */
void merge_begin(struct merge *m, const uint8_t *packet, size_t size);

/* Adds a packet behind the others; false: it cannot be added. */
bool merge_add(struct merge *m, const uint8_t *packet, size_t size);

/* What is to be written, in `parts`; how many. */
int merge_finish(struct merge *m);

#endif
