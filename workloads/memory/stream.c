/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <errno.h>
#include <math.h>

static const double factor = 0.41421356237309503; /* sqrt(2) - 1: values stay bounded */

/* clang-format off */
static void copy(struct stream *s)
{
    const double *restrict a = s->a;
    double *restrict c = s->c;
    for (size_t i = 0; i < s->count; i++)
        c[i] = a[i];
}

static void scale(struct stream *s)
{
    const double *restrict c = s->c;
    double *restrict b = s->b;
    for (size_t i = 0; i < s->count; i++)
        b[i] = factor * c[i];
}

static void add(struct stream *s)
{
    const double *restrict a = s->a, *restrict b = s->b;
    double *restrict c = s->c;
    for (size_t i = 0; i < s->count; i++)
        c[i] = a[i] + b[i];
}

static void triad(struct stream *s)
{
    const double *restrict b = s->b, *restrict c = s->c;
    double *restrict a = s->a;
    for (size_t i = 0; i < s->count; i++)
        a[i] = b[i] + factor * c[i];
}
/* clang-format on */

const struct stream_kernel stream_kernels[STREAM_KERNELS] = {
    {"copy", copy, 2}, {"scale", scale, 2}, {"add", add, 3}, {"triad", triad, 3}};

static const size_t space = 136; /* numbers: 1,088 bytes */

size_t stream_size(size_t count)
{
    return 3 * (count + space) * sizeof(double);
}

void stream_init(struct stream *s, double *arrays, size_t count)
{
    *s = (struct stream){.a = arrays,
                         .b = arrays + count + space,
                         .c = arrays + 2 * (count + space),
                         .count = count,
                         .expected = {1, 2, 0}};
    for (size_t i = 0; i < count; i++) {
        s->a[i] = 1;
        s->b[i] = 2;
        s->c[i] = 0;
    }
}

void stream_expect(struct stream *s, unsigned k)
{
    double *e = s->expected;
    struct stream one = {.a = e, .b = e + 1, .c = e + 2, .count = 1};
    stream_kernels[k].run(&one);
}

double stream_bytes(const struct stream *s, unsigned k)
{
    return (double)s->count * sizeof(double) * stream_kernels[k].touched;
}

int stream_check(const struct stream *s, struct error *err)
{
    const double *arrays[] = {s->a, s->b, s->c};
    for (size_t j = 0; j < 3; j++) {
        const double limit = 1e-13 * fabs(s->expected[j]);
        for (size_t i = 0; i < s->count; i++) {
            if (!(fabs(arrays[j][i] - s->expected[j]) <= limit))
                return error_set(err, EBADMSG,
                                 "element %zu of array %c is %.17g, and must be %.17g: this "
                                 "node's memory or processor computes wrongly",
                                 i, (int)('a' + j), arrays[j][i], s->expected[j]);
        }
    }
    return 0;
}
