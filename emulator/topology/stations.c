/* SPDX-License-Identifier: MIT */
#include "topology/stations.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static uint64_t number_of(const uint8_t mac[6])
{
    uint64_t number = 0;
    for (int i = 0; i < 6; i++)
        number = number << 8 | mac[i];
    return number;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

size_t stations_size(const struct stations *s)
{
    return sizeof(*s) + s->count * sizeof(s->macs[0]);
}

struct stations *stations_new(const uint8_t (*macs)[6], size_t count)
{
    struct stations *s = xcalloc(1, sizeof(*s) + count * sizeof(s->macs[0]));
    s->count = count;
    for (size_t i = 0; i < count; i++)
        s->macs[i] = number_of(macs[i]);
    qsort(s->macs, count, sizeof(s->macs[0]), compare);
    return s;
}

bool stations_have(const struct stations *s, const uint8_t mac[6])
{
    const uint64_t number = number_of(mac);
    return bsearch(&number, s->macs, s->count, sizeof(number), compare) != NULL;
}

bool stations_equal(const struct stations *a, const struct stations *b)
{
    return a->count == b->count && memcmp(a->macs, b->macs, a->count * sizeof(a->macs[0])) == 0;
}
