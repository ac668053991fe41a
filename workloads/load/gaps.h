/* SPDX-License-Identifier: MIT
 *
 * The times without service: from one acknowledged commit to the next.
 */
#ifndef LOAD_GAPS_H
#define LOAD_GAPS_H

#include <stddef.h>

struct gap {
    double begin, end; /* seconds */
};

struct gaps {
    struct gap longest; /* both zero: there was no time at all */
    struct gap *list;   /* those of at least `threshold`, by time */
    size_t count;
};

/* `commits` are the times of acknowledgements, which it sorts; service is asked for from `begin` to
 * `end`, and what is outside does not count. Free with gaps_done(). */
void gaps_find(double *commits, size_t count, double begin, double end, double threshold,
               struct gaps *ret);
void gaps_done(struct gaps *g);

#endif
