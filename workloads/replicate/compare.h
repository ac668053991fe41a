/* SPDX-License-Identifier: MIT
 *
 * What one database holds of one origin against what it should hold: tuples 1 to `inserts`, each
 * once, with the contents that the seed gives them. Pure.
 */
#ifndef REPLICATE_COMPARE_H
#define REPLICATE_COMPARE_H

#include <stdint.h>

#include "base/text.h"

#include "tuple.h"

/* Numbers, as "5, 7 to 9, …" with the first few ranges spelt out. */
struct ranges {
    uint64_t numbers;     /* how many in all */
    uint64_t first, last; /* the range that still grows; empty while `numbers` is 0 */
    unsigned spelt;       /* ranges in `text` */
    struct text text;
};

struct comparison {
    uint64_t key, inserts;
    unsigned tuple_len;
    uint64_t next; /* the number expected next, from 1 */
    struct tuple expected;
    struct ranges missing, different, twice, surplus;
};

/* Numbers come in ascending order. */
void ranges_add(struct ranges *r, uint64_t first, uint64_t last);

/* Adds the range that still grew; the text is whole after this. */
const char *ranges_text(struct ranges *r);

void comparison_init(struct comparison *c, uint64_t key, uint64_t inserts, unsigned tuple_len);
void comparison_done(struct comparison *c);

/* The rows of the database, ordered by `seq`; after the last one comparison_end(). */
void comparison_add(struct comparison *c, uint64_t seq, unsigned number, const char *text);
void comparison_end(struct comparison *c);

#endif
