/* SPDX-License-Identifier: MIT
 *
 * The record of fates: what became of each packet, in a file. It is written through shared memory,
 * so that no system call is made per packet and nothing is lost with the process; it grows by a
 * megabyte at a time.
 *
 * All numbers are in the machine's byte order. A struct record_header, then the names of the wires,
 * each ended by a NUL, then from `data_offset` on `count` records of 32 bytes in the order in which
 * the packets came in. What lies behind them is room. `wanlab fates FILE` prints such a file.
 */
#ifndef WANLAB_WIRE_DELAYLINE_RECORD_H
#define WANLAB_WIRE_DELAYLINE_RECORD_H

#include <stddef.h>

#include "base/error.h"
#include "topology/plan.h"
#include "wire/delayline/pool.h"

#define RECORD_MAGIC "wanlab fates 1\n" /* 16 bytes with its NUL */

struct record_header {
    char magic[16];
    uint64_t data_offset; /* in bytes */
    uint64_t count;       /* of records */
    uint64_t missed;      /* packets without a record: there was no room on the disk */
    uint64_t started_ns;  /* Unix time, from which arrivals count */
    uint64_t seed;
    uint64_t wire_count;
};

enum record_fate {
    RECORD_SENT,
    RECORD_LOST,           /* by the asked loss */
    RECORD_FULL,           /* the queue had no room */
    RECORD_DROPPED,        /* a second record of a packet: dropped at the queue's head */
    RECORD_COPY,           /* of the packet with the same number: its own delay */
    RECORD_CORRUPT = 0x10, /* or-ed to RECORD_SENT and RECORD_FULL */
    RECORD_DUPLICATE = 0x20,
    RECORD_EARLY = 0x40,   /* reordered: skips the delay */
    RECORD_CONTROL = 0x80, /* ARP, ND, MLD: without a fate; its number means nothing */
};

struct record_entry {
    uint64_t number;     /* of the packet on its wire */
    uint64_t arrival_ns; /* from started_ns */
    uint64_t delay_ns;   /* from the end of its transmission, jitter included */
    uint32_t wire;       /* in the order of the names */
    uint32_t size_fate;  /* bytes of Ethernet frames, and in the top 8 bits the fate */
};

struct recorder {
    int fd; /* not owned */
    struct record_header *header;
    struct record_entry *window; /* NULL: none could be had */
    size_t used;                 /* entries of it */
    uint64_t offset;             /* of the next window */
    uint64_t origin_ns;          /* CLOCK_MONOTONIC of started_ns */
};

/* A new, empty file, or the old one emptied. The caller closes `*ret_fd`. */
int record_create(const char *path, int *ret_fd, struct error *err);

int recorder_init(struct recorder *r, int fd, const struct plan *plan, uint64_t origin_ns,
                  struct error *err);
void recorder_done(struct recorder *r);

void recorder_add(struct recorder *r, uint32_t wire, const struct packet *packet, unsigned fate);

/* Maps a file to read it; `*ret_size` is for munmap(). */
int record_map(const char *path, const struct record_header **ret, size_t *ret_size,
               struct error *err);
const struct record_entry *record_entries(const struct record_header *header);

#endif
