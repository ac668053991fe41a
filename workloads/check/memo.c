/* SPDX-License-Identifier: MIT */
#include "memo.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"

enum { SLOTS_AT_FIRST = 256 };

struct memo_print memo_print(uint32_t kind, uint64_t n)
{
    const uint32_t key[2] = {0x77616e6c, kind};
    const uint32_t counter[4] = {(uint32_t)n, (uint32_t)(n >> 32), 0, 0};
    struct prng_block block = prng_philox(key, counter);
    return (struct memo_print){(uint64_t)block.word[0] << 32 | block.word[1],
                               (uint64_t)block.word[2] << 32 | block.word[3]};
}

/* Where the print is, or the free slot where it belongs. */
static struct memo_print *find_slot(const struct memo *m, struct memo_print print)
{
    size_t slot = print.a & (m->slot_count - 1);
    while ((m->slots[slot].a || m->slots[slot].b) &&
           (m->slots[slot].a != print.a || m->slots[slot].b != print.b))
        slot = (slot + 1) & (m->slot_count - 1);
    return &m->slots[slot];
}

static bool grow(struct memo *m)
{
    struct memo bigger = *m;
    bigger.slot_count = m->slot_count ? 2 * m->slot_count : SLOTS_AT_FIRST;
    if ((bigger.slot_count + m->slot_count) * sizeof(*m->slots) > m->memory)
        return false;
    bigger.slots = xcalloc(bigger.slot_count, sizeof(*bigger.slots));
    for (size_t i = 0; i < m->slot_count; i++)
        if (m->slots[i].a || m->slots[i].b)
            *find_slot(&bigger, m->slots[i]) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return true;
}

enum memo_outcome memo_add(struct memo *m, struct memo_print print)
{
    if (4 * (m->count + 1) > 3 * m->slot_count && !grow(m))
        return MEMO_FULL;
    struct memo_print *slot = find_slot(m, print);
    if (slot->a || slot->b)
        return MEMO_KNOWN;
    *slot = print;
    m->count++;
    return MEMO_NEW;
}

void memo_done(struct memo *m)
{
    free(m->slots);
    *m = (struct memo){0};
}
