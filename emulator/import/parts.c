/* SPDX-License-Identifier: MIT */
#include "import/parts.h"

#include <stdlib.h>

#include "base/mem.h"

void parts_init(struct parts *p, size_t count)
{
    *p = (struct parts){xcalloc(count, sizeof(*p->parent)), count};
    for (unsigned i = 0; i < count; i++)
        p->parent[i] = i;
}

void parts_done(struct parts *p)
{
    free(p->parent);
    *p = (struct parts){0};
}

static unsigned root_of(struct parts *p, unsigned i)
{
    while (p->parent[i] != i)
        i = p->parent[i] = p->parent[p->parent[i]];
    return i;
}

void parts_join(struct parts *p, unsigned a, unsigned b)
{
    a = root_of(p, a);
    b = root_of(p, b);
    p->number -= a != b;
    p->parent[a > b ? a : b] = a > b ? b : a;
}
