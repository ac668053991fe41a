/* SPDX-License-Identifier: MIT */
#include "wire/pcapng.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINK_ETHERNET = 1,
    OPTION_END = 0,
    OPTION_APPLICATION = 4, /* of a section */
    OPTION_NAME = 2,        /* of an interface, and so are these: */
    OPTION_DESCRIPTION = 3,
    OPTION_RESOLUTION = 9,
    OPTION_DROPS = 5, /* of statistics */
    NANOSECONDS = 9,  /* digits behind the point */
};

void pcapng_done(struct pcapng *p)
{
    free(p->data);
    *p = (struct pcapng){0};
}

/* Adds bytes, and zeros up to a multiple of four. */
static void add(struct pcapng *p, const void *data, size_t size)
{
    const size_t padded = (size + 3) & ~(size_t)3;
    if (p->room - p->size < padded) {
        p->room = 2 * p->room + padded + 4096;
        p->data = xrealloc(p->data, p->room, 1);
    }
    if (size > 0)
        memcpy(p->data + p->size, data, size);
    memset(p->data + p->size + size, 0, padded - size);
    p->size += padded;
}

static void add_32(struct pcapng *p, uint32_t value)
{
    add(p, &value, sizeof(value));
}

static void add_option(struct pcapng *p, uint16_t code, const void *data, size_t size)
{
    const uint16_t head[] = {code, (uint16_t)size};
    add(p, head, sizeof(head));
    add(p, data, size);
}

static size_t begin_block(struct pcapng *p, uint32_t type)
{
    const size_t begin = p->size;
    add_32(p, type);
    add_32(p, 0); /* its length, when it is known */
    return begin;
}

static void end_block(struct pcapng *p, size_t begin)
{
    const uint32_t length = (uint32_t)(p->size - begin + 4);
    add_32(p, length);
    memcpy(p->data + begin + 4, &length, sizeof(length));
}

void pcapng_add_section(struct pcapng *p, const char *application)
{
    const uint16_t version[] = {1, 0};
    const int64_t unknown_length = -1;
    const size_t begin = begin_block(p, BLOCK_SECTION);
    add_32(p, BYTE_ORDER_MAGIC);
    add(p, version, sizeof(version));
    add(p, &unknown_length, sizeof(unknown_length));
    add_option(p, OPTION_APPLICATION, application, strlen(application));
    add_option(p, OPTION_END, NULL, 0);
    end_block(p, begin);
}

void pcapng_add_interface(struct pcapng *p, const char *name, const char *description,
                          uint32_t snap_length)
{
    const uint16_t link[] = {LINK_ETHERNET, 0};
    const uint8_t resolution = NANOSECONDS;
    const size_t begin = begin_block(p, BLOCK_INTERFACE);
    add(p, link, sizeof(link));
    add_32(p, snap_length);
    add_option(p, OPTION_NAME, name, strlen(name));
    add_option(p, OPTION_DESCRIPTION, description, strlen(description));
    add_option(p, OPTION_RESOLUTION, &resolution, 1);
    add_option(p, OPTION_END, NULL, 0);
    end_block(p, begin);
}

static void add_time(struct pcapng *p, uint64_t time_ns)
{
    add_32(p, (uint32_t)(time_ns >> 32));
    add_32(p, (uint32_t)time_ns);
}

void pcapng_add_packet(struct pcapng *p, const struct pcapng_packet *packet)
{
    const size_t begin = begin_block(p, BLOCK_PACKET);
    add_32(p, packet->interface);
    add_time(p, packet->time_ns);
    add_32(p, (uint32_t)packet->captured);
    add_32(p, (uint32_t)packet->length);
    add(p, packet->data, packet->captured);
    end_block(p, begin);
}

void pcapng_add_drops(struct pcapng *p, uint32_t interface, uint64_t time_ns, uint64_t drops)
{
    const size_t begin = begin_block(p, BLOCK_STATISTICS);
    add_32(p, interface);
    add_time(p, time_ns);
    add_option(p, OPTION_DROPS, &drops, sizeof(drops));
    add_option(p, OPTION_END, NULL, 0);
    end_block(p, begin);
}
