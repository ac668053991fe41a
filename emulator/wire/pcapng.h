/* SPDX-License-Identifier: MIT
 *
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in this machine's byte order, as its readers
 * expect them: Ethernet frames with times in nanoseconds. Pure.
 */
#ifndef WANLAB_WIRE_PCAPNG_H
#define WANLAB_WIRE_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; all zero is an empty one. */
struct pcapng {
    uint8_t *data;
    size_t size, room;
};

void pcapng_done(struct pcapng *p);

/* First of all, once. */
void pcapng_add_section(struct pcapng *p, const char *application);

/* An interface, numbered from 0 in the order of their blocks. */
void pcapng_add_interface(struct pcapng *p, const char *name, const char *description,
                          uint32_t snap_length);

struct pcapng_packet {
    uint32_t interface;
    uint64_t time_ns; /* Unix time */
    const uint8_t *data;
    size_t captured; /* bytes of `data` */
    size_t length;   /* of the whole frame */
};
void pcapng_add_packet(struct pcapng *p, const struct pcapng_packet *packet);

/* How many packets an interface has not got into the file so far. */
void pcapng_add_drops(struct pcapng *p, uint32_t interface, uint64_t time_ns, uint64_t drops);

#endif
