/* SPDX-License-Identifier: MIT
 *
 * A set of 128-bit fingerprints that only grows, up to a bound.
 */
#ifndef CHECK_MEMO_H
#define CHECK_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memo_print {
    uint64_t a, b;
};

struct memo {
    struct memo_print *slots; /* all zero: free */
    size_t slot_count, count;
    uint64_t memory; /* bytes, at most */
};

enum memo_outcome { MEMO_NEW, MEMO_KNOWN, MEMO_FULL };

enum memo_outcome memo_add(struct memo *m, struct memo_print print);
void memo_done(struct memo *m);

/* The fingerprint number `n` of a kind. */
struct memo_print memo_print(uint32_t kind, uint64_t n);

static inline struct memo_print memo_combine(struct memo_print x, struct memo_print y)
{
    return (struct memo_print){x.a ^ y.a, x.b ^ y.b};
}

#endif
