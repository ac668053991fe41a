/* SPDX-License-Identifier: MIT */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { SLOTS_AT_FIRST = 64 };

/* Where `text` is, or the free slot where it belongs. */
static size_t find_slot(const struct intern *in, const char *text)
{
    size_t slot = text_hash(TEXT_HASH_BEGIN, text, strlen(text)) & (in->slot_count - 1);
    while (in->slots[slot] && strcmp(in->texts[in->slots[slot] - 1], text) != 0)
        slot = (slot + 1) & (in->slot_count - 1);
    return slot;
}

static void grow_slots(struct intern *in)
{
    in->slot_count = in->slot_count ? 2 * in->slot_count : SLOTS_AT_FIRST;
    free(in->slots);
    in->slots = xcalloc(in->slot_count, sizeof(*in->slots));
    for (size_t i = 0; i < in->count; i++)
        in->slots[find_slot(in, in->texts[i])] = (uint32_t)i + 1;
}

uint32_t intern_add(struct intern *in, const char *text)
{
    if (2 * (in->count + 1) > in->slot_count)
        grow_slots(in);
    size_t slot = find_slot(in, text);
    if (!in->slots[slot]) {
        in->texts = array_grow(in->texts, in->count, sizeof(*in->texts));
        in->texts[in->count++] = xstrdup(text);
        in->slots[slot] = (uint32_t)in->count;
        in->size += strlen(text) + 32;
    }
    return in->slots[slot] - 1;
}

void intern_done(struct intern *in)
{
    for (size_t i = 0; i < in->count; i++)
        free(in->texts[i]);
    free(in->texts);
    free(in->slots);
    *in = (struct intern){0};
}
