/* SPDX-License-Identifier: MIT */
#include "tuple.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/prng.h"

enum { DRAWS_BITS = 10, LETTER_BITS = 6, LETTERS_PER_DRAW = 10, NUMBER_MAX = 100 };

_Static_assert(TUPLE_LEN_MAX / LETTERS_PER_DRAW + 2 <= 1 << DRAWS_BITS,
               "the draws of a tuple must not reach those of the next");

uint64_t tuple_key(uint64_t seed, const char *node)
{
    _cleanup_(freep) char *stream = xasprintf("tuples %s", node);
    return prng_key(seed, stream);
}

void tuple_draw(uint64_t key, uint64_t seq, unsigned len, struct tuple *ret)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t draw = seq << DRAWS_BITS, bits = 0;
    ret->number = (unsigned)(prng_unit(key, draw++) * (NUMBER_MAX + 1));
    for (unsigned i = 0; i < len; i++) {
        if (i % LETTERS_PER_DRAW == 0)
            bits = prng_u64(key, draw++);
        ret->text[i] = letters[bits & ((1 << LETTER_BITS) - 1)];
        bits >>= LETTER_BITS;
    }
    ret->text[len] = '\0';
}
