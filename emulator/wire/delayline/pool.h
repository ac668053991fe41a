/* SPDX-License-Identifier: MIT
 *
 * Packet buffers without malloc. All memory is one reserved stretch of address space, so the limit
 * is known from the start; pages come when they are first touched. It is dealt out in chunks, each
 * of which holds buffers of one size class: small ones for a wire packet, big ones for a
 * super-packet of segmentation offload. A chunk whose buffers have all come back can serve the
 * other class when memory is short. Taking and giving are O(1) and last in, first out, which keeps
 * the working set inside the caches.
 *
 * One thread. A packet belongs to whoever took it, until it is given back.
 */
#ifndef WANLAB_WIRE_DELAYLINE_POOL_H
#define WANLAB_WIRE_DELAYLINE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pool_class { POOL_SMALL, POOL_BIG, POOL_CLASSES };

/* Room for data in a buffer of each class. The distances between buffers are odd multiples of a
 * cache line, so that their heads spread over all sets of the caches. */
enum {
    POOL_HEAD = 64,
    POOL_SMALL_CAPACITY = 31 * 64 - POOL_HEAD,
    POOL_BIG_CAPACITY = 1035 * 64 - POOL_HEAD, /* 65,536 bytes of IP and their headers */
    POOL_CHUNK = 2 << 20,
    POOL_NO_CHUNK = -1,
};

struct packet {
    struct packet *next, *child; /* free for the owner's lists and heaps */
    uint64_t due_ns;             /* when it has to be written, CLOCK_MONOTONIC */
    uint64_t arrival_ns;         /* when it was read */
    uint64_t number;             /* on its wire; meaningless for control packets */
    int64_t flight_ns;           /* delay after transmission, with jitter, without a trace's */
    uint32_t size;               /* of the data: virtio-net header and frame */
    uint32_t wire_bytes;         /* of Ethernet frames once segmented */
    uint32_t order;              /* among those of its wire that are due at the same time */
    uint16_t segments;           /* frames on the wire; 1 unless it is a super-packet */
    bool control : 1;            /* ARP, ND, MLD: exempt from random fate */
    bool early : 1;              /* skips the delay, and so overtakes others */
    bool duplicate : 1;          /* a copy has to follow it */
    bool corrupt : 1;            /* a bit has to be flipped */
    _Alignas(8) uint8_t data[];
};

struct pool_chunk {
    struct packet *free; /* given back */
    uint32_t fresh;      /* how many buffers were ever taken: the rest is untouched memory */
    uint32_t used;
    int next; /* chunk of the same class that has room, or POOL_NO_CHUNK */
    enum pool_class class;
};

struct pool {
    uint8_t *base;
    size_t mapped;
    struct pool_chunk *chunks;
    int chunk_count;
    int untouched; /* chunks from here on belong to no class yet */
    int with_room[POOL_CLASSES];
};

/* Reserves `limit` bytes (rounded down to chunks, at least one for each class); 0 or -errno. */
int pool_init(struct pool *p, size_t limit);
void pool_done(struct pool *p);

size_t pool_capacity(enum pool_class class);

/* A buffer whose contents are undefined, or NULL: the limit is reached. */
struct packet *pool_take(struct pool *p, enum pool_class class);
void pool_give(struct pool *p, struct packet *packet);

#endif
