/* SPDX-License-Identifier: MIT
 *
 * What the delay line has to know about a packet: its destination address, whether it is one that
 * keeps a network going (and so must not be lost by chance), and how many frames it is on the wire.
 * Pure. A packet is a virtio-net header (struct virtio_net_hdr_v1) and an Ethernet frame; nothing
 * in it is trusted. The header carries the checksum that is still to be computed and the size of
 * the segments; only corruption changes it.
 */
#ifndef WANLAB_WIRE_DELAYLINE_FRAME_H
#define WANLAB_WIRE_DELAYLINE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_VNET_HEADER = 12,     /* struct virtio_net_hdr_v1 */
    FRAME_ETHERNET_HEADER = 14, /* destination, source, type */
    FRAME_GSO_UDP = 5,          /* VIRTIO_NET_HDR_GSO_UDP_L4, missing from older headers */
};

struct frame {
    bool group;                 /* broadcast or multicast */
    bool control;               /* ARP, IPv6 neighbour discovery, MLD */
    int family;                 /* AF_INET, AF_INET6; 0: neither */
    const uint8_t *destination; /* the address, 4 or 16 bytes inside the packet; NULL: none */
    uint16_t segments;          /* 1, or those of a super-packet */
    uint32_t wire_bytes;        /* of all its frames, each with headers of its own */
};

/* False: too short to be an Ethernet frame. */
bool frame_parse(const uint8_t *packet, size_t size, struct frame *ret);

/* The bytes of a super-packet's frame that each of its segments repeats; 0: it is none, or it is
 * not known. */
size_t frame_segment_headers(const uint8_t *packet, size_t size);

/* Does to an IP packet what a router does, as the fabric itself is one with engine netem: writes
 * destination and source MAC (`macs`: 6 bytes each, in the order of the frame) and takes one from
 * the time to live. False: the packet has none left and is to be dropped. `f` is what frame_parse()
 * found in it. */
bool frame_route(uint8_t *packet, const struct frame *f, const uint8_t macs[12]);

/* Flips one bit of the frame behind its Ethernet header; `random` says which. A checksum that was
 * still to be computed is computed before, and nothing in the virtio-net header vouches for one any
 * more: as on a real wire, it is for the receiver to find out. False: a super-packet, whose
 * segments will get their checksums later; it is left as it is. */
bool frame_corrupt(uint8_t *packet, size_t size, uint64_t random);

#endif
