/* SPDX-License-Identifier: MIT
 *
 * Copy, scale, add and triad over three arrays, as J. D. McCalpin defined them ("Memory bandwidth
 * and machine balance in current high performance computers", 1995), and what they must lead to.
 */
#ifndef MEMORY_STREAM_H
#define MEMORY_STREAM_H

#include <stddef.h>

#include "base/error.h"

enum { STREAM_KERNELS = 4 };

struct stream {
    double *a, *b, *c; /* not owned */
    size_t count;
    double expected[3]; /* each element of a, b and c */
};

struct stream_kernel {
    const char *name;
    void (*run)(struct stream *s);
    unsigned touched; /* arrays read or written */
};
extern const struct stream_kernel stream_kernels[STREAM_KERNELS];

/* Bytes for the arrays, with space between them: at equal distances modulo 4 KiB a processor takes
 * loads of one for dependent on stores to another. */
size_t stream_size(size_t count);

/* `arrays` has room for stream_size(count). */
void stream_init(struct stream *s, double *arrays, size_t count);

/* Does with `expected` what kernel `k` does with each element. */
void stream_expect(struct stream *s, unsigned k);

/* Bytes that kernel `k` moves, counted as STREAM counts: each array it touches, once. */
double stream_bytes(const struct stream *s, unsigned k);

/* An error names an element that is not as expected. */
int stream_check(const struct stream *s, struct error *err);

#endif
