/* SPDX-License-Identifier: MIT */
#include "wire/delayline/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/mem.h"

static_assert(offsetof(struct packet, data) <= POOL_HEAD, "a packet's head outgrew its room");

static const size_t strides[POOL_CLASSES] = {
    [POOL_SMALL] = POOL_SMALL_CAPACITY + POOL_HEAD,
    [POOL_BIG] = POOL_BIG_CAPACITY + POOL_HEAD,
};

size_t pool_capacity(enum pool_class class)
{
    return strides[class] - offsetof(struct packet, data);
}

static uint32_t buffers_in_chunk(enum pool_class class)
{
    return (uint32_t)(POOL_CHUNK / strides[class]);
}

int pool_init(struct pool *p, size_t limit)
{
    *p = (struct pool){.with_room = {POOL_NO_CHUNK, POOL_NO_CHUNK}};
    p->chunk_count = (int)(limit / POOL_CHUNK);
    if (p->chunk_count < POOL_CLASSES)
        p->chunk_count = POOL_CLASSES;
    size_t size = (size_t)p->chunk_count * POOL_CHUNK;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return -errno;
    p->base = base;
    p->mapped = size;
    p->chunks = xcalloc((size_t)p->chunk_count, sizeof(*p->chunks));
    return 0;
}

void pool_done(struct pool *p)
{
    if (p->base)
        munmap(p->base, p->mapped);
    free(p->chunks);
    *p = (struct pool){.with_room = {POOL_NO_CHUNK, POOL_NO_CHUNK}};
}

/* Takes an empty chunk out of the other classes' lists. Rare: only once all chunks have a class. */
static int steal_chunk(struct pool *p, enum pool_class class)
{
    for (int other = 0; other < POOL_CLASSES; other++) {
        if (other == (int)class)
            continue;
        for (int *at = &p->with_room[other]; *at != POOL_NO_CHUNK; at = &p->chunks[*at].next) {
            int found = *at;
            if (p->chunks[found].used > 0)
                continue;
            *at = p->chunks[found].next;
            return found;
        }
    }
    return POOL_NO_CHUNK;
}

static bool add_chunk(struct pool *p, enum pool_class class)
{
    int number = p->untouched < p->chunk_count ? p->untouched++ : steal_chunk(p, class);
    if (number == POOL_NO_CHUNK)
        return false;
    p->chunks[number] = (struct pool_chunk){.next = POOL_NO_CHUNK, .class = class};
    p->with_room[class] = number;
    return true;
}

struct packet *pool_take(struct pool *p, enum pool_class class)
{
    if (p->with_room[class] == POOL_NO_CHUNK && !add_chunk(p, class))
        return NULL;
    int number = p->with_room[class];
    struct pool_chunk *chunk = &p->chunks[number];
    struct packet *packet = chunk->free;
    if (packet)
        chunk->free = packet->next;
    else
        packet = (struct packet *)(p->base + (size_t)number * POOL_CHUNK +
                                   strides[class] * chunk->fresh++);
    if (++chunk->used == buffers_in_chunk(class))
        p->with_room[class] = chunk->next;
    return packet;
}

void pool_give(struct pool *p, struct packet *packet)
{
    int number = (int)(((uintptr_t)packet - (uintptr_t)p->base) / POOL_CHUNK);
    struct pool_chunk *chunk = &p->chunks[number];
    packet->next = chunk->free;
    chunk->free = packet;
    if (chunk->used-- == buffers_in_chunk(chunk->class)) {
        chunk->next = p->with_room[chunk->class];
        p->with_room[chunk->class] = number;
    }
}
